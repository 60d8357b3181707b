"""Telling webhooks that the gateway sent from those that somebody made up."""

from __future__ import annotations

import base64
import binascii
import hmac
import time
from collections.abc import Mapping

TOLERANCE = 300.0
"""Seconds that a signed time may lie away from now."""
_PREFIX = "whsec_"
_KEY_BYTES = range(24, 65)


def genuine(
    secret: str, headers: Mapping[str, str], body: bytes, *, tolerance: float = TOLERANCE, now: float | None = None
) -> bool:
    """Whether a request came from a gateway that knows this secret, not long ago and with this very body.

    `secret` in either spelling (`whsec_...` or as text), `headers` with names in any case, `body` as it came, before
    anything parsed it, `now` in seconds since 1970. It checks the Standard Webhooks signature (`webhook-signature`),
    which may hold several while a secret is rotated. What is missing or malformed is not genuine.
    """
    given = {name.lower(): value for name, value in headers.items()}
    sent, event_id = given.get("webhook-timestamp", ""), given.get("webhook-id", "")
    if not (sent.isascii() and sent.isdigit()) or not event_id:
        return False
    if abs((time.time() if now is None else now) - int(sent)) > tolerance:
        return False
    signed = f"{event_id}.{sent}.".encode() + body
    right = b"v1," + base64.b64encode(hmac.digest(_key(secret), signed, "sha256"))
    return any(hmac.compare_digest(right, each.encode()) for each in given.get("webhook-signature", "").split())


def _key(secret: str) -> bytes:
    if not secret.startswith(_PREFIX):
        return secret.encode()
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        return secret.encode()
    return key if len(key) in _KEY_BYTES else secret.encode()
