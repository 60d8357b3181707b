"""Tools a stranger could use: nothing in this folder has heard of messaging."""
