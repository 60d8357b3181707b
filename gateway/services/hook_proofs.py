"""How networks prove themselves to an instance whose session does not run: what an app's settings page asks once."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

import msgspec

from gateway.domain.errors import Unauthenticated
from gateway.domain.instances import Credentials

_SLACK_TIME = "x-slack-request-timestamp"
_SLACK_SIGNATURE = "x-slack-signature"
_SLACK_WINDOW = 300
"""Seconds that a signature is good, either way: docs.slack.dev/authentication/verifying-requests-from-slack."""


def verifies(credentials: Credentials, token: str) -> bool:
    """Whether this is the verify token that the instance was configured with (Meta's `hub.verify_token`)."""
    expected = credentials.values.get("webhook_verify_token")
    if not expected:
        return False
    return hmac.compare_digest(token.encode("utf-8", "replace"), str(expected).encode())


def slack_challenge(credentials: Credentials, headers: Mapping[str, str], body: bytes, now: datetime) -> str | None:
    """The challenge of a `url_verification` that Slack signed; None for anything else.

    Raises Unauthenticated when one is not signed with the instance's signing secret, or was signed too long ago.
    """
    try:
        asked = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(asked, dict) or asked.get("type") != "url_verification":
        return None
    challenge = asked.get("challenge")
    if not isinstance(challenge, str) or not _signed_by_slack(credentials, headers, body, now):
        raise Unauthenticated
    return challenge


def _signed_by_slack(credentials: Credentials, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
    shown = {name.lower(): value for name, value in headers.items()}
    secret, moment = credentials.values.get("signing_secret"), shown.get(_SLACK_TIME, "")
    if not secret or not moment.isascii() or not moment.isdigit() or len(moment) > 12:
        return False
    if abs(now.timestamp() - int(moment)) > _SLACK_WINDOW:
        return False
    digest = hmac.new(str(secret).encode(), b"v0:%s:%s" % (moment.encode(), body), hashlib.sha256).hexdigest()
    given = shown.get(_SLACK_SIGNATURE, "").encode("utf-8", "replace")
    return hmac.compare_digest(given, f"v0={digest}".encode())
