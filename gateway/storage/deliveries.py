"""Deliveries as people see them: listed, shown with their tries, sent again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from piccolo.querystring import QueryString

from gateway.domain.ids import DeliveryId, EndpointId, EventId, InstanceId, TenantId
from gateway.domain.tenants import Principal
from gateway.domain.webhooks import Attempt, Delivery, DeliveryState, Trigger
from gateway.storage import scope
from gateway.storage.engine import AnyEngine
from gateway.storage.tables import Attempts, Deliveries
from gateway.storage.times import from_ms, maybe_from_ms, to_ms

# Everything but the payload, which may be a megabyte.
_COLUMNS = (
    "id, tenant_id, instance_id, endpoint_id, event_id, event_type, state, attempt, due, created_at, finished_at,"
    " last_status, last_error"
)
_AGAIN = """UPDATE deliveries SET state = 'pending', "trigger" = 'manual', resume_state = state, resume_due = due,
 due = {} WHERE """


_AGAIN_MANY = (
    _AGAIN  # noqa: S608 - texts of ours
    + """id IN (SELECT id FROM deliveries WHERE {} AND state <> 'leased' AND "trigger" = 'schedule'
 ORDER BY id LIMIT {}) RETURNING id"""
)


class DeliveryQuery(Struct, frozen=True, kw_only=True):
    """Which deliveries. `since` is included, `until` is not; both are about when the event was accepted."""

    endpoint_id: EndpointId | None = None
    instance_id: InstanceId | None = None
    states: tuple[DeliveryState, ...] = ()
    event_types: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


class DeliveryHistory:
    """Deliveries by endpoint and time, within somebody's reach."""

    def __init__(self, engine: AnyEngine) -> None:
        self._engine = engine

    async def page(self, who: Principal, query: DeliveryQuery, *, limit: int, skip: int) -> tuple[list[Delivery], int]:
        """Newest first, without payloads; and how many there are in all."""
        where = _where(who, query)
        rows = await Deliveries.raw(
            f"SELECT {_COLUMNS} FROM deliveries WHERE {{}} ORDER BY id DESC LIMIT {{}} OFFSET {{}}",  # noqa: S608 - names are ours
            where,
            limit,
            skip,
        )
        total = await Deliveries.raw("SELECT COUNT(*) AS n FROM deliveries WHERE {}", where)
        return [_to_delivery(row) for row in rows], total[0]["n"]

    async def get(self, who: Principal, delivery_id: DeliveryId) -> Delivery:
        """One delivery with its payload. Raises NotFound."""
        if not 0 < delivery_id < 2**63:  # no such id, and no database takes the number
            raise scope.missing("Delivery", delivery_id)
        rows = await Deliveries.raw(
            f"SELECT {_COLUMNS}, payload FROM deliveries WHERE {{}} AND id = {{}}",  # noqa: S608 - names are ours
            scope.predicate(who, Deliveries),
            delivery_id,
        )
        if not rows:
            raise scope.missing("Delivery", delivery_id)
        return _to_delivery(rows[0], payload=rows[0]["payload"])

    async def of_event(self, event_id: EventId, endpoint_id: EndpointId) -> Delivery | None:
        """What one endpoint is owed for one event; the caller has the endpoint within reach."""
        rows = await Deliveries.raw(
            f"SELECT {_COLUMNS}, payload FROM deliveries WHERE endpoint_id = {{}} AND event_id = {{}}"  # noqa: S608 - names are ours
            " ORDER BY id DESC LIMIT 1",
            endpoint_id,
            event_id,
        )
        return _to_delivery(rows[0], payload=rows[0]["payload"]) if rows else None

    async def attempts(self, delivery_id: DeliveryId) -> list[Attempt]:
        """Its logged tries, oldest first; the caller has the delivery within reach."""
        rows = await Attempts.select().where(Attempts.delivery_id == delivery_id).order_by(Attempts.id)
        return [_to_attempt(row) for row in rows]

    async def redeliver(self, delivery_id: DeliveryId, now: datetime) -> bool:
        """Try one again, now and once. False when it is being tried, or waits for such a try already."""
        again = await Deliveries.raw(
            _AGAIN + """id = {} AND state <> 'leased' AND "trigger" = 'schedule' RETURNING id""",
            to_ms(now),
            delivery_id,
        )
        return bool(again)

    async def redeliver_range(self, who: Principal, query: DeliveryQuery, *, now: datetime, limit: int) -> int:
        """Try up to `limit` again, oldest first; returns how many. What waits for that already is skipped."""
        again = await Deliveries.raw(
            _AGAIN_MANY,
            to_ms(now),
            _where(who, query),
            limit,
        )
        return len(again)


def _where(who: Principal, query: DeliveryQuery) -> QueryString:
    parts: list[str] = ["{}"]
    values: list[Any] = [scope.predicate(who, Deliveries)]

    def also(condition: str, *more: Any) -> None:
        parts.append(condition)
        values.extend(more)

    if query.endpoint_id is not None:
        also("endpoint_id = {}", query.endpoint_id)
    if query.instance_id is not None:
        also("instance_id = {}", query.instance_id)
    if query.states:
        also(f"state IN ({_places(query.states)})", *(state.value for state in query.states))
    if query.event_types:
        also(f"event_type IN ({_places(query.event_types)})", *query.event_types)
    if query.since is not None:
        also("created_at >= {}", to_ms(query.since))
    if query.until is not None:
        also("created_at < {}", to_ms(query.until))
    return QueryString(" AND ".join(parts), *values)


def _places(values: Sequence[object]) -> str:
    return ", ".join(["{}"] * len(values))


def _to_delivery(row: Any, payload: str = "") -> Delivery:
    return Delivery(
        id=DeliveryId(row["id"]),
        tenant_id=TenantId(row["tenant_id"]),
        instance_id=InstanceId(row["instance_id"]),
        endpoint_id=EndpointId(row["endpoint_id"]),
        event_id=EventId(row["event_id"]),
        event_type=row["event_type"],
        state=DeliveryState(row["state"]),
        attempts=row["attempt"],
        due_at=from_ms(row["due"]),
        created_at=from_ms(row["created_at"]),
        finished_at=maybe_from_ms(row["finished_at"]),
        last_status=row["last_status"],
        last_error=row["last_error"],
        payload=payload,
    )


def _to_attempt(row: dict[str, Any]) -> Attempt:
    return Attempt(
        number=row["number"],
        trigger=Trigger(row["trigger"]),
        started_at=from_ms(row["started_at"]),
        duration_ms=row["duration_ms"],
        address=row["address"],
        status=row["status"],
        response=row["response"],
        error=row["error"],
        next_attempt_at=maybe_from_ms(row["next_attempt_at"]),
    )
