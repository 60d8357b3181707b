"""What the command line does, one file a command. They print; services do the work."""
