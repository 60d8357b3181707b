"""The real gateway process and the real neonize against a WhatsApp of our own, by HTTP API and real webhooks."""
