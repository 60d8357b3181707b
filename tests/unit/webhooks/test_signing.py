from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.kit.secrets import new_webhook_secret
from gateway.webhooks.signing import legacy_signature, signed_headers, standard_secret, standard_signature

BODY = '{"event":"message_received","data":{"body":"Привет! 😀"},"timestamp":"2026-01-01T00:00:00.000Z"}'.encode()


def official(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Signing as the Standard Webhooks reference libraries do it, written from the specification."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def test_the_published_vector_of_standard_webhooks() -> None:
    # From the test suites of the reference libraries.
    signature = standard_signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_legacy_header_is_lower_case_hex_of_the_body_keyed_with_the_secrets_text() -> None:
    expected = hmac.new(b"my secret!", BODY, hashlib.sha256).hexdigest()
    assert legacy_signature("my secret!", BODY) == expected
    # RFC 4231, test case 2.
    assert legacy_signature("Jefe", b"what do ya want for nothing?") == (
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )


def test_the_key_trap_a_free_text_secret_signs_with_its_own_bytes() -> None:
    # A library given the bare text would decode it as base64 and get other bytes; given what we show, it agrees.
    shown = standard_secret("my secret!")
    assert shown == "whsec_" + base64.b64encode(b"my secret!").decode()
    assert standard_signature("my secret!", "evt_1", 1, BODY) == official(shown, "evt_1", 1, BODY)


@pytest.mark.parametrize(
    "secret", ["whsec_", "whsec_short", "whsec_YWJj", "whsec_!!!!", "whsec_" + base64.b64encode(b"x" * 65).decode()]
)
def test_what_only_looks_like_a_standard_secret_is_a_text_like_any_other(secret: str) -> None:
    assert standard_secret(secret) == "whsec_" + base64.b64encode(secret.encode()).decode()


@given(secret=st.text(min_size=1, max_size=60), body=st.binary(max_size=200), timestamp=st.integers(0, 2**40))
def test_whatever_the_secret_a_library_given_the_shown_form_agrees(secret: str, body: bytes, timestamp: int) -> None:
    try:
        secret.encode()
    except UnicodeEncodeError:
        return
    mine = standard_signature(secret, "evt_x", timestamp, body)
    assert mine == official(standard_secret(secret), "evt_x", timestamp, body)


def test_a_new_secret_is_32_random_bytes_and_serves_both_headers_as_it_is_shown() -> None:
    secret = new_webhook_secret()
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
    assert standard_secret(secret) == secret
    headers = signed_headers([secret], "evt_1", 1700000000, BODY)
    assert headers["webhook-signature"] == official(secret, "evt_1", 1700000000, BODY)
    assert headers["X-Webhook-Signature"] == hmac.new(secret.encode(), BODY, hashlib.sha256).hexdigest()


def test_old_secrets_sign_along_and_the_legacy_header_is_the_current_ones() -> None:
    headers = signed_headers(["new", "old"], "evt_1", 7, BODY)
    assert headers["webhook-signature"].split(" ") == [
        standard_signature("new", "evt_1", 7, BODY),
        standard_signature("old", "evt_1", 7, BODY),
    ]
    assert headers["X-Webhook-Signature"] == legacy_signature("new", BODY)


def test_without_a_secret_there_is_no_signature() -> None:
    assert signed_headers([], "evt_1", 7, BODY) == {"webhook-id": "evt_1", "webhook-timestamp": "7"}
