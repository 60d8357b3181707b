"""Rows of a WhatsApp Multi-Instance API, read one value at a time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.domain.errors import InvalidInput
from gateway.domain.ids import Address, InstanceId, TenantId, UserId
from gateway.domain.instances import Instance, ProviderName, SessionState, SessionStateKind
from gateway.domain.messages import ChatKind, Content, Media, MediaKind, MessageStatus, Text, Unknown
from gateway.kit.egress import EgressPolicy
from gateway.services.importing.content import status_of
from gateway.services.importing.row import OddRow, OldRow, moment_of, printable
from gateway.services.importing.webhooks import Webhook, WebhookRules
from gateway.services.multi_instance.messages import content_of, media_url_of, message_of
from gateway.services.multi_instance.webhooks import webhook_of

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
BORN = datetime(2025, 5, 4, 12, tzinfo=UTC)
RULES = WebhookRules(policy=EgressPolicy(), concurrency=4)


def row(**values: Any) -> OldRow:
    return OldRow(values, NOW)


def address_of(text: str) -> Address:
    if "@" not in text:
        raise InvalidInput("no")
    return Address(text)


@pytest.mark.parametrize(
    ("stored", "meant"),
    [
        (1746360000000, BORN),
        (1746360000000.0, BORN),
        ("2025-05-04T12:00:00.000Z", BORN),
        ("2025-05-04T14:00:00+02:00", BORN),
        ("2025-05-04 12:00:00", BORN),
        ("2025-05-04 12:00:00 UTC", BORN),
        ("yesterday", None),
        (True, None),
        (float("inf"), None),
        (10**30, None),
        (b"2025", None),
    ],
)
def test_a_moment_is_milliseconds_or_iso_text(stored: object, meant: datetime | None) -> None:
    assert moment_of(stored) == meant


@pytest.mark.parametrize("stored", [1746360000, "1999-12-31", "2026-05-06T00:00:00Z", -1, "", None])
def test_a_moment_of_another_age_is_refused_and_none_is_none(stored: object) -> None:
    if stored in ("", None):
        assert row(createdAt=stored).moment("createdAt") is None
        return
    with pytest.raises(OddRow):
        row(createdAt=stored).moment("createdAt")
    assert row(createdAt=stored).moment_or("createdAt", BORN) == BORN


@pytest.mark.parametrize("name", ["instanceId", "instance_id", "INSTANCEID"])
def test_a_column_is_known_however_it_is_mapped(name: str) -> None:
    assert row(**{name: "x"}).text("instanceId") == "x"


def test_what_a_terminal_would_obey_is_not_printed() -> None:
    assert printable("\x1b[31mred\n" + "x" * 99) == "?[31mred?" + "x" * 71


@pytest.mark.parametrize("text", ["", " ", "a/b", "..", "x" * 65, "ä", None])
def test_an_id_can_stand_in_a_url(text: str | None) -> None:
    with pytest.raises(OddRow):
        row(id=text).identifier("id")


def media(kind: MediaKind, caption: str = "") -> Media:
    return Media(media=kind, ref="", caption=caption)


@pytest.mark.parametrize(
    ("values", "content"),
    [
        ({"messageType": "text", "content": "Привет"}, Text(text="Привет")),
        ({"messageType": "conversation", "content": "a\0b"}, Text(text="ab")),
        ({"messageType": "extendedTextMessage", "content": "hi"}, Text(text="hi")),
        ({"messageType": "image", "content": "", "caption": "cat"}, media(MediaKind.IMAGE, "cat")),
        ({"messageType": "imageMessage", "content": "cat"}, media(MediaKind.IMAGE, "cat")),
        ({"messageType": "videoMessage"}, media(MediaKind.VIDEO)),
        ({"messageType": "audioMessage"}, media(MediaKind.AUDIO)),
        ({"messageType": "stickerMessage"}, media(MediaKind.STICKER)),
        ({"messageType": "documentWithCaptionMessage"}, media(MediaKind.DOCUMENT)),
        ({"messageType": "somethingNew", "hasMedia": 1}, media(MediaKind.DOCUMENT)),
        ({"messageType": "somethingNew", "content": "words"}, Text(text="words")),
        ({"messageType": "reactionMessage", "content": ""}, Unknown(network_kind="reactionMessage")),
        ({}, Unknown(network_kind="unknown")),
    ],
)
def test_a_kind_of_message_is_one_of_ours_or_keeps_its_name(values: dict[str, Any], content: Content) -> None:
    assert content_of(row(**values)) == content


@pytest.mark.parametrize(
    ("word", "from_me", "status"),
    [
        ("sent", True, MessageStatus.SENT),
        ("server_ack", True, MessageStatus.SENT),
        ("DELIVERED", True, MessageStatus.DELIVERED),
        (4, True, MessageStatus.READ),
        ("odd", True, MessageStatus.SENT),
        (None, False, MessageStatus.DELIVERED),
    ],
)
def test_a_status_is_a_word_of_ours(word: object, from_me: bool, status: MessageStatus) -> None:
    assert status_of(row(status=word).text("status"), from_me=from_me) is status


@pytest.mark.parametrize(
    ("url", "kept"),
    [("https://example.com/a.jpg", True), ("/srv/uploads/1-a.jpg", False), ("data:image/png;base64,AAAA", False)],
)
def test_only_a_url_is_kept_as_one(url: str, kept: bool) -> None:
    assert media_url_of(row(mediaUrl=url)) == (url if kept else None)


@pytest.mark.parametrize(
    ("metadata", "sent_at"),
    [
        ('{"timestamp": 1740821400}', datetime.fromtimestamp(1740821400, UTC)),
        ('{"timestamp": 1740821400.75}', datetime.fromtimestamp(1740821400.75, UTC)),
        ('{"timestamp": "1740821400"}', datetime.fromtimestamp(1740821400, UTC)),
        ('{"timestamp": {"low": 1740821400, "high": 0, "unsigned": true}}', datetime.fromtimestamp(1740821400, UTC)),
        ('{"timestamp": 0}', BORN),
        ('{"timestamp": 99999999999}', BORN),
        ('{"timestamp": "soon"}', BORN),
        ("[1]", BORN),
        ('{"pushName": "\\ud800"}', BORN),
        ("{", BORN),
        (None, BORN),
    ],
)
def test_when_it_was_said_is_the_networks_word_or_else_when_it_was_stored(
    metadata: str | None, sent_at: datetime
) -> None:
    given = row(id="m", remoteJid="1@s.whatsapp.net", messageId="A", metadata=metadata)
    assert message_of(given, address_of, BORN, NOW).sent_at == sent_at


@pytest.mark.parametrize(
    ("jid", "kind"),
    [
        ("1@s.whatsapp.net", ChatKind.PRIVATE),
        ("1@lid", ChatKind.PRIVATE),
        ("1@g.us", ChatKind.GROUP),
        ("1@newsletter", ChatKind.CHANNEL),
        ("status@broadcast", ChatKind.CHANNEL),
    ],
)
def test_a_chat_is_of_the_kind_its_address_tells(jid: str, kind: ChatKind) -> None:
    given = row(id="m", remoteJid=jid, messageId="", metadata='{"pushName": "Иван", "participant": "2@lid"}')
    message = message_of(given, address_of, BORN, NOW)
    assert (message.chat.kind, message.network_id) == (kind, "imported-m")
    assert (message.sender.address, message.sender.name) == (jid if kind is ChatKind.PRIVATE else "2@lid", "Иван")


def webhook(settings: dict[str, Any] | None, **values: Any) -> Webhook:
    instance = Instance(
        id=InstanceId("i"),
        tenant_id=TenantId("t"),
        user_id=UserId("u"),
        name="",
        description="",
        provider=ProviderName.WHATSAPP,
        state=SessionState(kind=SessionStateKind.STOPPED, code="", sentence="", at=BORN),
        wanted=False,
        sent_messages=0,
        received_messages=0,
        last_activity_at=None,
        created_at=BORN,
        updated_at=BORN,
    )
    given = {"webhookUrl": "https://example.com/hook", "webhookEnabled": 1} | values
    made = webhook_of(instance, row(**given), None if settings is None else row(**settings), RULES, NOW)
    assert made is not None
    return made


@pytest.mark.parametrize(
    ("attempts", "retries"), [(1, 0), (3, 2), (5, 4), (0, 2), (None, 2), (-4, 2), (1000, 50), ("4", 3)]
)
def test_attempts_become_retries_after_the_first(attempts: object, retries: int) -> None:
    assert webhook({"maxRetries": attempts}).endpoint.max_retries == retries


@pytest.mark.parametrize(("stored", "kept"), [(30000, 30000), (0, 60000), (None, 60000), (10**12, 86_400_000)])
def test_an_interval_is_kept_within_a_day(stored: int | None, kept: int) -> None:
    assert webhook({"retryInterval": stored}).endpoint.retry_interval_ms == kept


def test_without_a_row_of_settings_nothing_is_filtered() -> None:
    flags = webhook(None).endpoint.filter
    assert (flags.received, flags.sent, flags.delivery, flags.read) == (True, True, True, True)
    flags = webhook({}).endpoint.filter
    assert (flags.received, flags.sent, flags.delivery, flags.read) == (True, True, False, False)


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({"secret": "good"}, "http://example.com/hook"),
        ({"secret": "good"}, "https://10.0.0.5/hook?token=hidden"),
        ({"secret": "good"}, "https://user:hidden@example.com/"),
        ({"secret": "hid\nden"}, "https://example.com/"),
        ({"secret": "hid\ufffdden"}, "https://example.com/"),
        ({"secret": "hidden" * 99}, "https://example.com/"),
    ],
)
def test_a_webhook_that_cannot_be_used_is_switched_off_and_says_why_without_its_secrets(
    settings: dict[str, Any], url: str
) -> None:
    made = webhook(settings, webhookUrl=url)
    assert (made.endpoint.enabled, made.endpoint.disabled_reason is None) == (False, False)
    (remark,) = made.remarks
    assert remark.startswith("its webhook is switched off. ")
    assert "hid" not in remark
    good = webhook({"secret": "good"})
    assert (good.endpoint.enabled, good.secret, good.remarks) == (True, "good", ())


@pytest.mark.parametrize(
    "headers", ['{"X-Webhook-Signature": "hidden"}', '{"A b": "hidden"}', '["hidden"]', '{"A": "ж"}']
)
def test_headers_that_cannot_be_sent_are_left_out(headers: str) -> None:
    made = webhook({"headers": headers})
    assert (made.endpoint.enabled, made.endpoint.headers) == (True, {})
    (remark,) = made.remarks
    assert "headers" in remark
    assert "hidden" not in remark
    assert webhook({"headers": '{"X-Team": "shop", "X-Number": 7}'}).endpoint.headers == {
        "X-Team": "shop", "X-Number": "7"
    }  # fmt: skip
