"""The bodies endpoints are sent, rendered once at commit and frozen.

`api` is surface A's `{event, data, timestamp}` with its names, key order and camelCase; `eventId`, `sequence` and
`chatId` (what the sequence counts within) follow the documented keys, so that receivers can drop duplicates and
restore order. `api_v1` is surface B's envelope with flat keys beside it, `legacy` the oldest shape of that surface.
`standard` is the `{type, timestamp, data}` of Standard Webhooks around the event's own words in snake_case.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, assert_never

from gateway.domain.events import AcceptedEvent, Event
from gateway.domain.instances import Identity
from gateway.domain.webhooks import WebhookFormat
from gateway.webhooks.formats.api import api_body
from gateway.webhooks.formats.api_v1 import api_v1_body
from gateway.webhooks.formats.legacy import legacy_body, legacy_tells
from gateway.webhooks.formats.names import API_NAMES, api_name
from gateway.webhooks.formats.names_v1 import API_V1_NAMES, api_v1_name, api_v1_names
from gateway.webhooks.formats.standard import standard_body

__all__ = [
    "API_NAMES",
    "API_V1_NAMES",
    "MAX_PAYLOAD_BYTES",
    "api_name",
    "api_v1_name",
    "api_v1_names",
    "has_name",
    "name_for",
    "render",
]

MAX_PAYLOAD_BYTES: Final = 1_000_000
"""A body above this is refused before it is committed; receivers commonly take 1 MB at most."""


def render(
    format: WebhookFormat,  # noqa: A002 - it is the word for it
    accepted: AcceptedEvent,
    teller: Identity,
    name: str | None = None,
) -> str:
    """The body for one event of the instance `teller`, under the name that `name_for` chose, else its first one.

    Raises ValueError when the format has no name for it; ask `has_name` first.
    """
    match format:
        case WebhookFormat.API:
            return api_body(accepted)
        case WebhookFormat.API_V1:
            return api_v1_body(accepted, teller, name)
        case WebhookFormat.LEGACY:
            return legacy_body(accepted, teller)
        case WebhookFormat.STANDARD:
            return standard_body(accepted)
        case _:
            assert_never(format)


def has_name(format: WebhookFormat, event: Event) -> bool:  # noqa: A002 - it is the word for it
    """Whether the format can tell this event at all."""
    match format:
        case WebhookFormat.API:
            return api_name(event) is not None
        case WebhookFormat.API_V1:
            return bool(api_v1_names(event))
        case WebhookFormat.LEGACY:
            return legacy_tells(event)
        case WebhookFormat.STANDARD:
            return True
        case _:
            assert_never(format)


def name_for(format: WebhookFormat, event: Event, chosen: Collection[str]) -> str | None:  # noqa: A002 - the same
    """The name under which somebody hears it who chose these; None where an event has only one name."""
    return api_v1_name(event, chosen) if format is WebhookFormat.API_V1 else None
