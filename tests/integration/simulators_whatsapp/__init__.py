"""A real neonize against the simulated WhatsApp, feature by feature."""
