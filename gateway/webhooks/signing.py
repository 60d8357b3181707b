"""Signatures: the legacy header of surface A and Standard Webhooks, from the one secret a person holds.

`X-Webhook-Signature` is the lower-case hex HMAC-SHA256 of the body, keyed with the secret's text (UTF-8). It signs no
timestamp, so a captured request can be replayed; `webhook-signature` is the better one to verify.

Standard Webhooks (https://github.com/standard-webhooks/standard-webhooks, spec 1.0) signs `id.timestamp.body` and
its libraries base64-decode whatever secret they are given. A free text such as `my secret!` would silently become
other bytes there, so such a secret is shown to people as `whsec_` and the base64 of its UTF-8 bytes too.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Sequence
from functools import lru_cache

_PREFIX = "whsec_"


def standard_secret(secret: str) -> str:
    """The secret as Standard Webhooks libraries want it; one that is in that form already stays as it is."""
    return secret if _decoded(secret) is not None else _PREFIX + base64.b64encode(secret.encode()).decode()


def legacy_signature(secret: str, body: bytes) -> str:
    """What goes into `X-Webhook-Signature`."""
    return hmac.digest(secret.encode(), body, "sha256").hex()


def standard_signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """One signature of the `webhook-signature` header. `timestamp` is in seconds."""
    signed = hmac.digest(_standard_key(secret), b"%b.%d.%b" % (message_id.encode(), timestamp, body), "sha256")
    return "v1," + base64.b64encode(signed).decode()


def signed_headers(secrets: Sequence[str], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers of one try. `secrets` has the current one first, then older ones that still sign along.

    Without a secret the id and the time go along unsigned. The legacy header holds one value, so it is always the
    current secret's: a receiver that only knows the old one has to verify the standard header.
    """
    headers = {"webhook-id": message_id, "webhook-timestamp": str(timestamp)}
    if secrets:
        headers["webhook-signature"] = " ".join(
            standard_signature(secret, message_id, timestamp, body) for secret in secrets
        )
        headers["X-Webhook-Signature"] = legacy_signature(secrets[0], body)
    return headers


@lru_cache(maxsize=4096)
def _standard_key(secret: str) -> bytes:
    decoded = _decoded(secret)
    return secret.encode() if decoded is None else decoded


def _decoded(secret: str) -> bytes | None:
    if not secret.startswith(_PREFIX):
        return None
    try:
        key = base64.b64decode(secret[len(_PREFIX) :], validate=True)
    except (binascii.Error, ValueError):
        return None
    # The specification asks for 24 to 64 bytes; a shorter match is a free text that happens to look like one.
    return key if 24 <= len(key) <= 64 else None
