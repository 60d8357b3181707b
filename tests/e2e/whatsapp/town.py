"""A town: a simulated WhatsApp, a receiver of webhooks, and gateways whose instances are linked to phones in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.process import GatewayProcess
from tests.simulators.receiver import Received, Receiver
from tests.simulators.whatsapp.remote import RemoteWhatsApp, environment, whatsapp_process
from tests.simulators.whatsapp.remote_types import RemoteSeen

PATIENCE = 60.0
"""Seconds that only bound a broken run."""

OWN = "491700000001"
ANN, BEN, CLEO = "4915100000002", "4915100000003", "4915100000004"


async def until(what: str, condition: Callable[[], Awaitable[object] | object], *, within: float = PATIENCE) -> None:
    """Return when it holds, plain or async; an AssertionError says what was waited for in vain."""
    try:
        async with asyncio.timeout(within):
            while True:
                answer = condition()
                if isinstance(answer, Awaitable):
                    answer = await answer
                if answer:
                    return
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"waited {within:.0f} s in vain: {what}") from None


@dataclass
class Line:
    """One instance of a gateway, linked to a phone; the API by which it is used, and the webhook that hears of it."""

    api: httpx.AsyncClient
    whatsapp: RemoteWhatsApp
    receiver: Receiver
    id: str
    phone: str
    hook: str

    async def get(self, path: str = "", status: int = 200, **query: Any) -> Any:
        return _answer(await self.api.get(f"/api/instances/{self.id}{path}", params=query), status)

    async def post(self, path: str, body: Any = None, status: int = 200) -> Any:
        return _answer(await self.api.post(f"/api/instances/{self.id}{path}", json=body), status)

    async def ask(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        return _answer(await self.api.request(method, f"/api/instances/{self.id}{path}", json=body), status)

    async def state(self) -> dict[str, Any]:
        """The status answer."""
        shown: dict[str, Any] = await self.get("/status")
        return shown

    async def is_connected(self) -> bool:
        return bool((await self.state())["ready"])

    async def send(self, to: str, message: str, *, status: int = 200, **more: Any) -> Any:
        """A text; the answer, whose `id` names it."""
        return await self.post("/send", {"phone": to, "message": message, **more}, status)

    def told(self, event: str) -> list[dict[str, Any]]:
        """The `data` of every webhook of one event, in the order it came, each event once."""
        seen: dict[str, dict[str, Any]] = {}
        for each in self.deliveries(event):
            seen.setdefault(each.webhook_id or "", each.json()["data"])
        return list(seen.values())

    def deliveries(self, event: str | None = None) -> list[Received]:
        """Accepted webhooks, repeats included."""
        return [each for each in self.receiver.accepted(self.hook) if event is None or each.json()["event"] == event]

    async def heard(self, count: int, event: str = "message_received") -> list[dict[str, Any]]:
        """Wait until so many webhooks of an event have come; all of them."""
        await until(f"{count} × {event}; so far {self.told(event)}", lambda: len(self.told(event)) >= count)
        return self.told(event)

    async def link(self) -> None:
        """The phone scans the QR code that the API shows."""
        await self.whatsapp.scan(await self.qr_code(), self.phone, "Shop")
        await until("the instance is connected", self.is_connected)

    async def qr_code(self) -> str:
        """What there is to scan, once there is something."""
        code = ""

        async def shown() -> bool:
            nonlocal code
            answer = await self.api.get(f"/api/instances/{self.id}/qr", params={"format": "raw"})
            code = answer.text if answer.status_code == 200 else ""
            return bool(code)

        await until("a QR code is shown", shown)
        return code

    async def seen_by(self, person: str, count: int) -> list[RemoteSeen]:
        """What a person's phone has decrypted, at least so many messages."""
        found: list[RemoteSeen] = []

        async def enough() -> bool:
            nonlocal found
            found = await self.whatsapp.seen(person)
            return len(found) >= count

        await until(f"{person} has {count} messages", enough)
        return found


@dataclass
class Town:
    """Everything, started. `gateway` is the first one; `open_gateway` starts more."""

    folder: Path
    whatsapp: RemoteWhatsApp
    receiver: Receiver
    stack: AsyncExitStack
    gateways: list[GatewayProcess] = field(default_factory=list)

    @property
    def gateway(self) -> GatewayProcess:
        return self.gateways[0]

    async def open_gateway(self, database_url: str | None = None, **env: str) -> GatewayProcess:
        """Another real gateway, which takes the simulator for WhatsApp."""
        folder = self.folder / f"gateway-{len(self.gateways) + 1}"
        folder.mkdir()
        url = database_url or f"sqlite:///{folder / 'gateway.db'}"
        gateway = GatewayProcess(folder, url, **(environment(self.whatsapp) | env))
        self.gateways.append(gateway)
        self.stack.push_async_callback(_ended, gateway)
        await gateway.start()
        return gateway

    async def open_line(
        self, phone: str = OWN, *, gateway: GatewayProcess | None = None, link: bool = True, **config: Any
    ) -> Line:
        """An instance on a gateway, linked to the phone unless told otherwise. Its webhook keeps each chat's order."""
        api = await self.stack.enter_async_context((gateway or self.gateway).client())
        hook = f"/hook/{phone}"
        body = {
            "name": phone,
            "provider": "whatsapp",
            "webhookUrl": self.receiver.url(hook),
            "webhookSettings": {"notifyDelivery": True, "notifyRead": True},
            "config": config,
        }
        made = _answer(await api.post("/api/instances", json=body), 201)
        (own,) = _answer(await api.get("/api/webhooks", params={"instanceId": made["id"]}), 200)["webhooks"]
        _answer(await api.put(f"/api/webhooks/{own['id']}", json={"ordering": "strict"}), 200)
        line = Line(api, self.whatsapp, self.receiver, made["id"], phone, hook)
        if link:
            await line.link()
        return line

    async def problems(self) -> list[str]:
        """What the network found wrong with what our client did."""
        return [f"{each.kind}: {each.text}" for each in await self.whatsapp.problems()]


def _answer(answer: httpx.Response, status: int) -> Any:
    assert answer.status_code == status, (
        answer.request.method,
        str(answer.request.url),
        answer.status_code,
        answer.text,
    )
    return answer.json() if "json" in answer.headers.get("content-type", "") else answer.content


async def _ended(gateway: GatewayProcess) -> None:
    if gateway.process is not None and gateway.process.returncode is None:
        await gateway.stop()


@asynccontextmanager
async def town(folder: Path, database_url: str | None = None, **env: str) -> AsyncIterator[Town]:
    """A WhatsApp in which Ann, Ben and Cleo have phones, a receiver, and one gateway."""
    async with AsyncExitStack() as stack:
        whatsapp = await stack.enter_async_context(whatsapp_process())
        receiver = await stack.enter_async_context(Receiver())
        place = Town(folder, whatsapp, receiver, stack)
        for phone, name in ((OWN, "Shop"), (ANN, "Ann"), (BEN, "Ben"), (CLEO, "Cleo")):
            await whatsapp.add_person(phone, name)
        await place.open_gateway(database_url, **env)
        yield place
