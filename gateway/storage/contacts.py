"""The address book of each instance: people and chats it has seen."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from gateway.domain.contacts import ChatSummary, Contact
from gateway.domain.ids import Address, InstanceId, TenantId, new_id
from gateway.domain.messages import Chat, ChatKind, Person
from gateway.domain.tenants import Principal
from gateway.storage import scope
from gateway.storage.engine import Engine
from gateway.storage.rows import insert_rows
from gateway.storage.tables import Chats, Contacts
from gateway.storage.times import from_ms, maybe_from_ms, to_ms

_CONTACT_COLUMNS = (
    "id",
    "tenant_id",
    "instance_id",
    "address",
    "name",
    "push_name",
    "number",
    "username",
    "is_group",
    "last_activity_at",
    "created_at",
    "updated_at",
)
_SEEN_CONTACT = """ON CONFLICT (instance_id, address) DO UPDATE SET
  push_name = CASE WHEN excluded.push_name <> '' THEN excluded.push_name ELSE contacts.push_name END,
  username = COALESCE(excluded.username, contacts.username),
  number = CASE WHEN excluded.number <> '' THEN excluded.number ELSE contacts.number END,
  last_activity_at = excluded.last_activity_at,
  updated_at = excluded.updated_at"""

_CHAT_COLUMNS = ("id", "tenant_id", "instance_id", "address", "kind", "title", "username", "last_message_at")
_SEEN_CHAT = """ON CONFLICT (instance_id, address) DO UPDATE SET
  kind = excluded.kind,
  title = CASE WHEN excluded.title <> '' THEN excluded.title ELSE chats.title END,
  username = COALESCE(excluded.username, chats.username),
  last_message_at = COALESCE(excluded.last_message_at, chats.last_message_at)"""


class ContactStore:
    """Contacts and chats, written as they are seen."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def saw_people(
        self,
        people: Iterable[tuple[TenantId, InstanceId, Person]],
        groups: Iterable[tuple[TenantId, InstanceId, Chat]],
        now: datetime,
    ) -> None:
        """Add or refresh the contacts of a batch, in the caller's transaction. The last sight of each wins."""
        moment = to_ms(now)
        rows: dict[tuple[str, str], tuple[Any, ...]] = {}
        for tenant_id, instance_id, person in people:
            rows[instance_id, person.address] = (
                new_id(),
                tenant_id,
                instance_id,
                person.address,
                "",
                person.name,
                person.phone or "",
                person.username,
                False,
                moment,
                moment,
                moment,
            )
        for tenant_id, instance_id, chat in groups:
            rows[instance_id, chat.address] = (
                new_id(),
                tenant_id,
                instance_id,
                chat.address,
                "",
                chat.title,
                "",
                chat.username,
                True,
                moment,
                moment,
                moment,
            )
        # Sorted, so that two writers on PostgreSQL lock rows in one order and never wait for each other in a ring.
        await insert_rows(
            self._engine, "contacts", _CONTACT_COLUMNS, [rows[key] for key in sorted(rows)], suffix=_SEEN_CONTACT
        )

    async def saw_chats(self, chats: Iterable[tuple[TenantId, InstanceId, Chat, datetime | None]]) -> None:
        """Add or refresh the chats of a batch, in the caller's transaction; the moment is that of a message in it."""
        rows: dict[tuple[str, str], tuple[Any, ...]] = {}
        for tenant_id, instance_id, chat, moved_at in chats:
            rows[instance_id, chat.address] = (
                new_id(),
                tenant_id,
                instance_id,
                chat.address,
                chat.kind.value,
                chat.title,
                chat.username,
                to_ms(moved_at) if moved_at else None,
            )
        await insert_rows(self._engine, "chats", _CHAT_COLUMNS, [rows[key] for key in sorted(rows)], suffix=_SEEN_CHAT)

    async def contacts(
        self, who: Principal, instance_id: InstanceId, *, limit: int, skip: int
    ) -> tuple[list[Contact], int]:
        """Contacts by name, and how many there are."""
        total = await scope.within(Contacts.count().where(Contacts.instance_id == instance_id), who)
        rows = await (
            scope.within(Contacts.select().where(Contacts.instance_id == instance_id), who)
            .order_by(Contacts.name, Contacts.push_name, Contacts.address)
            .limit(limit)
            .offset(skip)
        )
        return [_to_contact(row) for row in rows], total

    async def chats(
        self, who: Principal, instance_id: InstanceId, *, limit: int, skip: int
    ) -> tuple[list[ChatSummary], int]:
        """Chats, the one that moved last first, and how many there are."""
        total = await scope.within(Chats.count().where(Chats.instance_id == instance_id), who)
        rows = await (
            scope.within(Chats.select().where(Chats.instance_id == instance_id), who)
            .order_by(Chats.last_message_at, ascending=False)
            .order_by(Chats.address)
            .limit(limit)
            .offset(skip)
        )
        return [_to_chat(row) for row in rows], total

    async def chat(self, instance_id: InstanceId, address: Address) -> ChatSummary | None:
        """One chat, on behalf of the session that writes to it."""
        row = await Chats.select().where(Chats.instance_id == instance_id, Chats.address == address).first()
        return _to_chat(row) if row else None


def _to_contact(row: dict[str, Any]) -> Contact:
    return Contact(
        id=row["id"],
        instance_id=InstanceId(row["instance_id"]),
        address=Address(row["address"]),
        name=row["name"],
        push_name=row["push_name"],
        number=row["number"],
        username=row["username"],
        is_group=bool(row["is_group"]),
        picture_url=row["picture_url"],
        about=row["about"],
        last_activity_at=maybe_from_ms(row["last_activity_at"]),
        created_at=from_ms(row["created_at"]),
        updated_at=from_ms(row["updated_at"]),
    )


def _to_chat(row: dict[str, Any]) -> ChatSummary:
    return ChatSummary(
        address=Address(row["address"]),
        kind=ChatKind(row["kind"]),
        title=row["title"],
        username=row["username"],
        last_message_at=maybe_from_ms(row["last_message_at"]),
    )
