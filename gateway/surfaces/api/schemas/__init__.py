"""The wire format of surface A, one file a noun. Unknown fields are ignored: its clients send some."""
