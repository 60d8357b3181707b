"""The dispatcher: takes what is due from the outbox, sends it, writes how it ended. At least once.

One task turns the wheel. Each turn commits, in one transaction, how tries ended and which deliveries are claimed
next (group commit: the more traffic, the more fit into one commit). A slot stays taken until its completion is
committed, so a killed process repeats at most what it had in flight. Claims never exceed free slots, so no payload
queues in memory. The wheel never stops for an error: a database that is away is waited for with everything kept, and
one row or endpoint that makes no sense is set aside with its reason.
"""

from __future__ import annotations

import asyncio
import contextvars
import random
from collections import Counter as Tally
from collections.abc import Awaitable, Callable, Collection, Iterable

import structlog
from msgspec import Struct

from gateway.domain.errors import Unavailable
from gateway.domain.ids import DeliveryId, EndpointId, new_id
from gateway.domain.webhooks import DeliveryState, Endpoint
from gateway.kit.backoff import Backoff
from gateway.kit.bell import Bell
from gateway.kit.clock import Clock
from gateway.kit.egress import Egress
from gateway.storage.outbox import Claim, Leased, OutboxStore, Spoiled
from gateway.storage.times import to_ms
from gateway.storage.webhooks import EndpointStore
from gateway.webhooks.endings import Ending, Endings
from gateway.webhooks.lanes import Lane, Lanes, share_out
from gateway.webhooks.metrics import DispatcherMetrics
from gateway.webhooks.sender import Limits, Sender
from gateway.webhooks.verdict import TryResult, Verdict, judge, waits

log = structlog.get_logger(__name__)

OnDisabled = Callable[[Endpoint, str], Awaitable[None]]
_SPOILED = "The stored row makes no sense; it cannot be sent."


class DispatcherSettings(Struct, frozen=True, kw_only=True):
    """How much at once, and how patiently. Seconds."""

    max_in_flight: int = 64
    lease: float = 60.0
    """Has to be longer than `limits.total_timeout` by far: a lease that ends too early is a duplicate."""
    refresh: float = 30.0
    """How often the database is asked what is due, for whatever nobody told us."""
    limits: Limits = Limits()


class Dispatcher:
    """Pays what the outbox owes. `on_disabled` is told of endpoints the gateway switched off."""

    def __init__(
        self,
        outbox: OutboxStore,
        endpoints: EndpointStore,
        egress: Egress,
        clock: Clock,
        settings: DispatcherSettings = DispatcherSettings(),
        *,
        on_disabled: OnDisabled | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self._outbox = outbox
        self._endpoints = endpoints
        self._clock = clock
        self._settings = settings
        self._lease_ms = round(settings.lease * 1000)
        self._sender = Sender(egress, clock, settings.limits)
        self._on_disabled = on_disabled
        self._uniform = (rng or random.Random()).uniform  # noqa: S311 - jitter
        self.boot_id = new_id()
        self._lanes = Lanes()
        self._sends: set[asyncio.Task[None]] = set()
        self._claimed: set[DeliveryId] = set()
        self._ended: list[Ending] = []
        self._bell = Bell(clock)
        self._refresh_at = float("-inf")
        self._trouble = Backoff(base=0.2, cap=2.0)
        self._draining = False
        self._task: asyncio.Task[None] | None = None
        self._notices: set[asyncio.Task[None]] = set()
        self._metrics = DispatcherMetrics()
        self.metrics = self._metrics.all
        self._endings = Endings(outbox, endpoints, clock, self._metrics, owner=self.boot_id)

    # -- life ----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin. What an earlier process had claimed is due again at once."""
        # A context of its own: a transaction of the caller's would be joined otherwise.
        self._task = asyncio.create_task(self.run(), name="dispatcher", context=contextvars.Context())

    def wake(self, endpoint_ids: Iterable[EndpointId], *, probe: bool = False) -> None:
        """Something is due at these endpoints. Call it after the commit; `probe` lets one through an open breaker."""
        for endpoint_id in endpoint_ids:
            lane = self._lanes.get(endpoint_id)
            if probe:
                lane.breaker.probe_now()
            self._lanes.ready(lane)
        self._bell.ring()

    async def drain(self, timeout: float) -> None:  # noqa: ASYNC109 - past it things are given back, not abandoned
        """Claim nothing more, wait up to `timeout` seconds for what is in flight, give the rest back, end."""
        self._draining = True
        self._bell.ring()
        if self._task is None:
            return
        await asyncio.wait({self._task}, timeout=timeout)
        if not self._task.done():
            for send in self._sends:
                send.cancel()
            # The rest is one commit. With the database away it is left to the next start, which reclaims it.
            await asyncio.wait({self._task}, timeout=2.0)
        self._task.cancel()
        await asyncio.gather(self._task, *self._notices, return_exceptions=True)
        self._bell.close()

    @property
    def in_flight(self) -> int:
        """Deliveries that are claimed and not yet completed in the database."""
        return len(self._claimed)

    async def run(self) -> None:
        """Turn until drained."""
        reclaimed = False
        while not (self._draining and not self._claimed):
            try:
                if not reclaimed:
                    count = await self._outbox.reclaim_from_others(owner=self.boot_id)
                    reclaimed = True
                    log.info("dispatcher_started", reclaimed=count)
                await self._turn()
                self._trouble.reset()
            except Unavailable as error:
                log.warning("dispatcher_waits", code=error.code, reason=error.sentence)
                await self._clock.sleep(self._trouble.next())
            except Exception:
                log.exception("dispatcher_stumbled")
                await self._clock.sleep(self._trouble.next())
            else:
                await self._rest()
        self._bell.close()

    # -- one turn ------------------------------------------------------------------------------------------------

    async def _turn(self) -> None:
        if self._clock.monotonic() >= self._refresh_at:
            await self._refresh()
        ended, self._ended = self._ended, []
        try:
            claims = await self._plan(ended)
        except BaseException:
            self._ended[:0] = ended
            raise
        if not ended and not claims:
            return
        try:
            leased, spoiled = await self._commit(ended, claims)
        except BaseException as error:
            # Whatever happened, nothing may be forgotten: look again at what was to be claimed.
            self._again(claims)
            if isinstance(error, Unavailable) or not isinstance(error, Exception):
                self._ended[:0] = ended
                self._refresh_at = float("-inf")  # a commit of unknown outcome may have claimed something
                raise
            log.exception("dispatcher_isolates", ended=len(ended), claims=len(claims))
            await self._one_by_one(ended, claims)
            return
        try:
            await self._bury(spoiled)
            await self._look_ahead(claims, leased, spoiled)
        except BaseException:
            self._again(claims)
            raise

    def _again(self, claims: Iterable[Claim]) -> None:
        for claim in claims:
            self._lanes.ready(self._lanes.get(claim.endpoint_id))

    async def _plan(self, ended: Collection[Ending]) -> list[Claim]:
        """Who may take how many of the free slots. Slots of tries whose end this turn commits count as free."""
        self._lanes.ripen(to_ms(self._clock.now()))
        free = self._settings.max_in_flight - len(self._claimed) + len(ended)
        if self._draining or free <= 0:
            return []
        # An endpoint's own slots, too, are filled in the very commit that frees them: half as many commits when it is
        # the endpoint that bounds. Not after a failure: what that teaches the breaker is learned first.
        freed = Tally(each.lane.id for each in ended if each.result is not None and each.result.succeeded)
        for endpoint_id in freed:
            self._lanes.slot_freed(self._lanes.get(endpoint_id))
        rooms: list[tuple[Lane, int]] = []
        while len(rooms) < free and self._lanes.has_ready:
            for lane in self._lanes.take_turns(free - len(rooms)):
                room = await self._room(lane, freed[lane.id])
                if room > 0:
                    rooms.append((lane, room))
        return share_out(rooms, free)

    async def _room(self, lane: Lane, freed: int) -> int:
        target = self._endpoints.cached_target(lane.id) or await self._endpoints.target(lane.id)
        if target is None:
            self._lanes.forget(lane)
            return 0
        now = self._clock.monotonic()
        lane.aim(target, now)
        if not target.endpoint.enabled:
            return 0  # switching it on wakes it
        room = lane.room(now, freed)
        if room == 0:
            wait = lane.wait(now)
            if wait is None:
                lane.wants_slot = True
            else:
                self._lanes.later(lane, to_ms(self._clock.now()) + max(1, round(wait * 1000)))
        return room

    async def _commit(self, ended: list[Ending], claims: list[Claim]) -> tuple[list[Leased], list[Spoiled]]:
        """One transaction, then what follows from it in memory. Raises only when nothing was committed."""
        now = to_ms(self._clock.now())
        leased: list[Leased] = []
        spoiled: list[Spoiled] = []
        async with self._outbox.transaction():
            taken, disabled = await self._endings.write(ended)
            if claims:
                leased, spoiled = await self._outbox.claim(
                    claims, owner=self.boot_id, now=now, lease_until=now + self._lease_ms
                )
        self._settle(ended, taken)
        self._announce(disabled)
        self._begin(leased)
        return leased, spoiled

    async def _bury(self, spoiled: Iterable[Spoiled]) -> None:
        for each in spoiled:
            log.error("delivery_spoiled", delivery=each.id, endpoint=each.endpoint_id)
            await self._outbox.bury(each.id, _SPOILED, now=to_ms(self._clock.now()))

    def _settle(self, ended: Collection[Ending], taken: set[DeliveryId]) -> None:
        """After the commit: free the slots, and remember what the tries taught about the endpoints."""
        for each in ended:
            lane = each.lane
            self._claimed.discard(each.row.id)
            lane.in_flight -= 1
            self._lanes.slot_freed(lane)
            if each.verdict is None:
                self._endings.abandon(each)
                if not self._draining:
                    self._lanes.ready(lane)
                continue
            completion = each.verdict.completion
            if completion.state is DeliveryState.PENDING:
                lane.may_have_later = True
                self._lanes.later(lane, completion.due)
            self._endings.learn(each, valid=completion.id in taken)
        self._metrics.in_flight.set(len(self._claimed))

    def _begin(self, leased: Iterable[Leased]) -> None:
        for row in leased:
            lane = self._lanes.get(row.endpoint_id)
            lane.started(self._clock.monotonic())
            self._claimed.add(row.id)
            send = asyncio.create_task(self._try(lane, row))
            self._sends.add(send)
            send.add_done_callback(self._sends.discard)
        self._metrics.in_flight.set(len(self._claimed))

    async def _look_ahead(self, claims: list[Claim], leased: Iterable[Leased], spoiled: Iterable[Spoiled]) -> None:
        """A lane that got all it asked for may have more; one that did not has nothing due, perhaps something later."""
        got: dict[EndpointId, int] = {}
        for endpoint_id in [each.endpoint_id for each in leased] + [each.endpoint_id for each in spoiled]:
            got[endpoint_id] = got.get(endpoint_id, 0) + 1
        asleep: list[EndpointId] = []
        for claim in claims:
            lane = self._lanes.get(claim.endpoint_id)
            if got.get(claim.endpoint_id, 0) >= claim.limit:
                self._lanes.ready(lane)
                continue
            if claim.strict and lane.in_flight:
                lane.wants_slot = True  # what follows in a conversation is free when its head is over
            if lane.may_have_later:
                asleep.append(claim.endpoint_id)
        if asleep:
            known = await self._outbox.next_due(asleep, after=to_ms(self._clock.now()))
            for endpoint_id in asleep:
                lane = self._lanes.get(endpoint_id)
                if endpoint_id in known:
                    self._lanes.later(lane, known[endpoint_id])
                else:
                    lane.may_have_later = False

    # -- one delivery --------------------------------------------------------------------------------------------

    async def _try(self, lane: Lane, row: Leased) -> None:
        result: TryResult | None = None
        verdict: Verdict | None = None
        try:
            # Asked again: it may have been switched off, or given another URL, since the claim.
            target = self._endpoints.cached_target(lane.id) or await self._endpoints.target(lane.id)
            if target is None or not target.endpoint.enabled:
                return
            if target.problem is not None:
                verdict = waits(row, target.problem, now=self._clock.now())
                return
            result = await self._sender.send(row, target)
            verdict = judge(row, target.endpoint, result, now=self._clock.now(), uniform=self._uniform)
        except Unavailable as error:
            log.warning("delivery_postponed", delivery=row.id, code=error.code)
        except Exception as error:
            log.exception("delivery_stumbled", delivery=row.id)
            verdict = waits(row, f"The gateway stumbled over it ({type(error).__name__}).", now=self._clock.now())
        finally:
            self._ended.append(Ending(lane, row, result, verdict))
            self._bell.ring()

    def _announce(self, disabled: Iterable[tuple[Lane, str]]) -> None:
        for lane, reason in disabled:
            self._endpoints.invalidate(lane.id)  # again, now that it is committed
            target = lane.target
            log.warning("endpoint_disabled", endpoint=lane.id, reason=reason)
            if target is not None and self._on_disabled is not None:
                notice = asyncio.create_task(
                    self._notify(self._on_disabled, target.endpoint, reason), context=contextvars.Context()
                )
                self._notices.add(notice)
                notice.add_done_callback(self._notices.discard)

    async def _notify(self, tell: OnDisabled, endpoint: Endpoint, reason: str) -> None:
        try:
            await tell(endpoint, reason)
        except Exception:
            log.exception("endpoint_disabled_untold", endpoint=endpoint.id)

    # -- when a batch fails --------------------------------------------------------------------------------------

    async def _one_by_one(self, ended: list[Ending], claims: list[Claim]) -> None:
        """A batch contains something the database or its driver chokes on; find it, set it aside, do the rest."""
        while ended:
            each = ended[0]
            try:
                await self._commit([each], [])
            except Unavailable:
                self._ended[:0] = ended
                raise
            except Exception:
                log.exception("delivery_end_unwritable", delivery=each.row.id)
                await self._outbox.bury(each.row.id, _SPOILED, now=to_ms(self._clock.now()))
                self._settle([each], set())
            ended.pop(0)
        now = to_ms(self._clock.now())
        for claim in claims:
            for delivery_id in await self._outbox.candidates(claim, now=now):
                try:
                    async with self._outbox.transaction():
                        leased, spoiled = await self._outbox.claim_one(
                            delivery_id, owner=self.boot_id, lease_until=now + self._lease_ms
                        )
                except Unavailable:
                    raise
                except Exception:
                    log.exception("delivery_unreadable", delivery=delivery_id)
                    await self._outbox.bury(delivery_id, _SPOILED, now=now)
                    continue
                self._begin(leased)
                await self._bury(spoiled)

    # -- waiting -------------------------------------------------------------------------------------------------

    async def _refresh(self) -> None:
        """Ask the database what is due, and heal what nobody told us of."""
        now = to_ms(self._clock.now())
        await self._outbox.reclaim_orphans(except_ids=self._claimed)
        earliest = await self._outbox.earliest_due()
        for endpoint_id, due in earliest.items():
            lane = self._lanes.get(endpoint_id)
            lane.may_have_later = True
            if due <= now:
                self._lanes.ready(lane)
            else:
                self._lanes.later(lane, due)
        self._metrics.owed(await self._outbox.counts())
        self._metrics.oldest_due.set(max(0, now - min(earliest.values(), default=now)) / 1000)
        self._refresh_at = self._clock.monotonic() + self._settings.refresh

    async def _rest(self) -> None:
        """Until the bell rings: a wake, an ended try, or the time for something."""
        if self._ended or (self._lanes.has_ready and len(self._claimed) < self._settings.max_in_flight):
            await asyncio.sleep(0)
            return
        self._bell.hush()
        if self._draining and not self._claimed:
            return
        due = self._lanes.next_due()
        at = self._refresh_at
        if due is not None:
            # Wall time may jump; looking again at every refresh bounds what that can delay.
            at = min(at, self._clock.monotonic() + max(0.0, (due - to_ms(self._clock.now())) / 1000))
        await self._bell.wait(at)
