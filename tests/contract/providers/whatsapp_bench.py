"""WhatsApp for the shared suite. Needs variables from the start of the process; see test_over_whatsapp."""

from __future__ import annotations

import base64
from itertools import count
from pathlib import Path

from gateway.domain.ids import Address
from gateway.domain.instances import Credentials, ProviderName
from gateway.domain.messages import MediaKind
from gateway.kit.egress import Egress, EgressPolicy
from gateway.providers.contract import LoggedOut, SessionEnded
from gateway.providers.whatsapp import WhatsAppProvider
from gateway.settings import Settings
from tests.seam import Seam, living
from tests.simulators.whatsapp.remote import RemoteWhatsApp

_phones = count(491_700_001_000)
_FIELDS = {"imageMessage": "image", "documentMessage": "document"}
_FLOOD_PAUSE = 30.0
"""Seconds we wait when WhatsApp says too much and not for how long."""


class WhatsAppBench:
    """A linked device and a person in the WhatsApp simulator; see `ProviderBench`."""

    name = ProviderName.WHATSAPP

    def __init__(self, whatsapp: RemoteWhatsApp, folder: Path) -> None:
        self._whatsapp = whatsapp
        self._phone, self._ann, self._stranger = (str(next(_phones)) for _ in range(3))
        self._egress = Egress(EgressPolicy())
        self.provider = WhatsAppProvider(Settings(data_dir=folder), self._egress)

    async def link(self) -> None:
        """Link our device, so that every session of the suite finds it linked."""
        await self._egress.__aenter__()
        await self._whatsapp.add_person(self._ann, "Ann")
        seam = Seam(self.name)
        async with living(self.provider, seam.context(self.credentials)):
            await seam.until(lambda: seam.logins)
            await self._whatsapp.scan(seam.logins[-1].text, self._phone, "Us")
            await seam.until_connected()

    async def aclose(self) -> None:
        await self.provider.aclose()
        await self._egress.__aexit__(None, None, None)
        await self._whatsapp.clear_faults()

    @property
    def credentials(self) -> Credentials:
        return self.provider.check({})

    @property
    def wrong_credentials(self) -> Credentials:
        return self.credentials

    async def revoke(self) -> type[SessionEnded]:
        await self._whatsapp.logout_device(self._phone)
        return LoggedOut

    @property
    def secrets(self) -> tuple[str, ...]:
        return (str(self.provider._folder),)

    @property
    def ann(self) -> Address:
        return Address(f"{self._ann}@s.whatsapp.net")

    @property
    def stranger(self) -> Address:
        return Address(f"{self._stranger}@s.whatsapp.net")

    async def ann_writes(self, text: str) -> str:
        return await self._whatsapp.write_text(self._ann, self._phone, text)

    async def ann_sends(self, kind: MediaKind, data: bytes, caption: str) -> None:
        await self._whatsapp.send_file(self._ann, self._phone, kind=kind.value, data=data, caption=caption)

    async def texts_for_ann(self) -> list[str]:
        return [each.text for each in await self._whatsapp.seen(self._ann)]

    async def files_for_ann(self) -> list[bytes]:
        from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import Message

        found: list[bytes] = []
        for each in await self._whatsapp.seen(self._ann):
            message = Message.FromString(base64.b64decode(each.raw))
            for field, kind in _FIELDS.items():
                if message.HasField(field):
                    file = getattr(message, field)
                    found.append(await self._whatsapp.read_file(file.directPath, kind, file.mediaKey))
        return found

    async def unplug(self) -> None:
        await self._whatsapp.fault("refuse_connect", times=None)
        await self._whatsapp.drop(self._phone)

    async def plug_in(self) -> None:
        await self._whatsapp.clear_faults("refuse_connect")

    async def slow_down(self, seconds: int) -> float:
        await self._whatsapp.fault("refuse_message", phone=self._phone, code=429)
        return _FLOOD_PAUSE
