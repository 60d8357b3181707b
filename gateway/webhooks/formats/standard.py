"""The `standard` format: `{type, timestamp, data}` of Standard Webhooks around the event's own words in snake_case."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from gateway.domain.events import AcceptedEvent, type_of
from gateway.webhooks.formats.moments import iso
from gateway.webhooks.javascript import stringify

_OURS: Final = frozenset({"type", "at", "instance_id", "dedupe_key", "source"})
"""Fields of an event that are told elsewhere in the body, or that only the store needs."""


def standard_body(accepted: AcceptedEvent) -> str:
    """The body for one event; every event has one."""
    event = accepted.event
    told = msgspec.to_builtins(event)
    # Storage leaves defaults out; a receiver should not have to know them.
    fields = {name: told.get(name, getattr(event, name)) for name in event.__struct_fields__ if name not in _OURS}
    for message in _messages(fields):
        message.setdefault("from_me", False)
    data = {"id": accepted.id, "sequence": accepted.sequence, "instance_id": event.instance_id}
    if event.conversation:
        data["conversation"] = event.conversation
    data |= fields
    return stringify({"type": type_of(event), "timestamp": iso(event.at), "data": data})


def _messages(fields: dict[str, Any]) -> list[dict[str, Any]]:
    return [fields["message"]] if "message" in fields else list(fields.get("messages", ()))
