"""Where a benchmark runs: a folder of its own and fresh databases of one kind, made as durable as in production."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Literal

from tests.postgres import PostgresServer, fresh_database, running_server

Kind = Literal["sqlite", "postgres"]
KINDS: tuple[Kind, ...] = ("sqlite", "postgres")


class Place:
    """Handed to each benchmark. `quick` asks for a shorter, rougher run."""

    def __init__(self, folder: Path, kind: Kind, server: PostgresServer | None, *, quick: bool) -> None:
        self._folder = folder
        self._server = server
        self.kind = kind
        self.quick = quick

    def folder(self) -> Path:
        """A new empty folder."""
        return Path(tempfile.mkdtemp(dir=self._folder))

    @asynccontextmanager
    async def database(self) -> AsyncIterator[str]:
        """The URL of an empty database."""
        if self._server is None:
            yield f"sqlite:///{self.folder() / 'gateway.db'}"
            return
        async with fresh_database(self._server) as url:
            yield url


@contextmanager
def place(kind: Kind, *, quick: bool) -> Iterator[Place]:
    """A place that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        if kind == "sqlite":
            yield Place(Path(folder), kind, None, quick=quick)
            return
        with running_server(tcp=True, durable=True) as server:
            yield Place(Path(folder), kind, server, quick=quick)
