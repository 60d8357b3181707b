"""`api_webhook_schema`, to an endpoint and back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from gateway.domain.ids import EndpointId, InstanceId, TenantId
from gateway.domain.webhooks import Endpoint, EventFilter, Ordering, WebhookFormat
from gateway.services.webhooks import EndpointChange
from gateway.surfaces.api_v1.webhook_schema import WebhookSchema, shown

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def change(**schema: Any) -> EndpointChange:
    made = msgspec.convert({"url": "https://example.com/"} | schema, WebhookSchema).to_endpoint_change()
    assert made is not None
    return made


def endpoint(**more: Any) -> Endpoint:
    rules = change(**more).filter
    return Endpoint(
        id=EndpointId("e"), tenant_id=TenantId("t"), instance_id=InstanceId("i"), url="https://example.com/",
        enabled=True, format=WebhookFormat.API, filter=rules.applied_to(EventFilter()) if rules else EventFilter(),
        headers=change(**more).headers or {}, max_retries=3, retry_interval_ms=1, ordering=Ordering.NONE,
        concurrency=1, created_at=NOW, updated_at=NOW,
    )  # fmt: skip


def test_without_events_messages_are_meant() -> None:
    rules = change().filter
    assert rules is not None
    assert rules.types == ("message.received", "message.sent")
    assert shown(endpoint())["events"] == ["message"]


def test_an_auth_token_is_sent_as_a_bearer_and_shown_to_nobody() -> None:
    assert change(authToken="hidden", headers={"X-A": "1"}).headers == {"X-A": "1", "Authorization": "Bearer hidden"}
    assert shown(endpoint(authToken="hidden"))["headers"] == {"Authorization": "***"}


@pytest.mark.parametrize(
    "events", [["message", "qr"], ["message_ack"], ["ready"], ["callback_query", "status_changed"]]
)
def test_events_come_back_as_they_were_asked_for(events: list[str]) -> None:
    assert set(events) <= set(shown(endpoint(events=events))["events"])


def test_nothing_is_an_empty_schema_and_no_url_is_no_endpoint() -> None:
    assert shown(None) == {}
    assert msgspec.convert({"enabled": True}, WebhookSchema).to_endpoint_change() is None
