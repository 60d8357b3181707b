"""The use cases. Surfaces call these and nothing below."""
