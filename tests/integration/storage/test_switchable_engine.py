"""The database is replaced while nobody writes: who comes at that moment finds the right one, or is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.domain.errors import StorageUnavailable
from gateway.storage.engine import Engine, SwitchableEngine, bind, make_engine
from tests.integration.storage import tables
from tests.integration.storage.tables import Counter, Note
from tests.postgres import PostgresServer, fresh_database


@pytest.fixture(params=["sqlite to postgres", "postgres to sqlite"])
async def two(
    request: pytest.FixtureRequest, postgres_server: PostgresServer, tmp_path: Path
) -> AsyncIterator[tuple[Engine, Engine]]:
    """Two open databases of different kinds, with the throw-away tables; a note in each says which it is."""
    async with fresh_database(postgres_server) as postgres:
        urls = {"sqlite": f"sqlite:///{tmp_path}/one.db", "postgres": postgres}
        kinds = str(request.param).split(" to ")
        opened = [make_engine(urls[kind]) for kind in kinds]
        for place, engine in zip(("first", "second"), opened, strict=True):
            await engine.open()
            await tables.create(engine)
            await Note(text=place).save()
        yield opened[0], opened[1]
        for engine in opened:
            await engine.close()


@pytest.fixture
async def engine(two: tuple[Engine, Engine]) -> SwitchableEngine:
    """In front of the first."""
    engine = SwitchableEngine(two[0])
    bind(engine, [Counter, Note])
    return engine


async def settled() -> None:
    """Every task that can go on has gone on."""
    for _ in range(20):
        await asyncio.sleep(0)


async def switched(engine: SwitchableEngine, to: Engine) -> None:
    async with engine.paused():
        left = engine.replace(to)
    async with left:
        pass


async def test_statements_and_transactions_go_to_the_database_in_use(
    engine: SwitchableEngine, two: tuple[Engine, Engine]
) -> None:
    assert engine.kind == two[0].kind
    await Note(text="before").save()
    await switched(engine, two[1])
    assert engine.kind == engine.engine_type == two[1].kind
    async with engine.transaction():
        await Note(text="after").save()
        async with engine.transaction():
            await Counter.update({Counter.value: 7}).where(Counter.name == "hits")
    assert await tables.texts() == ["after", "second"]
    assert await tables.hits() == 7
    with pytest.raises(StorageUnavailable):
        await two[0].execute("SELECT 1 AS one", ())  # closed, and nothing went there
    await two[0].open()
    bind(two[0], [Counter, Note])
    assert await tables.texts() == ["before", "first"]


async def test_a_pause_waits_for_transactions_under_way_and_lets_them_nest(
    engine: SwitchableEngine, two: tuple[Engine, Engine]
) -> None:
    inside, leave = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        async with engine.transaction():
            await Note(text="one").save()
            inside.set()
            await leave.wait()
            async with engine.transaction():  # it has had its turn; waiting here would be for ever
                await Note(text="two").save()
            await engine.run_many('INSERT INTO test_note ("text") VALUES ({})', [("three",)])

    working = asyncio.create_task(work())
    await inside.wait()
    switching = asyncio.create_task(switched(engine, two[1]))
    await settled()
    assert not switching.done()
    leave.set()
    await working
    await switching
    await two[0].open()
    bind(two[0], [Counter, Note])
    assert await tables.texts() == ["first", "one", "three", "two"]


async def test_reads_go_on_in_a_pause_and_transactions_wait(
    engine: SwitchableEngine, two: tuple[Engine, Engine]
) -> None:
    async with engine.paused():
        waiting = asyncio.create_task(_hit(engine))
        await settled()
        assert not waiting.done()
        assert await tables.texts() == ["first"]
        await engine.ping()
        left = engine.replace(two[1])
    async with left:
        await waiting
    # It began after the change, on the database then in use.
    assert await tables.texts() == ["second"]
    assert await tables.hits() == 1


async def _hit(engine: SwitchableEngine) -> None:
    """Looks at the spelling where it should: inside."""
    async with engine.transaction():
        query = Counter.select(Counter.value).where(Counter.name == "hits")
        if engine.kind == "postgres":
            query = query.lock_rows("UPDATE")
        value = (await query)[0]["value"]
        mark = "$1" if engine.kind == "postgres" else "?"
        await engine.execute(f"UPDATE test_counter SET value = {mark} WHERE name = 'hits'", [value + 1])


async def test_a_single_write_that_waited_is_refused_after_a_change_and_done_without_one(
    engine: SwitchableEngine, two: tuple[Engine, Engine]
) -> None:
    async with engine.paused():
        late = [asyncio.create_task(write(engine)) for write in (_by_piccolo, _by_hand)]
        await settled()
        assert not any(each.done() for each in late)
        left = engine.replace(two[1])
    async with left:
        for each in late:
            with pytest.raises(StorageUnavailable) as refused:
                await each
            assert refused.value.code == "database_switched"
    assert await tables.texts() == ["second"]

    async with engine.paused():
        spared = [asyncio.create_task(write(engine)) for write in (_by_piccolo, _by_hand)]
        await settled()
    await asyncio.gather(*spared)
    assert await tables.texts() == ["by hand", "by piccolo", "second"]


async def _by_piccolo(_: SwitchableEngine) -> None:
    await Note(text="by piccolo").save()


async def _by_hand(engine: SwitchableEngine) -> None:
    await engine.write("INSERT INTO test_note (text) VALUES ('by hand')", ())


async def test_who_was_let_go_by_one_pause_waits_for_the_next(
    engine: SwitchableEngine, two: tuple[Engine, Engine]
) -> None:
    async with engine.paused():
        waiting = asyncio.create_task(_hit(engine))
        await settled()
    async with engine.paused():  # at once: nobody was woken in between
        assert [await tables.hits() for _ in range(50)] == [0] * 50  # time enough to write
        assert not waiting.done()
    await waiting
    assert await tables.hits() == 1


async def test_a_transaction_that_does_not_end_ends_the_pause(engine: SwitchableEngine) -> None:
    async with engine.transaction():
        await Note(text="one").save()
        other = asyncio.create_task(_paused(engine))
        with pytest.raises(StorageUnavailable) as refused:
            await other
    assert refused.value.code == "writes_do_not_end"
    await Note(text="two").save()  # nobody waits for a pause that is over
    assert await tables.texts() == ["first", "one", "two"]


async def _paused(engine: SwitchableEngine) -> None:
    async with engine.paused(drain=0.05):
        raise AssertionError("somebody writes")


async def test_who_still_reads_from_the_database_left_is_waited_for(
    engine: SwitchableEngine, two: tuple[Engine, Engine]
) -> None:
    slow = {
        "postgres": "SELECT text FROM test_note, pg_sleep(0.3)",
        "sqlite": "SELECT text FROM test_note, (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
        " WHERE i < 400000) SELECT count(*) FROM n)",
    }
    reading = asyncio.create_task(engine.execute(slow[engine.kind], ()))
    await settled()
    await switched(engine, two[1])
    assert [row["text"] for row in await reading] == ["first"]


async def test_replacing_without_a_pause_is_a_mistake(engine: SwitchableEngine, two: tuple[Engine, Engine]) -> None:
    with pytest.raises(RuntimeError, match="while nobody writes"):
        engine.replace(two[1])
