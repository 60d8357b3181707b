"""The event log: one append-only table that feeds webhooks, polling and streams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Struct

from gateway.domain.events import AcceptedEvent, Event, type_of
from gateway.domain.ids import EventId, InstanceId, TenantId
from gateway.domain.tenants import Principal
from gateway.storage import scope
from gateway.storage.engine import AnyEngine
from gateway.storage.rows import insert_rows
from gateway.storage.tables import Events
from gateway.storage.templates import Kind, numbered_or_marked, rows_of
from gateway.storage.times import from_ms, to_ms

_COLUMNS = (
    "position",
    "id",
    "tenant_id",
    "instance_id",
    "type",
    "conversation",
    "sequence",
    "dedupe_key",
    "body",
    "at",
    "created_at",
)
_decode = msgspec.json.Decoder(Event).decode


class NewEvent(Struct, frozen=True, kw_only=True):
    """An event about to be written."""

    id: EventId
    tenant_id: TenantId
    sequence: int
    event: Event


class EventStore:
    """Events by place in the log."""

    def __init__(self, engine: AnyEngine) -> None:
        self._engine = engine
        self._last_position: int | None = None

    async def known(self, keys: Sequence[tuple[InstanceId, str]]) -> set[tuple[str, str]]:
        """Which (instance, dedupe key) pairs are in the log already."""
        if not keys:
            return set()
        asked = [{"instance_id": instance_id, "dedupe_key": key} for instance_id, key in keys]
        rows = await self._engine.execute(_known_sql(self._engine.kind), [msgspec.json.encode(asked).decode()])
        return {(row["instance_id"], row["dedupe_key"]) for row in rows}

    async def number(self, counts: Mapping[tuple[InstanceId, str], int]) -> dict[tuple[str, str], int]:
        """Reserve numbers in conversations; returns the last number before the reserved ones, by conversation."""
        rows = [(f"{key[0]}|{key[1]}", key[0], count) for key, count in sorted(counts.items())]
        answers = await insert_rows(
            self._engine,
            "sequences",
            ("key", "instance_id", "value"),
            rows,
            suffix="ON CONFLICT (key) DO UPDATE SET value = sequences.value + excluded.value RETURNING key, value",
        )
        last = {row["key"]: row["value"] for row in answers}
        return {key: last[f"{key[0]}|{key[1]}"] - count for key, count in counts.items()}

    async def append(self, news: Sequence[NewEvent], now: datetime) -> list[AcceptedEvent]:
        """Write events at the end of the log, in order, in the caller's transaction.

        A position is the microsecond of its commit, or one more than the last. A database's own counter would not
        do: SQLite gives the numbers of deleted rows out again, and a cursor that kept one would skip what is new.
        """
        if self._last_position is None:
            self._last_position = await self.end()
        first = max(self._last_position + 1, to_ms(now) * 1000)
        accepted = [
            AcceptedEvent(
                id=new.id,
                position=first + place,
                tenant_id=new.tenant_id,
                sequence=new.sequence,
                event=new.event,
                created_at=now,
            )
            for place, new in enumerate(news)
        ]
        await insert_rows(self._engine, "events", _COLUMNS, [_row(each) for each in accepted])
        self._last_position = first + len(news) - 1
        return accepted

    async def page(
        self,
        who: Principal,
        instance_id: InstanceId,
        *,
        types: Sequence[str] = (),
        since: datetime | None = None,
        after: int | None = None,
        limit: int,
        ascending: bool = False,
    ) -> tuple[list[AcceptedEvent], bool]:
        """Events of an instance, and whether there are more. `since` and `after` (a position) exclude their own."""
        conditions: list[Any] = [Events.instance_id == instance_id]
        if types:
            conditions.append(Events.type.is_in(list(types)))
        if since is not None:
            conditions.append(Events.created_at > to_ms(since))
        if after is not None:
            conditions.append(Events.position > after)
        rows = await (
            scope.within(Events.select().where(*conditions), who)
            .order_by(Events.position, ascending=ascending)
            .limit(limit + 1)
        )
        return [_to_accepted(row) for row in rows[:limit]], len(rows) > limit

    async def end(self) -> int:
        """The last position in the log; 0 when it is empty."""
        newest = await Events.select(Events.position).order_by(Events.position, ascending=False).first()
        return int(newest["position"]) if newest else 0

    async def prune(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` events logged before a moment that nobody is owed any more; returns how many went."""
        gone = await Events.raw(
            "DELETE FROM events WHERE position IN (SELECT position FROM events WHERE created_at < {}"
            " AND id NOT IN (SELECT event_id FROM deliveries WHERE state IN ('pending', 'leased')) LIMIT {})"
            " RETURNING position",
            to_ms(before),
            limit,
        )
        return len(gone)

    async def prune_presence(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` presences logged before a moment that nobody is owed any more; returns how many went."""
        gone = await Events.raw(
            # The type is spelled out, so that the partial index serves.
            "DELETE FROM events WHERE position IN (SELECT position FROM events WHERE created_at < {}"
            " AND type = 'presence.changed'"
            " AND id NOT IN (SELECT event_id FROM deliveries WHERE state IN ('pending', 'leased')) LIMIT {})"
            " RETURNING position",
            to_ms(before),
            limit,
        )
        return len(gone)


@lru_cache(maxsize=2)
def _known_sql(kind: Kind) -> str:
    """Which pairs are there. Value: a JSON array, so that the text is one whatever their number."""
    asked = rows_of(kind, (("instance_id", "text"), ("dedupe_key", "text")))
    return numbered_or_marked(
        # CROSS JOIN: SQLite would rather read the whole log and look each event up in the list.
        f"SELECT e.instance_id, e.dedupe_key FROM {asked} CROSS JOIN events e"  # noqa: S608 - names are ours
        " WHERE e.instance_id = v.instance_id AND e.dedupe_key = v.dedupe_key",
        kind,
    )


def _row(accepted: AcceptedEvent) -> tuple[Any, ...]:
    event = accepted.event
    return (
        accepted.position,
        accepted.id,
        accepted.tenant_id,
        event.instance_id,
        type_of(event),
        event.conversation,
        accepted.sequence,
        event.dedupe_key,
        msgspec.json.encode(event).decode(),
        to_ms(event.at),
        to_ms(accepted.created_at),
    )


def _to_accepted(row: dict[str, Any]) -> AcceptedEvent:
    return AcceptedEvent(
        id=EventId(row["id"]),
        position=row["position"],
        tenant_id=TenantId(row["tenant_id"]),
        sequence=row["sequence"],
        event=_decode(row["body"]),
        created_at=from_ms(row["created_at"]),
    )
