"""What a batch of events adds to the counters."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from gateway.domain.events import AcceptedEvent, MessageReceived, MessageSent
from gateway.domain.ids import InstanceId, TenantId
from gateway.domain.messages import Media
from gateway.domain.usage import Counters
from gateway.storage.outbox import NewDelivery
from gateway.storage.usage import UsageKey


def usage_of(
    accepted: Sequence[AcceptedEvent], deliveries: Sequence[NewDelivery], today: date
) -> dict[UsageKey, Counters]:
    """Counters by tenant, instance and day. Messages of a history were counted by nobody and are not counted here."""
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
