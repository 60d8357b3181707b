"""The database in use, and switching to the other one under way.

Decision 19's order: the target's tables, then a pause of writers, every row, the comparison, the swap, the memory of
it. Whatever fails, the gateway goes on with the database it had.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from gateway.database_choice import FILE, DatabaseChoice, Provider, read_choice, write_choice
from gateway.domain.audit import AuditLine
from gateway.domain.errors import Conflict, InvalidInput, Unavailable
from gateway.domain.tenants import Principal
from gateway.kit.clock import Clock
from gateway.kit.log import get_logger
from gateway.services.checks import require_admin
from gateway.services.door import Door
from gateway.settings import Settings, SettingsError
from gateway.storage.copying import CopyReport, copy_database
from gateway.storage.engine import Engine, SwitchableEngine, make_engine
from gateway.storage.finish import finish
from gateway.storage.migrate_apart import migrate_apart
from gateway.storage.postgres_url import without_credentials
from gateway.storage.process_lock import ProcessLock, SwitchableLock, acquire_process_lock
from gateway.storage.storage import Storage

log = get_logger(__name__)

_OTHER: Mapping[Provider, Provider] = {"sqlite": "postgres", "postgres": "sqlite"}


class DatabaseStatus(Struct, frozen=True, kw_only=True):
    """Which database is in use. `url` has no credentials in it; `since` is when it was switched to, if it was."""

    provider: Provider
    url: str
    since: datetime | None
    switching: bool


class Databases:
    """What an administrator of the deployment sees of the database and does with it."""

    def __init__(
        self,
        storage: Storage,
        engine: SwitchableEngine,
        lock: SwitchableLock,
        door: Door,
        settings: Settings,
        clock: Clock,
    ) -> None:
        self._storage = storage
        self._engine = engine
        self._lock = lock
        self._settings = settings
        self._clock = clock
        self._door = door
        chosen = read_choice(settings.data_dir)
        self._since = chosen.since if chosen else None

    def status(self, who: Principal) -> DatabaseStatus:
        """Raises Forbidden for anybody but an administrator."""
        require_admin(who)
        return DatabaseStatus(
            provider=self._engine.kind,
            url=self._shown(self._engine.kind),
            since=self._since,
            switching=self._door.closed,
        )

    async def switch(self, who: Principal, provider: str, *, ip: str | None = None) -> bool:
        """Move everything to the other database and go on there; False when it is in use already.

        Reads go on meanwhile, writes and what arrives from the networks wait. The other database has to be empty, or to
        hold exactly what an earlier switch left there, which is replaced.

        Raises Forbidden; InvalidInput (`invalid_provider`, `database_not_configured`); Conflict when a switch is under
        way (`switching`), another gateway uses the other database (`already_running`), it holds something else
        (`target_not_empty`) or did not take the rows (`row_refused`, `copy_mismatch`); Unavailable when it does not
        answer, its tables cannot be made (`migration_failed`), writes do not end (`writes_do_not_end`) or the choice
        cannot be kept (`choice_not_kept`). After any of these the gateway uses the database it used before.
        """
        require_admin(who)
        wanted = _known(provider)
        url = self._url(wanted)
        if self._door.closed:
            raise Conflict("The database is being switched; look at /api/db/status.", code="switching")
        async with self._door.closing():
            if wanted == self._engine.kind:
                return False
            log.info("database_switch_began", to=wanted)
            try:
                rows = await self._move_to(wanted, url)
            except BaseException as error:
                log.warning("database_switch_failed", to=wanted, kind=type(error).__name__)
                raise
            log.info("database_switched", to=wanted, rows=rows)
        await self._storage.audit.add(
            AuditLine(
                action="database.switched",
                result="ok",
                at=self._clock.now(),
                tenant_id=who.tenant_id,
                user_id=who.user_id,
                object=wanted,
                ip=ip,
            )
        )
        return True

    async def _move_to(self, wanted: Provider, url: str) -> int:
        async with AsyncExitStack() as undo:
            target = make_engine(url)
            undo.push_async_callback(target.close)
            await target.open()
            lock = await acquire_process_lock(target)
            undo.push_async_callback(lock.release)
            await migrate_apart(url)
            async with self._engine.paused():
                report = await self._copy(wanted, target)
                left = await finish(self._settle(wanted, target, lock, report, undo))
            # Its transactions have ended, and whoever still reads from it is waited for.
            async with left:
                pass
        return report.rows

    async def _copy(self, wanted: Provider, target: Engine) -> CopyReport:
        before = await self._chosen() or DatabaseChoice(provider=self._engine.kind)

        async def announce(report: CopyReport) -> None:
            # If the process dies after the commit and before the swap, the next switch knows what lies there.
            may_lie_there = [dict(report.replaced), report.checksums] if report.replaced else [report.checksums]
            await self._keep(replace(before, provider=self._engine.kind, copies={wanted: may_lie_there}))

        return await copy_database(
            self._engine.database, target, replacing=before.copies.get(wanted, ()), before_commit=announce
        )

    async def _settle(
        self, wanted: Provider, target: Engine, lock: ProcessLock, report: CopyReport, undo: AsyncExitStack
    ) -> AbstractAsyncContextManager[None]:
        """The point of no return: remembered first, so that no restart goes back behind it."""
        now = self._clock.now()
        copies = {_OTHER[wanted]: [report.checksums]}
        await self._keep(DatabaseChoice(provider=wanted, since=now, copies=copies))
        self._since = now
        left = self._engine.replace(target)
        undo.pop_all()  # target and lock stay
        await self._lock.replace(lock).release()
        return left

    async def _chosen(self) -> DatabaseChoice | None:
        try:
            return await asyncio.to_thread(read_choice, self._settings.data_dir)
        except SettingsError as problem:
            raise Unavailable(str(problem), code="choice_not_kept") from problem

    async def _keep(self, choice: DatabaseChoice) -> None:
        try:
            await asyncio.to_thread(write_choice, self._settings.data_dir, choice)
        except OSError as problem:
            raise Unavailable(
                f"The choice could not be kept in {FILE} in DATA_DIR ({problem.strerror}); mend that and switch again.",
                code="choice_not_kept",
            ) from problem

    def _url(self, provider: Provider) -> str:
        if provider == "sqlite":
            return str(self._settings.sqlite_path)
        if self._settings.database_url is None:
            raise InvalidInput("Missing DATABASE_URL environment variable", code="database_not_configured")
        return self._settings.database_url.reveal()

    def _shown(self, provider: Provider) -> str:
        url = self._url(provider)
        return f"file:{url}" if provider == "sqlite" else without_credentials(url)


def _known(provider: str) -> Provider:
    match provider.strip().lower():
        case "sqlite":
            return "sqlite"
        case "postgres" | "postgresql":
            return "postgres"
    raise InvalidInput('Invalid provider. Use "postgres" or "sqlite"', field="provider", code="invalid_provider")
