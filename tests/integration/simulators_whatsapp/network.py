"""A simulated WhatsApp with a few people, and a real client linked to one of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from tests.integration.simulators_whatsapp.linked_client import PATIENCE, LinkedClient
from tests.simulators.whatsapp.remote import RemoteWhatsApp
from tests.simulators.whatsapp.remote_features import RemoteAccount

OWN = "491700000001"
ALICE = "4915100000002"
BOB = "4915100000003"
CAROL = "4915100000004"
DAN = "4915100000005"
PEOPLE = {OWN: "Gateway", ALICE: "Alice", BOB: "Bob", CAROL: "Carol", DAN: "Dan"}

JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9")
"""The smallest thing that says it is a JPEG."""


class Network:
    """What a test does to the simulator, and what it waits for."""

    def __init__(self, whatsapp: RemoteWhatsApp) -> None:
        self.features = whatsapp

    async def link(self, client: LinkedClient) -> None:
        """Our number's phone scans the QR; returns when the client is connected and has been told its own name."""
        await self.features.scan(await client.qr(), OWN)
        await client.event("Connected")
        await self.until_answers(client, "get_me", containing=PEOPLE[OWN])

    async def until(self, holds: Callable[[RemoteAccount], bool]) -> None:
        """Wait until our account is as wanted."""

        async def look() -> bool:
            return holds(await self.features.account(OWN))

        await _wait(look)

    async def until_answers(
        self, client: LinkedClient, call: str, *args: Any, containing: str, on: str | None = None
    ) -> None:
        """Wait until the client's answer to a call contains a text."""

        async def look() -> bool:
            return containing in str(await client.call(call, *args, on=on))

        await _wait(look)

    async def until_seen(self, person: str, text: str) -> None:
        """Wait until a text is on a person's phone."""

        async def look() -> bool:
            return any(seen.text == text for seen in await self.features.seen(person))

        await _wait(look)


class Linked(NamedTuple):
    """A client that is linked and connected, and its network."""

    client: LinkedClient
    network: Network


async def _wait(look: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            if await look():
                return
            await asyncio.sleep(0.01)
