"""One transaction of the inbox: everything that follows from a batch of events, written together."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Sequence
from datetime import date, datetime

from msgspec import Struct

from gateway.domain.events import (
    AcceptedEvent,
    ButtonPressed,
    EndpointDisabled,
    EndpointUpdated,
    Event,
    MessageDeleted,
    MessageEdited,
    MessageReceived,
    MessageSent,
    MessageStatusChanged,
    SessionConnected,
    SessionDisconnected,
    SessionLoginRequired,
    SessionStarting,
    chat_of,
    person_of,
    type_of,
)
from gateway.domain.ids import EndpointId, InstanceId, TenantId, new_event_id
from gateway.domain.messages import Chat, ChatKind, Media, Person
from gateway.domain.usage import Counters
from gateway.domain.webhooks import WebhookFormat
from gateway.kit.clock import Clock
from gateway.kit.log import get_logger
from gateway.storage.activity import NewActivity
from gateway.storage.events import NewEvent
from gateway.storage.outbox import NewDelivery
from gateway.storage.storage import Storage
from gateway.storage.usage import UsageKey
from gateway.webhooks.filters import wants
from gateway.webhooks.formats import MAX_PAYLOAD_BYTES, render

log = get_logger(__name__)


class Outcome(Struct, frozen=True):
    """What became of a batch. `accepted` is in the order asked, with None for what was known or has no instance."""

    accepted: list[AcceptedEvent | None]
    endpoints: frozenset[EndpointId]
    gone: frozenset[InstanceId]
    redelivered: int


class Batch:
    """Writes a batch. One object a transaction."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._now = clock.now()

    async def commit(self, events: Sequence[Event]) -> Outcome:
        """Write everything that follows from these events. Raises what the database raises; then nothing is written."""
        async with self._storage.transaction():
            tenants = await self._tenants(events)
            fresh = await self._fresh(events, tenants)
            accepted = await self._log([events[place] for place in fresh], tenants)
            await self._address_book(accepted)
            await self._activity(accepted)
            await self._states(accepted)
            deliveries = await self._deliveries(accepted)
            await self._storage.outbox.insert_many(deliveries)
            await self._storage.usage.add(_usage(accepted, deliveries, self._now.date()))
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

    async def _tenants(self, events: Sequence[Event]) -> dict[InstanceId, TenantId]:
        found: dict[InstanceId, TenantId] = {}
        for instance_id in {event.instance_id for event in events}:
            tenant_id = await self._storage.instances.tenant_of(instance_id)
            if tenant_id is not None:
                found[instance_id] = tenant_id
        return found

    async def _fresh(self, events: Sequence[Event], tenants: dict[InstanceId, TenantId]) -> list[int]:
        """The places of the events that are news: not seen before, not going backwards, of an instance we have."""
        places = [place for place, event in enumerate(events) if event.instance_id in tenants]
        keys = [(event.instance_id, event.dedupe_key) for event in events if event.dedupe_key is not None]
        known = await self._storage.events.known(keys)
        written = await self._storage.messages.insert_new(
            [
                (tenants[event.instance_id], event)
                for event in (events[place] for place in places)
                if isinstance(event, MessageReceived | MessageSent)
                and (event.instance_id, event.dedupe_key) not in known
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

    async def _address_book(self, accepted: Sequence[AcceptedEvent]) -> None:
        people: list[tuple[TenantId, InstanceId, Person]] = []
        groups: list[tuple[TenantId, InstanceId, Chat]] = []
        chats: list[tuple[TenantId, InstanceId, Chat, datetime | None]] = []
        for each in accepted:
            event = each.event
            person, chat = person_of(event), chat_of(event)
            if person is not None and not (chat and chat.kind is ChatKind.CHANNEL) and not person.is_bot:
                people.append((each.tenant_id, event.instance_id, person))
            if chat is not None and not isinstance(event, MessageStatusChanged | ButtonPressed):
                moved_at = event.message.sent_at if isinstance(event, MessageReceived | MessageSent) else None
                chats.append((each.tenant_id, event.instance_id, chat, moved_at))
                if chat.kind is not ChatKind.PRIVATE:
                    groups.append((each.tenant_id, event.instance_id, chat))
        await self._storage.contacts.saw_people(people, groups, self._now)
        await self._storage.contacts.saw_chats(chats)

    async def _activity(self, accepted: Sequence[AcceptedEvent]) -> None:
        lines: list[NewActivity] = []
        for each in accepted:
            event = each.event
            details: dict[str, object]
            match event:
                case SessionDisconnected():
                    details = {"reason": event.reason, "willReconnect": event.will_reconnect}
                case EndpointDisabled():
                    details = {"endpointId": event.endpoint_id, "reason": event.reason}
                case SessionConnected() | SessionLoginRequired():
                    details = {}
                case EndpointUpdated():
                    details = {"endpointId": event.endpoint_id}
                case _:
                    continue
            lines.append(
                NewActivity(
                    tenant_id=each.tenant_id,
                    instance_id=event.instance_id,
                    action=type_of(event),
                    at=self._now,
                    details=details,
                )
            )
        await self._storage.activity.add(lines)

    async def _states(self, accepted: Sequence[AcceptedEvent]) -> None:
        last = {
            each.event.instance_id: each.event
            for each in accepted
            if isinstance(each.event, SessionStarting | SessionConnected | SessionDisconnected | SessionLoginRequired)
        }
        for instance_id, event in last.items():
            code = (event.qr_code or event.pairing_code or "") if isinstance(event, SessionLoginRequired) else ""
            await self._storage.instances.set_state(instance_id, event.state, code)

    async def _deliveries(self, accepted: Sequence[AcceptedEvent]) -> list[NewDelivery]:
        owed: list[NewDelivery] = []
        for each in accepted:
            rendered: dict[WebhookFormat, str] = {}
            for endpoint in await self._storage.endpoints.listening(each.tenant_id, each.event.instance_id):
                if not wants(endpoint, each.event):
                    continue
                if endpoint.format not in rendered:
                    rendered[endpoint.format] = render(endpoint.format, each)
                payload = rendered[endpoint.format]
                if len(payload.encode()) > MAX_PAYLOAD_BYTES:
                    # The event itself is kept and can be polled; only this way of telling it is closed.
                    log.error("webhook_payload_too_large", event_id=each.id, endpoint_id=endpoint.id)
                    continue
                owed.append(NewDelivery.of(each, endpoint, payload))
        return owed


def _usage(
    accepted: Sequence[AcceptedEvent], deliveries: Sequence[NewDelivery], today: date
) -> dict[UsageKey, Counters]:
    counts: dict[UsageKey, Counters] = {}

    def add(tenant_id: TenantId, instance_id: InstanceId, more: Counters) -> None:
        key = (tenant_id, instance_id, today)
        counts[key] = counts.get(key, Counters()) + more

    for each in accepted:
        event = each.event
        match event:
            case MessageReceived(message=message):
                media = message.content if isinstance(message.content, Media) else None
                add(
                    each.tenant_id,
                    event.instance_id,
                    Counters(
                        messages_received=1,
                        media_received=1 if media else 0,
                        total_media_size=(media.size or 0) if media else 0,
                    ),
                )
            case MessageSent(message=message, media_size=size):
                add(
                    each.tenant_id,
                    event.instance_id,
                    Counters(
                        messages_sent=1,
                        media_sent=1 if isinstance(message.content, Media) else 0,
                        total_media_size=size,
                    ),
                )
            case _:
                continue
    for delivery in deliveries:
        add(delivery.tenant_id, delivery.instance_id, Counters(webhook_sent=1))
    return counts
