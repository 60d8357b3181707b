"""Every provider's bench; each test of this folder runs once with each."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.domain.instances import ProviderName
from gateway.settings import Settings
from tests.contract.providers.bench import ProviderBench
from tests.contract.providers.telegram_bench import TelegramBench
from tests.contract.providers.whatsapp_bench import WhatsAppBench
from tests.seam import Seam
from tests.simulators.telegram import TelegramSimulator
from tests.simulators.whatsapp.remote import Ready, connect

WHATSAPP_CONTROL = "SIMULATED_WHATSAPP_CONTROL"
"""Set in the process that `test_over_whatsapp` starts, which has what Go reads before Python can; there is no other
way to have a simulated WhatsApp, so here the parameter is there or not."""

PROVIDERS = [ProviderName.WHATSAPP] if WHATSAPP_CONTROL in os.environ else [ProviderName.TELEGRAM]


@pytest.fixture(params=PROVIDERS)
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[ProviderBench]:
    match request.param:
        case ProviderName.TELEGRAM:
            async with TelegramSimulator() as simulator:
                telegram = TelegramBench(simulator)
                yield telegram
                await telegram.provider.aclose()
        case ProviderName.WHATSAPP:
            remote = await connect(Ready(control=int(os.environ[WHATSAPP_CONTROL]), proxy="", environment={}))
            whatsapp = WhatsAppBench(remote, tmp_path)
            await whatsapp.link()
            yield whatsapp
            await whatsapp.aclose()
            await remote.close()


@pytest.fixture
def seam(bench: ProviderBench) -> Seam:
    return Seam(bench.name)


@pytest.fixture
def settings() -> Settings:
    return Settings()
