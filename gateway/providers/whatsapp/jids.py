"""Addresses: what callers write, what the gateway keeps, and WhatsApp's JIDs. Pure.

One canonical text for everything: `<phone digits>@s.whatsapp.net` or `<n>@lid` for a person, `<id>@g.us` for a group,
`<id>@newsletter` for a channel, `status@broadcast` for statuses. The device and agent parts of a JID
(`user.agent:device@server`) name one of a person's devices and are no part of an address.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from gateway.domain.errors import InvalidInput
from gateway.domain.ids import Address
from gateway.domain.messages import ChatKind

if TYPE_CHECKING:
    from neonize.proto.Neonize_pb2 import JID

PHONE: Final = "s.whatsapp.net"
LID: Final = "lid"
GROUP: Final = "g.us"
NEWSLETTER: Final = "newsletter"
BROADCAST: Final = "broadcast"

STATUS: Final = Address(f"status@{BROADCAST}")
"""Where status updates are said."""

MIN_DIGITS: Final = 5
MAX_DIGITS: Final = 15
"""Of a phone number with its country code (E.164)."""

_SERVERS: Final = {"c.us": PHONE, "hosted": PHONE, "hosted.lid": LID}
"""Other names of the servers: the old one of WhatsApp Web, and those of accounts hosted by Meta."""

_OLD_GROUP: Final = re.compile(r"\d{5,15}-\d{10}", re.ASCII)
"""A group's id before 2021: its founder's number and the second of its birth."""
_GROUP_ID: Final = re.compile(r"\d{5,15}-\d{10}|\d{10,25}", re.ASCII)
_NUMBER: Final = re.compile(r"\d{1,25}", re.ASCII)
_PHONE_DEVICE: Final = re.compile(r"(?<=\d)(\.\d{1,2})?:\d{1,3}$", re.ASCII)
"""The device behind a number in a caller's JID. A point alone may be punctuation, so only a colon tells."""
_DEVICE: Final = re.compile(r"[.:_]\d+", re.ASCII)


def normalise(text: str, *, field: str = "to") -> Address:
    """The canonical address a caller means. A group's id never becomes a person.

    Accepts a phone number with its country code in any punctuation, and ids at `@s.whatsapp.net`, `@c.us`, `@lid`,
    `@g.us`, `@newsletter` and `status@broadcast`. Raises InvalidInput naming `field`.
    """
    user, at, server = text.strip().rpartition("@")
    if not at:
        return _phone(server, field)
    server = server.lower()
    server = _SERVERS.get(server, server)
    if server == PHONE:
        return _phone(_PHONE_DEVICE.sub("", user), field)
    if server == LID:
        number = _DEVICE.sub("", user)
        return _checked(
            _NUMBER, number, server, f"{_quoted(text)} is no WhatsApp id; digits belong before @lid.", field
        )
    if server == GROUP:
        return _checked(_GROUP_ID, user, server, f"{_quoted(text)} is no group; digits belong before @g.us.", field)
    if server == NEWSLETTER:
        sentence = f"{_quoted(text)} is no channel; digits belong before @newsletter."
        return _checked(_NUMBER, user, server, sentence, field)
    if f"{user.lower()}@{server}" == STATUS:
        return STATUS
    raise InvalidInput(
        f"{_quoted(text)} is no address on WhatsApp; use a phone number with country code, or an id that ends in "
        "@s.whatsapp.net, @lid, @g.us or @newsletter.",
        field=field,
    )


def to_jid(address: str, *, field: str = "to") -> JID:
    """The JID of an address, in whatever form `normalise` takes. Raises InvalidInput naming `field`."""
    # Here, so that reading an address costs nothing before the first session runs.
    from neonize.proto.Neonize_pb2 import JID

    user, _, server = normalise(address, field=field).partition("@")
    return JID(User=user, RawAgent=0, Device=0, Integrator=0, Server=server, IsEmpty=False)


def address_of(jid: JID) -> Address | None:
    """The address of a JID as the network told it; None for an empty one."""
    return _canonical(jid.User, jid.Server)


def address_of_text(text: str) -> Address | None:
    """The address in a JID's text form, as the network writes it in mentions, keys and histories; None for none."""
    user, at, server = text.strip().rpartition("@")
    return _canonical(user, server) if at else None


def is_phone(address: str) -> bool:
    """Whether it is a person's address with their phone number."""
    return address.endswith(f"@{PHONE}")


def is_lid(address: str) -> bool:
    """Whether it is a person's address that hides their phone number."""
    return address.endswith(f"@{LID}")


def is_group(address: str) -> bool:
    """Whether it is a group."""
    return address.endswith(f"@{GROUP}")


def is_newsletter(address: str) -> bool:
    """Whether it is a channel."""
    return address.endswith(f"@{NEWSLETTER}")


def kind_of(address: str) -> ChatKind:
    """What kind of chat an address is. Statuses are told to whoever follows them, as a channel is."""
    if is_newsletter(address) or address == STATUS:
        return ChatKind.CHANNEL
    if is_group(address) or address.endswith(f"@{BROADCAST}"):
        return ChatKind.GROUP
    return ChatKind.PRIVATE


def _phone(text: str, field: str) -> Address:
    if any(character.isalnum() and character not in "0123456789" for character in text):
        raise InvalidInput(f"{_quoted(text)} is no phone number; write it with country code, in digits.", field=field)
    if _OLD_GROUP.fullmatch(text):
        return Address(f"{text}@{GROUP}")
    # Whatever is left is punctuation; people paste numbers with no-break spaces and direction marks in them.
    digits = "".join(character for character in text if character.isdigit())
    if digits.startswith("00"):
        digits = digits.removeprefix("00")
    if len(digits) > MAX_DIGITS:
        raise InvalidInput(
            f"{_quoted(text)} is too long for a phone number; if it is a group or a channel, add @g.us or @newsletter.",
            field=field,
        )
    if len(digits) < MIN_DIGITS or digits.startswith("0"):
        raise InvalidInput(
            f"{_quoted(text)} is no international phone number; begin with the country code, such as 4915100000002.",
            field=field,
        )
    return Address(f"{digits}@{PHONE}")


def _checked(pattern: re.Pattern[str], user: str, server: str, sentence: str, field: str) -> Address:
    if not pattern.fullmatch(user):
        raise InvalidInput(sentence, field=field)
    return Address(f"{user}@{server}")


def _canonical(user: str, server: str) -> Address | None:
    server = _SERVERS.get(server, server)
    if server in (PHONE, LID):
        user = _DEVICE.sub("", user)
    user = user.replace("\0", "")
    return Address(f"{user}@{server}") if user and server else None


def _quoted(text: str) -> str:
    return f"'{text}'" if len(text) <= 60 else f"'{text[:60]}...'"
