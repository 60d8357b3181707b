"""Calls as far as a linked device takes part: it hears them ring and end, and may decline them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass

from tests.simulators.whatsapp.connection import Connection
from tests.simulators.whatsapp.directory import User
from tests.simulators.whatsapp.node import Node
from tests.simulators.whatsapp.refusals import Handler
from tests.simulators.whatsapp.world import Feature, World


@dataclass
class Call:
    """One call. `state` is ringing, rejected or ended."""

    id: str
    caller: User
    callee: User
    video: bool
    state: str = "ringing"
    reason: str = ""


class Calls(Feature):
    """Calls by id."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.all: dict[str, Call] = {}
        self.stanzas: Mapping[str, Handler] = {"call": self._from_client}

    def offer(self, caller: User, callee: User, *, video: bool = False) -> Call:
        """It rings on every device of the callee."""
        call = Call(secrets.token_hex(16).upper(), caller, callee, video)
        self.all[call.id] = call
        media = [Node("audio", {"enc": "opus", "rate": "16000"})]
        if video:
            media.append(Node("video", {"enc": "h264", "orientation": "0"}))
        self._ring(call, Node("offer", {"caller_pn": caller.pn}, media))
        return call

    def terminate(self, call: Call, reason: str = "timeout") -> None:
        """It stops ringing: the caller gave up (timeout) or another device took it (accepted_elsewhere)."""
        call.state, call.reason = "ended", reason
        self._ring(call, Node("terminate", {"reason": reason}))

    def _ring(self, call: Call, child: Node) -> None:
        child.attrs.update({"call-id": call.id, "call-creator": call.caller.lid})
        for device in list(call.callee.devices.values()):
            attrs = {
                "from": call.caller.lid,
                "id": secrets.token_hex(10).upper(),
                "t": str(int(time.time())),
                "notify": call.caller.name,
                "platform": "android",
                "version": "2.26.30.1",
            }
            self.world.push(device, Node("call", attrs, [child]))

    def _from_client(self, connection: Connection, node: Node) -> None:
        device = connection.require_device()
        for child in node.children:
            call = self.all.get(child.get("call-id", ""))
            if call is None or call.callee is not device.user:
                self.world.stats["call unknown"] += 1
                continue
            if child.tag == "reject" and call.state == "ringing":
                call.state, call.reason = "rejected", "declined"
                self.world.stats["call rejected"] += 1
        ack = {"class": "call", "id": node.get("id"), "from": node.get("to"), "t": str(int(time.time()))}
        connection.send(Node("ack", ack))
