from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from gateway.storage.engine import Engine, make_engine
from tests.empty_databases import database_url, postgres_url, sqlite_url
from tests.integration.storage import tables

__all__ = ["database_url", "engine", "postgres_url", "sqlite_url"]


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[Engine]:
    """Open, with the throw-away tables, on each database in turn."""
    engine = make_engine(database_url)
    await engine.open()
    await tables.create(engine)
    yield engine
    await engine.close()
