"""The same simulator in a process of its own, driven over HTTP."""

from __future__ import annotations

import asyncio
import base64
import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiogram import Bot as Aiogram
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramNetworkError, TelegramServerError, TelegramUnauthorizedError

from tests.simulators.telegram.samples import PNG

TOKEN = "9001:IN_ITS_OWN_PROCESS"


class Remote:
    """The control plane of a simulator somewhere else."""

    def __init__(self, base_url: str, http: aiohttp.ClientSession) -> None:
        self.base_url = base_url
        self._http = http

    async def __call__(self, verb: str, path: str, /, *, expect: int = 200, **body: Any) -> Any:
        async with self._http.request(verb, f"{self.base_url}/_ctl/{path}", json=body) as answer:
            assert answer.status == expect, await answer.text()
            return await answer.json()


@pytest.fixture
async def remote() -> AsyncIterator[Remote]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.simulators.telegram", "--bot", TOKEN, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    base_url = (await process.stdout.readline()).decode().strip()
    async with aiohttp.ClientSession() as http:
        yield Remote(base_url, http)
    process.terminate()
    assert await process.wait() == 0


@pytest.fixture
async def client(remote: Remote) -> AsyncIterator[Aiogram]:
    async with AiohttpSession(api=TelegramAPIServer.from_base(remote.base_url)) as session:
        yield Aiogram(TOKEN, session=session)


async def test_a_conversation_through_the_control_plane(remote: Remote, client: Aiogram) -> None:
    ann = await remote("POST", "persons", first_name="Ann")
    room = await remote("POST", "rooms", kind="supergroup", title="Club", members=[ann["id"]], admins=[9001])
    bob = await remote("POST", "persons", first_name="Bob")
    said = await remote("POST", "people/sends_text", person=ann["id"], bot=TOKEN, text="hello")
    picture = base64.b64encode(PNG).decode()
    await remote("POST", "people/sends_media", person=ann["id"], bot=9001, kind="photo", data=picture, caption="me")
    await remote("POST", "people/edits", person=ann["id"], bot=9001, message_id=said["message_id"], text="hello!")
    await remote("POST", "people/sends_text", person=ann["id"], chat=room["id"], text="all of you")
    await remote("POST", "rooms/joins", user=bob["id"], chat=room["id"], by=ann["id"])
    kinds = [update.event_type for update in await client.get_updates()]
    assert kinds == ["message", "message", "edited_message", "message", "message"]
    assert len(await remote("GET", "updates?bot=9001")) == 5
    await client.send_message(ann["id"], "hi Ann")
    await client.send_message(room["id"], "hi all")
    assert [one["text"] for one in await remote("GET", "sent?bot=9001")] == ["hi Ann", "hi all"]
    assert [one["text"] for one in await remote("GET", f"sent?bot=9001&chat={ann['id']}")] == ["hi Ann"]
    assert [one["status"] for one in await remote("GET", "calls?bot=9001&method=sendMessage")] == [200, 200]
    assert {one["kind"] for one in await remote("GET", "files")} == {"photo"}
    assert (await remote("GET", "webhook?bot=9001")) == {"url": ""}
    assert (await remote("GET", "bots"))[0]["pending"] == 5


async def test_faults_revocation_and_an_outage_through_the_control_plane(remote: Remote, client: Aiogram) -> None:
    await remote("POST", "faults", method="getMe", code=500)
    with pytest.raises(TelegramServerError):
        await client.get_me()
    await remote("POST", "faults", code=500, times=9)
    await remote("DELETE", "faults")
    assert (await client.get_me()).id == 9001
    await remote("POST", "chaos", drop_before=1.0)
    with pytest.raises(TelegramNetworkError):
        await client.get_me()
    await remote("POST", "chaos")
    poll = asyncio.create_task(client.get_updates(timeout=30))
    await remote("POST", "offline", seconds=0.1)
    with pytest.raises(TelegramNetworkError):
        await poll
    async with asyncio.timeout(5):
        while True:
            try:
                await client.get_me()
                break
            except TelegramNetworkError:
                continue
    await remote("POST", "revoke", bot=9001)
    with pytest.raises(TelegramUnauthorizedError):
        await client.get_me()


async def test_wrong_control_requests_are_told_what_is_wrong(remote: Remote) -> None:
    for path, body, words in (
        ("people/sends_text", {"person": 1, "bot": 9001, "text": "x"}, "no person 1"),
        ("people/dances", {}, "no act people/dances"),
        ("people/sends_text", {}, "missing or unknown: person"),
        ("faults", {"times": "many"}, "Expected `int`"),
        ("rooms", {"kind": "castle", "title": "x"}, "a castle cannot be created"),
    ):
        answer = await remote("POST", path, expect=400, **body)
        assert words in answer["error"]
    assert await remote("GET", "nonsense", expect=404)
