"""The control port: lines of JSON, in `{"id": 1, "order": "pair.scan", "with": {...}}`, out `{"id": 1, "ok": ...}` or
`{"id": 1, "error": "..."}`. Orders of one connection are carried out in order, except that a flood goes on beside them.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import traceback
from collections.abc import Mapping
from typing import Any

from tests.simulators.whatsapp.account_orders import AccountOrders
from tests.simulators.whatsapp.orders import NetworkOrders
from tests.simulators.whatsapp.room_orders import Command, RoomOrders
from tests.simulators.whatsapp.server import WhatsAppSimulator
from tests.simulators.whatsapp.talk_orders import TalkOrders

LINE_LIMIT = 256 * 1024 * 1024
"""Bytes of one line; files travel inside as base64."""


class Control:
    """Carries out orders, by name."""

    def __init__(self, simulator: WhatsAppSimulator) -> None:
        world, features = simulator.world, simulator.features
        self._simulator = simulator
        self._commands: Mapping[str, Command] = {
            **NetworkOrders(simulator).commands,
            **TalkOrders(world, features).commands,
            **RoomOrders(world, features).commands,
            **AccountOrders(world, features).commands,
        }
        self._server: asyncio.Server | None = None
        self._running: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self, port: int = 0) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port, limit=LINE_LIMIT)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in list(self._running):
            task.cancel()

    async def carry_out(self, order: str, given: Mapping[str, Any]) -> Any:
        """The answer to one order; raises KeyError for one that does not exist."""
        if order not in self._commands:
            raise KeyError(f"there is no order {order!r}")
        answer = self._commands[order](given)
        return await answer if inspect.isawaitable(answer) else answer

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                asked = json.loads(line)
                task = asyncio.get_running_loop().create_task(self._answer(asked, writer))
                self._running.add(task)
                task.add_done_callback(self._running.discard)
        except (ConnectionError, asyncio.CancelledError):
            pass  # whoever gave orders is gone; what they ordered stays
        finally:
            writer.close()

    async def _answer(self, asked: Mapping[str, Any], writer: asyncio.StreamWriter) -> None:
        try:
            answer: Mapping[str, Any] = {"ok": await self.carry_out(asked["order"], asked.get("with", {}))}
        except Exception as error:  # noqa: BLE001 - whoever ordered it wants to read what went wrong
            self._simulator.world.log("order failed:", asked.get("order"), traceback.format_exc())
            answer = {"error": f"{type(error).__name__}: {error}"}
        if not writer.is_closing():
            writer.write(json.dumps({"id": asked.get("id"), **answer}).encode() + b"\n")
