"""Every provider's bench; each test of this folder runs once with each."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from gateway.domain.instances import ProviderName
from gateway.settings import Settings
from tests.contract.providers.bench import ProviderBench
from tests.contract.providers.telegram_bench import TelegramBench
from tests.seam import Seam
from tests.simulators.telegram import TelegramSimulator


@pytest.fixture(params=list(ProviderName))
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[ProviderBench]:
    match request.param:
        case ProviderName.TELEGRAM:
            async with TelegramSimulator() as simulator:
                bench = TelegramBench(simulator)
                yield bench
                await bench.provider.aclose()


@pytest.fixture
def seam(bench: ProviderBench) -> Seam:
    return Seam(bench.name)


@pytest.fixture
def settings() -> Settings:
    return Settings()
