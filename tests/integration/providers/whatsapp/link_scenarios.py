"""Run by test_link, which starts the process that these need. Numbers are those of docs/guides/whatsapp.md."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.domain.errors import NetworkUnreachable
from gateway.providers.whatsapp import library
from gateway.providers.whatsapp.codes import Code
from gateway.providers.whatsapp.link import NotLive, Turns
from gateway.providers.whatsapp.pairing.protocol import Linked, News, Pair, Scan, news_decoder
from gateway.providers.whatsapp.pairing.worker import Pairing, Worker
from gateway.providers.whatsapp.spool import Spool
from tests.integration.providers.whatsapp.linked_devices import PATIENCE, Device, linked
from tests.simulators.whatsapp.remote import Ready, RemoteWhatsApp, connect

MakeDevice = Callable[[], Awaitable[Device]]
ANN = "4915100000002"


@pytest.fixture
async def whatsapp() -> AsyncIterator[RemoteWhatsApp]:
    library.load()
    remote = await connect(Ready(control=int(os.environ["WHATSAPP_CONTROL"]), proxy="", environment={}))
    await remote.add_person(ANN, "Ann")
    yield remote
    await remote.clear_faults()
    await remote.close()


@pytest.fixture
def make_device(whatsapp: RemoteWhatsApp, tmp_path: Path) -> MakeDevice:
    turns = Turns()
    return lambda: linked(whatsapp, tmp_path / "devices", turns)


@pytest.fixture
async def device(make_device: MakeDevice) -> Device:
    return await make_device()


async def test_connections_leave_the_executor_of_asyncio_alone(make_device: MakeDevice) -> None:
    """Pitfall 1: with a slot for each, the second of these would never open."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    heard = [await (await make_device()).connected() for _ in range(3)]
    async with asyncio.timeout(PATIENCE):
        assert await asyncio.to_thread(lambda: 7) == 7
    for each in heard:
        await each.link.close()


async def test_a_call_without_a_connection_is_refused_before_it_reaches_go(device: Device) -> None:
    """Pitfall 3: without the guard this is a SIGSEGV."""
    heard = device.link()
    with pytest.raises(NotLive):
        await heard.link.client.is_on_whatsapp(ANN)
    await heard.link.close()
    heard = await device.connected()
    assert await heard.link.client.is_on_whatsapp(ANN)
    await heard.link.close()
    with pytest.raises(NotLive):
        await heard.link.client.is_on_whatsapp(ANN)


async def test_a_collected_client_stops_nobody(device: Device) -> None:
    """Pitfall 5."""
    old = await device.connected()
    await old.link.close()
    new = await device.connected()
    assert new.link.client.uuid != old.link.client.uuid
    assert not old.link.client._stop_finalizer.alive
    del old
    gc.collect()
    assert await new.link.client.is_on_whatsapp(ANN)
    assert new.link.live
    await new.link.close()


async def test_two_event_loops_each_hear_of_their_own_connection(make_device: MakeDevice) -> None:
    """Pitfall 7: events would all go to the loop that was there first."""
    here, elsewhere = await make_device(), await make_device()
    heard = await here.connected()

    async def on_another_loop() -> bool:
        other = await elsewhere.connected(turns=Turns())
        answer = bool(await other.link.client.is_on_whatsapp(ANN))
        await other.link.close()
        return answer

    assert await asyncio.to_thread(lambda: asyncio.run(on_another_loop()))
    assert await heard.link.client.is_on_whatsapp(ANN)
    await heard.link.close()


async def test_a_network_that_is_out_of_reach_is_an_exception(whatsapp: RemoteWhatsApp, device: Device) -> None:
    """Pitfall 10."""
    await whatsapp.fault("refuse_connect", times=None)
    heard = device.link()
    with pytest.raises(NetworkUnreachable):
        await heard.link.open()
    await heard.link.close()
    await whatsapp.clear_faults()
    heard = await device.connected()
    await heard.link.close()


async def test_closing_towards_a_silent_network_holds_up_nobody(
    whatsapp: RemoteWhatsApp, make_device: MakeDevice
) -> None:
    """Pitfall 15."""
    gone, well = await make_device(), await make_device()
    silent, other = await gone.connected(), await well.connected()
    await whatsapp.silence(gone.phone)
    closing = asyncio.create_task(silent.link.close())
    answer = asyncio.create_task(other.link.client.is_on_whatsapp(ANN))
    await asyncio.wait({closing, answer}, return_when=asyncio.FIRST_COMPLETED)
    assert answer.done()
    assert not closing.done()
    assert await answer
    await closing
    await other.link.close()


async def test_an_opening_that_is_given_up_leaves_the_way_free(device: Device) -> None:
    heard = device.link()
    opening = asyncio.create_task(heard.link.open())
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    await heard.link.close()
    again = await device.connected()
    assert await again.link.client.is_on_whatsapp(ANN)
    await again.link.close()


async def test_a_device_opened_twice_belongs_to_the_second(device: Device) -> None:
    """Pitfall 18."""
    first = await device.connected()
    second = await device.connected()
    await first.hears(Code.STREAM_REPLACED)
    assert await second.link.client.is_on_whatsapp(ANN)
    assert Code.STREAM_REPLACED not in second.codes
    await first.link.close()
    await second.link.close()


class Unhurried(Pairing):
    """Lets go of a linked device only after the past was announced, as happens on a machine that has much to do."""

    def __init__(self, wish: Pair, worker: Worker) -> None:
        self._told = False
        super().__init__(wish, worker)

    def _event(self, code: int, payload: bytes) -> None:
        super()._event(code, payload)
        self._told = self._told or self._past_due > 0

    def _finish(self, news: News) -> None:
        if isinstance(news, Linked) and not self._told:
            asyncio.get_running_loop().call_later(0.02, self._finish, news)
            return
        super()._finish(news)


async def test_what_comes_before_the_pairing_lets_go_is_kept_for_the_session(
    whatsapp: RemoteWhatsApp, tmp_path: Path
) -> None:
    phone, store, spool = "4915170000001", str(tmp_path / "device.db"), tmp_path / "spool"
    await whatsapp.add_person(phone, "Unhurried")
    await whatsapp.remember(phone, f"{ANN}@s.whatsapp.net", ANN, ["long ago"])
    reader, out = os.pipe()
    lines = asyncio.StreamReader()
    pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), os.fdopen(reader, "rb")
    )
    wish = Pair(id="one", store_name=store, device_name="Test", spool=str(spool), history=True)
    async with asyncio.timeout(PATIENCE):
        running = asyncio.create_task(Unhurried(wish, Worker(out)).run())
        scan = news_decoder.decode(await lines.readline())
        assert isinstance(scan, Scan)
        await whatsapp.scan(scan.qr_code, phone)
        while not isinstance(news_decoder.decode(await lines.readline()), Linked):
            pass
        await running
    os.close(out)
    pipe.close()
    kept = Spool(spool, on_arrival=lambda: None)
    assert Code.HISTORY_SYNC in [each.code for each in kept.head(kept.left_over)]
    kept.release()
