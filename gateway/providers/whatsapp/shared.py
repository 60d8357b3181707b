"""What all WhatsApp sessions of this process have in common."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from gateway.kit.egress import Egress
from gateway.providers.whatsapp.link import Turns
from gateway.providers.whatsapp.pairing.desk import PairingDesk


class Shared(Struct, frozen=True, kw_only=True):
    """Handed to every session."""

    folder: Path
    """Where the device stores lie, one folder for each instance."""
    turns: Turns
    desk: PairingDesk
    egress: Egress
    """For link previews."""
    proxy: str | None
    device_name: str
    """What the phone calls this device in its list."""
    history_days: int
    history_messages: int
    probe_seconds: float
