"""Wire format of what happened to an instance: activity, events, the journal of its session."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from gateway.domain.events import AcceptedEvent, Event, MessageReceived, MessageSent, type_of
from gateway.domain.instances import JournalLine
from gateway.domain.messages import MessageStatus
from gateway.domain.usage import Activity
from gateway.surfaces.api.schemas.messages import media_fields, metadata_of
from gateway.surfaces.api.schemas.paging import Pagination
from gateway.surfaces.api.words import Status, status_of, word_of
from gateway.surfaces.http import iso


class ActivityItem(Struct, frozen=True, rename="camel"):
    """Something that happened."""

    id: str
    instance_id: str
    action: Annotated[str, Meta(examples=["connection_opened"])]
    details: dict[str, Any]
    created_at: str

    @classmethod
    def of(cls, activity: Activity) -> "ActivityItem":
        return cls(
            id=str(activity.id),
            instance_id=activity.instance_id,
            action=word_of(activity.action),
            details=activity.details,
            created_at=iso(activity.created_at),
        )


class ActivityPage(Struct, frozen=True):
    """What happened, newest first."""

    logs: list[ActivityItem]
    pagination: Pagination


class EventItem(Struct, frozen=True, omit_defaults=True):
    """A message, or anything else that happened. `id` and `sequence` are those of the webhook, where there is one."""

    type: Annotated[str, Meta(examples=["message_received"])]
    timestamp: str
    data: dict[str, Any]
    id: str | None = None
    sequence: int | None = None

    @classmethod
    def of(cls, accepted: AcceptedEvent) -> "EventItem":
        return cls(
            type=word_of(type_of(accepted.event)),
            timestamp=iso(accepted.created_at),
            data={"instanceId": accepted.event.instance_id, **_data(accepted.event)},
            id=accepted.id,
            sequence=accepted.sequence,
        )

    @classmethod
    def of_activity(cls, activity: Activity) -> "EventItem":
        return cls(
            type=word_of(activity.action),
            timestamp=iso(activity.created_at),
            data={"instanceId": activity.instance_id, "details": activity.details},
        )


class EventPage(Struct, frozen=True, rename="camel"):
    """Events, newest first. Ask again with `since=<latestTimestamp>` for what came later."""

    events: list[EventItem]
    latest_timestamp: str
    count: int
    has_more: bool


class JournalItem(Struct, frozen=True):
    """A line of a session's diary; `state` where it changed."""

    at: str
    level: str
    text: str
    state: Status | None

    @classmethod
    def of(cls, line: JournalLine) -> "JournalItem":
        return cls(
            at=iso(line.at), level=line.level, text=line.text, state=status_of(line.state) if line.state else None
        )


class Journal(Struct, frozen=True):
    """The last lines of a session since this process began, oldest first."""

    lines: list[JournalItem]


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
