"""Rows of an Instance Manager, read one value at a time; each comes as the text PostgreSQL writes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.domain.errors import InvalidInput
from gateway.domain.ids import Address, InstanceId, TenantId, UserId
from gateway.domain.instances import Credentials, Instance, ProviderName, SessionState, SessionStateKind
from gateway.domain.messages import ChatKind, Content, Media, MediaKind, Message, Text, Unknown
from gateway.domain.webhooks import WebhookFormat
from gateway.kit.egress import EgressPolicy
from gateway.services.importing.row import OddRow, OldRow
from gateway.services.importing.webhooks import Webhook, WebhookRules
from gateway.services.instance_manager.companies import company_of
from gateway.services.instance_manager.messages import message_of
from gateway.services.instance_manager.networks import Network, network_of
from gateway.services.instance_manager.webhooks import webhook_of

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
BORN = datetime(2025, 5, 4, 12, tzinfo=UTC)
RULES = WebhookRules(policy=EgressPolicy(), concurrency=4)
GROUP = "120363000000000001@g.us"


def row(**values: str | None) -> OldRow:
    return OldRow(values, NOW)


def address_of(text: str) -> Address:
    if not text or "@" not in text:
        raise InvalidInput("no")
    return Address(text.replace("@c.us", "@s.whatsapp.net"))


def chat_id(text: str) -> Address:
    if not text.lstrip("-").isdecimal():
        raise InvalidInput("no")
    return Address(text)


def check(config: Any) -> Credentials:
    return Credentials(values=dict(config))


WHATSAPP = Network(name=ProviderName.WHATSAPP, check=check, address_of=address_of)
TELEGRAM = Network(name=ProviderName.TELEGRAM, check=check, address_of=chat_id)
BOTH = {ProviderName.WHATSAPP: WHATSAPP, ProviderName.TELEGRAM: TELEGRAM}


def said(network: Network, **values: str | None) -> Message:
    given: dict[str, str | None] = {
        "id": "row-1",
        "chat_id": "79001234567@c.us" if network is WHATSAPP else "4242",
        "created_at": "2025-05-04 12:00:00+00",
    }
    return message_of(row(**(given | values)), network, TenantId("t"), InstanceId("i"), NOW).message


@pytest.mark.parametrize(
    ("word", "default", "network"),
    [
        ("whatsappweb", "telegram", WHATSAPP),
        ("whatsapp", "telegram", WHATSAPP),
        (" Telegram ", "whatsappweb", TELEGRAM),
        ("", "telegram", TELEGRAM),
        (None, "whatsappweb", WHATSAPP),
    ],
)
def test_a_provider_is_known_by_its_words_or_else_by_its_table(word: str | None, default: str, network: Any) -> None:
    assert network_of(row(provider=word), default, BOTH) is network


@pytest.mark.parametrize("word", ["slack", "whatsapp-official", "whatsapp_official", "\x1b[31m"])
def test_a_network_that_is_not_spoken_here_is_told(word: str) -> None:
    with pytest.raises(OddRow, match="This gateway has no provider") as odd:
        network_of(row(provider=word), "whatsappweb", BOTH)
    assert "\x1b" not in odd.value.sentence


@pytest.mark.parametrize(
    ("columns", "token"),
    [({"token": "a", "bot_token": "b"}, "a"), ({"token": " ", "bot_token": " b "}, "b"), ({"bot_token": "b"}, "b")],
)
def test_a_token_is_in_the_column_of_its_version(columns: dict[str, str], token: str) -> None:
    assert TELEGRAM.credentials_of(row(**columns)).values == {"token": token}


def test_nothing_of_a_row_is_a_credential_for_whatsapp() -> None:
    assert WHATSAPP.credentials_of(row(token="t", api_key="k")).values == {}


@pytest.mark.parametrize(
    ("columns", "company"),
    [
        ({"company_id": "acme"}, "acme"),
        ({"user_id": "acme"}, "acme"),
        ({"company_id": " Acme\nLtd ", "user_id": "x"}, "Acme Ltd"),
        ({"company_id": None}, ""),
    ],
)
def test_a_company_is_one_line_under_either_name(columns: dict[str, str | None], company: str) -> None:
    assert company_of(row(**columns)) == company


@pytest.mark.parametrize(
    ("network", "stored", "network_id"),
    [
        (WHATSAPP, "false_79001234567@c.us_3EB0A1", "3EB0A1"),
        (WHATSAPP, f"true_{GROUP}_3EB0A1_79001234567@c.us", "3EB0A1"),
        (WHATSAPP, "false_status@broadcast_3EB0A1_79001234567@c.us", "3EB0A1"),
        (WHATSAPP, "3EB0A1", "3EB0A1"),
        (WHATSAPP, "maybe_79001234567@c.us_3EB0A1", "maybe_79001234567@c.us_3EB0A1"),
        (TELEGRAM, "false_1@c.us_7", "false_1@c.us_7"),
        (TELEGRAM, "7", "7"),
        (TELEGRAM, "", "imported-row-1"),
    ],
)
def test_the_networks_own_id_is_taken_out_of_the_serialised_one(network: Network, stored: str, network_id: str) -> None:
    assert said(network, message_id=stored).network_id == network_id


@pytest.mark.parametrize(
    ("timestamp", "sent_at"),
    [
        ("1740821400", datetime.fromtimestamp(1740821400, UTC)),
        ("1740821400250", datetime.fromtimestamp(1740821400.25, UTC)),
        ("0", BORN),
        ("-5", BORN),
        ("99999999999999", BORN),
        ("9223372036854775807", BORN),
        (None, BORN),
    ],
)
def test_when_it_was_said_is_in_seconds_or_milliseconds_or_else_when_it_was_stored(
    timestamp: str | None, sent_at: datetime
) -> None:
    assert said(WHATSAPP, message_id="A", timestamp=timestamp).sent_at == sent_at


@pytest.mark.parametrize("created_at", [None, "infinity", "0044-03-15 00:00:00+00 BC", "2096-01-01 00:00:00+00"])
def test_without_any_moment_a_message_is_left_out(created_at: str | None) -> None:
    with pytest.raises(OddRow):
        said(WHATSAPP, message_id="A", created_at=created_at)
    assert said(WHATSAPP, message_id="A", created_at=created_at, timestamp="1740821400").sent_at.year == 2025


@pytest.mark.parametrize(
    ("network", "values", "kind", "sender"),
    [
        (WHATSAPP, {"contact_name": "Иван"}, ChatKind.PRIVATE, ("79001234567@s.whatsapp.net", "Иван", None)),
        (
            WHATSAPP,
            {"chat_id": GROUP, "message_id": f"false_{GROUP}_A_7900@c.us", "from_number": "1", "contact_name": "Иван"},
            ChatKind.GROUP,
            ("7900@s.whatsapp.net", "Иван", None),
        ),
        (WHATSAPP, {"chat_id": GROUP, "from_number": "7900"}, ChatKind.GROUP, ("", "", None)),
        (WHATSAPP, {"is_group": "true"}, ChatKind.PRIVATE, ("79001234567@s.whatsapp.net", "", None)),
        (WHATSAPP, {"chat_id": "1@newsletter"}, ChatKind.CHANNEL, ("", "", None)),
        (WHATSAPP, {"is_from_me": "true", "contact_name": "Мы"}, ChatKind.PRIVATE, ("", "", None)),
        (TELEGRAM, {"contact_name": "Anna K (@anna_k)"}, ChatKind.PRIVATE, ("4242", "Anna K", "anna_k")),
        (TELEGRAM, {"contact_name": "(@anna)"}, ChatKind.PRIVATE, ("4242", "", "anna")),
        (TELEGRAM, {"contact_name": "Unknown"}, ChatKind.PRIVATE, ("4242", "", None)),
        (
            TELEGRAM,
            {"chat_id": "-1001", "is_group": "true", "from_number": "77", "contact_name": "Anna"},
            ChatKind.GROUP,
            ("77", "Anna", None),
        ),
        (TELEGRAM, {"chat_id": "-1001", "from_number": "-1001"}, ChatKind.GROUP, ("", "", None)),
        (TELEGRAM, {"chat_id": "-1001", "from_number": "Bot (@bot)"}, ChatKind.GROUP, ("", "", None)),
    ],
)
def test_who_said_it_is_told_only_where_that_system_knew(
    network: Network, values: dict[str, str], kind: ChatKind, sender: tuple[str, str, str | None]
) -> None:
    message = said(network, **({"message_id": "A"} | values))
    assert (message.chat.kind, (message.sender.address, message.sender.name, message.sender.username)) == (kind, sender)


def media(kind: MediaKind, caption: str = "") -> Media:
    return Media(media=kind, ref="", caption=caption)


@pytest.mark.parametrize(
    ("network", "kind", "body", "content"),
    [
        (WHATSAPP, "chat", "Привет", Text(text="Привет")),
        (WHATSAPP, "text", "[Photo]", Text(text="[Photo]")),
        (WHATSAPP, "image", "cat", media(MediaKind.IMAGE, "cat")),
        (WHATSAPP, "image", "[Photo]", media(MediaKind.IMAGE, "[Photo]")),
        (WHATSAPP, "ptt", None, media(MediaKind.VOICE)),
        (WHATSAPP, "location", "/9j/4AAQSkZJRg", Unknown(network_kind="location")),
        (WHATSAPP, "vcard", "BEGIN:VCARD", Text(text="BEGIN:VCARD")),
        (WHATSAPP, "revoked", "", Unknown(network_kind="revoked")),
        (TELEGRAM, "photo", "[Photo]", media(MediaKind.IMAGE)),
        (TELEGRAM, "photo", "кот", media(MediaKind.IMAGE, "кот")),
        (TELEGRAM, "voice", "[Voice message]", media(MediaKind.VOICE)),
        (TELEGRAM, "text", "[Photo]", Text(text="[Photo]")),
        (TELEGRAM, None, None, Unknown(network_kind="unknown")),
    ],
)
def test_a_kind_of_message_is_one_of_ours_and_no_placeholder_is_words(
    network: Network, kind: str | None, body: str | None, content: Content
) -> None:
    assert said(network, message_id="A", message_type=kind, message_body=body).content == content


def webhook(schema: object, provider: ProviderName = ProviderName.WHATSAPP) -> Webhook | None:
    instance = Instance(
        id=InstanceId("i"),
        tenant_id=TenantId("t"),
        user_id=UserId("u"),
        name="",
        description="",
        provider=provider,
        state=SessionState(kind=SessionStateKind.STOPPED, code="", sentence="", at=BORN),
        wanted=False,
        sent_messages=0,
        received_messages=0,
        last_activity_at=None,
        created_at=BORN,
        updated_at=BORN,
    )
    text = schema if isinstance(schema, str) else json.dumps(schema)
    return webhook_of(instance, row(api_webhook_schema=text), RULES, NOW)


def made(schema: dict[str, Any], provider: ProviderName = ProviderName.WHATSAPP) -> Webhook:
    found = webhook({"url": "https://example.com/hook"} | schema, provider)
    assert found is not None
    return found


@pytest.mark.parametrize("schema", ["", "null", "{}", "[]", {"enabled": True}, {"url": ""}, {"url": None}])
def test_without_a_url_there_is_no_webhook(schema: object) -> None:
    assert webhook(schema) is None


@pytest.mark.parametrize(
    "schema",
    [
        "{hidden",
        '"hidden"',
        ["hidden"],
        {"url": 7},
        {"url": "https://example.com", "enabled": "hidden"},
        {"url": "https://example.com", "events": "hidden"},
        {"url": "https://example.com", "events": ["hidden"]},
        {"url": "https://example.com", "filters": ["hidden"]},
        {"url": "https://example.com", "filters": {"allowPrivate": 0}},
        {"url": "https://example.com", "filters": {"allowedNumbers": "hidden"}},
        {"url": "https://example.com", "filters": {"allowedNumbers": ["hid\nden"]}},
    ],
)
def test_what_cannot_be_read_is_left_out_rather_than_guessed(schema: object) -> None:
    with pytest.raises(OddRow) as odd:
        webhook(schema)
    assert "hid" not in odd.value.sentence


def test_it_tells_messages_in_the_directions_that_system_told() -> None:
    rules = made({}).endpoint.filter
    assert rules.types == ("message",)
    assert (rules.received, rules.sent, rules.delivery, rules.read, rules.status) == (True, True, False, False, False)
    assert made({}, ProviderName.TELEGRAM).endpoint.filter.sent is False


def test_events_that_were_asked_for_are_told() -> None:
    rules = made({"events": ["message", "message_ack", "qr", "ready", "group_join"]}).endpoint.filter
    assert rules.types == ("message", "message_ack", "qr", "ready")
    assert (rules.delivery, rules.read, rules.status) == (True, True, True)
    assert made({"events": ["callback_query"]}, ProviderName.TELEGRAM).endpoint.filter.types == ("callback_query",)


@pytest.mark.parametrize(
    ("schema", "provider", "expected"),
    [
        ({}, ProviderName.WHATSAPP, WebhookFormat.LEGACY),
        ({}, ProviderName.TELEGRAM, WebhookFormat.API_V1),
        ({"format": "api_v1"}, ProviderName.WHATSAPP, WebhookFormat.API_V1),
        ({"format": "legacy"}, ProviderName.TELEGRAM, WebhookFormat.LEGACY),
        ({"format": "pigeon"}, ProviderName.TELEGRAM, WebhookFormat.API_V1),
    ],
)
def test_receivers_are_sent_the_body_that_they_read(
    schema: dict[str, Any], provider: ProviderName, expected: WebhookFormat
) -> None:
    endpoint = made(schema, provider).endpoint
    assert (endpoint.format, endpoint.rate_limit) == (expected, 100)


def test_filters_are_kept() -> None:
    rules = made({"filters": {"allowGroups": False, "allowedNumbers": ["+7 900", 7901]}}).endpoint.filter
    assert (rules.allow_groups, rules.allow_private, rules.allowed_numbers) == (False, True, ("+7 900", "7901"))


def test_the_token_goes_along_as_a_bearer_unless_a_header_says_otherwise() -> None:
    assert made({"authToken": "t"}).endpoint.headers == {"Authorization": "Bearer t"}
    headers = {"authorization": "Basic x"}
    assert made({"authToken": "t", "headers": headers}).endpoint.headers == headers
    assert made({"headers": None, "authToken": ""}).endpoint.headers == {}


def test_retries_are_those_of_every_new_webhook_and_off_stays_off() -> None:
    endpoint = made({"enabled": False}).endpoint
    assert (endpoint.max_retries, endpoint.retry_interval_ms, endpoint.enabled) == (3, 60_000, False)
    assert endpoint.disabled_reason is None


@pytest.mark.parametrize(
    "schema",
    [
        {"url": "http://example.com/hook"},
        {"url": "https://10.0.0.5/hook?token=hidden"},
        {"url": "https://user:hidden@example.com/"},
    ],
)
def test_a_url_that_may_not_be_called_switches_it_off_and_says_why(schema: dict[str, Any]) -> None:
    switched_off = made(schema)
    assert (switched_off.endpoint.enabled, switched_off.endpoint.disabled_reason is None) == (False, False)
    (remark,) = switched_off.remarks
    assert remark.startswith("its webhook is switched off. ")
    assert "hidden" not in remark
    assert made({}).remarks == ()


@pytest.mark.parametrize("headers", [{"A b": "hidden"}, ["hidden"], {"A": "ж"}])
def test_headers_that_cannot_be_sent_are_left_out(headers: object) -> None:
    found = made({"headers": headers})
    assert (found.endpoint.enabled, found.endpoint.headers) == (True, {})
    (remark,) = found.remarks
    assert "hidden" not in remark
