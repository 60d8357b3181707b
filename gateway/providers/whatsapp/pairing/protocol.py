"""What the gateway and the pairing process say to each other: one JSON object a line, over pipes."""

from __future__ import annotations

from typing import TypeAlias

import msgspec
from msgspec import Struct


class Pair(Struct, frozen=True, kw_only=True, tag="pair", tag_field="say"):
    """Show codes for a device store. What WhatsApp tells the new device before we let go of it goes to `spool`."""

    id: str
    store_name: str
    spool: str
    history: bool
    device_name: str
    proxy: str | None = None


class GiveCode(Struct, frozen=True, kw_only=True, tag="give_code", tag_field="say"):
    """Ask for the code to type on the phone with this number."""

    id: str
    phone: str


class GiveUp(Struct, frozen=True, kw_only=True, tag="give_up", tag_field="say"):
    """Nobody wants this pairing any more."""

    id: str


class Scan(Struct, frozen=True, kw_only=True, tag="scan", tag_field="say"):
    """A QR code to show, until the next one comes."""

    id: str
    qr_code: str


class Type(Struct, frozen=True, kw_only=True, tag="type", tag_field="say"):
    """The code to type, or why there is none."""

    id: str
    pairing_code: str = ""
    error: str = ""


class Linked(Struct, frozen=True, kw_only=True, tag="linked", tag_field="say"):
    """The device is linked, its keys are in the store, and the pairing process has let go of it."""

    id: str


class Failed(Struct, frozen=True, kw_only=True, tag="failed", tag_field="say"):
    """The pairing is over. `reason` is whatsmeow's word (`timeout`, `err-client-outdated`, ...) or an error's text."""

    id: str
    reason: str


Wish: TypeAlias = Pair | GiveCode | GiveUp
News: TypeAlias = Scan | Type | Linked | Failed

_encoder = msgspec.json.Encoder()
wish_decoder = msgspec.json.Decoder(Wish)
news_decoder = msgspec.json.Decoder(News)


def line(said: Wish | News) -> bytes:
    """One line of the conversation."""
    return _encoder.encode(said) + b"\n"
