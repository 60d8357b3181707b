"""Migrating a database beside the one in use.

In a process of its own: a migration binds every table to the database it works on, and loads megabytes that a running
gateway need not carry. The URL goes through stdin, because others on the machine can read a command line.
"""

from __future__ import annotations

import asyncio
import sys

import msgspec

from gateway.domain.errors import GatewayError, StorageUnavailable
from gateway.kit.log import get_logger
from gateway.storage.engine import make_engine
from gateway.storage.migrate import migrate

log = get_logger(__name__)


class _Outcome(msgspec.Struct):
    migrated: list[str] = []
    problem: str = ""
    """A sentence without secrets; empty when all went well."""


async def migrate_apart(database_url: str) -> list[str]:
    """As `migrate`, for a database this process does not use. Raises StorageUnavailable (code `migration_failed`)."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        out, err = await process.communicate(database_url.encode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    try:
        outcome = msgspec.json.decode(out, type=_Outcome)
    except msgspec.DecodeError:
        log.error("migration_crashed", status=process.returncode, stderr_bytes=len(err))
        outcome = _Outcome(problem="The tables could not be brought to this version; see `python -m gateway migrate`.")
    if outcome.problem:
        raise StorageUnavailable(outcome.problem, code="migration_failed")
    return outcome.migrated


async def _work(database_url: str) -> _Outcome:
    engine = make_engine(database_url)
    try:
        await engine.open()
        return _Outcome(migrated=await migrate(engine))
    except GatewayError as error:
        return _Outcome(problem=error.sentence)
    finally:
        await engine.close()


if __name__ == "__main__":
    sys.stdout.write(msgspec.json.encode(asyncio.run(_work(sys.stdin.read()))).decode())
