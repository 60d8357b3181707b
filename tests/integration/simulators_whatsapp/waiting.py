"""Waiting for what the simulator will say."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tests.integration.simulators_whatsapp.linked_client import PATIENCE

_Answer = TypeVar("_Answer")


async def eventually(ask: Callable[[], Awaitable[_Answer]], holds: Callable[[_Answer], bool]) -> _Answer:
    """Ask until the answer is as wanted, and return it."""
    async with asyncio.timeout(PATIENCE):
        while not holds(answer := await ask()):  # noqa: ASYNC110 - another process knows; it can only be asked
            await asyncio.sleep(0.01)
    return answer
