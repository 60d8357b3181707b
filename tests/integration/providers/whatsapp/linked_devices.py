"""Devices that are linked and connected by `Link` itself, without a session around it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from gateway.domain.ids import InstanceId
from gateway.providers.whatsapp import library
from gateway.providers.whatsapp.devices import DeviceFiles
from gateway.providers.whatsapp.link import Link, Turns
from tests.simulators.whatsapp.remote import RemoteWhatsApp

PATIENCE = 30.0
_phones = count(4915160000001)


@dataclass
class Heard:
    """A link, and the codes of what its connection has told so far."""

    link: Link
    codes: list[int]
    news: asyncio.Event

    async def hears(self, code: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while code not in self.codes:
                self.news.clear()
                await self.news.wait()


@dataclass
class Device:
    """A linked device: its phone, and how to connect it."""

    phone: str
    store: str
    turns: Turns = field(default_factory=Turns)

    def link(self, *, turns: Turns | None = None, codes: asyncio.Queue[str] | None = None) -> Heard:
        """A new connection of it, on the event loop that runs. `codes` gets QR codes."""
        from gateway.providers.whatsapp.codes import SIGNS

        loop = asyncio.get_running_loop()
        seen: list[int] = []
        news = asyncio.Event()

        def on_event(code: int, _: bytes) -> None:
            seen.append(code)
            loop.call_soon_threadsafe(news.set)

        def on_qr(text: str) -> None:
            if codes is not None:
                loop.call_soon_threadsafe(codes.put_nowait, text)

        link = Link(
            self.store,
            turns=turns or self.turns,
            events=tuple(SIGNS),
            on_event=on_event,
            device_props=library.device_props("Test"),
            on_qr=on_qr,
            on_login=lambda _: None,
        )
        return Heard(link, seen, news)

    async def connected(self, *, turns: Turns | None = None) -> Heard:
        """A new connection of it that is logged in."""
        from gateway.providers.whatsapp.codes import Code

        heard = self.link(turns=turns)
        await heard.link.open()
        await heard.hears(Code.CONNECTED)
        return heard


async def linked(whatsapp: RemoteWhatsApp, folder: Path, turns: Turns) -> Device:
    """A device of a new phone, which is linked and not connected."""
    from gateway.providers.whatsapp.codes import Code

    phone = str(next(_phones))
    files = DeviceFiles(folder, InstanceId(phone))
    files.make_folder()
    device = Device(phone, files.store_name, turns)
    codes: asyncio.Queue[str] = asyncio.Queue()
    heard = device.link(codes=codes)
    async with asyncio.timeout(PATIENCE):
        opening = asyncio.create_task(heard.link.open())
        await whatsapp.scan(await codes.get(), phone)
        await opening
        await heard.hears(Code.CONNECTED)
    await heard.link.close()
    return device
