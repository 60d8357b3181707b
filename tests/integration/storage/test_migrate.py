"""One set of migrations makes the same tables on both databases, from nothing, and only once."""

from __future__ import annotations

import asyncio

import pytest

from gateway.storage.engine import Engine, make_engine
from gateway.storage.indexes import ALL_INDEXES
from gateway.storage.migrate import migrate, pending
from gateway.storage.tables import ALL_TABLES


async def _columns(engine: Engine, table: str) -> set[str]:
    if engine.kind == "sqlite":
        rows = await engine.execute(f"SELECT name FROM pragma_table_info('{table}')", [])
    else:
        rows = await engine.execute(
            "SELECT column_name AS name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND table_name = $1",
            [table],
        )
    return {row["name"] for row in rows}


async def _indexes(engine: Engine) -> set[str]:
    sql = (
        "SELECT name FROM sqlite_master WHERE type = 'index'"
        if engine.kind == "sqlite"
        else "SELECT indexname AS name FROM pg_indexes"
    )
    return {row["name"] for row in await engine.execute(sql, [])}


async def test_an_empty_database_gets_every_table_column_and_index(database_url: str) -> None:
    engine = make_engine(database_url)
    await engine.open()
    try:
        assert len(await pending(engine)) == len(await migrate(engine)) > 0
        for table in ALL_TABLES:
            wanted = {column._meta.db_column_name for column in table._meta.columns}
            assert await _columns(engine, table._meta.tablename) == wanted
        named = {statement.split(" ON ")[0].split()[-1] for statement in ALL_INDEXES}
        assert named <= await _indexes(engine)
    finally:
        await engine.close()


async def test_a_second_run_has_nothing_to_do(database_url: str) -> None:
    engine = make_engine(database_url)
    await engine.open()
    try:
        await migrate(engine)
        assert await pending(engine) == []
        assert await migrate(engine) == []
    finally:
        await engine.close()


async def test_deleting_an_instance_takes_everything_below_it(database_url: str) -> None:
    engine = make_engine(database_url)
    await engine.open()
    try:
        await migrate(engine)
        below = [
            table._meta.tablename
            for table in ALL_TABLES
            if any(column._meta.name == "instance_id" for column in table._meta.columns)
        ]
        assert {"messages", "events", "deliveries", "contacts", "chats", "usage_days", "activities"} <= set(below)
        cascades = await asyncio.gather(*(_cascades(engine, table) for table in below))
        assert dict(zip(below, cascades, strict=True)) == dict.fromkeys(below, True)
    finally:
        await engine.close()


async def _cascades(engine: Engine, table: str) -> bool:
    if engine.kind == "sqlite":
        rows = await engine.execute(
            f"SELECT on_delete FROM pragma_foreign_key_list('{table}') WHERE \"from\" = 'instance_id'", []
        )
        return [row["on_delete"] for row in rows] == ["CASCADE"]
    rows = await engine.execute(
        "SELECT r.delete_rule AS rule FROM information_schema.referential_constraints r"
        " JOIN information_schema.key_column_usage k ON k.constraint_name = r.constraint_name"
        " WHERE k.table_name = $1 AND k.column_name = 'instance_id'",
        [table],
    )
    return [row["rule"] for row in rows] == ["CASCADE"]


@pytest.mark.parametrize("count", [40])
async def test_positions_of_deleted_events_are_never_given_out_again(database_url: str, count: int) -> None:
    """SQLite reuses the numbers of deleted rows; a cursor that kept one would skip what is new."""
    from datetime import UTC, datetime

    from gateway.domain.events import SessionConnected
    from gateway.domain.ids import InstanceId, TenantId, new_event_id
    from gateway.domain.instances import SessionState, SessionStateKind
    from gateway.storage.events import EventStore, NewEvent
    from gateway.storage.tables import Events, Instances, Tenants, Users

    engine = make_engine(database_url)
    await engine.open()
    try:
        await migrate(engine)
        now = datetime(2026, 1, 1, tzinfo=UTC)
        await Tenants.insert(Tenants(id="t", name="t", created_at=now))
        await Users.insert(
            Users(id="u", tenant_id="t", email="e", password_hash="x", role="owner", created_at=now, updated_at=now)
        )
        await Instances.insert(
            Instances(
                id="i",
                tenant_id="t",
                user_id="u",
                name="n",
                provider="telegram",
                state="connected",
                state_at=now,
                created_at=now,
                updated_at=now,
            )
        )
        state = SessionState(kind=SessionStateKind.CONNECTED, code="connected", sentence="", at=now)
        store = EventStore(engine)

        async def append() -> list[int]:
            news = [
                NewEvent(
                    id=new_event_id(),
                    tenant_id=TenantId("t"),
                    sequence=number,
                    event=SessionConnected(instance_id=InstanceId("i"), at=now, state=state),
                )
                for number in range(count)
            ]
            return [event.position for event in await store.append(news, now)]

        first = await append()
        await Events.delete(force=True)
        second = await append()
        assert sorted(first + second) == first + second
        assert len(set(first + second)) == 2 * count
        # And a new process goes on where the log ends, whatever its clock says.
        store = EventStore(engine)
        assert min(await append()) > max(second)
    finally:
        await engine.close()
