"""A copy of a database is the same database, on whichever engine, or it is not there at all."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from gateway.domain.errors import StorageUnavailable
from gateway.storage import copying
from gateway.storage.copy_checks import CopyRefused
from gateway.storage.copying import TableCopied, copy_database
from gateway.storage.engine import Engine, bind, make_engine
from gateway.storage.migrate import migrate
from gateway.storage.snapshot import snapshot
from gateway.storage.tables import ALL_TABLES, Activities, Messages
from tests.integration.storage.filling import ROWS, contents, fill
from tests.postgres import PostgresServer, fresh_database, running_server

NAMES = [table._meta.tablename for table in ALL_TABLES]
NOTHING = dict.fromkeys(NAMES, 0)


async def opened(url: str) -> Engine:
    engine = make_engine(url)
    await engine.open()
    await migrate(engine)
    return engine


async def counts(engine: Engine) -> dict[str, int]:
    return {name: (await engine.execute(f"SELECT count(*) AS n FROM {name}", ()))[0]["n"] for name in NAMES}


@pytest.fixture(params=["sqlite to postgres", "postgres to sqlite", "sqlite to sqlite", "postgres to postgres"])
async def two(
    request: pytest.FixtureRequest, postgres_server: PostgresServer, tmp_path: Path
) -> AsyncIterator[tuple[Engine, Engine]]:
    """An open source and an open, empty target."""
    kinds = str(request.param).split(" to ")
    async with fresh_database(postgres_server) as one, fresh_database(postgres_server) as other:
        urls = [
            postgres if kind == "postgres" else f"sqlite:///{tmp_path}/{number}.db"
            for number, (kind, postgres) in enumerate(zip(kinds, (one, other), strict=True))
        ]
        source, target = [await opened(url) for url in urls]
        yield source, target
        await source.close()
        await target.close()


async def refuses_table(engine: Engine, table: str, *, with_text: str = "", statement: str = "") -> None:
    """The database itself fails, or alters, what is written to a table: nothing of ours is replaced for it."""
    if engine.kind == "sqlite":
        doing = statement or f"SELECT RAISE(ABORT, '{with_text}')"
        await engine.execute(f"CREATE TRIGGER saboteur AFTER INSERT ON {table} BEGIN {doing}; END", ())
        return
    doing = statement or f"RAISE EXCEPTION '{with_text}'"
    await engine.execute(
        f"CREATE FUNCTION sabotage() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {doing}; RETURN NEW; END $$", ()
    )
    await engine.execute(
        f"CREATE TRIGGER saboteur AFTER INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION sabotage()", ()
    )


async def test_every_row_of_every_table_arrives_and_reads_the_same(two: tuple[Engine, Engine]) -> None:
    source, target = two
    await fill(source)
    before = await contents(source)
    heard: list[TableCopied] = []
    report = await copy_database(source, target, on_table=heard.append)
    assert await contents(target) == before == await contents(source)
    assert [each.table for each in heard] == NAMES
    assert tuple(heard) == report.tables
    assert {each.rows for each in report.tables} == {ROWS}
    assert report.rows == ROWS * len(NAMES)
    assert all(None in row.values() for row in before["endpoints"][1:2])


async def test_an_empty_database_is_copied_to_an_empty_one(two: tuple[Engine, Engine]) -> None:
    source, target = two
    assert (await copy_database(source, target)).rows == 0
    assert await counts(target) == NOTHING


async def test_more_rows_than_a_batch_holds_arrive(two: tuple[Engine, Engine]) -> None:
    source, target = two
    await fill(source, rows=1)
    many = [[100 + number, number] for number in range(2 * copying.BATCH + 1)]
    await source.run_many(
        "INSERT INTO activities (id, tenant_id, instance_id, action, details, created_at)"
        " SELECT {}, tenant_id, id, 'x', '{{}}', {} FROM instances".replace("{{}}", "[]"),
        many,
    )
    await copy_database(source, target)
    assert (await counts(target))["activities"] == len(many) + 1
    assert await contents(source) == await contents(target)


async def test_ids_go_on_behind_the_copied_ones(two: tuple[Engine, Engine]) -> None:
    source, target = two
    await fill(source)
    greatest = (await source.execute("SELECT max(id) AS id FROM activities", ()))[0]["id"]
    await copy_database(source, target)
    bind(target, ALL_TABLES)
    [parent] = await Messages.select(Messages.instance_id).limit(1)
    row = Activities(tenant_id="t", instance_id=parent["instance_id"], action="x", created_at=1)
    await Activities.insert(row)
    assert row.id == greatest + 1


async def test_postgres_remembers_ids_whose_rows_are_gone(postgres_server: PostgresServer) -> None:
    async with fresh_database(postgres_server) as one, fresh_database(postgres_server) as other:
        source, target = await opened(one), await opened(other)
        await source.execute("SELECT setval(pg_get_serial_sequence('deliveries', 'id'), 41)", ())
        await copy_database(source, target)
        [row] = await target.execute("SELECT nextval(pg_get_serial_sequence('deliveries', 'id')) AS id", ())
        assert row["id"] == 42
        await source.close()
        await target.close()


async def test_a_failure_in_the_middle_leaves_the_target_empty_and_the_source_as_it_was(
    two: tuple[Engine, Engine],
) -> None:
    source, target = two
    await fill(source)
    before = await contents(source)
    await refuses_table(target, "contacts", with_text="no contacts here")
    with pytest.raises(CopyRefused, match="table contacts") as refused:
        await copy_database(source, target)
    assert refused.value.code == "row_refused"
    assert "no contacts here" not in refused.value.sentence
    assert await counts(target) == NOTHING
    assert await contents(source) == before
    await target.execute("DROP TRIGGER saboteur" + (" ON contacts" if target.kind == "postgres" else ""), ())
    await copy_database(source, target)
    assert await contents(target) == before


async def test_a_copy_that_is_stopped_leaves_the_target_empty_and_can_be_made_again(
    two: tuple[Engine, Engine],
) -> None:
    source, target = two
    await fill(source)

    def stop(copied: TableCopied) -> None:
        if copied.table == "deliveries":
            copy.cancel()

    copy = asyncio.create_task(copy_database(source, target, on_table=stop))
    with pytest.raises(asyncio.CancelledError):
        await copy
    assert await counts(target) == NOTHING
    await copy_database(source, target)
    assert await contents(target) == await contents(source)


async def test_a_row_that_changed_on_its_way_is_noticed(two: tuple[Engine, Engine]) -> None:
    source, target = two
    await fill(source)
    changing = "UPDATE messages SET sent_at = 5 WHERE id = NEW.id"
    await refuses_table(target, "messages", statement=changing)
    with pytest.raises(CopyRefused, match="messages did not arrive") as refused:
        await copy_database(source, target)
    assert refused.value.code == "copy_mismatch"
    assert await counts(target) == NOTHING


async def test_a_row_that_was_lost_on_its_way_is_noticed(two: tuple[Engine, Engine]) -> None:
    source, target = two
    await fill(source)
    # The last of the log: nothing refers to it, so no other table could have noticed.
    await refuses_table(target, "audit", statement="DELETE FROM audit WHERE id = NEW.id AND id > 10")
    with pytest.raises(CopyRefused, match=r"audit did not arrive .*4 rows sent, 2 stored") as refused:
        await copy_database(source, target)
    assert refused.value.code == "copy_mismatch"
    assert await counts(target) == NOTHING


async def test_what_is_written_after_the_start_is_not_in_the_copy(two: tuple[Engine, Engine]) -> None:
    source, target = two
    await fill(source)
    before = await contents(source)
    async with snapshot(source) as moment, moment.cursor("SELECT id FROM messages", ()) as fetch_many:
        await source.execute("DELETE FROM messages", ())
        assert len(await fetch_many(100)) == ROWS
        async with moment.cursor("SELECT id FROM contacts", ()) as more:
            await source.execute("DELETE FROM contacts", ())
            assert len(await more(100)) == ROWS
    await copy_database(source, target)
    after = await contents(target)
    assert (after["messages"], after["contacts"]) == ([], [])
    assert after["events"] == before["events"]


async def test_a_target_with_rows_is_refused(two: tuple[Engine, Engine]) -> None:
    source, target = two
    await fill(source)
    await target.execute("INSERT INTO idempotency_keys (key, tenant_id, request_digest, state, answer, created_at)"
                         " VALUES ('k', 't', 'd', 's', '', 1)", ())  # fmt: skip
    with pytest.raises(CopyRefused, match="idempotency_keys has rows") as refused:
        await copy_database(source, target)
    assert refused.value.code == "target_not_empty"
    assert await counts(target) == NOTHING | {"idempotency_keys": 1}


async def test_a_database_is_not_copied_onto_itself(database_url: str) -> None:
    one, same = await opened(database_url), await opened(database_url)
    with pytest.raises(CopyRefused) as refused:
        await copy_database(one, same)
    assert refused.value.code == "same_database"
    await one.close()
    await same.close()


async def test_only_databases_of_this_version_are_copied(database_url: str, tmp_path: Path) -> None:
    current = await opened(f"sqlite:///{tmp_path}/current.db")
    bare = make_engine(database_url)
    await bare.open()
    for source, target, which in ((bare, current, "copy from"), (current, bare, "copy to")):
        with pytest.raises(CopyRefused, match=which) as refused:
            await copy_database(source, target)
        assert refused.value.code == "schema_not_current"
    await migrate(bare)
    await bare.execute(
        "INSERT INTO migration (name, app_name, ran_on) VALUES ('2999-01-01T00:00:00:000000', 'gateway',"
        " '2999-01-01 00:00:00')",
        (),
    )
    with pytest.raises(CopyRefused) as refused:
        await copy_database(bare, current)
    assert refused.value.code == "schema_differs"
    await bare.close()
    await current.close()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("UPDATE contacts SET about = 'a' || char(0) || 'b' WHERE id = 'a1'", "about of row 'a1' .* NUL"),
        ("UPDATE contacts SET number = '" + "7" * 65 + "' WHERE id = 'a1'", "number of row 'a1' .* longer than 64"),
        ("UPDATE attempts SET status = 4294967296 WHERE id = 7", "status of row 7 .* more than 31 bits"),
        ("UPDATE contacts SET instance_id = 'gone' WHERE id = 'a1'", "contacts.* refer to others"),
    ],
)
async def test_a_row_that_postgres_does_not_take_is_named_without_its_value(
    change: str, says: str, tmp_path: Path, postgres_url: str
) -> None:
    source, target = await opened(f"sqlite:///{tmp_path}/source.db"), await opened(postgres_url)
    await fill(source)
    with closing(sqlite3.connect(tmp_path / "source.db")) as other, other:  # it does not look at references
        assert other.execute(change).rowcount == 1
    with pytest.raises(CopyRefused, match=says) as refused:
        await copy_database(source, target)
    assert refused.value.code == "row_refused"
    assert "777" not in refused.value.sentence
    assert await counts(target) == NOTHING
    await source.close()
    await target.close()


async def test_a_source_that_goes_away_leaves_the_target_empty(tmp_path: Path) -> None:
    cut: list[str] = []
    with running_server() as server:

        def cut_at_instances(copied: TableCopied) -> None:
            if copied.table == "instances":
                cut.append(copied.table)
                server.stop("immediate")

        source, target = await opened(server.url()), await opened(f"sqlite:///{tmp_path}/target.db")
        await fill(source)
        with pytest.raises(StorageUnavailable):
            await copy_database(source, target, on_table=cut_at_instances)
        assert cut
        assert await counts(target) == NOTHING
        await source.close()
        await target.close()
