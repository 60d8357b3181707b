"""What WhatsApp tells, as domain events. Pure: a code of neonize and bytes in, values out. `convert.py` is the door."""
