"""Wire format of what is remembered, of forgetting it, and of a stress test."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct, field

from gateway.domain.errors import InvalidInput
from gateway.services.caches import CacheState, Cleanup
from gateway.services.stress import StressPlan, StressResult
from gateway.surfaces.api_v1.schemas.memory import to_megabytes
from gateway.surfaces.api_v1.schemas.performance import milliseconds


class CacheEntry(Struct, frozen=True):
    """A cache. `age` (since it was last emptied whole) and `ttl` in milliseconds; no `ttl` where nothing in it grows
    old, because whoever changes something makes it forget that.
    """

    key: str
    age: int
    ttl: int | None
    expired: bool
    """Never: what is too old is not used."""
    size: int
    """How much is remembered."""
    hits: int
    misses: int

    @classmethod
    def of(cls, state: CacheState) -> "CacheEntry":
        return cls(
            key=state.name,
            age=round(1000 * state.age),
            ttl=None if state.ttl is None else round(1000 * state.ttl),
            expired=False,
            size=state.entries,
            hits=state.hits,
            misses=state.misses,
        )


class CacheTotals(Struct, frozen=True, rename="camel"):
    """All caches. `hitRate` is from 0 to 1, over all questions since the gateway was started."""

    total_entries: int
    hit_rate: float
    entries: list[CacheEntry]

    @classmethod
    def of(cls, states: Sequence[CacheState]) -> "CacheTotals":
        hits = sum(each.hits for each in states)
        asked = hits + sum(each.misses for each in states)
        return cls(
            total_entries=sum(each.entries for each in states),
            hit_rate=round(hits / asked, 4) if asked else 0.0,
            entries=[CacheEntry.of(each) for each in states],
        )


class CacheStatsReply(Struct, frozen=True):
    """What is remembered."""

    success: bool
    cache: CacheTotals
    timestamp: str


class CacheClearBody(Struct, frozen=True):
    """Which caches, by the `key` of the statistics; all when left out."""

    keys: list[str] | None = None


class CacheClearReply(Struct, frozen=True):
    """Which were emptied."""

    success: bool
    message: str
    cleared_keys: list[str]


class CleanupReply(Struct, frozen=True):
    """`cleaned_instances`: how many instances were remembered and will be read anew; none of them is touched."""

    success: bool
    message: str
    cache_invalidated: bool
    cleaned_instances: int
    total_instances: int
    memory_before_mb: float
    memory_after_mb: float

    @classmethod
    def of(cls, found: Cleanup, total: int) -> "CleanupReply":
        return cls(
            success=True,
            message="Memory cleanup completed",
            cache_invalidated=True,
            cleaned_instances=found.forgotten_instances,
            total_instances=total,
            memory_before_mb=to_megabytes(found.memory_before),
            memory_after_mb=to_megabytes(found.memory_after),
        )


class StressBody(Struct, frozen=True, rename="camel"):
    """A wave of `concurrentRequests` each second for `duration` milliseconds; or `iterations` waves of `concurrent`."""

    concurrent_requests: Annotated[int | None, Meta(description="1 to 50; 10 when left out.")] = None
    duration: Annotated[int | None, Meta(description="5000 to 300000; 30000 when left out.")] = None
    concurrent: Annotated[int | None, Meta(description="Another name of `concurrentRequests`.")] = None
    iterations: Annotated[int | None, Meta(description="1 to 300; `duration` does not count then.")] = None

    def to_plan(self) -> StressPlan:
        """Raises InvalidInput when both names of the same thing say different things."""
        given = {each for each in (self.concurrent_requests, self.concurrent) if each is not None}
        if len(given) > 1:
            raise InvalidInput("concurrentRequests and concurrent say different things", field="concurrent")
        return StressPlan(
            concurrent=given.pop() if given else 10,
            seconds=30.0 if self.duration is None else self.duration / 1000,
            waves=self.iterations,
        )


class StressReply(Struct, frozen=True, kw_only=True, rename="camel"):
    """What it came to. `averageTime` in milliseconds; `maxConcurrency` is what was really under way at once."""

    success: bool
    cache_cleared: bool = field(name="cache_cleared_before_test")
    total_requests: int
    successful_requests: int
    failed_requests: int
    average_time: float
    max_concurrency: int

    @classmethod
    def of(cls, result: StressResult) -> "StressReply":
        return cls(
            success=True,
            cache_cleared=True,
            total_requests=result.done + result.failed,
            successful_requests=result.done,
            failed_requests=result.failed,
            average_time=milliseconds(result.mean),
            max_concurrency=result.peak,
        )
