"""The receiver from outside its process: the same book and plans, as JSON over HTTP on a second port."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

from tests.simulators.receiver.behaviour import Behaviour
from tests.simulators.receiver.server import Receiver
from tests.simulators.receiver.wire import Wire


class Plan(Struct, frozen=True):
    """The body of `POST /behave`."""

    path: str
    behaviours: list[Behaviour]


class Secrets(Struct, frozen=True):
    """The body of `POST /trust`."""

    path: str
    secrets: list[str]


class Control:
    """Serves `POST /behave /trust /release /reset` and `GET /stats /accepted /requests /wait?unique=100`."""

    def __init__(self, receiver: Receiver, *, port: int = 0) -> None:
        self._receiver = receiver
        self._server: asyncio.Server | None = None
        self._wires: set[Wire] = set()
        self._waits: set[asyncio.Task[None]] = set()
        self.port = port

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._wire, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for wait in self._waits:
            wait.cancel()
        for wire in list(self._wires):
            wire.transport.abort()

    def _wire(self) -> Wire:
        return Wire(self._take, self._wires.add, self._wires.discard)

    def _take(self, wire: Wire, method: str, target: str, headers: dict[str, str], body: bytes) -> None:
        path, _, query = target.partition("?")
        if path == "/wait":
            wait = asyncio.create_task(self._wait(wire, dict(parse_qsl(query))))
            self._waits.add(wait)
            wait.add_done_callback(self._waits.discard)
            return
        try:
            self._answer(wire, 200, self._do(path, body))
        except (msgspec.MsgspecError, LookupError) as error:
            self._answer(wire, 400, {"error": str(error)})

    def _do(self, path: str, body: bytes) -> Any:
        receiver = self._receiver
        match path:
            case "/stats":
                return receiver.stats
            case "/accepted":
                return [
                    {"path": path, "id": key, "times": n} for (path, key), n in receiver.ledger.accepted_ids.items()
                ]
            case "/requests":
                return receiver.requests
            case "/behave":
                plan = msgspec.json.decode(body, type=Plan)
                receiver.behave(plan.path, *plan.behaviours)
            case "/trust":
                told = msgspec.json.decode(body, type=Secrets)
                receiver.trust(told.path, *told.secrets)
            case "/release":
                return {"released": receiver.release()}
            case "/reset":
                receiver.reset()
            case _:
                raise LookupError(f"no such control: {path}")
        return {}

    async def _wait(self, wire: Wire, wanted: dict[str, str]) -> None:
        patience = float(wanted.pop("patience", "60"))
        try:
            await self._receiver.wait_for(
                lambda r: all(getattr(r.stats, name) >= int(value) for name, value in wanted.items()), patience=patience
            )
        except (AssertionError, AttributeError, ValueError) as error:
            self._answer(wire, 408, {"error": str(error)})
        else:
            self._answer(wire, 200, self._receiver.stats)

    def _answer(self, wire: Wire, status: int, what: Any) -> None:
        answer = Behaviour(status=status, headers={"Content-Type": "application/json"}, body=msgspec.json.encode(what))
        wire.transport.write(answer.answer())
