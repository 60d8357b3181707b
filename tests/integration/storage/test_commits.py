"""Statements that travel together, and commits that do not wait for the disk."""

# ruff: noqa: PT012  # leaving `async with transaction()` by an error is the very thing under test

from __future__ import annotations

import pytest

from gateway.domain.errors import AlreadyExists
from gateway.storage.engine import Engine, bind
from gateway.storage.rows import insert_rows
from gateway.storage.tables import Tenants
from tests.integration.storage.tables import texts

ADD = "INSERT INTO test_note (text) VALUES ('{}')"


async def how_durable(engine: Engine) -> str:
    """As the database itself tells it, from inside the current transaction."""
    if engine.kind == "postgres":
        rows = await engine.execute("SELECT current_setting('synchronous_commit') AS it", ())
        return str(rows[0]["it"])
    rows = await engine.execute("PRAGMA synchronous", ())
    return {1: "off", 2: "on"}[rows[0]["synchronous"]]


async def test_what_was_written_without_an_answer_is_seen_by_the_next_statement_and_kept(engine: Engine) -> None:
    async with engine.transaction():
        for text in "abc":
            await engine.write(ADD.format(text), ())
        assert await texts() == ["a", "b", "c"]
        await engine.write(ADD.format("d"), ())
    assert await texts() == ["a", "b", "c", "d"]


async def test_however_many_are_written_without_an_answer_all_are_kept(engine: Engine) -> None:
    async with engine.transaction():
        for number in range(50):
            await engine.write(ADD.format(number), ())
    assert len(await texts()) == 50


async def test_a_write_that_fails_late_undoes_the_whole_transaction(engine: Engine) -> None:
    await engine.write(ADD.format("taken"), ())
    with pytest.raises(AlreadyExists):
        async with engine.transaction():
            await engine.write(ADD.format("new"), ())
            await engine.write(ADD.format("taken"), ())
    assert await texts() == ["taken"]
    await engine.write(ADD.format("after"), ())
    assert await texts() == ["after", "taken"]


async def test_a_write_of_an_undone_inner_part_goes_with_it(engine: Engine) -> None:
    async with engine.transaction():
        await engine.write(ADD.format("outer"), ())
        with pytest.raises(LookupError):
            async with engine.transaction():
                await engine.write(ADD.format("inner"), ())
                raise LookupError
    assert await texts() == ["outer"]


async def test_an_undone_transaction_leaves_nothing_waiting_for_the_next(engine: Engine) -> None:
    with pytest.raises(LookupError):
        async with engine.transaction():
            await engine.write(ADD.format("undone"), ())
            raise LookupError
    async with engine.transaction():
        await engine.write(ADD.format("kept"), ())
    assert await texts() == ["kept"]


async def test_a_transaction_in_which_nothing_happens_is_fine(engine: Engine) -> None:
    async with engine.transaction():
        pass
    async with engine.transaction(durable=False):
        pass
    assert await texts() == []


async def test_only_the_transaction_that_asked_for_it_does_not_wait_for_the_disk(engine: Engine) -> None:
    async with engine.transaction(durable=False):
        await engine.write(ADD.format("hasty"), ())
        assert await how_durable(engine) == "off"
    async with engine.transaction():
        assert await how_durable(engine) == "on"
    with pytest.raises(LookupError):
        async with engine.transaction(durable=False):
            assert await how_durable(engine) == "off"
            raise LookupError
    async with engine.transaction():
        assert await how_durable(engine) == "on"
    with pytest.raises(AlreadyExists):
        async with engine.transaction(durable=False):
            await engine.write(ADD.format("hasty"), ())
    async with engine.transaction():
        assert await how_durable(engine) == "on"


async def test_many_rows_are_refused_rather_than_cut_to_fit(engine: Engine) -> None:
    if engine.kind == "sqlite":
        pytest.skip("SQLite minds no lengths")
    bind(engine, [Tenants])
    await Tenants.create_table()
    now = (await engine.execute("SELECT now() AS now", ()))[0]["now"]
    columns = ("id", "name", "created_at")
    await insert_rows(engine, "tenants", columns, [("a", "A", now), ("b", "B", now)])
    with pytest.raises(Exception, match="too long"):
        await insert_rows(engine, "tenants", columns, [("c", "n" * 256, now)])
    assert [row["id"] for row in await Tenants.select(Tenants.id).order_by(Tenants.id)] == ["a", "b"]
