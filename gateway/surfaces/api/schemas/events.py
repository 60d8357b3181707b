"""Wire format of what happened to an instance, as pages and streams tell it."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from gateway.domain.events import AcceptedEvent, Event, MessageReceived, MessageSent, type_of
from gateway.domain.messages import MessageStatus
from gateway.domain.usage import Activity
from gateway.surfaces.api.schemas.messages import media_fields, metadata_of
from gateway.surfaces.api.words import word_of
from gateway.surfaces.http import iso


class EventItem(Struct, frozen=True, omit_defaults=True):
    """A message, or anything else that happened. `id` and `sequence` are those of the webhook, where there is one."""

    type: Annotated[str, Meta(examples=["message_received"])]
    timestamp: str
    data: dict[str, Any]
    id: str | None = None
    sequence: int | None = None
    cursor: Annotated[str | None, Meta(description="Its place in the log; ask for what came `after` it.")] = None

    @classmethod
    def of(cls, accepted: AcceptedEvent) -> "EventItem":
        return cls(
            type=word_of(type_of(accepted.event)),
            timestamp=iso(accepted.created_at),
            data={"instanceId": accepted.event.instance_id, **_data(accepted.event)},
            id=accepted.id,
            sequence=accepted.sequence,
            cursor=str(accepted.position),
        )

    @classmethod
    def of_activity(cls, activity: Activity) -> "EventItem":
        return cls(
            type=word_of(activity.action),
            timestamp=iso(activity.created_at),
            data={"instanceId": activity.instance_id, "details": activity.details},
        )


class EventPage(Struct, frozen=True, rename="camel"):
    """Events. For what comes later ask again with `after=<nextCursor>`, which skips nothing and repeats nothing."""

    events: list[EventItem]
    latest_timestamp: str
    next_cursor: str
    count: int
    has_more: bool


def _data(event: Event) -> dict[str, Any]:
    match event:
        case MessageReceived() | MessageSent():
            message = event.message
            sent = isinstance(event, MessageSent)
            return {
                "messageId": message.network_id,
                "remoteJid": message.chat.address,
                "fromMe": message.from_me,
                "body": message.body,
                **media_fields(message, event.media_url if isinstance(event, MessageSent) else None),
                "status": (MessageStatus.SENT if sent else MessageStatus.DELIVERED).value,
                "metadata": metadata_of(message),
            }
        case _:
            fields = msgspec.to_builtins(event)
            for known in ("type", "instance_id", "dedupe_key"):
                fields.pop(known, None)
            return {"details": _camel(fields)}


def _camel(value: Any) -> Any:
    """Field names as on this surface; every key below is a field of ours, never somebody's own data."""
    if isinstance(value, dict):
        return {_camel_word(key): _camel(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_camel(inner) for inner in value]
    return value


def _camel_word(word: str) -> str:
    first, *rest = word.split("_")
    return first + "".join(part.capitalize() for part in rest)
