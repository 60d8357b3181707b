"""The control port's words for the network itself: people, devices, faults, and what can be seen from above."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import msgspec

from tests.simulators.whatsapp.directory import Device, User
from tests.simulators.whatsapp.faults import Fault
from tests.simulators.whatsapp.login import stream_error
from tests.simulators.whatsapp.passkey import demand_passkey
from tests.simulators.whatsapp.room_orders import Command, Order, find_person
from tests.simulators.whatsapp.server import WhatsAppSimulator


class NetworkOrders:
    """An account is named by its phone number; `device` is optional and means all of its linked devices."""

    def __init__(self, simulator: WhatsAppSimulator) -> None:
        self._simulator = simulator
        self._world = simulator.world
        self.commands: Mapping[str, Command] = {
            "people.add": self._add_person,
            "pair.scan": self._scan,
            "pair.enter_code": self._enter_code,
            "pair.demand_passkey": self._demand_passkey,
            "devices.list": self._list_devices,
            "devices.drop": lambda order: self._each(order, lambda device: _connection(device).abort()),
            "devices.silence": lambda order: self._each(order, lambda device: _connection(device).silence()),
            "devices.stream_error": self._stream_error,
            "devices.unlink": self._unlink,
            "devices.exhaust": self._exhaust,
            "faults.order": lambda order: self._world.faults.order(msgspec.convert(order, Fault)),
            "faults.clear": lambda order: self._world.faults.clear(order.get("kind")),
            "look.environment": lambda order: simulator.environment(),
            "look.usage": lambda order: simulator.usage(),
            "look.stats": lambda order: dict(self._world.stats),
            "look.problems": lambda order: [asdict(problem) for problem in self._world.problems],
            "look.log": lambda order: list(self._world.lines)[-order.get("lines", 100) :],
            "trace": self._trace,
            "reset": self._reset,
        }

    def _add_person(self, order: Order) -> Any:
        user = self._world.directory.user(order["phone"], order.get("name"))
        return {"phone": user.phone, "lid": user.lid.user, "name": user.name}

    def _scan(self, order: Order) -> int:
        user = self._world.directory.user(order["phone"], order.get("name"))
        return self._simulator.switchboard.pairing.scan(order["qr"], user, forged=order.get("forged", False)).id

    def _demand_passkey(self, order: Order) -> None:
        connection, _ = self._simulator.switchboard.pairing.shown(order["qr"])
        demand_passkey(connection)

    def _enter_code(self, order: Order) -> None:
        user = self._world.directory.user(order["phone"], order.get("name"))
        self._simulator.switchboard.code.enter(user, order["code"])

    def _list_devices(self, order: Order) -> Any:
        return [
            {
                "id": device.id,
                "online": device.connection is not None,
                "waiting": len(device.mail),
                "delivered": list(device.mail.delivered),
                "prekeys": len(device.one_time),
            }
            for device in self._devices(order)
        ]

    def _stream_error(self, order: Order) -> int:
        code, conflict = order.get("code"), order.get("conflict")
        return self._each(order, lambda device: stream_error(_connection(device), code, conflict))

    def _unlink(self, order: Order) -> int:
        devices = self._devices(order)
        for device in devices:
            self._simulator.switchboard.login.remove(device)
        return len(devices)

    def _exhaust(self, order: Order) -> None:
        """Others took all one-time keys of the device."""
        for device in self._devices(order):
            device.one_time.clear()
            self._world.messages.ask_for_prekeys(device)

    def _trace(self, order: Order) -> None:
        self._world.tracing = bool(order["on"])

    def _reset(self, order: Order) -> None:
        """Forget what was counted and seen; accounts, devices and sessions stay."""
        self._world.stats.clear()
        self._world.problems.clear()
        self._world.faults.clear()
        for user in self._world.directory.users:
            user.handset.forget()
            for device in user.devices.values():
                device.mail.delivered.clear()

    def _devices(self, order: Order) -> list[Device]:
        user: User = find_person(self._world, order["phone"])
        wanted = order.get("device")
        return [device for device in user.devices.values() if wanted in (None, device.id)]

    def _each(self, order: Order, act: Callable[[Device], None]) -> int:
        """Do it to every connected device; returns how many there were."""
        devices = [device for device in self._devices(order) if device.connection is not None]
        for device in devices:
            act(device)
        return len(devices)


def _connection(device: Device) -> Any:
    assert device.connection is not None
    return device.connection
