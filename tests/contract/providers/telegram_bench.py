"""Telegram for the shared suite."""

from __future__ import annotations

from gateway.domain.ids import Address
from gateway.domain.instances import Credentials, ProviderName
from gateway.domain.messages import MediaKind
from gateway.providers.contract import BadCredentials, SessionEnded
from gateway.providers.telegram import TelegramProvider
from gateway.settings import Settings
from tests.simulators.telegram import TelegramSimulator, too_many_requests

_KINDS = {MediaKind.IMAGE: "photo"}


class TelegramBench:
    """A bot and a person in the Telegram simulator; see `ProviderBench`."""

    name = ProviderName.TELEGRAM

    def __init__(self, simulator: TelegramSimulator) -> None:
        self._simulator = simulator
        self._bot = simulator.add_bot()
        self._ann = simulator.add_person("Ann")
        simulator.people.opens(self._ann, self._bot)
        self._stranger = simulator.add_person("Stranger")
        self.provider = TelegramProvider(Settings(telegram_api_base=simulator.base_url), poll_seconds=1)

    @property
    def credentials(self) -> Credentials:
        return self.provider.check({"token": self._bot.token})

    @property
    def wrong_credentials(self) -> Credentials:
        return self.provider.check({"token": "424242:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"})

    async def revoke(self) -> type[SessionEnded]:
        return BadCredentials

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self._bot.token, self._bot.token.partition(":")[2])

    @property
    def ann(self) -> Address:
        return Address(str(self._ann.id))

    @property
    def stranger(self) -> Address:
        return Address(str(self._stranger.id))

    async def ann_writes(self, text: str) -> str:
        return str(self._simulator.people.sends_text(self._ann, self._bot, text)["message_id"])

    async def ann_sends(self, kind: MediaKind, data: bytes, caption: str) -> None:
        self._simulator.people.sends_media(self._ann, self._bot, _KINDS.get(kind, kind), data, caption=caption)

    async def texts_for_ann(self) -> list[str]:
        return self._simulator.texts(self._bot, self._ann)

    async def files_for_ann(self) -> list[bytes]:
        return [file.data for file in self._simulator.world.files.all()]

    async def unplug(self) -> None:
        await self._simulator.go_offline()

    async def plug_in(self) -> None:
        await self._simulator.go_online()

    async def slow_down(self, seconds: int) -> float:
        self._simulator.fault(too_many_requests(seconds, method="sendMessage"))
        return seconds
