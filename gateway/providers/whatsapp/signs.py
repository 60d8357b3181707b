"""What neonize tells about a connection itself, and which of it ends a session."""

from __future__ import annotations

from datetime import datetime, timedelta

from neonize.proto import Neonize_pb2 as wire

from gateway.providers.contract import BadCredentials, Interrupted, LoggedOut, Restricted
from gateway.providers.whatsapp.codes import Code
from gateway.providers.whatsapp.login import outdated

UNKNOWN_BAN = 3600.0
"""Seconds to stay away when WhatsApp does not say how long a ban lasts."""
AFTER_BAN = 5.0
"""Seconds after a ban's end before the next login, so that two clocks need not agree."""

_BANS = {
    wire.TemporaryBan.SEND_TO_TOO_MANY_PEOPLE: "it wrote to too many people who do not know it",
    wire.TemporaryBan.BLOCKED_BY_USERS: "too many people blocked it",
    wire.TemporaryBan.CREATED_TOO_MANY_GROUPS: "it made too many groups",
    wire.TemporaryBan.SENT_TOO_MANY_SAME_MESSAGE: "it sent the same message too often",
    wire.TemporaryBan.BROADCAST_LIST: "it used broadcast lists too much",
}
_DIALS_AGAIN = frozenset({wire.SERVICE_UNAVAILABLE, wire.INTERNAL_SERVER_ERROR})
"""Refusals after which whatsmeow connects again by itself."""
_TOLD_APART = frozenset(
    {wire.LOGGED_OUT, wire.MAIN_DEVICE_GONE, wire.UNKNOWN_LOGOUT, wire.TEMP_BANNED, wire.CLIENT_OUTDATED}
)
"""Refusals that come as events of their own as well."""


def ending_of(code: int, payload: bytes, now: datetime) -> Exception | None:
    """How the session ends by this event; None when it goes on."""
    match code:
        case Code.LOGGED_OUT:
            return _logged_out(wire.LoggedOut.FromString(payload))
        case Code.STREAM_REPLACED:
            return BadCredentials(
                "replaced",
                "Another program has connected as this device. Two owners break its encryption: stop the other one,"
                " then reconnect this instance.",
            )
        case Code.TEMPORARY_BAN:
            return _banned(wire.TemporaryBan.FromString(payload), now)
        case Code.CONNECT_FAILURE:
            return _refused(wire.ConnectFailure.FromString(payload))
        case Code.CLIENT_OUTDATED:
            return outdated()
        case _:
            return None


def dials_again(payload: bytes) -> str | None:
    """A refusal that whatsmeow waits out by itself, as a sentence; None for another."""
    failure = wire.ConnectFailure.FromString(payload)
    if failure.Reason not in _DIALS_AGAIN:
        return None
    return f"WhatsApp is not available right now ({failure.Message or 'no reason given'}); it is asked again."


def _logged_out(told: wire.LoggedOut) -> LoggedOut:
    if told.Reason == wire.MAIN_DEVICE_GONE:
        return LoggedOut("account_gone", "The phone's account is no longer on WhatsApp; link a phone again.")
    if told.OnConnect:
        return LoggedOut("logged_out", "The phone removed this device, or WhatsApp did; link it again.")
    return LoggedOut("logged_out", "The phone removed this device; link it again.")


def _banned(told: wire.TemporaryBan, now: datetime) -> Restricted:
    seconds = float(told.Expire)
    why = _BANS.get(told.Code, "WhatsApp gave no reason this version knows")
    return Restricted(
        "temporary_ban",
        f"WhatsApp banned this account for a while: {why}. It connects again by itself when the ban ends.",
        until=now + timedelta(seconds=seconds) if seconds else None,
        retry_after=(seconds or UNKNOWN_BAN) + AFTER_BAN,
    )


def _refused(told: wire.ConnectFailure) -> Exception | None:
    if told.Reason in _DIALS_AGAIN or told.Reason in _TOLD_APART:
        return None
    name = wire.ConnectFailureReason.Name(told.Reason) if told.Reason else "unknown"
    return Interrupted(
        "refused", f"WhatsApp refused the connection ({told.Message or name.lower()}).", retry_after=60.0
    )
