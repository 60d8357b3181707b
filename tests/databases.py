"""Fixtures for a database of each test's own, with this version's tables and nothing in them: copies of one that was
migrated. A test that is about migrating, or about a first start, takes them from `tests.empty_databases` instead.

Every xdist worker has its own PostgreSQL (half a second to make, 20 MB), so workers share nothing.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.postgres import PostgresServer, fresh_database, running_server
from tests.process import environment

__all__ = ["database_url", "postgres_server", "postgres_template", "postgres_url", "sqlite_template", "sqlite_url"]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """Shared by the tests of one worker; a test that stops its server makes one with `running_server()`."""
    with running_server(tcp=True) as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file that nobody has open."""
    folder = tmp_path_factory.mktemp("sqlite_template")
    _migrate(folder, f"sqlite:///{folder / 'gateway.db'}")
    return folder / "gateway.db"


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a migrated PostgreSQL database that nobody is connected to."""
    postgres_server.create_database("migrated")
    _migrate(tmp_path_factory.mktemp("postgres_template"), postgres_server.url("migrated"))
    return "migrated"


@pytest.fixture
async def postgres_url(postgres_server: PostgresServer, postgres_template: str) -> AsyncIterator[str]:
    """A PostgreSQL database with this version's tables."""
    async with fresh_database(postgres_server, postgres_template) as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    """A SQLite file with this version's tables."""
    file = tmp_path / "gateway.db"
    shutil.copyfile(sqlite_template, file)
    return f"sqlite:///{file}"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The test runs twice: on SQLite and on PostgreSQL."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


def _migrate(folder: Path, url: str) -> None:
    # In a process of its own: a migration in this one would bind the tables to a database that no test uses.
    subprocess.run(
        [sys.executable, "-m", "gateway", "migrate"],
        env=environment(folder, url),
        cwd=folder,
        check=True,
        stdout=subprocess.DEVNULL,
    )
