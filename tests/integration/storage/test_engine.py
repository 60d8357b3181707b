"""What both engines promise alike."""

# ruff: noqa: PT012  # leaving `async with transaction()` by an error is the very thing under test

from __future__ import annotations

import asyncio
import contextvars
import random

import pytest

from gateway.domain.errors import AlreadyExists, GatewayError, StorageUnavailable
from gateway.storage.engine import Engine, make_engine
from tests.integration.storage.tables import Counter, Note, hit, hits, texts


async def test_insert_update_and_delete_return_what_they_touched(engine: Engine) -> None:
    inserted = await Note.insert(Note(text="a"), Note(text="b")).returning(Note.id, Note.text)
    assert [row["text"] for row in inserted] == ["a", "b"]
    updated = await Note.update({Note.author: "ann"}).where(Note.text == "a").returning(Note.text, Note.author)
    assert updated == [{"text": "a", "author": "ann"}]
    deleted = await Note.delete().where(Note.text == "b").returning(Note.text)
    assert deleted == [{"text": "b"}]
    assert await texts() == ["a"]


async def test_an_insert_without_returning_tells_the_primary_key(engine: Engine) -> None:
    note = Note(text="saved")
    await note.save()
    assert await Note.exists().where(Note.id == note.id)


async def test_an_upsert_counts_up(engine: Engine) -> None:
    for _ in range(3):
        await Counter.raw(
            "INSERT INTO test_counter (name, value) VALUES ({}, {}) "
            "ON CONFLICT (name) DO UPDATE SET value = test_counter.value + excluded.value",
            "hits",
            2,
        )
    assert await hits() == 6


async def test_a_transaction_commits_whole(engine: Engine) -> None:
    async with engine.transaction():
        await Note(text="one").save()
        await Note(text="two").save()
        assert await texts() == ["one", "two"]
    assert await texts() == ["one", "two"]


async def test_an_error_in_a_transaction_undoes_all_of_it_and_passes_through(engine: Engine) -> None:
    with pytest.raises(LookupError, match="mine"):
        async with engine.transaction():
            await Note(text="one").save()
            raise LookupError("mine")
    assert await texts() == []
    await Note(text="after").save()


async def test_a_caller_s_own_os_error_is_not_taken_for_the_database_s(engine: Engine) -> None:
    with pytest.raises(FileNotFoundError):
        async with engine.transaction():
            raise FileNotFoundError("a picture")


async def test_a_taken_unique_value_is_already_exists_and_quotes_nothing(engine: Engine) -> None:
    await Note(text="sesame-7731").save()
    with pytest.raises(AlreadyExists) as refusal:
        await Note(text="sesame-7731").save()
    assert "sesame-7731" not in str(refusal.value)
    assert refusal.value.__cause__ is None  # the driver's text quotes the row and would reach the log
    assert refusal.value.__suppress_context__


async def test_our_own_mistakes_stay_exceptions(engine: Engine) -> None:
    with pytest.raises(Exception, match="no_such_table") as problem:
        await Note.raw("SELECT * FROM no_such_table")
    assert not isinstance(problem.value, GatewayError)


# -- nested transactions ---------------------------------------------------------------------------------------------


async def test_a_failed_inner_transaction_is_undone_and_the_outer_goes_on(engine: Engine) -> None:
    await Note(text="taken").save()
    async with engine.transaction():
        await Note(text="outer").save()
        with pytest.raises(AlreadyExists):
            async with engine.transaction():
                await Note(text="inner").save()
                await Note(text="taken").save()
        async with engine.transaction():
            await Note(text="second inner").save()
    assert await texts() == ["outer", "second inner", "taken"]


async def test_a_kept_inner_transaction_still_falls_with_the_outer(engine: Engine) -> None:
    with pytest.raises(LookupError):
        async with engine.transaction():
            async with engine.transaction(), engine.transaction():
                await Note(text="deep").save()
            raise LookupError
    assert await texts() == []


async def test_a_swallowed_failure_never_commits_the_rest(engine: Engine) -> None:
    await Note(text="taken").save()
    with pytest.raises(RuntimeError, match="nested transaction"):
        async with engine.transaction():
            await Note(text="before").save()
            with pytest.raises(AlreadyExists):
                await Note(text="taken").save()
    assert await texts() == ["taken"]


async def test_two_inner_transactions_at_once_are_refused(engine: Engine) -> None:
    first_is_in = asyncio.Event()
    second_was_refused = asyncio.Event()

    async def first() -> None:
        async with engine.transaction():
            first_is_in.set()
            await second_was_refused.wait()

    async with engine.transaction():
        task = asyncio.create_task(first())
        await first_is_in.wait()
        with pytest.raises(RuntimeError, match="same time"):
            async with engine.transaction():
                pass
        second_was_refused.set()
        await task


# -- tasks and the context variable ----------------------------------------------------------------------------------


async def test_a_child_task_joins_the_transaction_it_was_started_in(engine: Engine) -> None:
    with pytest.raises(LookupError):
        async with engine.transaction():
            await asyncio.create_task(Note(text="child").save().run())
            raise LookupError
    assert await texts() == []


async def test_gather_inside_a_transaction_takes_turns(engine: Engine) -> None:
    async with engine.transaction():
        await asyncio.gather(*(Note(text=f"{number}").save().run() for number in range(5)))
    assert await texts() == ["0", "1", "2", "3", "4"]


async def test_a_child_that_outlives_its_transaction_cannot_write_into_the_next_one(engine: Engine) -> None:
    go = asyncio.Event()

    async def late() -> None:
        await go.wait()
        await Note(text="late").save()

    async with engine.transaction():
        child = asyncio.create_task(late())
    with pytest.raises(LookupError):
        async with engine.transaction():
            go.set()
            with pytest.raises(RuntimeError, match=r"contextvars\.Context"):
                await child
            raise LookupError
    assert await texts() == []


async def test_a_task_started_with_an_empty_context_is_on_its_own(engine: Engine) -> None:
    go = asyncio.Event()

    async def background() -> None:
        await go.wait()
        await Note(text="background").save()

    async with engine.transaction():
        task = asyncio.create_task(background(), context=contextvars.Context())
    go.set()
    await task
    assert await texts() == ["background"]


# -- cancellation ----------------------------------------------------------------------------------------------------


async def test_a_task_cancelled_while_waiting_leaves_the_queue_in_order(engine: Engine) -> None:
    async with engine.transaction():
        waiting = [asyncio.create_task(hit(engine), context=contextvars.Context()) for _ in range(30)]
        await asyncio.sleep(0)
        for task in waiting[::2]:
            task.cancel()
        await hit(engine)
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError, type(None)] * 15
    assert await hits() == 16


async def test_four_hundred_random_cancels_leak_nothing_and_commit_nothing_by_halves(engine: Engine) -> None:
    chance = random.Random(20)

    async def pair(name: str) -> None:
        async with engine.transaction():
            await Note(text=f"{name} a").save()
            async with engine.transaction():
                await Note(text=f"{name} b").save()
        await texts()

    cancelled = 0
    for number in range(400):
        task = asyncio.create_task(pair(f"{number:03}"))
        for _ in range(chance.randrange(60)):  # steps of the loop, so that every await gets its share
            await asyncio.sleep(0)
        if chance.random() < 0.7:
            await asyncio.sleep(chance.random() * 0.004)
        task.cancel()
        (outcome,) = await asyncio.gather(task, return_exceptions=True)
        assert outcome is None or isinstance(outcome, asyncio.CancelledError)
        cancelled += outcome is not None
    assert cancelled >= 100, "validity: too few tasks were caught in the middle"

    stored = await texts()
    assert stored, "validity: some must have got through"
    names = {text[:3] for text in stored}
    assert len(stored) == 2 * len(names), "a pair was stored by halves"
    # Everything is free again: as many at once as there are connections, and then some.
    await asyncio.gather(*(hit(engine) for _ in range(30)))
    assert await hits() == 30


# -- in bulk ---------------------------------------------------------------------------------------------------------


async def test_run_many_stores_all_rows_or_none(engine: Engine) -> None:
    insert = "INSERT INTO test_note (text, author) VALUES ({}, {})"
    await engine.run_many(insert, [(f"{number:05}", "ann") for number in range(20_000)])
    assert await Note.count() == 20_000
    with pytest.raises(AlreadyExists):
        await engine.run_many(insert, [("new", None), ("00007", None)])
    assert not await Note.exists().where(Note.text == "new")


async def test_a_batch_reads_everything_in_pieces(engine: Engine) -> None:
    await engine.run_many("INSERT INTO test_note (text) VALUES ({})", [(f"{number:03}",) for number in range(250)])
    query = Note.select(Note.text).where(Note.text >= "010", Note.text < "240").order_by(Note.text)
    pieces = []
    async with await query.batch(batch_size=100) as batch:
        async for rows in batch:
            await Counter.select()  # other work goes on meanwhile
            pieces.append([row["text"] for row in rows])
    assert [len(piece) for piece in pieces] == [100, 100, 30]
    assert pieces[0][0] == "010"


async def test_a_batch_inside_a_transaction_sees_that_transaction(engine: Engine) -> None:
    async with engine.transaction():
        await Note(text="mine").save()
        async with await Note.select(Note.text).batch() as batch:
            assert await anext(batch) == [{"text": "mine"}]
            await Note(text="more").save()


async def test_an_error_in_a_batch_s_loop_is_not_swallowed(engine: Engine) -> None:
    with pytest.raises(LookupError):
        async with await Note.select().batch():
            raise LookupError
    await asyncio.gather(*(texts() for _ in range(20)))


# -- opening and closing ---------------------------------------------------------------------------------------------


async def test_a_closed_engine_says_so_and_can_be_opened_again(engine: Engine) -> None:
    await engine.ping()
    await engine.close()
    with pytest.raises(StorageUnavailable, match="closed"):
        await texts()
    with pytest.raises(StorageUnavailable, match="closed"):
        async with engine.transaction():
            pass
    await engine.close()
    await engine.open()
    await engine.ping()
    assert await hits() == 0


async def test_closing_never_hangs_on_a_transaction_that_does_not_end(database_url: str) -> None:
    engine = make_engine(database_url)
    engine.close_timeout = 0.2
    await engine.open()
    inside = asyncio.Event()

    async def stuck() -> None:
        async with engine.transaction():
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(stuck())
    await inside.wait()
    async with asyncio.timeout(10):
        await engine.close()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await engine.open()
    await engine.ping()
    await engine.close()


async def test_an_engine_that_was_not_opened_works_for_piccolo_s_commands(database_url: str) -> None:
    engine = make_engine(database_url)
    assert [row["one"] for row in await engine.run_ddl("SELECT 1 AS one")] == [1]
    await engine.close()
