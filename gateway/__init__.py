"""A messaging gateway: many messenger accounts behind one HTTP API and one stream of signed webhooks."""

__version__ = "0.1.0"
