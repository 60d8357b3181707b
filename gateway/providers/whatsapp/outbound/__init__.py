"""What a caller asks to say, as WhatsApp's protobufs, and the way to the network."""
