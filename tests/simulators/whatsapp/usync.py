"""Asking the directory about people (`xmlns="usync"`): who is on WhatsApp, with which devices, LID, about, picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.simulators.whatsapp.connection import Connection
from tests.simulators.whatsapp.directory import Device, User
from tests.simulators.whatsapp.jid import JID
from tests.simulators.whatsapp.node import Node
from tests.simulators.whatsapp.refusals import Handler, Refused, refusing
from tests.simulators.whatsapp.world import Feature, World

_ANSWERED = frozenset({"contact", "devices", "lid", "status", "picture"})
_NOBODY_HAS = frozenset({"business", "bot", "username", "disappearing_mode", "sidelist"})
"""Asked for along with the rest; the people here have none of it, so it is left out as WhatsApp leaves it out."""


class Usync(Feature):
    """`picture_of` tells the id of a person's picture, if there is one."""

    def __init__(self, world: World, picture_of: Callable[[User], str | None]) -> None:
        super().__init__(world)
        self._picture_of = picture_of
        self.iq: Mapping[str, Handler] = {"usync": self._request}

    @refusing
    def _request(self, connection: Connection, request: Node) -> None:
        asker = connection.require_device()
        usync = request.child("usync")
        query, listed = request.child("usync", "query"), request.child("usync", "list")
        if usync is None or query is None or listed is None:
            raise Refused(400)
        wanted = {child.tag for child in query.children}
        unknown = wanted - _ANSWERED - _NOBODY_HAS
        if unknown:
            self.world.fault("unknown request", f"usync of {sorted(unknown)}")
        answers = [node for each in listed.all("user") if (node := self._about(asker, each, wanted)) is not None]
        attrs = {name: usync.get(name) for name in ("sid", "mode", "context")}
        content = [Node("result"), Node("list", {}, answers)]
        connection.result(request, [Node("usync", {**attrs, "last": "true", "index": "0"}, content)])

    def _about(self, asker: Device, asked: Node, wanted: set[str]) -> Node | None:
        contact = asked.child("contact")
        if contact is not None:
            return self._contact(contact.data().decode(), wanted)
        user = self.world.directory.find(asked.jid("jid").bare())
        if user is None:
            return None
        if "devices" in wanted:
            user.watchers[asker.pn] = asker
        return Node("user", {"jid": asked.get("jid")}, self._parts(user, asked.jid("jid"), wanted))

    def _contact(self, phone: str, wanted: set[str]) -> Node:
        """Whether a number, as somebody typed it, is on WhatsApp."""
        number = JID(phone.partition("@")[0].lstrip("+"))
        user = self.world.directory.find(number)
        answer = Node("contact", {"type": "in" if user is not None else "out"}, phone.encode())
        if user is None:
            return Node("user", {"jid": number, "pn_jid": number}, [answer])
        parts = self._parts(user, user.lid, wanted - {"devices"})
        return Node("user", {"jid": user.lid, "pn_jid": user.pn}, [answer, *parts])

    def _parts(self, user: User, jid: JID, wanted: set[str]) -> list[Node]:
        parts = []
        if "devices" in wanted:
            devices = [Node("device", {"id": "0"})]
            devices += [Node("device", {"id": str(each), "key-index": str(each)}) for each in sorted(user.devices)]
            listed = Node("device-list", {"hash": user.device_list_hash(jid.server)}, devices)
            parts.append(Node("devices", {}, [listed]))
        if "lid" in wanted:
            parts.append(Node("lid", {"val": user.lid}))
        if "status" in wanted:
            parts.append(Node("status", {}, user.status.encode()))
        picture = self._picture_of(user) if "picture" in wanted else None
        if picture is not None:
            parts.append(Node("picture", {"id": picture}))
        return parts
