"""The real gateway process and the real neonize against a WhatsApp of our own, through the HTTP API and real webhooks."""
