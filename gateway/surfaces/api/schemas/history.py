"""Wire format of what happened to an instance: activity, events, the journal of its session."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from gateway.domain.instances import JournalLine
from gateway.domain.usage import Activity
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
