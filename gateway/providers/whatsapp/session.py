"""One linked device: log in when needed, stay connected, take in what comes.

not linked   the pairing process shows codes (login.py); the state is `login_required`, never `reconnecting`
linked       one connection in Go (link.py), which dials again by itself after a drop; a watch (watch.py) that says
             `connected` only when traffic proves it; a spool and its intake for everything that arrives
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from gateway.domain.errors import Conflict, GatewayError, NetworkUnreachable
from gateway.domain.events import Event
from gateway.domain.instances import LOGGED_OUT_HERE, LoginCode
from gateway.kit.log import get_logger
from gateway.providers.contract import Interrupted, LoggedOut, NotLoggedIn, SessionContext
from gateway.providers.whatsapp import codes, devices, library
from gateway.providers.whatsapp.config import phone_digits, read_config
from gateway.providers.whatsapp.dial import reachable
from gateway.providers.whatsapp.doing import Doing
from gateway.providers.whatsapp.intake import Intake
from gateway.providers.whatsapp.link import Link, NotLive
from gateway.providers.whatsapp.login import Login
from gateway.providers.whatsapp.shared import Shared
from gateway.providers.whatsapp.spool import Arrival, Spool
from gateway.providers.whatsapp.watch import Watch

log = get_logger(__name__)


class WhatsAppSession(Doing):
    """A device that lives."""

    def __init__(self, context: SessionContext, shared: Shared) -> None:
        self._config = read_config(context.credentials)
        self._files = devices.DeviceFiles(shared.folder, context.instance.id)
        self._login: Login | None = None
        self._end: asyncio.Future[None] | None = None
        self._asides: set[asyncio.Task[None]] = set()
        watch = Watch(context.report, context.clock, self._ask, silence=shared.probe_seconds)
        super().__init__(context, shared, watch)

    async def run(self) -> None:
        """Live until cancelled; see the contract for what each ending means."""
        if not self._files.is_linked():
            await self._log_in()
        await asyncio.to_thread(library.load)
        await self._live()

    async def request_pairing_code(self, phone: str) -> LoginCode:
        """The code to type on that phone. Raises Conflict when this device is linked already."""
        digits = phone_digits(phone, field="phoneNumber")
        if self._login is None:
            raise Conflict("This instance shows no code now; it is linked already, or still starting.")
        return await self._login.pairing_code(digits)

    async def logout(self) -> None:
        """Unlink at WhatsApp, so that the phone no longer lists this device."""
        if self.link is None or not self.link.live:
            return  # never linked, or out of reach: then only the phone can take it off its list
        try:
            await self.link.client.logout()
        except NotLive:
            return
        self._finish(LoggedOut("logged_out", LOGGED_OUT_HERE))

    # -- linking ------------------------------------------------------------------------------------------------

    async def _log_in(self) -> None:
        self._files.forget()  # what an attempt that nobody finished left behind
        self._files.make_folder()
        self._login = Login(self._context.report, self._context.clock, phone=self._config.phone)
        try:
            await self._reach()
            async with self._shared.desk.pairing(
                store_name=self._files.store_name,
                device_name=self._shared.device_name,
                spool=self._files.spool,
                history=self._wants_history,
                proxy=self._shared.proxy,
            ) as pairing:
                await self._login.run(pairing)
        except Interrupted as cut:
            raise NotLoggedIn(cut.code, cut.sentence, retry_after=cut.retry_after) from None
        finally:
            self._login = None
        self._files.protect()
        self._context.report.note("Linked.")

    # -- living ---------------------------------------------------------------------------------------------------

    async def _live(self) -> None:
        from gateway.providers.whatsapp.reader import Reader

        loop = asyncio.get_running_loop()
        self._end = loop.create_future()
        self._reader = Reader(
            self._context,
            lambda: self.client,
            history_days=self._shared.history_days,
            history_messages=self._shared.history_messages if self._wants_history else 0,
            reject_call=self.reject_call if self._config.reject_calls else None,
        )
        spool = Spool(self._files.spool, on_arrival=lambda: _soon(loop, intake.wake))
        intake = Intake(spool, self._read, self._context.emit, self._context.report, self._context.clock)
        if spool.left_over:
            self._context.report.note(f"{spool.left_over} events of an earlier run are taken in first.")
        try:
            self.link = self._make_link(spool, loop)
        except BaseException:
            spool.close()
            spool.release()
            raise
        tasks: list[asyncio.Task[None]] = []
        try:
            await self._reach()
            await self._open()
            tasks = [asyncio.ensure_future(work) for work in (intake.run(), self._watch.run())]
            either: set[asyncio.Future[Any]] = {self._end, self.link.ended, *tasks}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            for ending in (self._end, *tasks):
                if ending.done():
                    ending.result()
            raise Interrupted("disconnected", f"The connection ended ({self.link.ended.result() or 'closed'}).")
        except LoggedOut:
            await self._close(spool, tasks)
            self._files.forget()
            raise
        finally:
            self._reader.close()
            await self._close(spool, tasks)

    @property
    def _wants_history(self) -> bool:
        return self._config.history and self._shared.history_days > 0 and self._shared.history_messages > 0

    def _make_link(self, spool: Spool, loop: asyncio.AbstractEventLoop) -> Link:
        return Link(
            self._files.store_name,
            turns=self._shared.turns,
            events=(*codes.SIGNS, *codes.news(history=self._wants_history)),
            on_event=self._receiver(spool, loop),
            device_props=library.device_props(self._shared.device_name),
            proxy=self._shared.proxy,
        )

    async def _reach(self) -> None:
        why_not = await reachable(self._shared.proxy)
        if why_not is not None:
            raise Interrupted("unreachable", why_not)

    async def _open(self) -> None:
        assert self.link is not None
        try:
            await self.link.open()
        except NetworkUnreachable as error:
            raise Interrupted("unreachable", error.sentence) from None

    async def _close(self, spool: Spool, tasks: Sequence[asyncio.Task[None]]) -> None:
        link, self.link = self.link, None
        if link is None:
            return
        for task in (*tasks, *self._asides):
            task.cancel()
        spool.close()
        # Shielded: a stop that is given up must not leave the device open in Go, where the next start would fight it.
        closing = asyncio.ensure_future(link.close())
        closing.add_done_callback(lambda _: spool.release())
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.shield(closing)

    # -- arrivals -------------------------------------------------------------------------------------------------

    def _receiver(self, spool: Spool, loop: asyncio.AbstractEventLoop) -> Callable[[int, bytes], None]:
        def receive(code: int, payload: bytes) -> None:
            """On the connection's own thread."""
            if code in codes.SIGNS:
                _soon(loop, self._sign, code, payload)
            else:
                spool.put(code, payload, keep=code not in codes.PASSING)

        return receive

    async def _read(self, arrival: Arrival) -> Sequence[Event]:
        assert self._reader is not None
        self._watch.heard()
        return await self._reader.read(arrival)

    # -- signs of the connection --------------------------------------------------------------------------------------

    def _sign(self, code: int, payload: bytes) -> None:
        from gateway.providers.whatsapp import signs

        self._watch.heard()
        ending = signs.ending_of(code, payload, self._context.clock.now())
        if ending is not None:
            self._finish(ending)
            return
        match code:
            case codes.Code.DEVICE:
                assert self._reader is not None
                self._reader.is_device(payload)
            case codes.Code.CONNECTED:
                self._watch.connected()
                self._aside(self._greet())
            case codes.Code.KEEP_ALIVE_TIMEOUT:
                self._watch.silent()
            case codes.Code.KEEP_ALIVE_RESTORED:
                self._watch.connected()
            case codes.Code.CONNECT_FAILURE:
                if sentence := signs.dials_again(payload):
                    self._watch.lost("unavailable", sentence)
            case codes.Code.DISCONNECTED:
                self._watch.lost("disconnected", "WhatsApp closed the connection; it is being opened again.")
            case _:
                self._context.report.note(
                    "WhatsApp ended the stream for a reason this version does not know.", "warning"
                )

    async def _greet(self) -> None:
        """What a device does after each login: be seen online if it should, and tell whom the phone knows."""
        try:
            if self._config.online:
                await self.set_presence(True)
            await self.tell_people()
        except GatewayError as error:
            self._context.report.note(f"After the login: {error.sentence}", "warning")

    def _finish(self, ending: Exception) -> None:
        if self._end is not None and not self._end.done():
            self._end.set_exception(ending)
            self._end.exception()  # marked as read: it may come while the session is being stopped anyway

    def _aside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)


def _soon(loop: asyncio.AbstractEventLoop, callback: Callable[..., object], *args: object) -> None:
    try:
        loop.call_soon_threadsafe(callback, *args)
    except RuntimeError:
        log.debug("whatsapp_loop_is_gone")  # the process is ending
