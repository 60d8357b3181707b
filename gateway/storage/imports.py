"""What another system knew, written with its own dates: only what is not here yet, and never over what is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from gateway.domain.contacts import ContactEntry
from gateway.domain.ids import Address, InstanceId, TenantId, new_id
from gateway.domain.messages import Message, MessageSource, MessageStatus
from gateway.domain.usage import Counters
from gateway.storage.engine import AnyEngine
from gateway.storage.names import NameStore
from gateway.storage.rows import insert_rows
from gateway.storage.times import to_ms
from gateway.storage.usage import UsageKey

_CONTACT_COLUMNS = (
    "id",
    "tenant_id",
    "instance_id",
    "address",
    "name",
    "push_name",
    "number",
    "is_group",
    "picture_url",
    "about",
    "last_activity_at",
    "created_at",
    "updated_at",
)
_MESSAGE_COLUMNS = (
    "id",
    "tenant_id",
    "instance_id",
    "chat",
    "network_id",
    "from_me",
    "kind",
    "text",
    "body",
    "status",
    "status_rank",
    "status_at",
    "media_url",
    "source",
    "sent_at",
    "created_at",
    "updated_at",
)
_DAY_COLUMNS = ("key", "tenant_id", "instance_id", "day", *Counters.__struct_fields__)

MessageId = tuple[InstanceId, str, str]
"""Instance, chat, network id."""


class OldContact(Struct, frozen=True, kw_only=True):
    """A contact with the dates of its own."""

    tenant_id: TenantId
    instance_id: InstanceId
    entry: ContactEntry
    last_activity_at: datetime | None
    created_at: datetime
    updated_at: datetime


class OldMessage(Struct, frozen=True, kw_only=True):
    """A message with the dates and the status of its own."""

    tenant_id: TenantId
    instance_id: InstanceId
    message: Message
    status: MessageStatus
    status_at: datetime | None
    media_url: str | None
    created_at: datetime
    updated_at: datetime
    source: MessageSource | None = None
    """What brought it, where that system wrote it down."""

    @property
    def key(self) -> MessageId:
        """What it is unique by."""
        return self.instance_id, self.message.chat.address, self.message.network_id


class ImportStore:
    """Everything here is for the caller's transaction."""

    def __init__(self, engine: AnyEngine) -> None:
        self._engine = engine
        self._names = NameStore(engine)

    async def filed_under(
        self, asked: Iterable[tuple[InstanceId, Address]]
    ) -> dict[tuple[InstanceId, Address], Address]:
        """The phone-number name of each hidden one that is known by now; things said under it were moved there."""
        hidden = [(instance_id, address) for instance_id, address in asked if address.endswith("@lid")]
        return {(instance_id, lid): pn for instance_id, pn, lid in await self._names.known(hidden)}

    async def contacts(self, news: Sequence[OldContact]) -> int:
        """Add contacts; how many were new."""
        rows = [
            (
                new_id(),
                each.tenant_id,
                each.instance_id,
                each.entry.address,
                each.entry.name,
                each.entry.push_name,
                each.entry.number,
                each.entry.is_group,
                each.entry.picture_url,
                each.entry.about,
                None if each.last_activity_at is None else to_ms(each.last_activity_at),
                to_ms(each.created_at),
                to_ms(each.updated_at),
            )
            for each in news
        ]
        suffix = "ON CONFLICT (instance_id, address) DO NOTHING RETURNING id"
        return len(await insert_rows(self._engine, "contacts", _CONTACT_COLUMNS, rows, suffix=suffix))

    async def messages(self, news: Sequence[OldMessage]) -> set[MessageId]:
        """Add messages; the keys of those that were new."""
        rows = [
            (
                new_id(),
                each.tenant_id,
                each.instance_id,
                each.message.chat.address,
                each.message.network_id,
                each.message.from_me,
                each.message.kind,
                each.message.body,
                msgspec.json.encode(each.message).decode(),
                each.status.value,
                each.status.rank,
                each.status_at,
                each.media_url,
                each.source.value if each.source else "",
                to_ms(each.message.sent_at),
                to_ms(each.created_at),
                to_ms(each.updated_at),
            )
            for each in news
        ]
        inserted = await insert_rows(
            self._engine,
            "messages",
            _MESSAGE_COLUMNS,
            rows,
            suffix="ON CONFLICT (instance_id, chat, network_id) DO NOTHING RETURNING instance_id, chat, network_id",
        )
        return {(InstanceId(row["instance_id"]), row["chat"], row["network_id"]) for row in inserted}

    async def days(self, counts: Mapping[UsageKey, Counters]) -> int:
        """Add days; how many were new. A day that is here already stays as it is, lest anything count twice."""
        rows = [
            (
                f"{instance_id}|{day.isoformat()}",
                tenant_id,
                instance_id,
                day,
                *(getattr(counters, name) for name in Counters.__struct_fields__),
            )
            for (tenant_id, instance_id, day), counters in counts.items()
        ]
        suffix = "ON CONFLICT (key) DO NOTHING RETURNING key"
        return len(await insert_rows(self._engine, "usage_days", _DAY_COLUMNS, rows, suffix=suffix))
