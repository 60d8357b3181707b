"""WhatsApp's two names for one person, and making one person of what was stored under both.

A person is known by a phone-number name (pn) and by a hidden one (lid), and a network may tell either alone for a long
time. Once both are known, the pn is the address: contact, chat and messages that were stored under the lid move to it.
Events that were logged before keep the conversation they were told with, and so do their numbers; from then on they
count within the pn's conversation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from gateway.domain.ids import Address, InstanceId, TenantId, new_id
from gateway.storage.engine import AnyEngine
from gateway.storage.rows import insert_rows
from gateway.storage.tables import Chats, Contacts, Deliveries, Messages
from gateway.storage.templates import numbered_or_marked, rows_of
from gateway.storage.times import to_ms

_LID = "@lid"
_CONTACT_COLUMNS = tuple(column._meta.name for column in Contacts._meta.columns)
_CHAT_COLUMNS = tuple(column._meta.name for column in Chats._meta.columns)


class Pair(Struct, frozen=True, kw_only=True):
    """Both names of one person, as one instance knows them."""

    tenant_id: TenantId
    instance_id: InstanceId
    pn: Address
    lid: Address


def is_lid(address: str) -> bool:
    """Whether this is a hidden name, of which there may be a better one."""
    return address.endswith(_LID)


async def canonical(instance_id: InstanceId, address: Address) -> Address:
    """The pn of whoever has this lid, when it is known; any other address as it is."""
    if not is_lid(address):
        return address
    row = await (
        Contacts.select(Contacts.pn)
        .where(Contacts.instance_id == instance_id, Contacts.lid == address, Contacts.pn.is_not_null())
        .first()
    )
    return Address(row["pn"]) if row else address


class NameStore:
    """Who is who."""

    def __init__(self, engine: AnyEngine) -> None:
        self._engine = engine

    async def known(self, asked: Iterable[tuple[InstanceId, Address]]) -> list[tuple[InstanceId, Address, Address]]:
        """Of everybody asked for by either name, (instance, pn, lid) of those whose names are both known."""
        rows = await self._contacts(asked)
        return [
            (InstanceId(row["instance_id"]), Address(row["pn"]), Address(row["lid"]))
            for row in rows
            if row["pn"] and row["lid"]
        ]

    async def join(self, pairs: Sequence[Pair], now: datetime) -> None:
        """Make each pair one person, in the caller's transaction; of two pairs with one lid the later wins.

        What their contacts, chats and messages said under two names is under the pn afterwards: a name is kept from
        whichever has one, the older birth wins, and a message that is there twice is kept once.
        """
        newest = {(pair.instance_id, pair.lid): pair for pair in pairs}
        await self._join_contacts(list(newest.values()), to_ms(now))
        await self._join_chats(list(newest.values()))

    async def _join_contacts(self, pairs: Sequence[Pair], now: int) -> None:
        names = [(pair.instance_id, name) for pair in pairs for name in (pair.pn, pair.lid)]
        rows = {(row["instance_id"], row["address"]): row for row in await self._contacts(names)}
        holders = {(row["instance_id"], row["lid"]): row for row in rows.values() if row["lid"]}
        written: dict[tuple[str, str], dict[str, Any]] = {}
        moved: list[str] = []
        for pair in pairs:
            holder = holders.get((pair.instance_id, pair.lid))
            if holder is not None and holder["address"] != pair.pn:
                # A lid moves along when its person changes the number; the old number may be somebody else's soon.
                holder["lid"] = None
                written[holder["instance_id"], holder["address"]] = holder
            hidden = rows.pop((pair.instance_id, pair.lid), None)
            if hidden is not None:
                moved.append(hidden["id"])
                written.pop((pair.instance_id, pair.lid), None)
            row = _one(rows.get((pair.instance_id, pair.pn)), hidden) or _unseen(pair, now)
            row |= {"address": pair.pn, "pn": pair.pn, "lid": pair.lid, "updated_at": now}
            row["number"] = row["number"] or _digits(pair.pn)
            rows[pair.instance_id, pair.pn] = written[pair.instance_id, pair.pn] = row
        if moved:
            await Contacts.delete().where(Contacts.id.is_in(moved))
        await self._replace("contacts", _CONTACT_COLUMNS, written)

    async def _join_chats(self, pairs: Sequence[Pair]) -> None:
        names = [(pair.instance_id, name) for pair in pairs for name in (pair.pn, pair.lid)]
        rows = {(row["instance_id"], row["address"]): row for row in await self._chats(names)}
        written: dict[tuple[str, str], dict[str, Any]] = {}
        moved: list[str] = []
        for pair in pairs:
            hidden = rows.pop((pair.instance_id, pair.lid), None)
            if hidden is None:
                continue  # whatever was said is in a chat that is listed, so there is nothing to move
            moved.append(hidden["id"])
            row = _one(rows.get((pair.instance_id, pair.pn)), hidden) or hidden
            row["address"] = pair.pn
            rows[pair.instance_id, pair.pn] = written[pair.instance_id, pair.pn] = row
            await self._move_messages(pair)
        if moved:
            await Chats.delete().where(Chats.id.is_in(moved))
        await self._replace("chats", _CHAT_COLUMNS, written)

    async def _move_messages(self, pair: Pair) -> None:
        await Messages.raw(
            "DELETE FROM messages WHERE instance_id = {} AND chat = {} AND network_id IN"
            " (SELECT network_id FROM messages WHERE instance_id = {} AND chat = {})",
            pair.instance_id,
            pair.lid,
            pair.instance_id,
            pair.pn,
        )
        await Messages.update({Messages.chat: pair.pn}).where(
            Messages.instance_id == pair.instance_id, Messages.chat == pair.lid
        )
        # So that what comes now still waits for what is owed from before, where order is asked for.
        await Deliveries.raw(
            "UPDATE deliveries SET conversation = {} WHERE instance_id = {} AND conversation = {}"
            " AND state IN ('pending', 'leased')",
            pair.pn,
            pair.instance_id,
            pair.lid,
        )

    async def _replace(self, table: str, columns: tuple[str, ...], rows: dict[tuple[str, str], dict[str, Any]]) -> None:
        settable = [name for name in columns if name not in {"id", "instance_id", "tenant_id", "address"}]
        # Sorted, so that two writers on PostgreSQL lock rows in one order and never wait for each other in a ring.
        await insert_rows(
            self._engine,
            table,
            columns,
            [tuple(rows[key][name] for name in columns) for key in sorted(rows)],
            suffix="ON CONFLICT (instance_id, address) DO UPDATE SET "
            + ", ".join(f"{name} = excluded.{name}" for name in settable),
        )

    async def _contacts(self, asked: Iterable[tuple[InstanceId, Address]]) -> list[dict[str, Any]]:
        columns = ", ".join(f"t.{name}" for name in _CONTACT_COLUMNS)
        sources = " UNION ".join(
            # CROSS JOIN: SQLite would rather read the whole book and look each contact up in the list.
            f"SELECT {columns} FROM {{asked}} CROSS JOIN contacts t"  # noqa: S608 - names are ours
            f" WHERE t.instance_id = v.instance_id AND t.{column} = v.name"
            for column in ("address", "lid")
        )
        return await self._look_up(sources, asked, times=2)

    async def _chats(self, asked: Iterable[tuple[InstanceId, Address]]) -> list[dict[str, Any]]:
        columns = ", ".join(f"t.{name}" for name in _CHAT_COLUMNS)
        source = (
            f"SELECT {columns} FROM {{asked}} CROSS JOIN chats t"  # noqa: S608 - names are ours
            " WHERE t.instance_id = v.instance_id AND t.address = v.name"
        )
        return await self._look_up(source, asked, times=1)

    async def _look_up(
        self, template: str, asked: Iterable[tuple[InstanceId, Address]], *, times: int
    ) -> list[dict[str, Any]]:
        wanted = [{"instance_id": instance_id, "name": name} for instance_id, name in dict.fromkeys(asked)]
        if not wanted:
            return []
        kind = self._engine.kind
        sql = numbered_or_marked(
            template.replace("{asked}", rows_of(kind, (("instance_id", "text"), ("name", "text")))), kind
        )
        return list(await self._engine.execute(sql, [msgspec.json.encode(wanted).decode()] * times))


def _one(kept: dict[str, Any] | None, hidden: dict[str, Any] | None) -> dict[str, Any] | None:
    """Two rows of one person as one: what the kept one does not say, the hidden one does."""
    if kept is None or hidden is None:
        return kept or hidden
    row = {name: value if value not in (None, "") else hidden[name] for name, value in kept.items()}
    for name, choose in (("created_at", min), ("last_activity_at", max), ("last_message_at", max)):
        if name in row:
            both = [each[name] for each in (kept, hidden) if each[name] is not None]
            row[name] = choose(both) if both else None
    return row


def _unseen(pair: Pair, now: int) -> dict[str, Any]:
    return dict.fromkeys(_CONTACT_COLUMNS) | {
        "id": new_id(),
        "tenant_id": pair.tenant_id,
        "instance_id": pair.instance_id,
        "name": "",
        "book_name": "",
        "push_name": "",
        "number": "",
        "is_group": False,
        "created_at": now,
        "updated_at": now,
    }


def _digits(pn: str) -> str:
    number = pn.partition("@")[0].partition(":")[0]
    return number if number.isdecimal() else ""
