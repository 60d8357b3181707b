"""What a caller may configure for a linked device; all of it is optional, because a scan links it and not a token.

    phoneNumber                  show a pairing code for this number next to the first QR code. Also phone
    online                       be seen as online while connected; the phone itself then gets no notifications
    rejectCalls                  turn every call down
    history                      false: take no messages from before the link
    paceMessagesPerMinute        at most so many messages a minute; 0 or absent: the deployment's setting
    paceFirstContactsPerMinute   at most so many chats a minute that never wrote to us
    paceJitter                   share by which the pauses vary, 0 to 1

Each name may be written in snake_case as well; other names are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

from gateway.domain.errors import InvalidInput
from gateway.domain.instances import Credentials

_TRUE, _FALSE = frozenset({"true", "1", "yes", "on"}), frozenset({"false", "0", "no", "off", ""})
_PHONE = re.compile(r"[1-9][0-9]{6,14}")
_PUNCTUATION = re.compile(r"[\s()+.\-]")
_FLAGS = ("online", "rejectCalls", "history")
_FIGURES = {"paceMessagesPerMinute": 10_000.0, "paceFirstContactsPerMinute": 10_000.0, "paceJitter": 1.0}


class WhatsAppConfig(Struct, frozen=True, kw_only=True):
    """A device's checked configuration."""

    phone: str | None = None
    online: bool = False
    reject_calls: bool = False
    history: bool = True


def check_config(config: Mapping[str, object]) -> Credentials:
    """What a caller configured, as values to be sealed. Raises InvalidInput naming the field."""
    values: dict[str, str | int | bool | None] = {}
    phone = _first(config, "phoneNumber", "phone_number", "phone")
    if phone not in (None, ""):
        values["phoneNumber"] = phone_digits(phone, field="phoneNumber")
    for name in _FLAGS:
        given = _first(config, name, _snake(name))
        if given is not None:
            values[name] = _flag(given, name)
    for name, most in _FIGURES.items():
        given = _first(config, name, _snake(name))
        if given not in (None, ""):
            values[name] = str(_figure(given, name, most))
    return Credentials(values=values)


def read_config(credentials: Credentials) -> WhatsAppConfig:
    """The typed form of what `check_config` made."""
    values = credentials.values
    phone = values.get("phoneNumber")
    return WhatsAppConfig(
        phone=str(phone) if phone else None,
        online=bool(values.get("online", False)),
        reject_calls=bool(values.get("rejectCalls", False)),
        history=bool(values.get("history", True)),
    )


def phone_digits(given: object, *, field: str) -> str:
    """A phone number with country code, as digits. Raises InvalidInput."""
    digits = _PUNCTUATION.sub("", given) if isinstance(given, str) else str(given)
    if _PHONE.fullmatch(digits) is None:
        raise InvalidInput("This is not a phone number with country code; write it like +49 151 23456789.", field=field)
    return digits


def _first(config: Mapping[str, object], *names: str) -> object:
    return next((config[name] for name in names if config.get(name) is not None), None)


def _snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda letter: "_" + letter[0].lower(), name)


def _flag(given: object, field: str) -> bool:
    if isinstance(given, bool):
        return given
    word = str(given).strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise InvalidInput(f"{field} must be true or false.", field=field)


def _figure(given: object, field: str, most: float) -> float:
    try:
        figure = float(str(given))
    except ValueError:
        figure = -1.0
    if isinstance(given, bool) or not 0 <= figure <= most:
        raise InvalidInput(f"{field} must be a number from 0 to {most:g}.", field=field)
    return figure
