"""`api_webhook_schema`, to an endpoint and back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from gateway.domain.errors import InvalidInput
from gateway.domain.ids import EndpointId, InstanceId, TenantId
from gateway.domain.instances import SessionStateKind
from gateway.domain.webhooks import Endpoint, EventFilter, Ordering, WebhookFormat
from gateway.services.endpoint_changes import changed
from gateway.services.webhooks import EndpointChange
from gateway.surfaces.api_v1.webhook_schema import EVENTS, WebhookSchema, shown
from gateway.surfaces.api_v1.words import _AUTH_STATUSES, _LIFE_CYCLES
from gateway.webhooks.formats import API_V1_NAMES, api_v1_names
from gateway.webhooks.formats.api_v1 import AUTH_STATUSES, LIFE_CYCLES
from tests.contract.events.samples import SAMPLES

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def change(old: Endpoint | None = None, **schema: Any) -> EndpointChange:
    given = schema if old else {"url": "https://example.com/"} | schema
    made = msgspec.convert(given, WebhookSchema).to_endpoint_change(old)
    assert made is not None
    return made


def blank(format_: WebhookFormat = WebhookFormat.API_V1, *types: str) -> Endpoint:
    return Endpoint(
        id=EndpointId("e"), tenant_id=TenantId("t"), instance_id=InstanceId("i"), url="https://example.com/",
        enabled=True, format=format_, filter=EventFilter(types=types), headers={}, max_retries=3, retry_interval_ms=1,
        ordering=Ordering.NONE, concurrency=1, created_at=NOW, updated_at=NOW,
    )  # fmt: skip


def endpoint(**schema: Any) -> Endpoint:
    return changed(blank(), change(**schema), NOW)


def edited(old: Endpoint, **schema: Any) -> Endpoint:
    return changed(old, change(old, **schema), NOW)


@pytest.mark.parametrize("schema", [{}, {"events": None}, {"events": []}])
def test_without_events_messages_are_meant(schema: dict[str, Any]) -> None:
    rules = change(**schema).filter
    assert rules is not None
    assert (rules.types, rules.delivery, rules.read) == (("message",), False, False)
    assert shown(endpoint())["events"] == ["message"]


def test_the_body_of_this_surface_is_the_default_and_another_may_be_chosen() -> None:
    assert change().format is WebhookFormat.API_V1
    assert change(format="legacy").format is WebhookFormat.LEGACY
    assert shown(endpoint(format="standard"))["format"] == "standard"


def test_an_auth_token_is_sent_as_a_bearer_and_shown_to_nobody() -> None:
    assert change(authToken="hidden", headers={"X-A": "1"}).headers == {"X-A": "1", "Authorization": "Bearer hidden"}
    assert change(authToken="hidden", headers={"authorization": "x"}).headers == {"Authorization": "Bearer hidden"}
    told = shown(endpoint(authToken="hidden"))
    assert (told["headers"], told["authToken"]) == ({"Authorization": "***"}, "***")
    assert shown(endpoint(headers={"X-A": "hidden"}))["authToken"] is None


@pytest.mark.parametrize(
    "events", [["message", "qr"], ["message_ack"], ["ready"], ["callback_query", "status_changed"], list(EVENTS)]
)
def test_events_come_back_as_they_were_asked_for(events: list[str]) -> None:
    assert sorted(shown(endpoint(events=events))["events"]) == sorted(events)


def test_acknowledgements_are_told_to_whoever_asks_for_them() -> None:
    rules = endpoint(events=["message_ack"]).filter
    assert (rules.delivery, rules.read) == (True, True)
    rules = edited(endpoint(events=["message_ack"]), events=["message"]).filter
    assert (rules.delivery, rules.read) == (False, False)


def test_an_event_that_nobody_knows_is_refused() -> None:
    with pytest.raises(InvalidInput, match="'pigeon' is not one of callback_query, error, message") as refused:
        change(events=["message", "pigeon"])
    assert refused.value.field == "events"


def test_an_endpoint_of_another_dialect_is_shown_in_these_words_as_far_as_they_go() -> None:
    old = blank(WebhookFormat.API, "message.received", "message.sent", "message.edited", "test")
    assert shown(old)["events"] == ["message", "message.edited", "test"]
    assert shown(blank(WebhookFormat.API))["events"] == list(EVENTS)
    sent_back = change(old, events=shown(old)["events"])
    assert sent_back.filter is not None
    assert sent_back.filter.types == ("message", "message.edited", "test")


def test_nothing_is_an_empty_schema_and_no_url_is_no_endpoint() -> None:
    assert shown(None) == {}
    assert msgspec.convert({"enabled": True}, WebhookSchema).to_endpoint_change() is None


# ---------------------------------------------------------------- an edit keeps what it does not name


def full() -> Endpoint:
    return endpoint(
        authToken="t",
        headers={"X-A": "1"},
        events=["message", "message_ack"],
        filters={"allowGroups": False, "allowedNumbers": ["+49"]},
        format="legacy",
        enabled=False,
    )


def test_an_edit_of_the_url_keeps_everything_else() -> None:
    old = full()
    new = edited(old, url="https://example.com/new")
    assert new == msgspec.structs.replace(old, url="https://example.com/new")


@pytest.mark.parametrize("format_", WebhookFormat)
def test_an_edit_keeps_the_format_of_the_endpoint_wherever_it_was_made(format_: WebhookFormat) -> None:
    assert edited(blank(format_), url="https://example.com/new", events=["message"]).format is format_


def test_a_filter_is_edited_rule_by_rule() -> None:
    rules = edited(full(), filters={"allowPrivate": False}).filter
    assert (rules.allow_groups, rules.allow_private, rules.allowed_numbers) == (False, False, ("+49",))
    assert edited(full(), filters={"allowedNumbers": []}).filter.allowed_numbers == ()


@pytest.mark.parametrize(
    ("schema", "headers"),
    [
        ({"headers": {"X-B": "2"}}, {"X-B": "2", "Authorization": "Bearer t"}),
        ({"headers": {}}, {"Authorization": "Bearer t"}),
        ({"headers": {"authorization": "Basic x"}}, {"authorization": "Basic x"}),
        ({"authToken": "new"}, {"X-A": "1", "Authorization": "Bearer new"}),
        ({"authToken": ""}, {"X-A": "1"}),
        ({"headers": {"x-a": "***", "X-C": "3"}}, {"x-a": "1", "X-C": "3", "Authorization": "Bearer t"}),
        ({"headers": {"X-A": "***", "Authorization": "***"}, "authToken": "***"}, full().headers),
    ],
)
def test_headers_are_replaced_and_what_is_masked_or_a_token_is_kept(
    schema: dict[str, Any], headers: dict[str, str]
) -> None:
    assert edited(full(), **schema).headers == headers


def test_a_mask_is_no_value() -> None:
    with pytest.raises(InvalidInput, match="has none yet") as refused:
        change(full(), headers={"X-New": "***"})
    assert refused.value.field == "headers"
    assert change(authToken="***").headers is None


def test_what_was_shown_may_be_sent_back_and_changes_nothing() -> None:
    old = full()
    assert edited(old, **shown(old)) == old


def test_an_empty_url_removes_it() -> None:
    assert change(full(), url="") == EndpointChange(url="")


# ---------------------------------------------------------------- the same words as the bodies


def test_the_bodies_know_the_same_words() -> None:
    assert set(EVENTS) == set(API_V1_NAMES)
    for word, types in EVENTS.items():
        told = {
            name.split(".")[0] + "." + name.split(".")[1]
            for name, event in SAMPLES.items()
            if word in api_v1_names(event)
        }
        assert told == set(types), word
    for kind in SessionStateKind:
        assert (LIFE_CYCLES[kind], AUTH_STATUSES[kind]) == (_LIFE_CYCLES[kind].value, _AUTH_STATUSES[kind].value)
