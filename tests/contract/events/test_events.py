"""The bodies receivers have come to rely on. A changed sample is a changed contract."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.domain.events import EVENT_TYPES, Event, type_of
from gateway.domain.webhooks import WebhookFormat
from gateway.webhooks.formats import API_NAMES, api_name, has_name, render
from tests.contract.events.samples import SAMPLES, accepted

HERE = Path(__file__).parent


def files() -> list[tuple[str, WebhookFormat]]:
    return [(name, form) for name, event in SAMPLES.items() for form in WebhookFormat if has_name(form, event)]


def path_of(name: str, form: WebhookFormat) -> Path:
    return HERE / f"{name}.{form.value}.json"


@pytest.mark.parametrize(("name", "form"), files(), ids=str)
def test_a_body_is_byte_for_byte_its_sample(name: str, form: WebhookFormat) -> None:
    assert render(form, accepted(SAMPLES[name])) == path_of(name, form).read_text("utf-8").rstrip("\n")


def test_every_event_type_has_a_sample() -> None:
    assert {type_of(event) for event in SAMPLES.values()} == set(EVENT_TYPES)
    assert all(name.startswith(type_of(event)) for name, event in SAMPLES.items())


def test_no_sample_is_left_over() -> None:
    assert {path.name for path in HERE.glob("*.json")} == {path_of(name, form).name for name, form in files()}


def test_every_name_of_surface_a_is_known_and_given() -> None:
    assert {name for event in SAMPLES.values() if (name := api_name(event))} == API_NAMES


@pytest.mark.parametrize("event", SAMPLES.values(), ids=SAMPLES.keys())
def test_a_body_is_compact_json_with_unescaped_text(event: Event) -> None:
    for form in WebhookFormat:
        if has_name(form, event):
            body = render(form, accepted(event))
            assert body == json.dumps(json.loads(body), ensure_ascii=False, separators=(",", ":"))


def test_a_starting_session_is_no_event_of_surface_a() -> None:
    starting = SAMPLES["session.starting"]
    assert not has_name(WebhookFormat.API, starting)
    with pytest.raises(ValueError, match="no name"):
        render(WebhookFormat.API, accepted(starting))


def test_the_documented_example_of_a_received_message_is_told_word_for_word() -> None:
    told = json.loads(render(WebhookFormat.API, accepted(SAMPLES["message.received"])))
    data = {key: told["data"][key] for key in list(told["data"])[:8]}
    assert list(told) == ["event", "data", "timestamp"]
    assert told["event"] == "message_received"
    assert told["timestamp"] == "2023-01-01T12:00:00.000Z"
    assert data == {
        "instanceId": "instance_id",
        "messageId": "whatsapp_message_id",
        "from": "79001234567@s.whatsapp.net",
        "body": "Привет! Как дела?",
        "type": "conversation",
        "timestamp": 1672531200,
        "hasMedia": False,
        "pushName": "Иван",
    }
