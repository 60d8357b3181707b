"""Identifiers. Each noun has its own type, so that mypy refuses a user id where a tenant id belongs."""

from __future__ import annotations

import secrets
import time
import uuid
from typing import NewType

TenantId = NewType("TenantId", str)
UserId = NewType("UserId", str)
ApiKeyId = NewType("ApiKeyId", str)
InstanceId = NewType("InstanceId", str)
EndpointId = NewType("EndpointId", str)
EventId = NewType("EventId", str)
DeliveryId = NewType("DeliveryId", int)
MessageId = NewType("MessageId", str)
BulkId = NewType("BulkId", str)
Address = NewType("Address", str)
"""How one provider names a person or a chat: a phone number's JID, a Telegram chat id."""


def new_id() -> str:
    """A random UUID in its usual form, the id of every noun that people see."""
    return str(uuid.uuid4())


def new_event_id() -> EventId:
    """A time-ordered event id without dots, as Standard Webhooks asks of `webhook-id`.

    The first 12 hex digits are milliseconds since 1970, so ids sort by birth and stay cheap in an index.
    """
    return EventId(f"evt_{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}")
