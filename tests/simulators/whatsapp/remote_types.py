"""What a simulator in another process answers, as values."""

from __future__ import annotations

from typing import Any

import msgspec


class RemotePerson(msgspec.Struct, frozen=True, kw_only=True):
    """An account; `lid` is the user part of its LID."""

    phone: str
    lid: str
    name: str


class RemoteDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A linked device as the network sees it.

    `delivered` are the ids of messages the network will never send again, because the device acknowledged them;
    `waiting` counts stanzas it has not acknowledged; `prekeys` are its one-time keys that are left.
    """

    id: int
    online: bool
    waiting: int
    delivered: list[str]
    prekeys: int


class RemoteSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A message that a person's phone decrypted.

    `kind` is text, image, video, gif, audio, voice, document, sticker, location, contact, poll, vote, reaction, edit,
    revoke, protocol:<name> or the name of the protobuf field. `chat` is a JID: where the sender wrote it. `context`
    has reply_to, reply_author, mentions, forwarded; `details` what else the kind has; `raw` is the base64 of the
    protobuf Message; `stanza` the attributes around it.
    """

    id: str
    sender: str
    device: int
    chat: str
    at: float
    kind: str
    text: str
    context: dict[str, Any]
    details: dict[str, Any]
    stanza: dict[str, str]
    raw: str


class RemoteReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt that reached a phone: delivered, inactive (the same, of an idle client), read, played, retry."""

    id: str
    type: str
    sender: str
    at: float


class RemoteUsage(msgspec.Struct, frozen=True, kw_only=True):
    """`rss` in bytes, `cpu` in seconds since the start."""

    rss: int
    cpu: float
    connections: int
    at: float


class RemoteProblem(msgspec.Struct, frozen=True, kw_only=True):
    """See world.Problem."""

    kind: str
    text: str


class RemoteFlood(msgspec.Struct, frozen=True, kw_only=True):
    """What a flood did: how many messages, in how many seconds, with which ids."""

    sent: int
    seconds: float
    ids: list[str]
