"""Two ends on loopback: a receiver on 127.0.0.1 that egress may reach, and one on 127.0.0.2 that it may not."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from gateway.kit.egress import Egress, EgressPolicy
from tests.simulators.receiver import Receiver

OPENED = EgressPolicy.opened("127.0.0.1", allow_http=True)


class Names:
    """A name server for one test: each question takes the next answer, the last answer stays."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as running:
        yield running


@pytest.fixture
async def inside(receiver: Receiver) -> AsyncIterator[Receiver]:
    """What must never be reached; it has the receiver's port, so that only the address tells them apart."""
    async with Receiver(host="127.0.0.2", port=receiver.port) as running:
        yield running


@pytest.fixture
async def egress() -> AsyncIterator[Egress]:
    async with Egress(OPENED, lookup=Names(["127.0.0.1"])) as opened:
        yield opened
