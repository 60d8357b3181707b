"""What neonize raises, as the gateway's refusals. The texts are whatsmeow's own (errors.go, send.go, request.go)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from gateway.domain.errors import GatewayError, NetworkRefused, NetworkUnreachable, NotFound, TooManyRequests

RATE_PAUSE: Final = 30.0
"""Seconds to wait when WhatsApp says that it is too much and not for how long."""

REACH_OUT_LOCK: Final = "reach_out_lock"

_STATUS = re.compile(r"(?:server returned error|info query returned status|failed with status code)\s+(\d{3})")
_NOT_SENT: Final = (
    "websocket not connected",
    "the store doesn't contain a device jid",
    "client is nil",
    "no such host",
    "connection refused",
    "network is unreachable",
    "no route to host",
    "failed to refresh media connections",
)
_UNKNOWN: Final = (
    "websocket disconnected before",
    "timed out waiting for message",
    "info query timed out",
    "context deadline exceeded",
    "context canceled",
    "connection reset",
    "broken pipe",
    "i/o timeout",
    "unexpected eof",
    "use of closed network connection",
)
_SENTENCES: Final[tuple[tuple[str, type[GatewayError], str, str], ...]] = (
    ("no lid found", NetworkRefused, "not_on_whatsapp", "This number is not on WhatsApp."),
    ("that group does not exist", NotFound, "not_found", "There is no such group."),
    ("you're not participating in that group", NotFound, "not_in_group", "This account is not in that group."),
    ("invite link is not valid", NetworkRefused, "invite_invalid", "This invite link is not valid."),
    ("invite link has been revoked", NetworkRefused, "invite_revoked", "This invite link was replaced by another."),
    ("don't have the permission", NetworkRefused, "not_allowed", "Only the group's administrators may do that."),
    ("hidden their profile picture", NetworkRefused, "hidden", "This person shows no picture to this account."),
    (
        "without pushname set",
        NetworkRefused,
        "no_name_yet",
        "The phone has not told this device the account's name yet; try again in a minute.",
    ),
    ("not a valid image", NetworkRefused, "bad_image", "WhatsApp does not take this picture; send a JPEG."),
)
_STATUSES: Final[dict[int, tuple[type[GatewayError], str, str]]] = {
    400: (NetworkRefused, "network_refused", "WhatsApp does not take this request."),
    401: (NetworkRefused, "not_allowed", "This account may not do that; only administrators of the group may."),
    403: (NetworkRefused, "not_allowed", "WhatsApp does not allow this account to do that."),
    404: (NotFound, "not_found", "WhatsApp knows no such thing."),
    405: (NetworkRefused, "not_allowed", "WhatsApp does not allow that here."),
    406: (NetworkRefused, "not_acceptable", "WhatsApp does not take this value; it may be too long."),
    409: (NetworkRefused, "conflict", "WhatsApp says that this is so already."),
    410: (NotFound, "gone", "This no longer exists."),
    419: (NetworkRefused, "limit_reached", "WhatsApp's limit for that is reached."),
    420: (NetworkRefused, "not_on_whatsapp", "WhatsApp does not deliver to this address."),
    463: (
        NetworkRefused,
        REACH_OUT_LOCK,
        "WhatsApp does not let this account write to new people for now; existing chats go on. Wait, and send less.",
    ),
    479: (NetworkRefused, "network_refused", "WhatsApp does not take this message."),
}


@contextmanager
def refusals(what: str) -> Iterator[None]:
    """Around a call of neonize: its errors leave as ours. `what` completes the sentence "WhatsApp did not ..."."""
    try:
        yield
    except GatewayError:
        raise
    except Exception as error:
        from neonize.exc import NeonizeError

        if not isinstance(error, NeonizeError):
            raise
        raise refusal_of(str(error), what) from None


def refusal_of(text: str, what: str) -> GatewayError:
    """The refusal behind an error's text."""
    lower = text.lower()
    if any(part in lower for part in _NOT_SENT):
        return NetworkUnreachable("WhatsApp is not connected right now; try again in a moment.", maybe_sent=False)
    if any(part in lower for part in _UNKNOWN):
        return NetworkUnreachable(f"WhatsApp did not {what} in time; look before you repeat it.", maybe_sent=True)
    if "rate-overlimit" in lower or _status(lower) == 429:
        return TooManyRequests("WhatsApp asks this account to slow down.", retry_after=RATE_PAUSE)
    for part, kind, code, sentence in _SENTENCES:
        if part in lower:
            return kind(sentence, code=code)
    status = _status(lower)
    if status is not None and status in _STATUSES:
        kind, code, sentence = _STATUSES[status]
        return kind(sentence, code=code)
    if status is not None and status >= 500:
        return NetworkUnreachable(f"WhatsApp could not {what} right now ({status}).", maybe_sent=True)
    return NetworkRefused(f"WhatsApp did not {what}{f' ({status})' if status else ''}.")


def _status(text: str) -> int | None:
    found = _STATUS.search(text)
    return int(found[1]) if found else None
