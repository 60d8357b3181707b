"""Keeping sessions alive. Knows providers by their contract only, and the database not at all."""
