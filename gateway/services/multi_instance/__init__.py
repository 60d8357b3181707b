"""The way in from "WhatsApp Multi-Instance API": its SQLite file read, converted, and written in one transaction."""
