"""The bodies endpoints are sent, rendered once at commit and frozen.

`api` is surface A's `{event, data, timestamp}` with its names, key order and camelCase; `eventId`, `sequence` and
`chatId` (what the sequence counts within) follow the documented keys, so that receivers can drop duplicates and
restore order. `standard` is the `{type, timestamp, data}` of Standard Webhooks around the event's own words in
snake_case.
"""

from __future__ import annotations

from typing import Final, assert_never

from gateway.domain.events import AcceptedEvent, Event
from gateway.domain.webhooks import WebhookFormat
from gateway.webhooks.formats.api import api_body
from gateway.webhooks.formats.names import API_NAMES, api_name
from gateway.webhooks.formats.standard import standard_body

__all__ = ["API_NAMES", "MAX_PAYLOAD_BYTES", "api_name", "has_name", "render"]

MAX_PAYLOAD_BYTES: Final = 1_000_000
"""A body above this is refused before it is committed; receivers commonly take 1 MB at most."""


def render(format: WebhookFormat, accepted: AcceptedEvent) -> str:  # noqa: A002 - it is the word for it
    """The body for one event. Raises ValueError when the format has no name for it; ask `has_name` first."""
    match format:
        case WebhookFormat.API:
            return api_body(accepted)
        case WebhookFormat.STANDARD:
            return standard_body(accepted)
        case _:
            assert_never(format)


def has_name(format: WebhookFormat, event: Event) -> bool:  # noqa: A002 - it is the word for it
    """Whether the format can tell this event at all."""
    return format is not WebhookFormat.API or api_name(event) is not None
