"""How fast it is, as ratios to bare work of the same kind measured in the same run: `make bench`."""
