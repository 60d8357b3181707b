"""The wire format of surface B, in Structs."""
