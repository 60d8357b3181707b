"""A local Telegram: the Bot API over HTTP, and the people on the other side of it."""

from __future__ import annotations

from tests.simulators.telegram.faults import Chaos, Fault, bad_gateway_page, too_many_requests
from tests.simulators.telegram.files import Limits
from tests.simulators.telegram.server import TelegramSimulator
from tests.simulators.telegram.state import Bot, Chat, Message, MethodCall, User

__all__ = [
    "Bot",
    "Chaos",
    "Chat",
    "Fault",
    "Limits",
    "Message",
    "MethodCall",
    "TelegramSimulator",
    "User",
    "bad_gateway_page",
    "too_many_requests",
]
