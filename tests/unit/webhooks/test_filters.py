from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from gateway.domain.events import ContactsUpdated, Event, HistoryReceived, MessageReceived, MessageStatusChanged
from gateway.domain.ids import Address, EndpointId, InstanceId, TenantId
from gateway.domain.messages import Chat, ChatKind, MessageStatus, Person
from gateway.domain.webhooks import Endpoint, EventFilter, Ordering, WebhookFormat
from gateway.webhooks.filters import comparable, share_of, wants
from tests.contract.events.samples import CHAT, ENDPOINT, GROUP, SAMPLES

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def endpoint(endpoint_id: str = "other", form: WebhookFormat = WebhookFormat.STANDARD, **rules: Any) -> Endpoint:
    return Endpoint(
        id=EndpointId(endpoint_id),
        tenant_id=TenantId("tenant_id"),
        instance_id=InstanceId("instance_id"),
        url="https://example.com",
        enabled=True,
        format=form,
        filter=EventFilter(**rules),
        headers={},
        max_retries=3,
        retry_interval_ms=60_000,
        ordering=Ordering.NONE,
        concurrency=4,
        created_at=NOW,
        updated_at=NOW,
    )


def told(**rules: Any) -> set[str]:
    return {name for name, event in SAMPLES.items() if wants(endpoint(**rules), event)}


def from_chat(chat: Chat) -> Event:
    event = SAMPLES["message.received"]
    assert isinstance(event, MessageReceived)
    return msgspec.structs.replace(event, message=msgspec.structs.replace(event.message, chat=chat))


def test_by_default_everything_is_told_but_receipts_and_what_concerns_another_endpoint_alone() -> None:
    assert set(SAMPLES) - told() == {"message.status_changed", "endpoint.updated", "endpoint.tested"}


def test_each_flag_gates_its_own_events() -> None:
    assert {each.split(".")[0] for each in told(received=False)} == {"message", "session", "endpoint", "usage"}
    assert not any(each.startswith(("message.received", "button", "poll", "chat")) for each in told(received=False))
    assert told() - told(sent=False) == {each for each in SAMPLES if each.startswith("message.sent")}
    assert told() - told(status=False) == {each for each in SAMPLES if each.startswith("session.")}


@pytest.mark.parametrize("status", list(MessageStatus))
def test_read_has_a_flag_of_its_own_and_delivery_is_all_other_statuses(status: MessageStatus) -> None:
    event = SAMPLES["message.status_changed"]
    assert isinstance(event, MessageStatusChanged)
    event = msgspec.structs.replace(event, status=status)
    assert wants(endpoint(read=True), event) is (status is MessageStatus.READ)
    assert wants(endpoint(delivery=True), event) is (status is not MessageStatus.READ)


def test_chosen_types_are_understood_by_both_of_their_names() -> None:
    for name in ("message.sent", "message_sent"):
        assert told(types=(name,)) == {each for each in SAMPLES if each.startswith("message.sent")}


def test_groups_and_private_chats_can_be_left_out() -> None:
    assert not wants(endpoint(allow_groups=False), from_chat(GROUP))
    assert wants(endpoint(allow_groups=False), from_chat(CHAT))
    assert not wants(endpoint(allow_private=False), from_chat(CHAT))
    channel = Chat(address=Address("-100777"), kind=ChatKind.CHANNEL)
    assert not wants(endpoint(allow_groups=False), from_chat(channel))
    assert wants(endpoint(allow_private=False), SAMPLES["session.connected"])


@pytest.mark.parametrize(
    "spelling", ["+7 (900) 123-45-67", "79001234567", "79001234567@s.whatsapp.net", "7.900.1234567"]
)
def test_an_allowed_number_may_be_spelled_in_any_way(spelling: str) -> None:
    assert wants(endpoint(allowed_numbers=(spelling,)), from_chat(CHAT))
    assert wants(endpoint(allowed_numbers=(spelling,)), from_chat(GROUP))  # he is the one who writes there
    assert not wants(endpoint(allowed_numbers=("79001234568",)), from_chat(CHAT))


def test_allowed_numbers_do_not_silence_the_instance_itself() -> None:
    assert wants(endpoint(allowed_numbers=("1",)), SAMPLES["session.connected"])


def test_a_groups_id_is_not_a_persons_number() -> None:
    assert comparable("-1001234567890") != comparable("1001234567890")
    assert comparable("@SomeBody") == "somebody"


def test_what_concerns_one_endpoint_is_told_to_the_right_ones() -> None:
    assert wants(endpoint(ENDPOINT, types=("message.sent",), status=False), SAMPLES["endpoint.tested"])
    assert not wants(endpoint("other"), SAMPLES["endpoint.tested"])
    assert wants(endpoint(ENDPOINT), SAMPLES["endpoint.updated"])
    assert not wants(endpoint("other"), SAMPLES["endpoint.updated"])
    assert not wants(endpoint(ENDPOINT), SAMPLES["endpoint.disabled"])
    assert wants(endpoint("other"), SAMPLES["endpoint.disabled"])


def test_a_starting_session_is_told_in_the_standard_format_only() -> None:
    assert wants(endpoint(form=WebhookFormat.STANDARD), SAMPLES["session.starting"])
    assert not wants(endpoint(form=WebhookFormat.API), SAMPLES["session.starting"])


def test_of_a_history_an_endpoint_hears_the_chats_it_may_hear() -> None:
    private = SAMPLES["history.received"]
    grouped = SAMPLES["message.received.group"]
    assert isinstance(private, HistoryReceived)
    assert isinstance(grouped, MessageReceived)
    both = msgspec.structs.replace(private, messages=(*private.messages, grouped.message))
    assert share_of(endpoint(), both) is both
    assert share_of(endpoint(allow_groups=False), both) == private
    assert not wants(endpoint(allow_groups=False, allow_private=False), both)
    assert not wants(endpoint(allowed_numbers=("4915100000000",)), both)


def test_a_person_is_allowed_by_the_number_or_the_hidden_name() -> None:
    contacts = SAMPLES["contacts.updated"]
    assert isinstance(contacts, ContactsUpdated)
    more = msgspec.structs.replace(contacts, people=(*contacts.people, Person(address=Address("7@lid"), name="Who")))
    for allowed in ("+7 900 765-43-21", "164987654321987@lid"):
        assert wants(endpoint(allowed_numbers=(allowed,)), SAMPLES["call.received"])
        assert share_of(endpoint(allowed_numbers=(allowed,)), more) == contacts
