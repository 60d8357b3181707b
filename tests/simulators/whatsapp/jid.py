"""Addresses on WhatsApp's wire: a user (or group, or nothing) at a server, and which of the user's devices."""

from __future__ import annotations

from typing import NamedTuple, Self

PHONE = "s.whatsapp.net"
LID = "lid"
GROUP = "g.us"
NEWSLETTER = "newsletter"
BROADCAST = "broadcast"


class JID(NamedTuple):
    """Device 0 is the phone; linked devices count from 1. Without a user it is the server itself."""

    user: str = ""
    server: str = PHONE
    device: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """`user:device@server`, `user@server` or `server`."""
        user, at, server = text.partition("@")
        if not at:
            return cls("", text)
        user, _, device = user.partition(":")
        return cls(user, server, int(device or 0))

    @property
    def is_person(self) -> bool:
        return bool(self.user) and self.server in (PHONE, LID, "c.us")

    def bare(self) -> JID:
        """The account, whichever device this is."""
        return JID(self.user, self.server) if self.device else self

    def with_device(self, device: int) -> JID:
        return JID(self.user, self.server, device)

    def __str__(self) -> str:
        if not self.user:
            return self.server
        device = f":{self.device}" if self.device else ""
        return f"{self.user}{device}@{self.server}"


SERVER = JID("", PHONE)
STATUS = JID("status", BROADCAST)
