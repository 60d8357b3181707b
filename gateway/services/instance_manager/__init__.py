"""The way in from "Instance Manager": its PostgreSQL tables read, converted, and written in one transaction."""
