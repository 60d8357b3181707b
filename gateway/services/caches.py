"""What the gateway remembers so as not to ask the database again: how well that works, and forgetting it.

Nothing is lost by it: everything remembered is read again when it is next needed, and what changes is forgotten by
whoever changes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from gateway.domain.errors import InvalidInput
from gateway.domain.tenants import Principal
from gateway.kit import process
from gateway.kit.clock import Clock
from gateway.kit.log import get_logger
from gateway.kit.memory import give_back
from gateway.kit.tally import Tally
from gateway.services.auth import Auth
from gateway.services.checks import require_admin, require_person
from gateway.services.principals import TTL
from gateway.storage.storage import Storage
from gateway.storage.usage_limits import FRESH_SECONDS

log = get_logger(__name__)

INSTANCES = "instances"


class Remembers(Protocol):
    """Something that remembers, and can forget it all at any time."""

    tally: Tally

    @property
    def remembered(self) -> int: ...

    def forget_all(self) -> None: ...


class Cache(Struct, frozen=True, kw_only=True):
    """One of them. `ttl` in seconds; None where things are believed until somebody changes them."""

    name: str
    ttl: float | None
    holder: Remembers


def caches_of(auth: Auth, storage: Storage) -> Sequence[Cache]:
    """All there are."""
    return (
        Cache(name="principals", ttl=TTL, holder=auth.recognised),
        Cache(name=INSTANCES, ttl=None, holder=storage.instances),
        Cache(name="endpoints", ttl=None, holder=storage.endpoints),
        Cache(name="usage_limits", ttl=FRESH_SECONDS, holder=storage.usage_limits),
    )


class CacheState(Struct, frozen=True, kw_only=True):
    """How a cache is doing. `age` is in seconds since it was last emptied whole."""

    name: str
    entries: int
    hits: int
    misses: int
    age: float
    ttl: float | None


class Cleanup(Struct, frozen=True, kw_only=True):
    """What forgetting and tidying up came to. Memory in bytes, resident."""

    cleared: Sequence[str]
    forgotten_instances: int
    memory_before: int
    memory_after: int


class Caches:
    """All of them, for those who run the gateway."""

    def __init__(self, caches: Sequence[Cache], clock: Clock) -> None:
        self._caches = {each.name: each for each in caches}
        self._clock = clock
        now = clock.monotonic()
        self._emptied_at = dict.fromkeys(self._caches, now)

    def states(self, who: Principal) -> Sequence[CacheState]:
        """Figures of the whole process, for any person. Raises Forbidden."""
        require_person(who)
        now = self._clock.monotonic()
        return [
            CacheState(
                name=each.name,
                entries=each.holder.remembered,
                hits=each.holder.tally.hits,
                misses=each.holder.tally.misses,
                age=now - self._emptied_at[each.name],
                ttl=each.ttl,
            )
            for each in self._caches.values()
        ]

    def clear(self, who: Principal, names: Sequence[str] | None = None) -> Sequence[str]:
        """Empty these, or all; returns their names. For administrators: everybody's next requests take longer.

        Raises Forbidden, and InvalidInput naming those there are when one is not; nothing is emptied then.
        """
        require_admin(who)
        chosen = list(self._caches) if names is None else list(dict.fromkeys(names))
        if unknown := [name for name in chosen if name not in self._caches]:
            there = ", ".join(self._caches)
            raise InvalidInput(f"There is no cache {unknown[0][:80]!r}; there are {there}.", field="keys")
        for name in chosen:
            self._caches[name].holder.forget_all()
            self._emptied_at[name] = self._clock.monotonic()
        log.info("caches_cleared", caches=chosen)
        return chosen

    def clean_up(self, who: Principal) -> Cleanup:
        """Empty every cache and give free memory back to the system. For administrators. Raises Forbidden."""
        require_admin(who)
        before, remembered = process.sample().memory, self._caches[INSTANCES].holder.remembered
        cleared = self.clear(who)
        give_back()
        return Cleanup(
            cleared=cleared,
            forgotten_instances=remembered,
            memory_before=before,
            memory_after=process.sample().memory,
        )
