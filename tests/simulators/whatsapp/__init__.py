"""A local WhatsApp that speaks the real protocol, so that the real client library can be tested without the network.

Tests start it as a process of its own: `from tests.simulators.whatsapp.remote import whatsapp_process`.
"""
