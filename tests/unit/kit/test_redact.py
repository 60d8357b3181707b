from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.kit.redact import MASK, is_secret_key, redact, redact_field, redact_text
from gateway.kit.secrets import new_api_key, new_instance_key, new_webhook_secret

BOT_TOKEN = "123456789:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLXNpZ25hdHVyZQ"

LOOK_SECRET = {
    "our API key": new_api_key().text,
    "our instance key": new_instance_key().text,
    "a webhook secret": new_webhook_secret(),
    "a Telegram token": BOT_TOKEN,
    "a Telegram token, encoded": BOT_TOKEN.replace(":", "%3A"),
    "a JWT": JWT,
    "a Slack bot token": "xoxb-123456789012-abcdefghijkl",
    "a Slack app token": "xapp-1-A0123456789-abcdefghijkl",
    "a Graph token": "EAAGm0PX4ZCpsBAKZCexampleexample",
    "a Discord token": "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs",
    "an argon2 hash": "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$aGFzaGhhc2hoYXNo",
    "a private key": "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----",
}


@pytest.mark.parametrize("secret", LOOK_SECRET.values(), ids=LOOK_SECRET.keys())
@pytest.mark.parametrize(
    "around", ["{}", "got '{}' from", "/file/bot{}/photo.jpg", "a={} b", '{{"x": "{}"}}', "\n{}\n"]
)
def test_what_looks_like_a_secret_is_masked_wherever_it_stands(secret: str, around: str) -> None:
    masked = redact_text(around.format(secret))
    assert secret not in masked
    assert secret[-12:] not in masked
    assert MASK in masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("GET https://api.telegram.org/bot" + BOT_TOKEN + "/getMe", "GET https://api.telegram.org/bot***/getMe"),
        ("Authorization: Bearer 6f1d3c1e-6c51-4f0e-93a2-5c2a8fce1d11", "Authorization: Bearer ***"),
        ("header Basic dXNlcjpwYXNzd29yZA==!", "header Basic ***!"),
        ("postgresql://gateway:p4ss@db:5432/gateway", "postgresql://gateway:***@db:5432/gateway"),
        ("GET /x?access_token=abcdef&page=2", "GET /x?access_token=***&page=2"),
        ("User(name='ada', password='correct horse')", "User(name='ada', password='***')"),
        ('{"Api_Key": "abc", "id": 1}', '{"Api_Key": "***", "id": 1}'),
    ],
)
def test_what_stands_around_a_secret_stays_readable(text: str, masked: str) -> None:
    assert redact_text(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "session_lost",
        "connection to 10.1.2.3:443 closed after 30.2 s",
        "2026-11-21T01:26:00.123456Z",
        "6f1d3c1e-6c51-4f0e-93a2-5c2a8fce1d11",
        "https://example.com/hooks/telegram?page=2",
        "evt_019a2b3c4d5e0123456789abcdef0123",
        "79001234567@s.whatsapp.net wrote at 12:30",
        "Basic settings are fine",
        "",
    ],
)
def test_ordinary_texts_pass_as_the_same_object(text: str) -> None:
    assert redact_text(text) is text


@pytest.mark.parametrize(
    "key",
    ["password", "currentPassword", "webhook_secret", "X-Api-Key", "apiKey", "authorization", "Set-Cookie", "bot_token",
     "credentials", "DATABASE_URL", "encryption_keys", "qr", "qrCode", "jwt", "X-Webhook-Signature"],
)  # fmt: skip
def test_a_telling_name_masks_any_text(key: str) -> None:
    assert is_secret_key(key)
    assert redact_field(key, "plain words") == MASK
    assert redact_field(key, {"a": ["b"]}) == MASK


@pytest.mark.parametrize("key", ["event", "instance_id", "keyboard", "reason", "token_version", "token_type", "monkey"])
def test_other_names_do_not(key: str) -> None:
    assert redact_field(key, "plain words") == "plain words"


def test_counters_with_telling_names_survive() -> None:
    assert redact({"tokens_used": 12, "password_set": True, "secret": None}) == {
        "tokens_used": 12,
        "password_set": True,
        "secret": None,
    }


def test_containers_and_objects_are_walked() -> None:
    class Endpoint(msgspec.Struct):
        url: str
        secret: str

    value = {
        "list": [{"headers": {"Cookie": "a=b"}}, (BOT_TOKEN,)],
        BOT_TOKEN: 1,
        "struct": Endpoint("https://example.com", "shh, quiet"),
        "error": ValueError(f"bad url /bot{BOT_TOKEN}/getMe"),
        "body": b"0123456789",
    }
    shown = json.dumps(redact(value))
    assert BOT_TOKEN not in shown
    assert "a=b" not in shown
    assert "shh" not in shown
    assert "getMe" in shown
    assert redact(value)["body"] == "<10 bytes>"


def test_a_circle_ends() -> None:
    circle: list[object] = []
    circle.append(circle)
    assert "..." in str(redact(circle))


def test_an_object_that_cannot_print_itself_does_not_break_the_line() -> None:
    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    assert redact(Broken()) == "<Broken, unprintable: RuntimeError>"


@given(st.text(max_size=300))
def test_masking_never_fails_and_masking_twice_changes_nothing(text: str) -> None:
    once = redact_text(text)
    assert redact_text(once) == once
