"""What an account decides about others: its block list, its privacy settings and whom it trusts.

`blocklist`, `privacy`, `status` and `disappearing_mode` requests. A change is told to the account's other devices; a
token of trust goes to the person trusted, who shows it when asking for presence.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.simulators.whatsapp.connection import Connection
from tests.simulators.whatsapp.directory import Device, User
from tests.simulators.whatsapp.jid import JID
from tests.simulators.whatsapp.node import Node
from tests.simulators.whatsapp.refusals import Handler, Refused, refusing
from tests.simulators.whatsapp.world import Feature, World

CHOICES: Mapping[str, frozenset[str]] = {
    "groupadd": frozenset({"all", "contacts", "contact_blacklist", "none"}),
    "last": frozenset({"all", "contacts", "contact_blacklist", "none"}),
    "status": frozenset({"all", "contacts", "contact_blacklist", "none"}),
    "profile": frozenset({"all", "contacts", "contact_blacklist", "none"}),
    "readreceipts": frozenset({"all", "none"}),
    "online": frozenset({"all", "match_last_seen"}),
    "calladd": frozenset({"all", "known"}),
    "messages": frozenset({"all", "contacts"}),
    "defense": frozenset({"off", "on_standard"}),
    "stickers": frozenset({"contacts", "contact_allowlist", "none"}),
}

_DEFAULTS = dict.fromkeys(CHOICES, "all") | {"defense": "off", "stickers": "contacts"}


@dataclass
class Choices:
    """One account's decisions."""

    settings: dict[str, str] = field(default_factory=lambda: dict(_DEFAULTS))
    blocked: dict[str, User] = field(default_factory=dict)
    trusted: dict[str, bytes] = field(default_factory=dict)  # phone -> the token given to that person
    disappearing: int = 0

    @property
    def digest(self) -> str:
        return hashlib.sha256(",".join(sorted(self.blocked)).encode()).hexdigest()[:16]


class Privacy(Feature):
    """Every account's decisions."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._accounts: dict[str, Choices] = {}
        self.iq: Mapping[str, Handler] = {
            "blocklist": self._blocklist,
            "privacy": self._privacy,
            "status": self._status,
            "disappearing_mode": self._disappearing,
        }

    def of(self, user: User) -> Choices:
        return self._accounts.setdefault(user.phone, Choices())

    def has_blocked(self, user: User, other: User) -> bool:
        """Whether messages of `other` do not reach `user`."""
        return other.phone in self.of(user).blocked

    # What people do on their phones

    def block(self, user: User, other: User, *, blocked: bool = True, but: Device | None = None) -> None:
        choices = self.of(user)
        before = choices.digest
        if blocked:
            choices.blocked[other.phone] = other
        else:
            choices.blocked.pop(other.phone, None)
        attrs = {"action": "modify", "dhash": choices.digest, "prev_dhash": before}
        item = Node("item", {"jid": other.lid, "pn_jid": other.pn, "action": "block" if blocked else "unblock"})
        self._tell(user, Node("blocklist", attrs, [item]), but)

    def choose(self, user: User, name: str, value: str, but: Device | None = None) -> None:
        """Change one setting; raises Refused for a name or value WhatsApp does not know."""
        if value not in CHOICES.get(name, frozenset()):
            raise Refused(400)
        self.of(user).settings[name] = value
        self._tell(user, Node("privacy", {}, [Node("category", {"name": name, "value": value})]), but)

    def trust(self, user: User, other: User) -> bytes:
        """`user` gives `other` a token of trust; the devices of `other` are handed it."""
        token = self.of(user).trusted.setdefault(other.phone, secrets.token_bytes(16))
        for device in list(other.devices.values()):
            attrs = {"jid": other.lid, "t": str(int(time.time())), "type": "trusted_contact"}
            content = [Node("tokens", {}, [Node("token", attrs, token)])]
            self._notify(device, "privacy_token", user.lid, content)
        return token

    # What a client asks

    @refusing
    def _blocklist(self, connection: Connection, request: Node) -> None:
        device = connection.require_device()
        user = device.user
        if request.get("type") == "set":
            item = request.child("item")
            other = self.world.directory.find(item.jid("jid").bare()) if item is not None else None
            if item is None or other is None or item.get("action") not in ("block", "unblock"):
                raise Refused(400)
            self.block(user, other, blocked=item.get("action") == "block", but=device)
        choices = self.of(user)
        items = [Node("item", {"jid": other.lid, "pn_jid": other.pn}) for other in choices.blocked.values()]
        connection.result(request, [Node("list", {"dhash": choices.digest}, items)])

    @refusing
    def _privacy(self, connection: Connection, request: Node) -> None:
        device = connection.require_device()
        user = device.user
        tokens = request.child("tokens")
        if tokens is not None:
            for token in tokens.all("token"):
                other = self.world.directory.find(token.jid("jid").bare())
                if other is not None:
                    self.trust(user, other)
            connection.result(request, [])
            return
        asked = request.child("privacy")
        if asked is None:
            raise Refused(400)
        if request.get("type") == "set":
            for category in asked.all("category"):
                self.choose(user, category.get("name", ""), category.get("value", ""), but=device)
        settings = self.of(user).settings.items()
        answer = Node("privacy", {}, [Node("category", {"name": name, "value": value}) for name, value in settings])
        connection.result(request, [answer])

    @refusing
    def _status(self, connection: Connection, request: Node) -> None:
        """Who sees status posts (here always: all contacts); older clients also set their about text with it."""
        device = connection.require_device()
        text = request.child("status")
        if request.get("type") == "get":
            lists = [Node("list", {"type": "contacts", "default": "true"})]
            connection.result(request, [Node("privacy", {}, lists)])
        elif text is not None:
            device.user.status = text.data().decode()
            connection.result(request, [])
        else:
            raise Refused(400)

    @refusing
    def _disappearing(self, connection: Connection, request: Node) -> None:
        mode = request.child("disappearing_mode")
        user = connection.require_device().user
        if request.get("type") == "set":
            if mode is None:
                raise Refused(400)
            self.of(user).disappearing = int(mode.get("duration", "0"))
        connection.result(request, [Node("disappearing_mode", {"duration": str(self.of(user).disappearing)})])

    def _tell(self, user: User, change: Node, but: Device | None) -> None:
        for device in list(user.devices.values()):
            if device is not but:
                self._notify(device, "account_sync", user.pn, [change])

    def _notify(self, device: Device, kind: str, source: JID, content: list[Node]) -> None:
        attrs = {"from": source, "type": kind, "id": secrets.token_hex(5).upper(), "t": str(int(time.time()))}
        self.world.push(device, Node("notification", attrs, content))
