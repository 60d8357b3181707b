"""The vocabulary everything else speaks: frozen Structs, enums and errors. No I/O, no await."""
