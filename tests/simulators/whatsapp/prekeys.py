"""Requests about keys (`xmlns="encrypt"`): a device stocks its one-time keys, others take them, each once."""

from __future__ import annotations

import time
from collections.abc import Mapping

from tests.simulators.whatsapp.connection import Connection
from tests.simulators.whatsapp.curve import DJB, verify
from tests.simulators.whatsapp.directory import Device
from tests.simulators.whatsapp.jid import JID
from tests.simulators.whatsapp.node import Node
from tests.simulators.whatsapp.refusals import Handler, Refused, refusing
from tests.simulators.whatsapp.signal.session import Bundle
from tests.simulators.whatsapp.world import Feature, World

KEY_TYPE = b"\x05"


class Prekeys(Feature):
    """The stock of every linked device; phones make theirs when asked."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.iq: Mapping[str, Handler] = {"encrypt": self._request}

    @refusing
    def _request(self, connection: Connection, request: Node) -> None:
        device = connection.require_device()
        if request.get("type") == "set":
            self._stock(device, request)
            connection.result(request)
        elif request.child("count") is not None:
            connection.result(request, [Node("count", {"value": str(len(device.one_time))})])
        elif (asked := request.child("key")) is not None:
            answers = [self._hand_out(user.jid("jid")) for user in asked.all("user")]
            connection.result(request, [Node("list", {}, answers)])
        else:
            raise Refused(400)

    def _stock(self, device: Device, request: Node) -> None:
        signed = request.child("skey")
        if signed is not None:
            number, public = _key(signed)
            signature = signed.child("signature")
            if signature is None or not verify(device.identity, DJB + public, signature.data()):
                self.world.fault("rule", f"{device.pn} published a signed prekey that it did not sign")
                raise Refused(406)
            device.signed_id, device.signed, device.signature = number, public, signature.data()
        fresh = request.child("list")
        if fresh is not None:
            device.one_time.update(_key(each) for each in fresh.all("key"))

    def _hand_out(self, jid: JID) -> Node:
        user = self.world.directory.find(jid.bare())
        device = user.devices.get(jid.device) if user is not None else None
        if user is None or (jid.device and device is None):
            return Node("user", {"jid": jid}, [Node("error", {"code": "404", "text": "item-not-found"})])
        bundle = device.take_bundle() if device is not None else user.handset.party.bundle()
        if device is not None:
            self.world.messages.ask_for_prekeys(device)
        return Node("user", {"jid": jid, "t": str(int(time.time()))}, bundle_nodes(bundle))


def bundle_nodes(bundle: Bundle) -> list[Node]:
    """A bundle as stanzas carry it."""
    signed = [
        Node("id", {}, bundle.signed_id.to_bytes(3, "big")),
        Node("value", {}, bundle.signed),
        Node("signature", {}, bundle.signature),
    ]
    nodes = [
        Node("registration", {}, bundle.registration_id.to_bytes(4, "big")),
        Node("type", {}, KEY_TYPE),
        Node("identity", {}, bundle.identity),
        Node("skey", {}, signed),
    ]
    if bundle.one_time is not None:
        number = Node("id", {}, bundle.one_time.id.to_bytes(3, "big"))
        nodes.append(Node("key", {}, [number, Node("value", {}, bundle.one_time.public)]))
    return nodes


def _key(node: Node) -> tuple[int, bytes]:
    number, value = node.child("id"), node.child("value")
    if number is None or value is None:
        raise Refused(400)
    return int.from_bytes(number.data(), "big"), value.data()
