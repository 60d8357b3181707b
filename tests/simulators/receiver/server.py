"""The receiver itself: a port, a script for each path and a book of what came."""

from __future__ import annotations

import asyncio
import functools
import gzip
import ssl
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self

from tests.simulators.certificates import Certificate
from tests.simulators.receiver.behaviour import Behaviour, Script
from tests.simulators.receiver.ledger import Ledger, Received, Stats
from tests.simulators.receiver.wire import Wire

ANY_PATH = "*"


@functools.cache
def gzip_bomb() -> bytes:
    """50 MB of zeros in 48 KB."""
    return gzip.compress(b"\0" * 50_000_000)


class Receiver:
    """A customer's webhook endpoint (or file server) on a loopback port.

        async with Receiver() as receiver:
            receiver.refuse("/hook", status=503, times=2, retry_after=1)
            ...
            await receiver.wait_for(lambda r: len(r.accepted("/hook")) == 1)

    Paths nobody spoke of answer 200. Behaviours queue up: each lasts its `times`, then the next takes over.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: Certificate | ssl.SSLContext | None = None,
        keep: int = 10_000,
    ) -> None:
        self.host = host
        self.port = port
        self.tls = tls.server_context() if isinstance(tls, Certificate) else tls
        self.server_names: list[str | None] = []
        """The name each TLS client asked for (SNI)."""
        self.ledger = Ledger(keep)
        self._scripts: dict[str, Script] = {}
        self._server: asyncio.Server | None = None
        self._wires: set[Wire] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stalled: list[tuple[Wire, bytes]] = []
        self._change: asyncio.Future[None] | None = None

    async def __aenter__(self) -> Self:
        if self.tls is not None:
            self.tls.sni_callback = self._note_name
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._wire, self.host, self.port, ssl=self.tls, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for wire in list(self._wires):
            wire.transport.abort()
        await self.wait_for(lambda r: not r._wires)

    def url(self, path: str = "/", *, host: str | None = None) -> str:
        """The URL of a path, under another host name if the test resolves that itself."""
        return f"{'http' if self.tls is None else 'https'}://{host or self.host}:{self.port}{path}"

    # What it does

    def behave(self, path: str, *behaviours: Behaviour) -> None:
        """Replace what is planned for a path (`*` is every path without a plan of its own)."""
        self._scripts[path] = Script(*behaviours)

    def answer(
        self,
        path: str = ANY_PATH,
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
        body: bytes = b"ok",
        times: int | None = None,
    ) -> None:
        """Answer like that."""
        self.behave(path, Behaviour(status=status, headers=headers or {}, body=body, times=times))

    def refuse(
        self,
        path: str = ANY_PATH,
        *,
        status: int = 500,
        times: int | None = None,
        retry_after: str | float | None = None,
    ) -> None:
        """Answer with an error, so many times, and 200 from then on."""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        self.behave(path, Behaviour(status=status, body=b"no", times=times, headers=headers))

    def redirect(self, path: str, to: str, *, status: int = 302, times: int | None = None) -> None:
        """Point elsewhere."""
        self.behave(path, Behaviour(status=status, body=b"", headers={"Location": to}, times=times))

    def stall(self, path: str = ANY_PATH, *, times: int | None = None) -> None:
        """Take requests and say nothing until `release`."""
        self.behave(path, Behaviour(kind="stall", times=times))

    def release(self) -> int:
        """Answer everything that is stalled now; returns how many that were."""
        stalled, self._stalled = self._stalled, []
        for wire, answer in stalled:
            wire.transport.write(answer)
        return len(stalled)

    def trust(self, path: str, *secrets: str | bytes) -> None:
        """Verify signatures on a path with these secrets, the current one first, former ones after it."""
        self.ledger.secrets[path] = tuple(s.encode() if isinstance(s, str) else s for s in secrets)

    def reset(self) -> None:
        """Forget plans and book; secrets and connections stay."""
        self._scripts.clear()
        self.ledger.clear()

    # What it saw

    @property
    def requests(self) -> list[Received]:
        return list(self.ledger.requests)

    @property
    def stats(self) -> Stats:
        return self.ledger.stats()

    @property
    def stalled(self) -> int:
        """How many requests wait for `release`."""
        return len(self._stalled)

    @property
    def open_connections(self) -> int:
        """Connections open now. At 0, everything a sender that died had sent has been taken down."""
        return len(self._wires)

    def received(self, path: str | None = None) -> list[Received]:
        return [r for r in self.ledger.requests if path is None or r.path == path]

    def accepted(self, path: str | None = None) -> list[Received]:
        """Those that were answered 2xx."""
        return [r for r in self.received(path) if r.answered is not None and 200 <= r.answered < 300]

    def bodies(self, path: str | None = None) -> list[Any]:
        """The JSON bodies received, in the order they came."""
        return [r.json() for r in self.received(path)]

    async def wait_for(self, condition: Callable[[Receiver], object], *, patience: float = 10.0) -> None:
        """Return as soon as the condition holds; it is looked at again whenever something happens here.

        Fails with the totals after `patience` seconds, which only bounds a broken run.
        """
        try:
            async with asyncio.timeout(patience):
                while not condition(self):
                    if self._change is None:
                        self._change = asyncio.get_running_loop().create_future()
                    await asyncio.shield(self._change)
        except TimeoutError:
            raise AssertionError(f"Waited {patience} s in vain; so far: {self.stats}") from None

    # How it does it

    def _wire(self) -> Wire:
        return Wire(self._take, self._opened, self._closed)

    def _opened(self, wire: Wire) -> None:
        self.ledger.connections += 1
        self._wires.add(wire)
        self._changed()

    def _closed(self, wire: Wire) -> None:
        self._wires.discard(wire)
        self._stalled = [(each, answer) for each, answer in self._stalled if each is not wire]
        self._changed()

    def _changed(self) -> None:
        change, self._change = self._change, None
        if change is not None and not change.done():
            change.set_result(None)

    def _note_name(self, connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> int | None:
        self.server_names.append(name)
        return None  # go on with the handshake

    def _take(self, wire: Wire, method: str, target: str, headers: dict[str, str], body: bytes) -> None:
        path = target.partition("?")[0]
        script = self._scripts.get(path) or self._scripts.get(ANY_PATH)
        if script is None:
            script = self._scripts[path] = Script()
        behaviour, answer = script.take()
        whole = behaviour.kind in ("answer", "gzip_bomb", "huge_headers")
        status = behaviour.status if whole else None
        self.ledger.enter(method, path, headers, body, status=status, accepted=behaviour.accepts)
        if behaviour.kind == "answer":
            wire.transport.write(answer)
        else:
            self._misbehave(wire, behaviour, answer)
        self._changed()

    def _misbehave(self, wire: Wire, behaviour: Behaviour, answer: bytes) -> None:
        match behaviour.kind:
            case "stall":
                self._stalled.append((wire, answer))
            case "close":
                wire.transport.close()
            case "drop":
                wire.transport.write(behaviour.head("Content-Length: 1000") + b"x" * 500)
                wire.transport.close()
            case "gzip_bomb":
                bomb = gzip_bomb()
                wire.transport.write(behaviour.head(f"Content-Length: {len(bomb)}", "Content-Encoding: gzip") + bomb)
            case "huge_headers":
                extra = (f"X-{number}: {'y' * behaviour.size}" for number in range(behaviour.count))
                wire.transport.write(behaviour.head(f"Content-Length: {len(behaviour.body)}", *extra) + behaviour.body)
            case "drip":
                self._go(self._drip(wire, behaviour))
            case _:
                self._go(self._pour(wire, behaviour))

    def _go(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _drip(self, wire: Wire, behaviour: Behaviour) -> None:
        wire.transport.write(behaviour.head("Content-Length: 1000000"))
        while wire in self._wires:
            wire.transport.write(b"x")
            await asyncio.sleep(behaviour.interval)

    async def _pour(self, wire: Wire, behaviour: Behaviour) -> None:
        wire.transport.write(behaviour.head("Transfer-Encoding: chunked"))
        chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        while wire in self._wires:
            wire.transport.write(chunk)
            self.ledger.bytes_sent += len(chunk)
            await wire.drained()
            await asyncio.sleep(0)
