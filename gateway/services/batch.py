"""One transaction of the inbox: everything that follows from a batch of events, written together."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from gateway.domain.events import (
    AcceptedEvent,
    Event,
    HistoryReceived,
    MessageDeleted,
    MessageEdited,
    MessageReceived,
    MessageSent,
    MessageStatusChanged,
    SessionEvent,
)
from gateway.domain.ids import EndpointId, InstanceId, TenantId, new_event_id
from gateway.domain.instances import Identity
from gateway.domain.messages import MessageSource
from gateway.domain.usage import Calendar
from gateway.domain.webhooks import WebhookFormat
from gateway.kit.clock import Clock
from gateway.kit.log import get_logger
from gateway.services.acquaintance import Acquaintance
from gateway.services.counting import usage_of
from gateway.services.diary import lines_of
from gateway.services.naming import Names, names_of, pairs_of
from gateway.services.state_log import changes_of
from gateway.services.votes import with_positions
from gateway.storage.events import NewEvent
from gateway.storage.messages import NewMessage
from gateway.storage.outbox import NewDelivery
from gateway.storage.storage import Storage
from gateway.webhooks.filters import share_of, wants
from gateway.webhooks.formats import MAX_PAYLOAD_BYTES, name_for, render

log = get_logger(__name__)


class Outcome(Struct, frozen=True):
    """What became of a batch. `accepted` is in the order asked, with None for what was known or has no instance."""

    accepted: list[AcceptedEvent | None]
    endpoints: frozenset[EndpointId]
    gone: frozenset[InstanceId]
    redelivered: int


class Batch:
    """Writes a batch. One object a transaction."""

    def __init__(self, storage: Storage, clock: Clock, calendar: Calendar) -> None:
        self._calendar = calendar
        self._storage = storage
        self._now = clock.now()

    async def commit(self, events: Sequence[Event]) -> Outcome:
        """Write everything that follows from these events. Raises what the database raises; then nothing is written."""
        async with self._storage.transaction():
            identities = await self._identities(events)
            tenants = {instance_id: identity.tenant_id for instance_id, identity in identities.items()}
            events = await self._under_one_name(events, tenants)
            fresh = await self._fresh(events, tenants)
            news = await with_positions([events[place] for place in fresh], self._storage.messages)
            accepted = await self._log(news, tenants)
            await self._acquaint(accepted)
            await self._storage.activity.add(lines_of(accepted, self._now))
            await self._states(accepted)
            await self._storage.states.add(changes_of(accepted))
            deliveries = await self._deliveries(accepted, identities)
            await self._storage.outbox.insert_many(deliveries)
            await self._storage.usage.add(usage_of(accepted, deliveries, self._calendar.day_of(self._now)))
        for instance_id in tenants:
            self._storage.instances.invalidate(instance_id)
        by_place = dict(zip(fresh, accepted, strict=True))
        gone = frozenset(event.instance_id for event in events if event.instance_id not in tenants)
        return Outcome(
            accepted=[by_place.get(place) for place in range(len(events))],
            endpoints=frozenset(delivery.endpoint_id for delivery in deliveries),
            gone=gone,
            redelivered=sum(event.instance_id in tenants for event in events) - len(accepted),
        )

    async def _identities(self, events: Sequence[Event]) -> dict[InstanceId, Identity]:
        found: dict[InstanceId, Identity] = {}
        for instance_id in {event.instance_id for event in events}:
            identity = await self._storage.instances.identity_of(instance_id)
            if identity is not None:
                found[instance_id] = identity
        return found

    async def _under_one_name(self, events: Sequence[Event], tenants: dict[InstanceId, TenantId]) -> Sequence[Event]:
        """The events with everybody under one address; what was stored under another one has moved there."""
        ours = [event for event in events if event.instance_id in tenants]
        asked = list(names_of(ours))
        if not asked:
            return events
        names = Names(await self._storage.names.known(asked), pairs_of(ours, tenants))
        if names.news:
            await self._storage.names.join(names.news, self._now)
        return [names.renamed(event) for event in events]

    async def _fresh(self, events: Sequence[Event], tenants: dict[InstanceId, TenantId]) -> list[int]:
        """The places of the events that are news: not seen before, not going backwards, of an instance we have."""
        places = [place for place, event in enumerate(events) if event.instance_id in tenants]
        keys = [(event.instance_id, event.dedupe_key) for event in events if event.dedupe_key is not None]
        known = await self._storage.events.known(keys)
        written = await self._storage.messages.insert_new(
            [
                new
                for event in (events[place] for place in places)
                if (event.instance_id, event.dedupe_key) not in known
                for new in _messages_of(event, tenants[event.instance_id])
            ],
            self._now,
        )
        fresh: list[int] = []
        for place in places:
            event = events[place]
            if event.dedupe_key is not None:
                key = (event.instance_id, event.dedupe_key)
                if key in known:
                    continue
                known.add(key)
            match event:
                case MessageReceived() | MessageSent():
                    message_key = (event.instance_id, event.conversation, event.message.network_id)
                    if message_key not in written:
                        continue
                    written.discard(message_key)
                case MessageStatusChanged():
                    if not await self._storage.messages.advance(event, self._now):
                        continue
                case MessageEdited():
                    await self._storage.messages.edit(event, self._now)
                case MessageDeleted():
                    await self._storage.messages.mark_deleted(event, self._now)
                case _:
                    pass  # nothing but the event itself to write
            fresh.append(place)
        return fresh

    async def _log(self, events: Sequence[Event], tenants: dict[InstanceId, TenantId]) -> list[AcceptedEvent]:
        counts = Tally((event.instance_id, event.conversation) for event in events)
        last = await self._storage.events.number(counts)
        news: list[NewEvent] = []
        for event in events:
            conversation = (event.instance_id, event.conversation)
            last[conversation] += 1
            news.append(
                NewEvent(
                    id=new_event_id(),
                    tenant_id=tenants[event.instance_id],
                    sequence=last[conversation],
                    event=event,
                )
            )
        return await self._storage.events.append(news, self._now)

    async def _acquaint(self, accepted: Sequence[AcceptedEvent]) -> None:
        acquaintance = Acquaintance(self._now)
        acquaintance.saw(accepted)
        await acquaintance.write(self._storage.contacts)

    async def _states(self, accepted: Sequence[AcceptedEvent]) -> None:
        last = {each.event.instance_id: each.event.state for each in accepted if isinstance(each.event, SessionEvent)}
        for instance_id, state in last.items():
            await self._storage.instances.set_state(instance_id, state)

    async def _deliveries(
        self, accepted: Sequence[AcceptedEvent], identities: dict[InstanceId, Identity]
    ) -> list[NewDelivery]:
        owed: list[NewDelivery] = []
        for each in accepted:
            teller = identities[each.event.instance_id]
            rendered: dict[tuple[WebhookFormat, str | None], str] = {}
            for endpoint in await self._storage.endpoints.listening(each.tenant_id, each.event.instance_id):
                if not wants(endpoint, each.event):
                    continue
                share = share_of(endpoint, each.event)
                name = name_for(endpoint.format, each.event, endpoint.filter.types)
                if share is not each.event:
                    payload = render(endpoint.format, replace(each, event=share), teller, name)
                else:
                    wording = (endpoint.format, name)
                    if wording not in rendered:
                        rendered[wording] = render(endpoint.format, each, teller, name)
                    payload = rendered[wording]
                if len(payload.encode()) > MAX_PAYLOAD_BYTES:
                    # The event itself is kept and can be polled; only this way of telling it is closed.
                    log.error("webhook_payload_too_large", event_id=each.id, endpoint_id=endpoint.id)
                    continue
                owed.append(NewDelivery.of(each, endpoint, payload))
        return owed


def _messages_of(event: Event, tenant_id: TenantId) -> Iterator[NewMessage]:
    match event:
        case MessageReceived(message=message):
            yield NewMessage(tenant_id=tenant_id, instance_id=event.instance_id, message=message)
        case MessageSent(message=message):
            yield NewMessage(
                tenant_id=tenant_id,
                instance_id=event.instance_id,
                message=message,
                source=event.source,
                media_url=event.media_url,
            )
        case HistoryReceived():
            for message in event.messages:
                yield NewMessage(
                    tenant_id=tenant_id,
                    instance_id=event.instance_id,
                    message=message,
                    source=MessageSource.DEVICE if message.from_me else MessageSource.USER,
                    is_history=True,
                )
        case _:
            return  # it says nothing
