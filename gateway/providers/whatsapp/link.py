"""One device's connection in Go, opened and closed without endangering the others.

What neonize would do badly for many sessions in one process is done here instead (the numbers are those of the list in
docs/guides/whatsapp.md): a daemon thread for each connection instead of a slot of asyncio's executor (1), starts and
stops one after the other and apart from calls (2), no call for a connection that is not live (3), a fresh uuid each
time with the old client's finalizer detached (5), events without neonize's global event loop (7), a dial that fails is
an exception (10), and a stop that does not hold up the rest (15).
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import ctypes
import functools
import threading
import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from gateway.domain.errors import NetworkUnreachable
from gateway.kit.log import get_logger
from gateway.providers.whatsapp import library
from gateway.providers.whatsapp.gate import GATE

if TYPE_CHECKING:
    from neonize.aioze.client import NewAClient

log = get_logger(__name__)

WRITE_WINDOW: Final = 0.05
"""Seconds in which a start has surely written the maps: it opens one SQLite file before, some milliseconds."""
CONNECT_WINDOW: Final = 5.0
"""Seconds for which other starts and stops wait for one that is still connecting; it reads the maps once more then."""
CLOSE_TIMEOUT: Final = 5.0
"""Seconds whatsmeow gives a WebSocket to close politely."""
CALLS_AT_ONCE: Final = 128
"""Calls of all connections that may wait for WhatsApp at the same time."""
CALLS_OF_ONE: Final = 8
"""Of one connection: more only queue up behind whatsmeow's own lock."""

_DEVICE: Final = 0
"""The event with which neonize says that it is past its start: who the device is."""

_calls = concurrent.futures.ThreadPoolExecutor(CALLS_AT_ONCE, thread_name_prefix="whatsapp-call")
_doors = concurrent.futures.ThreadPoolExecutor(4, thread_name_prefix="whatsapp-door")
"""Starts and stops have threads of their own, so that calls which wait for a silent network cannot hold them up."""


class NotLive(NetworkUnreachable):
    """The connection is not up; nothing left."""

    code = "not_connected"

    def __init__(self) -> None:
        super().__init__("WhatsApp is not connected right now; try again in a moment.", maybe_sent=False)


class Turns:
    """Lets connections start and stop one at a time. One for each event loop that has some."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()


class Link:
    """One connection: `open` it once, `close` it once.

    `on_event(code, payload)` is called with neonize's event codes on the connection's own thread, in order; blocking
    there holds WhatsApp back, which is the backpressure. `on_qr` and `on_login` are for a device not linked yet.
    """

    def __init__(
        self,
        store_name: str,
        *,
        turns: Turns,
        events: Sequence[int],
        on_event: Callable[[int, bytes], None],
        device_props: bytes,
        proxy: str | None = None,
        on_qr: Callable[[str], None] | None = None,
        on_login: Callable[[str], None] | None = None,
    ) -> None:
        self._store_name = store_name
        self._turns = turns
        self._events = events
        self._on_event = on_event
        self._on_qr = on_qr
        self._on_login = on_login
        self._device_props = device_props
        self._proxy = proxy
        self._uuid = uuid.uuid4().hex
        self._loop = asyncio.get_running_loop()
        self._opened = asyncio.Event()
        self._closing = False
        self._started = False
        self._starting: asyncio.Task[None] | None = None
        self._live = False
        self._calls = asyncio.Semaphore(CALLS_OF_ONE)
        self.ended: asyncio.Future[str] = self._loop.create_future()
        """Done when Go let go of the connection, with its error text, empty when it was asked to."""
        self.client: NewAClient = self._make_client()

    @property
    def live(self) -> bool:
        """Whether calls may be made."""
        return self._live and not self._closing

    async def open(self) -> None:
        """Connect. Returns when the network answered the handshake; being logged in is told by an event.

        Raises NetworkUnreachable when nobody answered.
        """
        # Shielded: a start that is given up halfway would leave the gate shut for ever, or open it while Go writes.
        self._starting = asyncio.ensure_future(self._start())
        await asyncio.shield(self._starting)
        await self._wait_opened(None)
        if self.ended.done() and not self._opened.is_set():
            raise NetworkUnreachable(f"WhatsApp did not answer: {self.ended.result() or 'closed'}", maybe_sent=False)

    async def _start(self) -> None:
        async with self._turns.lock:
            if self._closing:
                self._end("")  # given up before its turn came
                return
            self._started = True
            await self._loop.run_in_executor(_doors, GATE.begin_writing)
            try:
                threading.Thread(target=self._life, daemon=True, name=f"whatsapp-{self._uuid[:8]}").start()
                await self._wait_opened(WRITE_WINDOW)
            finally:
                GATE.end_writing()
            await self._wait_opened(CONNECT_WINDOW)

    async def close(self) -> None:
        """Disconnect and forget. Returns when Go let go of it, or after a few seconds when it does not."""
        was_live = self._live and not self.ended.done()
        self._closing = True
        if not self._started:
            return
        if was_live:
            # The polite end of the socket takes seconds when the network is gone. It only reads the maps.
            leave = GATE.run(lambda: self._live, NotLive, self._go.Disconnect)
            disconnect = asyncio.ensure_future(self._loop.run_in_executor(_calls, leave, self._id))
            await asyncio.wait({disconnect}, timeout=CLOSE_TIMEOUT)
            disconnect.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._live = False
        async with self._turns.lock:
            await self._loop.run_in_executor(_doors, self._stop)
        _, hanging = await asyncio.wait({self.ended}, timeout=CLOSE_TIMEOUT)
        if hanging:
            log.warning("whatsapp_thread_left_behind")

    def _stop(self) -> None:
        with GATE.writing():
            self._go.Stop(self._id)

    # -- the thread that lives in Go ----------------------------------------------------------------------------

    def _life(self) -> None:
        from neonize._binder import ProxySettings, func_callback_bytes, func_string

        proxy = ProxySettings(proxy_address=self._proxy)._to_c_struct() if self._proxy else None  # noqa: SLF001 - the only way from it to C
        events = bytes(sorted({*self._events}))
        buffer = (ctypes.c_char * len(events)).from_buffer_copy(events)
        try:
            # The callbacks stay referenced by this frame for as long as Go may call them.
            error = self._go.Neonize(
                self._store_name.encode(),
                self._id,
                b"",
                0,
                0,
                b"ERROR",
                func_string(self._qr),
                func_string(self._login),
                func_callback_bytes(self._event),
                _log_callback(),
                buffer,
                len(events),
                self._device_props,
                len(self._device_props),
                b"",
                0,
                ctypes.byref(proxy) if proxy is not None else None,
            )
            text = (error or b"").decode(errors="replace")
        except Exception as failure:  # noqa: BLE001 - whatever it is, whoever waits for this connection is told
            text = f"{type(failure).__name__}: {failure}"
        self._live = False
        self._tell(self._end, text)

    def _event(self, _: bytes, data: int, size: int, code: int) -> None:
        payload = ctypes.string_at(data, size) if size else b""
        if code == _DEVICE:
            self._live = not self._closing
            self._tell(self._opened.set)
        try:
            self._on_event(code, payload)
        except Exception:
            # An exception cannot cross Go; ctypes would print it and go on as if nothing had happened.
            log.exception("whatsapp_event_lost", code=code)

    def _qr(self, _: int, text: int) -> None:
        if self._on_qr is not None:
            self._live = not self._closing  # a device without an account may be asked for a pairing code
            self._tell(self._opened.set)
            self._on_qr(ctypes.string_at(text).decode())

    def _login(self, _: int, text: int) -> None:
        if self._on_login is not None:
            self._on_login(ctypes.string_at(text).decode())

    def _end(self, text: str) -> None:
        if not self.ended.done():
            self.ended.set_result(text)

    def _tell(self, callback: Callable[..., object], *args: object) -> None:
        try:
            self._loop.call_soon_threadsafe(callback, *args)
        except RuntimeError:
            log.debug("whatsapp_loop_is_gone")  # the process is ending; nobody waits any more

    # -- calls ----------------------------------------------------------------------------------------------------

    @property
    def _go(self) -> Any:
        return library.go()

    @property
    def _id(self) -> bytes:
        return self._uuid.encode()

    def _make_client(self) -> NewAClient:
        client: NewAClient = library.load().NewAClient(self._store_name, uuid=self._uuid)
        # Its finalizer would stop whoever has this uuid when the object is collected.
        client._stop_finalizer.detach()  # noqa: SLF001 - there is no public way
        facade = _Facade(self)
        for owner, name in (
            (client, "_NewAClient__client"),
            (client.contact, "_ContactStore__client"),
            (client.chat_settings, "_ChatSettingsStore__client"),
        ):
            if not hasattr(owner, name):
                raise RuntimeError(
                    f"neonize changed: {type(owner).__name__} has no {name}; its calls cannot be guarded"
                )
            setattr(owner, name, facade)
        return client

    async def call(self, name: str, *args: Any) -> Any:
        """Call Go, in a thread of ours. Raises NotLive."""
        if not self.live:
            raise NotLive
        async with self._calls:
            guarded = GATE.run(lambda: self.live, NotLive, getattr(self._go, name))
            return _taken(await self._loop.run_in_executor(_calls, guarded, *args), self._go)

    async def _wait_opened(self, seconds: float | None) -> None:
        opened = asyncio.ensure_future(self._opened.wait())
        either: set[asyncio.Future[Any]] = {opened, self.ended}
        try:
            await asyncio.wait(either, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            opened.cancel()


class _Facade:
    """Stands where neonize keeps its Go library, so that all of its methods pass the guards."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        def call(*args: Any) -> Awaitable[Any]:
            return self._link.call(name, *args)

        return call


def _taken(result: Any, go: Any) -> Any:
    """The bytes of a result that neonize forgot to take over from Go, which is how it hands out poll votes."""
    from neonize._binder import Bytes

    if not isinstance(result, ctypes.POINTER(Bytes)):
        return result
    try:
        return result.contents.get_bytes()
    finally:
        go.FreeBytesStruct(result)


@functools.cache
def _log_callback() -> Any:
    """One for the whole process, and for ever: whatsmeow still logs after the call that was given it has returned, and
    calling a callback that Python has freed is a segmentation fault.
    """
    from neonize._binder import func_callback_bytes2

    return func_callback_bytes2(_log_line)


def _log_line(data: int, size: int) -> None:
    from neonize.proto.Neonize_pb2 import LogEntry

    entry = LogEntry.FromString(ctypes.string_at(data, size)) if size else LogEntry()
    log.info("whatsmeow", level=entry.Level.lower(), part=entry.Name, text=entry.Message)
