"""`genuine`, against signatures made here by hand."""

from __future__ import annotations

import base64
import hmac

import pytest

from gateway.client import genuine

SECRET = "a secret of ours and yours"
WHSEC = "whsec_" + base64.b64encode(SECRET.encode()).decode()
BODY = '{"event":"message_received","data":{"body":"Grüße 👋"}}'.encode()
NOW = 1_750_000_000


def signed(key: bytes = SECRET.encode(), *, at: int = NOW, event: str = "evt_1") -> dict[str, str]:
    mac = hmac.digest(key, f"{event}.{at}.".encode() + BODY, "sha256")
    signature = "v1," + base64.b64encode(mac).decode()
    return {"webhook-id": event, "webhook-timestamp": str(at), "webhook-signature": signature}


@pytest.mark.parametrize("secret", [SECRET, WHSEC], ids=["text", "whsec"])
def test_what_is_signed_with_the_secret_is_genuine_in_either_spelling(secret: str) -> None:
    assert genuine(secret, signed(), BODY, now=NOW)


def test_header_names_come_in_any_case() -> None:
    assert genuine(SECRET, {name.title(): value for name, value in signed().items()}, BODY, now=NOW)


def test_one_of_several_signatures_is_enough_while_a_secret_is_rotated() -> None:
    both = signed(b"the new one of them")["webhook-signature"] + " " + signed()["webhook-signature"]
    headers = signed() | {"webhook-signature": both}
    assert genuine(SECRET, headers, BODY, now=NOW)
    assert genuine("the new one of them", headers, BODY, now=NOW)
    assert not genuine("a third one", headers, BODY, now=NOW)


def test_a_secret_that_only_looks_like_the_other_spelling_is_a_text() -> None:
    for text in ("whsec_no base64!", "whsec_c2hvcnQ="):
        assert genuine(text, signed(text.encode()), BODY, now=NOW)


@pytest.mark.parametrize(
    ("what", "headers", "body"),
    [
        ("another body", signed(), BODY + b" "),
        ("another id", signed() | {"webhook-id": "evt_2"}, BODY),
        ("another time", signed() | {"webhook-timestamp": str(NOW + 1)}, BODY),
        ("a replay, rightly signed", signed(at=NOW - 301), BODY),
        ("a time to come, rightly signed", signed(at=NOW + 301), BODY),
        ("a time that is none", signed() | {"webhook-timestamp": "soon"}, BODY),
        ("a time in other digits", signed() | {"webhook-timestamp": "١٧"}, BODY),
        ("an empty signature", signed() | {"webhook-signature": ""}, BODY),
        ("no header at all", {}, BODY),
        ("letters of another alphabet", signed() | {"webhook-signature": "v1,ключ"}, BODY),
    ],
)
def test_what_is_not_signed_so_is_not_genuine(what: str, headers: dict[str, str], body: bytes) -> None:
    assert not genuine(SECRET, headers, body, now=NOW), what


def test_the_tolerance_can_be_chosen() -> None:
    assert genuine(SECRET, signed(at=NOW - 900), BODY, now=NOW, tolerance=1000)
