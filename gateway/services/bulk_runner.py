"""Sends what bulks owe: one bulk of an instance after the other, one recipient after the other, over restarts.

Before a message may leave, its recipient is committed as `sending`; what came of it is committed after. So whoever
stands at `sending` when a process begins is who got or did not get a message as the last one died. If the message is
on record it did leave; if not, nobody knows, and it is said so rather than sent twice.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from msgspec import structs
from prometheus_client import Counter, Gauge

from gateway.domain.bulks import Bulk, BulkSend, FailureStrategy, SendState, text_for
from gateway.domain.errors import GatewayError, Unavailable
from gateway.domain.ids import Address, BulkId, InstanceId, UserId
from gateway.domain.instances import Instance
from gateway.domain.messages import OutgoingMessage, Text
from gateway.domain.tenants import CredentialKind, Principal, Role
from gateway.kit.backoff import Backoff
from gateway.kit.clock import Clock
from gateway.kit.log import get_logger
from gateway.services.addresses import Addresses
from gateway.services.bulk_outcomes import UNSURE, Outcome, after, sent, unsure
from gateway.services.messaging import Messaging
from gateway.storage.storage import Storage

log = get_logger(__name__)
T = TypeVar("T")

INTERRUPTED = f"The gateway ended while this was being sent. {UNSURE}"
RECENT = 20
"""Messages of a chat that are looked through for one that left as the last process ended."""


class _Stopping(Exception):
    """The gateway stops: leave everything as it is kept."""


class BulkRunner:
    """The sending of bulks. `grace` is how many seconds a send that is under way may take when the gateway stops."""

    def __init__(
        self, storage: Storage, messaging: Messaging, addresses: Addresses, clock: Clock, *, grace: float = 5.0
    ) -> None:
        self._storage = storage
        self._messaging = messaging
        self._addresses = addresses
        self._clock = clock
        self._grace = grace
        self._queues: dict[InstanceId, deque[BulkId]] = {}
        self._workers: dict[InstanceId, asyncio.Task[None]] = {}
        self._wakes: dict[BulkId, asyncio.Event] = {}
        self._over: dict[BulkId, asyncio.Event] = {}
        self._beginning: asyncio.Task[None] | None = None
        self._begun = asyncio.Event()
        self._stopping = asyncio.Event()
        self._sends = Counter("gateway_bulk_sends", "Recipients of bulks, by outcome.", ["outcome"], registry=None)
        open_bulks = Gauge("gateway_bulks_open", "Bulks that are not over.", registry=None)
        open_bulks.set_function(lambda: sum(map(len, self._queues.values())))
        self.metrics = (self._sends, open_bulks)

    def open(self) -> None:
        """Begin, with what the last process left."""
        self._beginning = asyncio.create_task(self._begin(), name="bulks", context=contextvars.Context())

    def let_go(self) -> None:
        """Nobody has to wait for the end of a bulk any longer, because the gateway stops; nothing more is sent."""
        self._stopping.set()
        for event in (*self._wakes.values(), *self._over.values()):
            event.set()

    async def aclose(self) -> None:
        """End. A send that is under way may end by itself; if it does not, nobody will know what became of it."""
        self.let_go()
        tasks = [task for task in (self._beginning, *self._workers.values()) if task is not None]
        if tasks:
            _, hanging = await asyncio.wait(tasks, timeout=self._grace)
            for task in hanging:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def add(self, instance_id: InstanceId, bulk_id: BulkId) -> None:
        """Send a bulk that is kept, after those of its instance that came before."""
        if bulk_id in self._over or self._stopping.is_set():
            return
        self._over[bulk_id] = asyncio.Event()
        self._queues.setdefault(instance_id, deque()).append(bulk_id)
        if instance_id not in self._workers:
            context = contextvars.Context()
            context.run(structlog.contextvars.bind_contextvars, instance_id=instance_id)
            working = self._work(instance_id)
            self._workers[instance_id] = asyncio.create_task(working, name=f"bulks:{instance_id}", context=context)

    def wake(self, bulk_id: BulkId) -> None:
        """Look at a bulk now instead of after its pause, because somebody changed it."""
        wake = self._wakes.get(bulk_id)
        if wake is not None:
            wake.set()

    async def until_over(self, bulk_id: BulkId) -> None:
        """Return when a bulk is over or the gateway stops; at once when it is not among those to be sent."""
        over = self._over.get(bulk_id)
        if over is not None:
            await over.wait()

    # -- beginning ---------------------------------------------------------------------------------------------------

    async def _begin(self) -> None:
        """Nothing is sent before this is done: what the last process left on its way must not look like our own."""
        backoff = Backoff(base=1.0, cap=60.0)
        while not self._begun.is_set():
            try:
                await self._take_up()
            except _Stopping:
                return
            except Exception:
                log.exception("bulks_not_taken_up")
                await self._either(self._clock.sleep(backoff.next()), self._stopping)
            else:
                self._begun.set()

    async def _take_up(self) -> None:
        for send in await self._kept(self._storage.bulks.under_way):
            await self._recover(send)
        unfinished = await self._kept(self._storage.bulks.unfinished)
        for instance_id, bulk_id in unfinished:
            self.add(instance_id, bulk_id)
        if unfinished:
            log.info("bulks_taken_up", bulks=len(unfinished))

    async def _recover(self, send: BulkSend) -> None:
        """Settle one that the last process left on its way."""
        bulk = await self._kept(lambda: self._storage.bulks.find(send.bulk_id))
        if bulk is None:
            return
        message_id = await self._kept(lambda: self._on_record(bulk, send))
        if message_id is not None:
            settled = structs.replace(send, state=SendState.SENT, message_id=message_id, error=None)
        else:
            settled = structs.replace(send, state=SendState.UNKNOWN, error=INTERRUPTED)
            log.warning("bulk_send_unknown", bulk_id=bulk.id, place=send.place)
        await self._keep(bulk, Outcome(send=settled))

    async def _on_record(self, bulk: Bulk, send: BulkSend) -> str | None:
        """The id of the message if it was recorded before the process ended."""
        instance = await self._storage.instances.find(bulk.instance_id)
        if instance is None or send.at is None:
            return None
        try:
            chat = await self._addresses.of(instance, send.recipient.to)
        except Unavailable:
            raise
        except GatewayError:
            return None
        stored, _ = await self._storage.messages.page(
            _speaker(instance), instance.id, chat, limit=RECENT, skip=0, since=send.at
        )
        text = text_for(bulk.message, send.recipient, bulk.variables)
        found = (each.message for each in stored)
        return next((each.network_id for each in found if each.from_me and each.content == Text(text=text)), None)

    # -- sending -----------------------------------------------------------------------------------------------------

    async def _work(self, instance_id: InstanceId) -> None:
        """The bulks of one instance, until none is left."""
        queue = self._queues[instance_id]
        try:
            while queue:
                bulk_id = queue[0]
                try:
                    await self._run(bulk_id)
                except _Stopping:
                    return
                except Exception:
                    log.exception("bulk_crashed", bulk_id=bulk_id)  # the next start takes it up again
                finally:
                    queue.popleft()
                    self._over.pop(bulk_id).set()
        finally:
            del self._queues[instance_id]
            del self._workers[instance_id]

    async def _run(self, bulk_id: BulkId) -> None:
        await self._either(self._begun.wait(), self._stopping)
        bulk = await self._kept(lambda: self._storage.bulks.find(bulk_id))
        if bulk is None:
            return
        wake = self._wakes[bulk_id] = asyncio.Event()
        try:
            waiting_since: float | None = None
            while (send := await self._kept(lambda: self._storage.bulks.take(bulk_id, self._clock.now()))) is not None:
                began = self._clock.monotonic()
                waited = 0.0 if waiting_since is None else began - waiting_since
                outcome = await self._try(bulk, send, waited)
                await self._keep(bulk, outcome)
                if outcome.asked:
                    waiting_since = None
                elif waiting_since is None:
                    waiting_since = began
                if outcome.pause > 0 and not _aborts(bulk, outcome):
                    await self._either(self._clock.sleep(outcome.pause), wake)
                    wake.clear()
                self._go_on()
            await self._kept(lambda: self._storage.bulks.finish(bulk_id, self._clock.now()))
            log.info("bulk_over", bulk_id=bulk_id)
        finally:
            self._wakes.pop(bulk_id, None)

    async def _try(self, bulk: Bulk, send: BulkSend, waited: float) -> Outcome:
        comes_back = False
        try:
            instance = await self._storage.instances.find(bulk.instance_id)
            comes_back = instance is not None and instance.wanted and not instance.state.kind.is_final
            text = text_for(bulk.message, send.recipient, bulk.variables)
            message = OutgoingMessage(to=Address(send.recipient.to), content=Text(text=text))
            taken = await self._messaging.send(_speaker(instance or bulk), bulk.instance_id, message)
        except GatewayError as refusal:
            return after(refusal, bulk, send, self._clock.now(), comes_back=comes_back, waited=waited)
        except Exception:
            log.exception("bulk_send_crashed", bulk_id=bulk.id, place=send.place)
            return unsure(bulk, send, "The gateway failed at this message.", self._clock.now())
        return sent(bulk, send, taken.id, self._clock.now())

    async def _keep(self, bulk: Bulk, outcome: Outcome) -> None:
        abort_at = self._clock.now() if _aborts(bulk, outcome) else None
        await self._kept(lambda: self._storage.bulks.settle(outcome.send, abort_at=abort_at), even_at_the_end=True)
        if outcome.is_settled:
            self._sends.labels(outcome.send.state.value).inc()

    # -- beneath -----------------------------------------------------------------------------------------------------

    def _go_on(self) -> None:
        if self._stopping.is_set():
            raise _Stopping

    async def _kept(self, act: Callable[[], Awaitable[T]], *, even_at_the_end: bool = False) -> T:
        """Something of the database, however often it has to be tried. Every step may be taken twice.

        Raises _Stopping when the gateway stops; `even_at_the_end` tries once all the same.
        """
        backoff = Backoff(base=0.5, cap=15.0)
        if not even_at_the_end:
            self._go_on()
        while True:
            try:
                return await act()
            except Unavailable as error:
                log.warning("bulk_waits_for_database", code=error.code)
            self._go_on()
            await self._either(self._clock.sleep(backoff.next()), self._stopping)

    async def _either(self, work: Awaitable[object], event: asyncio.Event) -> None:
        """Return when one of them has come."""
        tasks = [asyncio.ensure_future(work), asyncio.ensure_future(event.wait())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def _aborts(bulk: Bulk, outcome: Outcome) -> bool:
    return outcome.is_failure and bulk.strategy is FailureStrategy.ABORT


def _speaker(of: Instance | Bulk) -> Principal:
    """Whoever asked for it may be gone by now: the instance speaks for itself, and reaches nothing else."""
    instance_id = of.id if isinstance(of, Instance) else of.instance_id
    return Principal(
        tenant_id=of.tenant_id,
        user_id=of.user_id if isinstance(of, Instance) else UserId(""),
        role=Role.MEMBER,
        credential=CredentialKind.INSTANCE_KEY,
        credential_id=instance_id,
        instance_id=instance_id,
    )
