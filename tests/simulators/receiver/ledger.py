"""What was received: signatures verified, duplicates and disorder counted."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections import Counter, deque
from functools import cached_property
from typing import Any

import msgspec
from msgspec import Struct

# Where payload formats put the conversation; the first one found, on top or inside `data`, is the key for order.
CONVERSATION_KEYS = ("conversation", "conversation_id", "chat_id", "chatId", "chat")


class Received(Struct, kw_only=True, dict=True):
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes
    at: float
    """Unix time in seconds."""
    answered: int | None
    """The status it was given, None when it was given no whole answer."""
    legacy_signature: bool | None
    """Whether `X-Webhook-Signature` is right; None without the header or without a secret to check it with."""
    standard_signature: bool | None
    """The same for the Standard Webhooks headers."""

    @property
    def webhook_id(self) -> str | None:
        return self.headers.get("webhook-id")

    def json(self) -> Any:
        return self._decoded

    @cached_property
    def _decoded(self) -> Any:  # once: a test that waits reads all that has come again and again
        return msgspec.json.decode(self.body)


class Stats(Struct, frozen=True, kw_only=True):
    """Totals since the start or the last `reset`."""

    requests: int
    accepted: int
    """Requests answered 2xx."""
    unique: int
    """Different (path, webhook-id) among the accepted."""
    duplicates: int
    """Accepted requests whose webhook-id the path had accepted before: what at-least-once costs the receiver."""
    disorder: int
    """First acceptances whose `sequence` is not above the conversation's last one."""
    bad_signatures: int
    """Requests to a path with a known secret that carry a wrong signature, or none."""
    connections: int
    bytes_sent: int
    """Bytes of endless answers that the other side let us write."""
    paths: dict[str, int]


class Ledger:
    """The book of one receiver. `keep` bounds how many requests are remembered whole; totals are never bounded."""

    def __init__(self, keep: int) -> None:
        self.secrets: dict[str, tuple[bytes, ...]] = {}
        self.requests: deque[Received] = deque(maxlen=keep)
        self.clear()

    def clear(self) -> None:
        self.requests.clear()
        self.total = 0
        self.accepted = 0
        self.accepted_ids: Counter[tuple[str, str]] = Counter()
        self.duplicates = 0
        self.disorder = 0
        self.bad_signatures = 0
        self.connections = 0
        self.bytes_sent = 0
        self.paths: Counter[str] = Counter()
        self._last_sequence: dict[tuple[str, str], int] = {}

    def enter(
        self, method: str, path: str, headers: dict[str, str], body: bytes, *, status: int | None, accepted: bool
    ) -> None:
        """Take down one request and what it was given."""
        legacy = standard = None
        secrets = self.secrets.get(path)
        if secrets:
            legacy = _legacy(secrets, headers, body)
            standard = _standard(secrets, headers, body)
            if legacy is False or standard is False or (legacy is None and standard is None):
                self.bad_signatures += 1
        self.total += 1
        self.paths[path] += 1
        if accepted:
            self.accepted += 1
            self._accept(path, headers.get("webhook-id"), body)
        self.requests.append(
            Received(
                method=method,
                path=path,
                headers=headers,
                body=body,
                at=time.time(),
                answered=status,
                legacy_signature=legacy,
                standard_signature=standard,
            )
        )

    def stats(self) -> Stats:
        return Stats(
            requests=self.total,
            accepted=self.accepted,
            unique=len(self.accepted_ids),
            duplicates=self.duplicates,
            disorder=self.disorder,
            bad_signatures=self.bad_signatures,
            connections=self.connections,
            bytes_sent=self.bytes_sent,
            paths=dict(self.paths),
        )

    def _accept(self, path: str, webhook_id: str | None, body: bytes) -> None:
        if webhook_id is not None:
            self.accepted_ids[path, webhook_id] += 1
            if self.accepted_ids[path, webhook_id] > 1:
                self.duplicates += 1
                return
        conversation, sequence = _place(body)
        if sequence is not None:
            key = (path, conversation)
            if sequence <= self._last_sequence.get(key, -1):
                self.disorder += 1
            else:
                self._last_sequence[key] = sequence


def _place(body: bytes) -> tuple[str, int | None]:
    if b'"sequence"' not in body:
        return "", None
    try:
        payload = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return "", None
    inner = payload.get("data") if isinstance(payload, dict) else None
    layers = [layer for layer in (payload, inner) if isinstance(layer, dict)]
    sequence = next((layer["sequence"] for layer in layers if isinstance(layer.get("sequence"), int)), None)
    keys = (str(layer[key]) for layer in layers for key in CONVERSATION_KEYS if key in layer)
    return next(keys, ""), sequence


def _legacy(secrets: tuple[bytes, ...], headers: dict[str, str], body: bytes) -> bool | None:
    given = headers.get("x-webhook-signature")
    if given is None:
        return None
    # One value fits in this header, so it is made with the current secret alone: the first.
    return hmac.compare_digest(hmac.new(secrets[0], body, hashlib.sha256).hexdigest().encode(), given.encode())


def _standard(secrets: tuple[bytes, ...], headers: dict[str, str], body: bytes) -> bool | None:
    given = headers.get("webhook-signature")
    if given is None:
        return None
    signed = f"{headers.get('webhook-id', '')}.{headers.get('webhook-timestamp', '')}.".encode() + body
    right = {b"v1," + base64.b64encode(hmac.digest(secret, signed, "sha256")) for secret in secrets}
    return any(hmac.compare_digest(one, each.encode()) for each in given.split(" ") for one in right)
