"""An instance's webhook there, as its first endpoint here. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from msgspec import Struct

from gateway.domain.errors import InvalidInput
from gateway.domain.ids import EndpointId, new_id
from gateway.domain.instances import Instance
from gateway.domain.webhooks import Endpoint, EventFilter, Ordering, WebhookFormat
from gateway.kit.egress import EgressPolicy, EgressRefused, check_url
from gateway.services.endpoint_changes import MOST_RETRIES, EndpointChange, check_values
from gateway.services.multi_instance.row import OldRow
from gateway.webhooks.schedule import LONGEST_WAIT_MS

DEFAULT_ATTEMPTS: Final = 3
DEFAULT_INTERVAL_MS: Final = 60_000
"""What that system does for 0 and for NULL."""


class Webhook(Struct, frozen=True, kw_only=True):
    """The endpoint, its secret if it signs, and what has to be told about it."""

    endpoint: Endpoint
    secret: str | None
    remarks: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Webhook({self.endpoint.id})"


class WebhookRules(Struct, frozen=True, kw_only=True):
    """What this deployment allows: where requests may go, and how many at once to one endpoint."""

    policy: EgressPolicy
    concurrency: int


def webhook_of(
    instance: Instance, row: OldRow, settings: OldRow | None, rules: WebhookRules, now: datetime
) -> Webhook | None:
    """The endpoint; None when the instance has no URL. What cannot be used switches it off. Raises OddRow.

    Without a row of settings that system filters nothing. Its `maxRetries` counts attempts, ours those after the first.
    """
    url = row.text("webhookUrl").strip()
    if not url:
        return None
    remarks: list[str] = []
    given = settings or OldRow({}, now)
    wrong = _wrong_url(url, rules.policy)
    secret = given.text("secret") or None
    if secret is not None and not _can_sign(secret):
        secret, wrong = None, wrong or "Its secret cannot be used here; set another one."
    if wrong is not None:
        remarks.append(f"its webhook is switched off. {wrong}")
    endpoint = Endpoint(
        id=EndpointId(new_id()),
        tenant_id=instance.tenant_id,
        instance_id=instance.id,
        url=url,
        enabled=row.flag("webhookEnabled", default=False) and wrong is None,
        format=WebhookFormat.API,
        filter=EventFilter(
            received=given.flag("notifyReceived", default=True),
            sent=given.flag("notifySent", default=True),
            delivery=given.flag("notifyDelivery", default=settings is None),
            read=given.flag("notifyRead", default=settings is None),
            status=given.flag("notifyStatus", default=True),
        ),
        headers=_headers(given, remarks),
        max_retries=_within(given.whole("maxRetries"), DEFAULT_ATTEMPTS, MOST_RETRIES + 1) - 1,
        retry_interval_ms=_within(given.whole("retryInterval"), DEFAULT_INTERVAL_MS, LONGEST_WAIT_MS),
        ordering=Ordering.NONE,
        concurrency=rules.concurrency,
        created_at=instance.created_at,
        updated_at=now,
        disabled_reason=wrong,
        disabled_at=None if wrong is None else now,
        is_first=True,
    )
    return Webhook(endpoint=endpoint, secret=secret, remarks=tuple(remarks))


def _wrong_url(url: str, policy: EgressPolicy) -> str | None:
    try:
        check_url(url, policy)
    except EgressRefused as refusal:
        return refusal.sentence
    return None


def _can_sign(secret: str) -> bool:
    try:
        check_values(EndpointChange(secret=secret))
    except InvalidInput:
        return False
    return "\ufffd" not in secret  # what stands for bytes that were no UTF-8


def _headers(given: OldRow, remarks: list[str]) -> dict[str, str]:
    held = given.json("headers")
    if not held:
        return {}
    if not isinstance(held, dict):
        remarks.append("the headers of its webhook were left out. They are no names with values.")
        return {}
    try:
        headers = {str(name): value if isinstance(value, str) else str(value) for name, value in held.items()}
        check_values(EndpointChange(headers=headers))
    except InvalidInput as refusal:
        remarks.append(f"the headers of its webhook were left out. {refusal.sentence}")
        return {}
    return headers


def _within(value: int | None, default: int, most: int) -> int:
    return min(value, most) if value and value > 0 else default
