"""A linked device coming and going: login with its key, what waited for it, being replaced, being removed."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from tests.simulators.whatsapp.connection import Connection
from tests.simulators.whatsapp.directory import Device
from tests.simulators.whatsapp.jid import JID, SERVER
from tests.simulators.whatsapp.mail import preview
from tests.simulators.whatsapp.node import Node
from tests.simulators.whatsapp.pairing import tell_watchers
from tests.simulators.whatsapp.world import World

_HANG_UP_AFTER = 0.5
"""Seconds in which a client can read why, before it notices that the line is dead."""


class Login:
    """Who may come in, and who has to go."""

    def __init__(self, world: World) -> None:
        self._world = world

    def enter(self, connection: Connection, payload: Any) -> None:
        """A device says whose it is; the key of its handshake proves it. Unknown ones get 401, for good."""
        if self.turned_away(connection, str(payload.username)):
            return
        device = self._world.directory.find_device(JID(str(payload.username), device=payload.device))
        if device is None or device.client_key != connection.client_key:
            self._fail(connection, 401, {})
            return
        if device.connection is not None:
            stream_error(device.connection, None, "replaced")
        connection.device, device.connection = device, connection
        self._world.stats["login"] += 1
        self._world.log("login", device.pn)
        attrs = {"t": str(int(time.time())), "props": "27", "location": "sim", "lid": device.lid, "abprops": "0"}
        connection.send(Node("success", attrs))
        self._hand_over(connection, device)

    def turned_away(self, connection: Connection, phone: str | None) -> bool:
        """Whether a refusal was ordered for this account, or for everybody; a device that shows a code has none yet."""
        fault = self._world.faults.take("refuse_login", phone)
        if fault is not None:
            self._fail(connection, fault.code, fault.attrs)
        return fault is not None

    def remove(self, device: Device) -> None:
        """The phone, or the device itself, ends the link. Logins with its key get 401 from now on."""
        device.user.devices.pop(device.id, None)
        device.mail.clear()
        self._world.stats["unlinked"] += 1
        tell_watchers(self._world, device.user, "remove", device)
        if device.connection is not None:
            stream_error(device.connection, 401, "device_removed")

    def _hand_over(self, connection: Connection, device: Device) -> None:
        waiting = device.mail.waiting()
        connection.send(Node("ib", {"from": SERVER}, [Node("offline_preview", preview(waiting))]))
        for node in waiting:
            connection.send(Node(node.tag, {**node.attrs, "offline": str(len(waiting))}, node.content))
        connection.send(Node("ib", {"from": SERVER}, [Node("offline", {"count": str(len(waiting))})]))

    def _fail(self, connection: Connection, code: int, attrs: Any) -> None:
        self._world.stats[f"login refused {code}"] += 1
        connection.send(Node("failure", {"reason": str(code), "location": "sim", **attrs}))
        asyncio.get_running_loop().call_later(_HANG_UP_AFTER, connection.close)


def stream_error(connection: Connection, code: int | None, conflict: str | None) -> None:
    """End a stream with a reason: 503, 515, 401 with device_removed, or no code with replaced."""
    attrs = {"code": str(code)} if code is not None else {}
    content = [Node("conflict", {"type": conflict})] if conflict is not None else None
    connection.send(Node("stream:error", attrs, content))
    asyncio.get_running_loop().call_later(_HANG_UP_AFTER, connection.close)
