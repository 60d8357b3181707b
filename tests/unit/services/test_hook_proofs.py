"""What a settings page of a network asks once, and who gets an answer."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest

from gateway.domain.errors import Unauthenticated
from gateway.domain.instances import Credentials
from gateway.services.hook_proofs import slack_challenge, verifies

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
CREDENTIALS = Credentials(values={"signing_secret": SECRET})
QUESTION = b'{"token": "x", "challenge": "3eZbrw1a", "type": "url_verification"}'


def signed(body: bytes, *, at: datetime = NOW, secret: str = SECRET) -> dict[str, str]:
    moment = str(int(at.timestamp()))
    digest = hmac.new(secret.encode(), f"v0:{moment}:".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": moment, "X-Slack-Signature": f"v0={digest}"}


def test_slack_gets_its_challenge_back() -> None:
    assert slack_challenge(CREDENTIALS, signed(QUESTION), QUESTION, NOW) == "3eZbrw1a"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        signed(QUESTION, secret="another"),
        signed(QUESTION + b" "),
        signed(QUESTION, at=NOW - timedelta(seconds=301)),
        signed(QUESTION, at=NOW + timedelta(seconds=301)),
        signed(QUESTION) | {"X-Slack-Request-Timestamp": "²"},
        signed(QUESTION) | {"X-Slack-Request-Timestamp": "9" * 400},
        signed(QUESTION) | {"X-Slack-Signature": "v0=\udcff"},
    ],
)
def test_nobody_else_does(headers: dict[str, str]) -> None:
    with pytest.raises(Unauthenticated):
        slack_challenge(CREDENTIALS, headers, QUESTION, NOW)


def test_without_a_secret_nothing_is_proven() -> None:
    with pytest.raises(Unauthenticated):
        slack_challenge(Credentials(), signed(QUESTION, secret=""), QUESTION, NOW)


def test_a_challenge_has_to_be_a_text() -> None:
    body = b'{"challenge": {"a": 1}, "type": "url_verification"}'
    with pytest.raises(Unauthenticated):
        slack_challenge(CREDENTIALS, signed(body), body, NOW)


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b"[" * 100_000, b'{"type": "event_callback"}'])
def test_news_is_no_challenge(body: bytes) -> None:
    assert slack_challenge(CREDENTIALS, signed(body), body, NOW) is None


def test_only_the_configured_token_verifies() -> None:
    configured = Credentials(values={"webhook_verify_token": "agreed upon"})
    assert verifies(configured, "agreed upon")
    assert not verifies(configured, "agreed upo")
    assert not verifies(configured, "")
    assert not verifies(configured, "\udcff")
    assert not verifies(Credentials(), "")
    assert not verifies(Credentials(values={"webhook_verify_token": ""}), "")
