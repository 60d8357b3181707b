"""Stand-ins for the outside world that speak its real wire protocol; see README.md."""
