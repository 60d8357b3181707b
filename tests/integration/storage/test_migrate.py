"""One set of migrations makes the same tables on both databases, from nothing, and only once."""

from __future__ import annotations

import asyncio
import contextlib
import io
from datetime import UTC, datetime

import pytest
from piccolo.apps.migrations.commands.forwards import ForwardsMigrationManager
from piccolo.apps.migrations.tables import Migration

from gateway.domain.ids import Address, InstanceId, TenantId, UserId
from gateway.domain.instances import SessionStateKind
from gateway.domain.messages import Person
from gateway.domain.tenants import CredentialKind, Principal, Role
from gateway.kit.secrets import Sealer
from gateway.settings import EncryptionKey
from gateway.storage.contacts import Sight
from gateway.storage.engine import Engine, bind, make_engine
from gateway.storage.forwards import engine_of_piccolo
from gateway.storage.indexes import ALL_INDEXES
from gateway.storage.migrate import migrate, pending
from gateway.storage.piccolo_app import APP_CONFIG
from gateway.storage.storage import Storage
from gateway.storage.tables import ALL_TABLES
from gateway.storage.versions import APP_NAME, MIGRATIONS

EVERYBODY = Principal(
    tenant_id=TenantId("t"), user_id=UserId("u"), role=Role.OWNER, credential=CredentialKind.JWT, credential_id="j"
)


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


FIRST = "2026-11-21T00:00:01:000000"
"""The last migration of the first version."""


async def _as_the_first_version_left_it(engine: Engine) -> None:
    bind(engine, (Migration, *ALL_TABLES))
    with engine_of_piccolo(engine), contextlib.redirect_stdout(io.StringIO()):
        manager = ForwardsMigrationManager(app_name=APP_CONFIG.app_name, migration_id=FIRST)
        await manager.create_migration_table()
        result = await manager.run_migrations(APP_CONFIG)
    assert result.success
    noon = "'2026-01-01 12:00:00+00:00'"
    for statement in (
        f"INSERT INTO tenants (id, name, created_at) VALUES ('t', 't', {noon})",
        (
            "INSERT INTO users (id, tenant_id, email, password_hash, role, created_at, updated_at)"
            f" VALUES ('u', 't', 'e', 'x', 'owner', {noon}, {noon})"
        ),
        (
            "INSERT INTO instances (id, tenant_id, user_id, name, provider, state, state_at, login_code, created_at,"
            f" updated_at) VALUES ('i', 't', 'u', 'n', 'telegram', 'login_required', {noon}, 'a code', {noon}, {noon})"
        ),
        (
            "INSERT INTO contacts (id, tenant_id, instance_id, address, name, push_name, is_group, created_at,"
            " updated_at) VALUES ('c', 't', 'i', '100', 'Ann', 'annie', false, 1, 2)"
        ),
        (
            "INSERT INTO chats (id, tenant_id, instance_id, address, kind, title, last_message_at)"
            " VALUES ('h', 't', 'i', '100', 'private', 'Ann', 3)"
        ),
    ):
        await engine.execute(statement, [])


async def test_a_database_of_the_first_version_keeps_its_rows(database_url: str) -> None:
    engine = make_engine(database_url)
    await engine.open()
    try:
        await _as_the_first_version_left_it(engine)
        assert len(await migrate(engine)) == len(list(MIGRATIONS.glob(f"{APP_NAME}_*.py"))) - 2
        for table in ALL_TABLES:
            wanted = {column._meta.db_column_name for column in table._meta.columns}
            assert await _columns(engine, table._meta.tablename) == wanted
        named = {statement.split(" ON ")[0].split()[-1] for statement in ALL_INDEXES}
        assert named <= await _indexes(engine)
        storage = Storage(engine, Sealer([EncryptionKey(id="k1", key=b"k" * 32)]))
        instance = await storage.instances.find(InstanceId("i"))
        assert instance is not None
        assert (instance.state.kind, instance.state.until) == (SessionStateKind.LOGIN_REQUIRED, None)
        ((contact,), _) = await storage.contacts.contacts(EVERYBODY, InstanceId("i"), limit=10, skip=0)
        assert (contact.id, contact.name, contact.push_name, contact.lid) == ("c", "Ann", "annie", None)
        seen = await storage.contacts.chat(InstanceId("i"), Address("100"))
        assert seen is not None
        assert seen.title == "Ann"
        # And what it writes from now on fits what was there.
        now = datetime(2026, 1, 2, tzinfo=UTC)
        ann = Person(address=Address("100"), name="annie 2")
        sight = Sight(tenant_id=TenantId("t"), instance_id=InstanceId("i"), who=ann, at=now)
        await storage.contacts.saw([sight], now)
        ((contact,), _) = await storage.contacts.contacts(EVERYBODY, InstanceId("i"), limit=10, skip=0)
        assert (contact.id, contact.push_name) == ("c", "annie 2")
    finally:
        await engine.close()
