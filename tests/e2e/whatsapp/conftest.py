from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.whatsapp.town import Line, Town, town


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    """A town with one gateway on SQLite, and nobody linked yet."""
    async with town(tmp_path) as started:
        yield started


@pytest.fixture
async def line(place: Town) -> Line:
    """An instance linked to the shop's phone."""
    return await place.open_line()
