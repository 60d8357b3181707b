"""Ways in. A surface translates and delegates; none imports another."""
