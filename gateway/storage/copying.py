"""Everything of one database into another, of the same kind or not, and the proof that it arrived.

Around Piccolo's tables, because a process binds those to one engine and here are two. Rows travel as Python values:
both drivers give and take the same ones, whatever a column looks like on disk.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # asyncpg ships no type information
from msgspec import Struct
from piccolo.columns import Integer, Serial
from piccolo.table import Table

from gateway.domain.errors import Conflict
from gateway.storage.copy_checks import CopyRefused, require_empty, require_same_schema, require_two, why_refused
from gateway.storage.digest import TableDigest
from gateway.storage.engine import Engine, Transaction
from gateway.storage.snapshot import Snapshot, snapshot
from gateway.storage.tables import ALL_TABLES
from gateway.storage.templates import numbered_or_marked
from gateway.storage.transaction import FetchMany

BATCH = 250
"""Rows in memory at once: a row of the log or the outbox may be tens of kilobytes."""


class TableCopied(Struct, frozen=True, kw_only=True):
    """One table that has arrived and was compared. `checksum` is the same on every database: see `TableDigest`."""

    table: str
    rows: int
    checksum: str


class CopyReport(Struct, frozen=True, kw_only=True):
    """What a copy consists of, in the order in which it was made."""

    tables: tuple[TableCopied, ...]
    replaced: Mapping[str, str] | None = None
    """Checksums, by table, of what was in the target before; None when it was empty."""

    @property
    def rows(self) -> int:
        """Of all tables together."""
        return sum(each.rows for each in self.tables)

    @property
    def checksums(self) -> dict[str, str]:
        """By table."""
        return {each.table: each.checksum for each in self.tables}


async def copy_database(
    source: Engine,
    target: Engine,
    *,
    on_table: Callable[[TableCopied], None] | None = None,
    replacing: Sequence[Mapping[str, str]] = (),
    before_commit: Callable[[CopyReport], Awaitable[None]] | None = None,
) -> CopyReport:
    """Every row of every table, from one moment of `source`, into the empty `target`; both are open.

    All or nothing: the target is written in one transaction, which commits when every table was read back and found
    equal. `source` may be written to meanwhile; what comes after the start is not in the copy. `on_table` hears of each
    table as it is done. Counters of row ids go on behind the copied ones.

    A target that has exactly the content that one of the checksums in `replacing` describes, by table, is emptied
    first, in the same transaction. `before_commit` is given the report when all that is left is the commit; if it
    raises, the copy is taken back.

    Raises CopyRefused with code `same_database`, `schema_not_current`, `schema_differs` or `target_not_empty` before
    anything is written, and with `row_refused` or `copy_mismatch` when the copy was taken back; StorageUnavailable
    and StorageFull as everywhere, with code `outcome_unknown` when the target went away during the commit itself.
    """
    await require_two(source, target)
    await require_same_schema(source, target)
    done: list[TableCopied] = []
    async with snapshot(source) as reading, target.transaction() as writing:
        held = await _checksums(writing) if replacing else None
        replaced = held if held in replacing else None
        if replaced is not None:
            for table in reversed(ALL_TABLES):  # those that refer to others come after them
                await writing.fetch(f"DELETE FROM {_name(table)}")  # noqa: S608 - names are ours
        await require_empty(target)  # inside, so that on SQLite nobody writes between this and the first row
        for table in ALL_TABLES:
            sent = await _copy(table, reading, writing, target)
            stored = await _digest(table, writing)
            if (sent.count, sent.checksum) != (stored.count, stored.checksum):
                raise CopyRefused(
                    f"Table {_name(table)} did not arrive as it was sent ({sent.count} rows sent, {stored.count} "
                    "stored); the copy was taken back. Look for triggers or rules in the target database.",
                    code="copy_mismatch",
                )
            done.append(TableCopied(table=_name(table), rows=sent.count, checksum=sent.checksum))
            if on_table is not None:
                on_table(done[-1])
        report = CopyReport(tables=tuple(done), replaced=replaced)
        if before_commit is not None:
            await before_commit(report)
        await _move_counters(reading, source, target)  # last: a rollback would not take it back
    return report


async def _checksums(writing: Transaction) -> dict[str, str]:
    return {_name(table): (await _digest(table, writing)).checksum for table in ALL_TABLES}


async def _copy(table: type[Table], reading: Snapshot, writing: Transaction, target: Engine) -> TableDigest:
    columns = table._meta.columns
    names = ",".join(f'"{column._meta.db_column_name}"' for column in columns)
    places = ",".join(["{}"] * len(columns))
    insert = numbered_or_marked(f"INSERT INTO {_name(table)} ({names}) VALUES ({places})", target.kind)  # noqa: S608 - names are ours
    digest = TableDigest()
    async with aclosing(_batches(table, reading.cursor(_select(table) + _in_order(table), ()))) as batches:
        async for rows in batches:
            digest.add(rows)
            try:
                await writing.run_many(insert, rows)
            except (sqlite3.Error, asyncpg.PostgresError, asyncpg.InterfaceError, Conflict):
                # The driver's text may quote the row, hence a sentence of our own and no chain.
                raise CopyRefused(why_refused(table, rows, target.kind), code="row_refused") from None
    return digest


async def _digest(table: type[Table], writing: Transaction) -> TableDigest:
    digest = TableDigest()
    async with aclosing(_batches(table, writing.cursor(_select(table), ()))) as batches:
        async for rows in batches:
            digest.add(rows)
    return digest


async def _batches(
    table: type[Table], cursor: AbstractAsyncContextManager[FetchMany]
) -> AsyncGenerator[list[tuple[Any, ...]], None]:
    names = [column._meta.db_column_name for column in table._meta.columns]
    async with cursor as fetch_many:
        while rows := await fetch_many(BATCH):
            yield [tuple(row[name] for name in names) for row in rows]


def _select(table: type[Table]) -> str:
    names = ",".join(f'"{column._meta.db_column_name}"' for column in table._meta.columns)
    return f"SELECT {names} FROM {_name(table)}"  # noqa: S608 - names are ours


def _in_order(table: type[Table]) -> str:
    """Numbered rows are appended best in their order; for others the two databases have not the same one anyway."""
    key = table._meta.primary_key
    return f' ORDER BY "{key._meta.db_column_name}"' if isinstance(key, (Integer, Serial)) else ""


async def _move_counters(reading: Snapshot, source: Engine, target: Engine) -> None:
    """PostgreSQL counts row ids apart from the rows: its counters go behind every id given so far."""
    if target.kind != "postgres":
        return  # SQLite takes the greatest id and one more
    for table in ALL_TABLES:
        key = table._meta.primary_key
        if not isinstance(key, Serial):
            continue
        name, column = _name(table), key._meta.db_column_name
        greatest = await target.execute(f'SELECT max("{column}") AS id FROM {name}', ())  # noqa: S608 - names are ours
        last = max(greatest[0]["id"] or 0, await _given(reading, source, name, column))
        if last:
            await target.execute("SELECT setval(pg_get_serial_sequence($1, $2), $3)", (name, column, last))


async def _given(reading: Snapshot, source: Engine, table: str, column: str) -> int:
    """The last id a PostgreSQL source has given, also when its row is gone: somebody may remember it."""
    if source.kind != "postgres":
        return 0
    sql = "SELECT pg_sequence_last_value(pg_get_serial_sequence($1, $2)::regclass) AS id"
    async with reading.cursor(sql, (table, column)) as fetch_many:
        [row] = await fetch_many(1)
    return int(row["id"] or 0)


def _name(table: type[Table]) -> str:
    return table._meta.tablename
