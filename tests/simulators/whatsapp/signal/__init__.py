"""The Signal protocol, version 3, as WhatsApp's devices speak it: X3DH, the double ratchet and sender keys."""
