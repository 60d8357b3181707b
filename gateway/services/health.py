"""Whether the gateway can do its work right now."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct

from gateway.domain.errors import GatewayError
from gateway.domain.instances import SessionStateKind
from gateway.sessions.registry import Registry
from gateway.storage.process_lock import ProcessLock
from gateway.storage.storage import Storage


class Readiness(Struct, frozen=True, kw_only=True):
    """What was looked at. `problems` maps a part to a sentence; empty means ready."""

    problems: dict[str, str]

    @property
    def ready(self) -> bool:
        """Whether requests should come here."""
        return not self.problems


class Load(Struct, frozen=True, kw_only=True):
    """What is only known by looking; what is counted along the way has collectors of its own."""

    sessions: Mapping[SessionStateKind, int]
    inbox_backlog: int


class Health:
    """Looks at the parts the gateway cannot do without."""

    def __init__(
        self,
        storage: Storage,
        sessions: Registry,
        lock: ProcessLock,
        *,
        backlog: Callable[[], int],
    ) -> None:
        self._storage = storage
        self._sessions = sessions
        self._lock = lock
        self._backlog = backlog

    @property
    def database(self) -> str:
        """`sqlite` or `postgres`."""
        return self._storage.engine.kind

    async def readiness(self) -> Readiness:
        """Ask the database and the process lock."""
        problems: dict[str, str] = {}
        try:
            await self._storage.engine.ping()
        except GatewayError as error:
            problems["database"] = error.sentence
        if self._lock.lost:
            problems["lock"] = "The lock that keeps a second gateway off this database is lost."
        return Readiness(problems=problems)

    async def load(self) -> Load:
        """How much there is to do. Raises StorageUnavailable when the database does not answer."""
        await self._storage.engine.ping()
        return Load(sessions=self._sessions.count_by_state(), inbox_backlog=self._backlog())
