"""The one place where driver errors become the gateway's words.

Callers of storage only ever see `gateway.domain.errors`; what stays an exception is a mistake of ours (bad SQL,
a missing table, a NULL where none may be). Sentences carry no driver text: PostgreSQL quotes the offending
values in its DETAIL line, and those may be secrets or belong to another tenant.

Codes: SQLite result codes, https://www.sqlite.org/rescode.html; PostgreSQL appendix A "Error Codes".
"""

from __future__ import annotations

import errno
import sqlite3
from types import TracebackType

import asyncpg  # type: ignore[import-untyped]  # asyncpg ships no type information

from gateway.domain.errors import AlreadyExists, Conflict, GatewayError, StorageFull, StorageUnavailable

_SQLITE_TAKEN = {
    sqlite3.SQLITE_CONSTRAINT_UNIQUE,
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
    sqlite3.SQLITE_CONSTRAINT_ROWID,
}
_SQLITE_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
_SQLITE_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_SQLITE_AWAY = {
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_NOMEM,
}
_PG_BUSY = {"40001", "55P03", "57014"}  # serialization, lock not available, query canceled
_PG_DEADLOCK = "40P01"
_PG_AWAY_CLASSES = {"08", "53", "57", "58"}  # connection, resources, operator intervention, system error
_PG_REFUSED = {"28000", "28P01", "3D000", "42501"}  # credentials, password, no such database, privilege

DEADLOCK = "deadlock"
"""Code of the `StorageUnavailable` of whom PostgreSQL sent away so that another could go on: repeating it is all there
is to do."""
COMMIT_UNKNOWN = "outcome_unknown"
"""Code of the `StorageUnavailable` raised when the database went away while committing."""


def refusal_for(error: BaseException) -> GatewayError | None:
    """The domain error that says what `error` means to a caller; None when it is a programming mistake."""
    if isinstance(error, sqlite3.Error):
        return _from_sqlite(error)
    if isinstance(error, asyncpg.PostgresError):
        return _from_postgres(error)
    if isinstance(error, asyncpg.InterfaceError):
        # asyncpg has no class of its own for "the connection or the pool is gone"; these sentences say so. The last
        # one appears when the server cut a connection between two statements: ours never overlap on one.
        signs = ("is closed", "is closing", "another operation")
        return away() if any(sign in str(error) for sign in signs) else None
    if isinstance(error, asyncpg.InternalClientError):  # a connection in a state it should not be in; it gets cut
        return away()
    if isinstance(error, OSError):  # includes TimeoutError, which asyncio raises
        return full() if error.errno in (errno.ENOSPC, errno.EDQUOT) else away()
    return None


def away() -> StorageUnavailable:
    return StorageUnavailable("The database does not answer; nothing was stored. Try again shortly.")


def busy(*, retry_after: float = 1.0) -> StorageUnavailable:
    return StorageUnavailable("The database is too busy to take this on now; try again.", retry_after=retry_after)


def closed() -> StorageUnavailable:
    return StorageUnavailable("The database is closed; the gateway is starting or stopping. Try again shortly.")


def read_only() -> StorageUnavailable:
    return StorageUnavailable("The database takes no writes at the moment; try again shortly.", retry_after=5.0)


def outcome_unknown() -> StorageUnavailable:
    return StorageUnavailable(
        "The database went away while storing this; look whether it is there before repeating it.",
        code=COMMIT_UNKNOWN,
    )


def full() -> StorageFull:
    return StorageFull("The database's disk is full; free some space, then try again.", retry_after=30.0)


def _taken() -> AlreadyExists:
    return AlreadyExists("A value that must be unique is already taken; choose another.")


def _dangling() -> Conflict:
    return Conflict("It refers to something that is gone, or is still in use; reload and try again.", code="in_use")


def _from_sqlite(error: sqlite3.Error) -> GatewayError | None:
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:  # raised by the module itself, before SQLite was asked
        return None
    if code in _SQLITE_TAKEN:
        return _taken()
    if code == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
        return _dangling()
    primary = code & 0xFF
    if primary == sqlite3.SQLITE_FULL:
        return full()
    if primary in _SQLITE_BUSY:
        return busy()
    if primary == sqlite3.SQLITE_READONLY:
        return read_only()
    if primary in _SQLITE_DAMAGED:
        return StorageUnavailable("The database file is damaged; restore it from a backup.", retry_after=60.0)
    if primary in _SQLITE_AWAY:
        return StorageUnavailable("The database file cannot be used; check its disk and permissions.", retry_after=5.0)
    return None


def _from_postgres(error: asyncpg.PostgresError) -> GatewayError | None:
    state = error.sqlstate or ""
    if state == "23505":
        return _taken()
    if state == "23503":
        return _dangling()
    if state == "53100":
        return full()
    if state == "25006":  # a write on a standby, which is what a failover looks like from here
        return read_only()
    if state == _PG_DEADLOCK:
        return StorageUnavailable("Two changes met in the database; try again.", code=DEADLOCK)
    if state in _PG_BUSY or state == "53300":  # 53300: the server has no connection left
        return busy()
    if state in _PG_REFUSED or (state == "55000" and "not currently accepting connections" in str(error)):
        return StorageUnavailable("The database refused us; check the user, password and name in DATABASE_URL.")
    if state[:2] in _PG_AWAY_CLASSES:
        return away()
    return None


class _Mapped:
    """Stateless, so one instance serves every query without an allocation."""

    __slots__ = ()

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None or isinstance(error, GatewayError):
            return
        refusal = refusal_for(error)
        if refusal is None:
            return
        if isinstance(refusal, Conflict):
            raise refusal from None  # the driver's text quotes the row; a logged traceback must not
        raise refusal from error


mapped = _Mapped()
"""`with mapped:` around driver calls, never around a caller's code: its OSErrors are its own."""
