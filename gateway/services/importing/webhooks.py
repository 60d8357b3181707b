"""An instance's webhook of an older system, as its first endpoint here. Pure."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from gateway.domain.errors import InvalidInput
from gateway.domain.ids import EndpointId, new_id
from gateway.domain.instances import Instance
from gateway.domain.webhooks import Endpoint, EventFilter, Ordering, WebhookFormat
from gateway.kit.egress import EgressPolicy, EgressRefused, check_url
from gateway.services.endpoint_changes import EndpointChange, check_values, default_rate


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


class OldWebhook(Struct, frozen=True, kw_only=True):
    """What an older system knew about it, in our words but not yet checked."""

    url: str
    enabled: bool
    filter: EventFilter
    headers: object
    """Whatever its JSON held."""
    format: WebhookFormat
    max_retries: int
    retry_interval_ms: int | None
    secret: str | None = None

    def __repr__(self) -> str:
        return f"OldWebhook(enabled={self.enabled})"


def endpoint_for(instance: Instance, old: OldWebhook, rules: WebhookRules, now: datetime) -> Webhook:
    """The endpoint. A URL that may not be called or a secret that cannot sign switches it off, and says why."""
    remarks: list[str] = []
    wrong, secret = _wrong_url(old.url, rules.policy), old.secret
    if secret is not None and not _can_sign(secret):
        secret, wrong = None, wrong or "Its secret cannot be used here; set another one."
    if wrong is not None:
        remarks.append(f"its webhook is switched off. {wrong}")
    endpoint = Endpoint(
        id=EndpointId(new_id()),
        tenant_id=instance.tenant_id,
        instance_id=instance.id,
        url=old.url,
        enabled=old.enabled and wrong is None,
        format=old.format,
        filter=old.filter,
        headers=_headers(old.headers, remarks),
        max_retries=old.max_retries,
        retry_interval_ms=old.retry_interval_ms,
        ordering=Ordering.NONE,
        concurrency=rules.concurrency,
        rate_limit=default_rate(old.format),
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


def _headers(held: object, remarks: list[str]) -> dict[str, str]:
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
