"""The address book of each instance: people and chats it has seen."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from msgspec import Struct
from piccolo.query import OrderByRaw

from gateway.domain.contacts import ChatPreview, ChatSummary, Contact, ContactEntry
from gateway.domain.ids import Address, InstanceId, TenantId, new_id
from gateway.domain.messages import Chat, ChatKind, Person
from gateway.domain.tenants import Principal
from gateway.storage import scope
from gateway.storage.chat_previews import chat_previews
from gateway.storage.engine import AnyEngine
from gateway.storage.names import canonical
from gateway.storage.rows import insert_rows
from gateway.storage.search import Search
from gateway.storage.tables import Chats, Contacts
from gateway.storage.times import from_ms, maybe_from_ms, to_ms

_CONTACT_COLUMNS = (
    "id",
    "tenant_id",
    "instance_id",
    "address",
    "pn",
    "lid",
    "push_name",
    "number",
    "username",
    "is_group",
    "last_activity_at",
    "created_at",
    "updated_at",
)
_SEEN_CONTACT = """ON CONFLICT (instance_id, address) DO UPDATE SET
  pn = COALESCE(excluded.pn, contacts.pn),
  lid = COALESCE(excluded.lid, contacts.lid),
  push_name = CASE WHEN excluded.push_name <> '' AND (contacts.push_name = ''
    OR excluded.last_activity_at >= COALESCE(contacts.last_activity_at, 0))
    THEN excluded.push_name ELSE contacts.push_name END,
  username = COALESCE(excluded.username, contacts.username),
  number = CASE WHEN excluded.number <> '' THEN excluded.number ELSE contacts.number END,
  last_activity_at = CASE WHEN excluded.last_activity_at > COALESCE(contacts.last_activity_at, 0)
    THEN excluded.last_activity_at ELSE contacts.last_activity_at END,
  updated_at = excluded.updated_at"""

_NAMED_COLUMNS = (
    "id",
    "tenant_id",
    "instance_id",
    "address",
    "pn",
    "lid",
    "number",
    "username",
    "book_name",
    "push_name",
    "created_at",
    "updated_at",
)
_NAMED = """ON CONFLICT (instance_id, address) DO UPDATE SET
  pn = COALESCE(excluded.pn, contacts.pn),
  lid = COALESCE(excluded.lid, contacts.lid),
  number = CASE WHEN excluded.number <> '' THEN excluded.number ELSE contacts.number END,
  username = COALESCE(excluded.username, contacts.username),
  {change},
  updated_at = excluded.updated_at"""
_NAMED_BY_BOOK = _NAMED.format(change="book_name = excluded.book_name")
_NAMED_BY_THEMSELVES = _NAMED.format(
    change="push_name = CASE WHEN excluded.push_name <> '' THEN excluded.push_name ELSE contacts.push_name END"
)

_ENTRY_COLUMNS = (
    "id",
    "tenant_id",
    "instance_id",
    "address",
    "pn",
    "lid",
    "name",
    "book_name",
    "push_name",
    "number",
    "username",
    "is_group",
    "picture_url",
    "about",
    "last_activity_at",
    "created_at",
    "updated_at",
)
_ENTERED = """ON CONFLICT (instance_id, address) DO UPDATE SET
  pn = COALESCE(excluded.pn, contacts.pn),
  lid = COALESCE(excluded.lid, contacts.lid),
  name = CASE WHEN excluded.name <> '' THEN excluded.name ELSE contacts.name END,
  book_name = CASE WHEN contacts.book_name = '' AND contacts.push_name = ''
    THEN excluded.book_name ELSE contacts.book_name END,
  push_name = CASE WHEN excluded.push_name <> '' THEN excluded.push_name ELSE contacts.push_name END,
  number = CASE WHEN excluded.number <> '' THEN excluded.number ELSE contacts.number END,
  username = COALESCE(excluded.username, contacts.username),
  is_group = excluded.is_group,
  picture_url = COALESCE(excluded.picture_url, contacts.picture_url),
  about = COALESCE(excluded.about, contacts.about),
  last_activity_at = COALESCE(excluded.last_activity_at, contacts.last_activity_at),
  updated_at = excluded.updated_at"""

_SEARCHED = ("name", "book_name", "push_name", "number", "username")

_SHOWN_NAME = OrderByRaw("CASE WHEN contacts.name <> '' THEN contacts.name ELSE contacts.book_name END")

_CHAT_COLUMNS = ("id", "tenant_id", "instance_id", "address", "kind", "title", "username", "last_message_at")
_SEEN_CHAT = """ON CONFLICT (instance_id, address) DO UPDATE SET
  kind = excluded.kind,
  title = CASE WHEN excluded.title <> '' THEN excluded.title ELSE chats.title END,
  username = COALESCE(excluded.username, chats.username),
  last_message_at = CASE WHEN excluded.last_message_at > COALESCE(chats.last_message_at, 0)
    THEN excluded.last_message_at ELSE chats.last_message_at END"""


class Sight(Struct, frozen=True, kw_only=True):
    """Somebody, or a group, that did something at a moment."""

    tenant_id: TenantId
    instance_id: InstanceId
    who: Person | Chat
    at: datetime


class ContactStore:
    """Contacts and chats, written as they are seen. Where one is asked for by address, either name of it will do."""

    def __init__(self, engine: AnyEngine) -> None:
        self._engine = engine
        self._search = Search(engine)

    async def canonical(self, instance_id: InstanceId, address: Address) -> Address:
        """The address things are stored under: the phone-number name behind a hidden one, when it is known."""
        return await canonical(instance_id, address)

    async def saw(self, sights: Iterable[Sight], now: datetime) -> None:
        """Add or refresh contacts, in the caller's transaction. The latest sight of each wins, and one from before
        what is known already changes no name.
        """
        latest: dict[tuple[str, str], Sight] = {}
        for sight in sights:
            key = (sight.instance_id, sight.who.address)
            if key not in latest or sight.at >= latest[key].at:
                latest[key] = sight
        moment = to_ms(now)
        # Sorted, so that two writers on PostgreSQL lock rows in one order and never wait for each other in a ring.
        rows = [_sight_row(latest[key], moment) for key in sorted(latest)]
        await insert_rows(self._engine, "contacts", _CONTACT_COLUMNS, rows, suffix=_SEEN_CONTACT)

    async def named(
        self, people: Iterable[tuple[TenantId, InstanceId, Person]], now: datetime, *, by_address_book: bool
    ) -> None:
        """Add or rename contacts, in the caller's transaction, without any of them having done something.

        A name from the phone's address book is kept apart from the one people give themselves; an empty one means that
        the book has none any more. A name given by our users is never touched.
        """
        moment = to_ms(now)
        rows: dict[tuple[str, str], tuple[Any, ...]] = {}
        for tenant_id, instance_id, person in people:
            rows[instance_id, person.address] = (
                new_id(),
                tenant_id,
                instance_id,
                person.address,
                person.pn,
                person.lid,
                person.phone or "",
                person.username,
                person.name if by_address_book else "",
                "" if by_address_book else person.name,
                moment,
                moment,
            )
        suffix = _NAMED_BY_BOOK if by_address_book else _NAMED_BY_THEMSELVES
        await insert_rows(self._engine, "contacts", _NAMED_COLUMNS, [rows[key] for key in sorted(rows)], suffix=suffix)

    async def saw_chats(self, chats: Iterable[tuple[TenantId, InstanceId, Chat, datetime | None]]) -> None:
        """Add or refresh the chats of a batch, in the caller's transaction; the moment is that of a message in it.

        A chat never moves back in time: a message that is older than its last changes nothing about the order.
        """
        rows: dict[tuple[str, str], tuple[Any, ...]] = {}
        moments: dict[tuple[str, str], int] = {}
        for tenant_id, instance_id, chat, moved_at in chats:
            key = (instance_id, chat.address)
            if moved_at is not None:
                moments[key] = max(moments.get(key, 0), to_ms(moved_at))
            rows[key] = (
                new_id(),
                tenant_id,
                instance_id,
                chat.address,
                chat.kind.value,
                chat.title,
                chat.username,
                moments.get(key),
            )
        await insert_rows(self._engine, "chats", _CHAT_COLUMNS, [rows[key] for key in sorted(rows)], suffix=_SEEN_CHAT)

    async def put(
        self,
        tenant_id: TenantId,
        instance_id: InstanceId,
        entries: Iterable[ContactEntry],
        now: datetime,
        *,
        active: bool = False,
    ) -> None:
        """Add contacts or complete them, in the caller's transaction; `active` makes now their last activity."""
        moment = to_ms(now)
        rows = {
            each.address: (
                new_id(),
                tenant_id,
                instance_id,
                each.address,
                each.pn,
                each.lid,
                each.name,
                each.book_name,
                each.push_name,
                each.number,
                each.username,
                each.is_group,
                each.picture_url,
                each.about,
                moment if active else None,
                moment,
                moment,
            )
            for each in entries
        }
        ordered = [rows[address] for address in sorted(rows)]
        await insert_rows(self._engine, "contacts", _ENTRY_COLUMNS, ordered, suffix=_ENTERED)

    async def find(self, who: Principal, instance_id: InstanceId, address: Address) -> Contact | None:
        """One contact, by either name."""
        known = await canonical(instance_id, address)
        row = await scope.within(
            Contacts.select().where(Contacts.instance_id == instance_id, Contacts.address == known), who
        ).first()
        return _to_contact(row) if row else None

    async def remove(self, who: Principal, instance_id: InstanceId, address: Address) -> bool:
        """Forget one contact, by either name; whether there was one. Its chat and messages stay."""
        known = await canonical(instance_id, address)
        gone = await scope.within(
            Contacts.delete().where(Contacts.instance_id == instance_id, Contacts.address == known), who
        ).returning(Contacts.id)
        return bool(gone)

    async def contacts(
        self,
        who: Principal,
        instance_id: InstanceId,
        *,
        search: str = "",
        only_groups: bool = False,
        only_people: bool = False,
        limit: int,
        skip: int,
    ) -> tuple[list[Contact], int]:
        """Contacts by name, and how many there are. `search` looks into every name and the number."""
        conditions: list[Any] = [Contacts.instance_id == instance_id]
        if search:
            conditions.append(await self._search.contains("contacts", _SEARCHED, search))
        if only_groups:
            conditions.append(Contacts.is_group.eq(True))
        if only_people:
            conditions.append(Contacts.is_group.eq(False))
        total = await scope.within(Contacts.count().where(*conditions), who)
        rows = await (
            scope.within(Contacts.select().where(*conditions), who)
            .order_by(_SHOWN_NAME, Contacts.push_name, Contacts.address)
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

    async def previews(
        self, who: Principal, instance_id: InstanceId, *, limit: int, skip: int
    ) -> tuple[list[ChatPreview], int]:
        """The same with what was said last in each."""
        return await chat_previews(scope.predicate(who, Chats, "c"), instance_id, limit=limit, skip=skip)

    async def chat(self, instance_id: InstanceId, address: Address) -> ChatSummary | None:
        """One chat, on behalf of the session that writes to it."""
        known = await canonical(instance_id, address)
        row = await Chats.select().where(Chats.instance_id == instance_id, Chats.address == known).first()
        return _to_chat(row) if row else None


def _sight_row(sight: Sight, moment: int) -> tuple[Any, ...]:
    who = sight.who
    is_group = isinstance(who, Chat)
    return (
        new_id(),
        sight.tenant_id,
        sight.instance_id,
        who.address,
        None if is_group else who.pn,
        None if is_group else who.lid,
        who.title if isinstance(who, Chat) else who.name,
        "" if isinstance(who, Chat) else who.phone or "",
        who.username,
        is_group,
        to_ms(sight.at),
        moment,
        moment,
    )


def _to_contact(row: dict[str, Any]) -> Contact:
    return Contact(
        id=row["id"],
        instance_id=InstanceId(row["instance_id"]),
        address=Address(row["address"]),
        name=row["name"] or row["book_name"],
        push_name=row["push_name"],
        number=row["number"],
        username=row["username"],
        is_group=bool(row["is_group"]),
        picture_url=row["picture_url"],
        about=row["about"],
        last_activity_at=maybe_from_ms(row["last_activity_at"]),
        created_at=from_ms(row["created_at"]),
        updated_at=from_ms(row["updated_at"]),
        pn=Address(row["pn"]) if row["pn"] else None,
        lid=Address(row["lid"]) if row["lid"] else None,
    )


def _to_chat(row: dict[str, Any]) -> ChatSummary:
    return ChatSummary(
        address=Address(row["address"]),
        kind=ChatKind(row["kind"]),
        title=row["title"],
        username=row["username"],
        last_message_at=maybe_from_ms(row["last_message_at"]),
    )
