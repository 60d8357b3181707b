"""The bodies receivers have come to rely on. A changed sample is a changed contract."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.domain.events import EVENT_TYPES, Event, type_of
from gateway.domain.webhooks import WebhookFormat
from gateway.webhooks.formats import API_NAMES, API_V1_NAMES, api_name, api_v1_names, has_name, render
from tests.contract.events.samples import SAMPLES, TELLER, accepted

HERE = Path(__file__).parent


def files() -> list[tuple[str, WebhookFormat]]:
    return [(name, form) for name, event in SAMPLES.items() for form in WebhookFormat if has_name(form, event)]


def path_of(name: str, form: WebhookFormat) -> Path:
    return HERE / f"{name}.{form.value}.json"


@pytest.mark.parametrize(("name", "form"), files(), ids=str)
def test_a_body_is_byte_for_byte_its_sample(name: str, form: WebhookFormat) -> None:
    assert render(form, accepted(SAMPLES[name]), TELLER) == path_of(name, form).read_text("utf-8").rstrip("\n")


def test_every_event_type_has_a_sample() -> None:
    assert {type_of(event) for event in SAMPLES.values()} == set(EVENT_TYPES)
    assert all(name.startswith(type_of(event)) for name, event in SAMPLES.items())


def test_no_sample_is_left_over() -> None:
    assert {path.name for path in HERE.glob("*.json")} == {path_of(name, form).name for name, form in files()}


def test_every_name_of_surface_a_is_known_and_given() -> None:
    assert {name for event in SAMPLES.values() if (name := api_name(event))} == API_NAMES


def test_every_name_of_surface_b_is_given() -> None:
    assert {name for event in SAMPLES.values() for name in api_v1_names(event)} == {*API_V1_NAMES, "test"}


@pytest.mark.parametrize("event", SAMPLES.values(), ids=SAMPLES.keys())
def test_a_body_is_compact_json_with_unescaped_text(event: Event) -> None:
    for form in WebhookFormat:
        if has_name(form, event):
            body = render(form, accepted(event), TELLER)
            assert body == json.dumps(json.loads(body), ensure_ascii=False, separators=(",", ":"))


def test_a_starting_session_is_no_event_of_surface_a() -> None:
    starting = SAMPLES["session.starting"]
    assert not has_name(WebhookFormat.API, starting)
    with pytest.raises(ValueError, match="no name"):
        render(WebhookFormat.API, accepted(starting), TELLER)


def test_the_documented_example_of_a_received_message_is_told_word_for_word() -> None:
    told = json.loads(render(WebhookFormat.API, accepted(SAMPLES["message.received"]), TELLER))
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


FLAT = [
    "event", "instance_id", "instanceId", "provider", "message", "message_id", "messageId", "chat_id", "from", "to",
    "body", "type", "message_type", "is_group", "isGroup", "from_me", "fromMe", "contact", "contact_name", "timestamp",
    "received_at",
]  # fmt: skip
"""Every key of a message on surface B: the union of what its receivers read."""


@pytest.mark.parametrize("name", [name for name in SAMPLES if name.startswith(("message.received", "message.sent"))])
def test_a_message_of_surface_b_has_all_the_keys_that_its_receivers_read_and_no_others(name: str) -> None:
    told = json.loads(render(WebhookFormat.API_V1, accepted(SAMPLES[name]), TELLER))
    assert list(told) == FLAT
    assert list(told["message"])[:7] == ["id", "body", "fromMe", "timestamp", "contact", "type", "chatId"]
    assert told["message"]["timestamp"] == "2023-01-01T00:00:00.000Z"
    assert told["timestamp"] == 1672531200
    assert told["message"]["body"] == told["body"]


def test_the_oldest_shape_is_told_word_for_word() -> None:
    heard = json.loads(render(WebhookFormat.LEGACY, accepted(SAMPLES["message.received"]), TELLER))
    said = json.loads(render(WebhookFormat.LEGACY, accepted(SAMPLES["message.sent.names"]), TELLER))
    assert list(heard) == ["from", "name", "message", "isGroup", "timestamp", "messageId"]
    assert heard == {
        "from": "79001234567",
        "name": "Иван",
        "message": "Привет! Как дела?",
        "isGroup": False,
        "timestamp": 1672531200,
        "messageId": "whatsapp_message_id",
    }
    assert list(said) == ["from", "to", "name", "message", "isGroup", "fromMe", "timestamp", "messageId"]
    assert (said["from"], said["to"], said["fromMe"]) == ("79001234567", "79007654321", True)


def test_the_oldest_shape_tells_nothing_but_messages() -> None:
    told = {type_of(event) for event in SAMPLES.values() if has_name(WebhookFormat.LEGACY, event)}
    assert told == {"message.received", "message.sent", "endpoint.tested"}
    with pytest.raises(ValueError, match="no body"):
        render(WebhookFormat.LEGACY, accepted(SAMPLES["session.connected"]), TELLER)
