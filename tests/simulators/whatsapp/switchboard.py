"""Which part of the network a stanza is for."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from tests.simulators.whatsapp.connection import Connection
from tests.simulators.whatsapp.features import Features
from tests.simulators.whatsapp.login import Login
from tests.simulators.whatsapp.node import Node
from tests.simulators.whatsapp.pairing import Pairing
from tests.simulators.whatsapp.pairing_code import PairingCode
from tests.simulators.whatsapp.phones import Phones
from tests.simulators.whatsapp.prekeys import Prekeys
from tests.simulators.whatsapp.receipts import Receipts
from tests.simulators.whatsapp.refusals import Handler, Refused, refusing
from tests.simulators.whatsapp.relay import Relay
from tests.simulators.whatsapp.usync import Usync
from tests.simulators.whatsapp.world import Feature, World

_NOT_IMPLEMENTED = (501, "feature-not-implemented")
_BROKEN = (500, "internal-server-error")


class Core(Feature):
    """Requests that belong to the connection itself."""

    def __init__(self, world: World, features: Features, login: Login, code: PairingCode) -> None:
        super().__init__(world)
        self._features = features
        self._login = login
        self._code = code
        self.iq: Mapping[str, Handler] = {
            "w:p": lambda connection, request: connection.result(request, t=str(int(time.time()))),
            "passive": self._passive,
            "md": self._devices,
            "urn:xmpp:whatsapp:dirty": lambda connection, request: connection.result(request),
        }
        self.stanzas: Mapping[str, Handler] = {
            "ack": lambda connection, node: connection.require_device().mail.acknowledge(node),
            "ib": lambda connection, node: None,
            "xmlstreamend": lambda connection, node: connection.close(),
        }

    def _passive(self, connection: Connection, request: Node) -> None:
        """The client is ready to receive; a new one gets keys and history from its phone now."""
        device = connection.require_device()
        connection.result(request)
        if request.child("active") is not None and not device.synced:
            device.synced = True
            self._features.linked(device)

    @refusing
    def _devices(self, connection: Connection, request: Node) -> None:
        removal, code = request.child("remove-companion-device"), request.child("link_code_companion_reg")
        if removal is not None:
            connection.result(request)
            self.world.stats["logout by the device"] += 1
            self._login.remove(connection.require_device())
        elif code is not None:
            self._code.request(connection, request, code)
        else:
            raise Refused(400)


class Switchboard:
    """Connections hand every stanza to this."""

    def __init__(self, world: World, features: Features) -> None:
        self.connections: set[Connection] = set()
        self.pairing = Pairing(world)
        self.code = PairingCode(world, self.pairing)
        self.login = Login(world)
        self._world = world
        relay, receipts = Relay(world, features, Phones(world, features)), Receipts(world, features)
        usync = Usync(world, lambda user: getattr(features.pictures.of(user), "id", None))
        parts: list[Feature] = [Core(world, features, self.login, self.code), Prekeys(world), usync, *features.all]
        self._requests: dict[str, Handler] = {xmlns: handler for part in parts for xmlns, handler in part.iq.items()}
        self._stanzas: dict[str, Handler] = {tag: handler for part in parts for tag, handler in part.stanzas.items()}
        self._stanzas.update({"message": relay.take, "receipt": receipts.take, "iq": self._iq})

    def opened(self, connection: Connection, client_key: bytes, payload: Any) -> None:
        self.connections.add(connection)
        if payload.HasField("username"):
            self.login.enter(connection, payload)
        elif not self.login.turned_away(connection, None):
            self.pairing.register(connection, payload.devicePairingData)

    def received(self, connection: Connection, node: Node) -> None:
        """Whatever a handler trips over is written down; the connection goes on."""
        if connection.device is None and not _is_for_a_candidate(connection, node):
            self._world.stats["stanza of nobody"] += 1
            return
        handler = self._stanzas.get(node.tag)
        if handler is None:
            self._world.fault("unknown stanza", repr(node))
            return
        try:
            handler(connection, node)
        except Exception as error:  # noqa: BLE001 - one broken stanza must not take the network down; tests read the list
            self._world.fault("simulator", f"{error!r} at {node!r}\n{traceback.format_exc()}")
            if node.tag == "iq":
                connection.refuse(node, *_BROKEN)

    def closed(self, connection: Connection) -> None:
        self.connections.discard(connection)
        if connection.candidate is not None:
            self.pairing.withdraw(connection.candidate)
        device = connection.device
        if device is not None and device.connection is connection:
            device.connection = None

    def _iq(self, connection: Connection, node: Node) -> None:
        if node.get("type") in ("result", "error"):
            self.pairing.answered(connection, node)
            return
        xmlns, phone = node.get("xmlns", ""), connection.device.user.phone if connection.device is not None else None
        self._world.stats[f"iq {node.get('type')} {xmlns}"] += 1
        handler = self._requests.get(xmlns)
        faults = self._world.faults
        refusal = faults.take("refuse_iq", phone, xmlns)
        if refusal is not None:
            connection.refuse(node, refusal.code, "refused-by-the-test")
        elif faults.take("lose_iq", phone, xmlns) is not None:
            return
        elif handler is None:
            self._world.fault("unknown request", repr(node))
            connection.refuse(node, *_NOT_IMPLEMENTED)
        elif (slow := faults.take("slow_iq", phone, xmlns)) is not None:
            asyncio.get_running_loop().call_later(slow.seconds, self._late, handler, connection, node)
        else:
            handler(connection, node)

    def _late(self, handler: Callable[[Connection, Node], None], connection: Connection, node: Node) -> None:
        if connection in self.connections:
            handler(connection, node)


def _is_for_a_candidate(connection: Connection, node: Node) -> bool:
    """A device that is not linked may ask to be, and ping; one whose login was refused is not heard at all."""
    if connection.candidate is None or node.tag != "iq":
        return False
    return node.get("type") in ("result", "error") or node.get("xmlns") in ("md", "w:p")
