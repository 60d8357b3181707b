"""An instance's webhook there, as its first endpoint here. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from gateway.domain.instances import Instance
from gateway.domain.webhooks import EventFilter, WebhookFormat
from gateway.services.endpoint_changes import MOST_RETRIES
from gateway.services.importing.row import OldRow
from gateway.services.importing.webhooks import OldWebhook, Webhook, WebhookRules, endpoint_for
from gateway.webhooks.schedule import LONGEST_WAIT_MS

DEFAULT_ATTEMPTS: Final = 3
DEFAULT_INTERVAL_MS: Final = 60_000
"""What that system does for 0 and for NULL."""


def webhook_of(
    instance: Instance, row: OldRow, settings: OldRow | None, rules: WebhookRules, now: datetime
) -> Webhook | None:
    """The endpoint; None when the instance has no URL. What cannot be used switches it off. Raises OddRow.

    Without a row of settings that system filters nothing. Its `maxRetries` counts attempts, ours those after the first.
    """
    url = row.text("webhookUrl").strip()
    if not url:
        return None
    given = settings or OldRow({}, now)
    old = OldWebhook(
        url=url,
        enabled=row.flag("webhookEnabled", default=False),
        format=WebhookFormat.API,
        filter=EventFilter(
            received=given.flag("notifyReceived", default=True),
            sent=given.flag("notifySent", default=True),
            delivery=given.flag("notifyDelivery", default=settings is None),
            read=given.flag("notifyRead", default=settings is None),
            status=given.flag("notifyStatus", default=True),
        ),
        headers=given.json("headers"),
        max_retries=_within(given.whole("maxRetries"), DEFAULT_ATTEMPTS, MOST_RETRIES + 1) - 1,
        retry_interval_ms=_within(given.whole("retryInterval"), DEFAULT_INTERVAL_MS, LONGEST_WAIT_MS),
        secret=given.text("secret") or None,
    )
    return endpoint_for(instance, old, rules, now)


def _within(value: int | None, default: int, most: int) -> int:
    return min(value, most) if value and value > 0 else default
