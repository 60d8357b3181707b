"""What every provider promises, whatever its network: one suite over all of them."""

from __future__ import annotations

import asyncio
import traceback

import pytest

from gateway.domain.errors import InvalidInput, NetworkRefused, NetworkUnreachable, StorageUnavailable, TooManyRequests
from gateway.domain.events import Event
from gateway.domain.instances import ProviderName
from gateway.domain.messages import Media, MediaKind, OutgoingMedia, OutgoingMessage, Text
from gateway.kit.egress import Egress, EgressPolicy
from gateway.providers import make_providers
from gateway.providers.contract import FetchesMedia
from gateway.settings import Settings
from tests.contract.providers.bench import ProviderBench
from tests.seam import Seam, living
from tests.simulators.telegram.samples import PNG


async def test_it_says_connected_only_after_the_network_answered(bench: ProviderBench, seam: Seam) -> None:
    await bench.unplug()
    async with living(bench.provider, seam.context(bench.credentials)):
        await seam.until(lambda: seam.states)
        assert seam.state != "connected"
        await bench.plug_in()
        await seam.until(lambda: seam.state == "connected", passing=60)


async def test_what_somebody_writes_is_told_once_and_in_order(bench: ProviderBench, seam: Seam) -> None:
    early = await bench.ann_writes("before the session")
    async with living(bench.provider, seam.context(bench.credentials)):
        await seam.until_connected()
        for number in range(30):
            await bench.ann_writes(f"line {number}")
        await seam.until(lambda: len(seam.bodies) == 31)
    assert seam.bodies == ["before the session", *(f"line {number}" for number in range(30))]
    first = seam.messages[0]
    assert (first.network_id, first.sender.address, first.from_me) == (early, bench.ann, False)


async def test_a_text_reaches_the_person(bench: ProviderBench, seam: Seam) -> None:
    async with living(bench.provider, seam.context(bench.credentials)) as life:
        await seam.until_connected()
        sent = await life.session.send(OutgoingMessage(to=bench.ann, content=Text(text="Good morning")))
    assert await bench.texts_for_ann() == ["Good morning"]
    assert sent.message.content == Text(text="Good morning")
    assert sent.message.chat.address == bench.ann
    assert sent.message.from_me
    assert sent.id


async def test_a_file_survives_both_ways(bench: ProviderBench, seam: Seam) -> None:
    async with living(bench.provider, seam.context(bench.credentials)) as life:
        await seam.until_connected()
        await bench.ann_sends(MediaKind.DOCUMENT, b"a contract" * 1000, "please sign")
        await seam.until(lambda: seam.messages)
        content = seam.messages[0].content
        assert isinstance(content, Media)
        assert (content.media, content.caption, content.size) == (MediaKind.DOCUMENT, "please sign", 10_000)
        assert isinstance(life.session, FetchesMedia)
        assert (await life.session.fetch_media(content.ref, max_bytes=10_000)).data == b"a contract" * 1000

        picture = OutgoingMedia(
            media=MediaKind.IMAGE, data=PNG, mime_type="image/png", file_name="a.png", caption="here"
        )
        sent = await life.session.send(OutgoingMessage(to=bench.ann, content=picture))
        assert isinstance(sent.message.content, Media)
        assert (await life.session.fetch_media(sent.message.content.ref, max_bytes=10_000)).data == PNG
    assert await bench.texts_for_ann() == ["here"]
    assert PNG in await bench.files_for_ann()


async def test_what_could_not_be_committed_comes_again(bench: ProviderBench, seam: Seam) -> None:
    away = True

    def refuse(_event: Event) -> Exception | None:
        return StorageUnavailable("The database is away.") if away else None

    seam.refuse = refuse
    async with living(bench.provider, seam.context(bench.credentials)):
        await bench.ann_writes("one")
        await bench.ann_writes("two")
        await seam.until(lambda: seam.asked)
        away = False
        await seam.until(lambda: len(seam.bodies) == 2, passing=10)
        await seam.until_connected()
    assert seam.bodies == ["one", "two"]


async def test_what_was_not_committed_comes_again_after_a_restart(bench: ProviderBench, seam: Seam) -> None:
    seam.refuse = lambda _event: StorageUnavailable("The database is away.")
    async with living(bench.provider, seam.context(bench.credentials)):
        await bench.ann_writes("do not lose me")
        await seam.until(lambda: seam.asked)
    assert seam.committed == []
    after = Seam(bench.name)
    async with living(bench.provider, after.context(bench.credentials)):
        await after.until(lambda: after.bodies == ["do not lose me"])


async def test_wrong_credentials_end_it_for_good(bench: ProviderBench, seam: Seam) -> None:
    expected = await bench.revoke()
    async with living(bench.provider, seam.context(bench.wrong_credentials)) as life:
        ending = await life.ending()
    assert isinstance(ending, expected)
    assert ending.sentence.endswith(".")
    assert "connected" not in seam.codes


async def test_an_outage_is_told_and_survived(bench: ProviderBench, seam: Seam) -> None:
    async with living(bench.provider, seam.context(bench.credentials)) as life:
        await seam.until_connected()
        await bench.unplug()
        await seam.until(lambda: seam.state != "connected", passing=2)
        with pytest.raises(NetworkUnreachable):
            await life.session.send(OutgoingMessage(to=bench.ann, content=Text(text="lost")))
        await bench.ann_writes("written during the outage")
        await bench.plug_in()
        await seam.until(lambda: seam.state == "connected", passing=60)
        await seam.until(lambda: seam.bodies == ["written during the outage"])
        assert not life.task.done()


async def test_a_cancelled_session_leaves_nothing_behind(bench: ProviderBench, seam: Seam) -> None:
    async with living(bench.provider, seam.context(bench.credentials)) as life:
        await seam.until_connected()
        await bench.ann_writes("hello")
        await seam.until(lambda: seam.bodies)
        before = asyncio.all_tasks()
        await life.stop()
        assert life.task.cancelled()
        # The simulated network serves in this loop too: its answer to the last request may still be ending.
        await seam.until(lambda: not {task for task in asyncio.all_tasks() - before if not task.done()})
    assert not [task for task in asyncio.all_tasks() if "gateway/providers" in repr(task.get_coro())]


async def test_refusals_have_names(bench: ProviderBench, seam: Seam) -> None:
    async with living(bench.provider, seam.context(bench.credentials)) as life:
        await seam.until_connected()
        with pytest.raises(NetworkRefused):
            await life.session.send(OutgoingMessage(to=bench.stranger, content=Text(text="hi")))
        wait = await bench.slow_down(7)
        with pytest.raises(TooManyRequests) as flood:
            await life.session.send(OutgoingMessage(to=bench.ann, content=Text(text="hi")))
        assert flood.value.retry_after == wait
        with pytest.raises(InvalidInput):
            await life.session.send(OutgoingMessage(to=bench.ann, content=Text(text="")))
    assert await bench.texts_for_ann() == []


async def test_no_secret_is_ever_told(bench: ProviderBench, seam: Seam) -> None:
    async with living(bench.provider, seam.context(bench.credentials)) as life:
        await seam.until_connected()
        await bench.ann_writes("hello")
        await seam.until(lambda: seam.bodies)
        await bench.unplug()
        await seam.until(lambda: seam.state != "connected", passing=2)
        with pytest.raises(NetworkUnreachable) as lost:
            await life.session.send(OutgoingMessage(to=bench.ann, content=Text(text="lost")))
    traced = "".join(traceback.format_exception(lost.value))
    told = seam.told() + traced + lost.value.sentence + repr(seam.context(bench.credentials))
    assert not any(secret in told for secret in bench.secrets)


def test_every_provider_is_in_the_list(settings: Settings) -> None:
    providers = make_providers(settings, Egress(EgressPolicy()))
    assert set(providers) == set(ProviderName)
    assert all(name == provider.name for name, provider in providers.items())
