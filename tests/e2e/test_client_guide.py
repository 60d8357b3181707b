"""The programs that docs/guides/client.md shows, run as they stand against a running gateway on each database."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from gateway.client import ApiClient, ManagerClient
from tests.conftest import Until
from tests.process import ADMIN_KEY, ROOT
from tests.served import SHARED, Served

pytestmark = SHARED

GUIDE = (ROOT / "docs" / "guides" / "client.md").read_text(encoding="utf-8")
SECRET = "of ours and yours"


def program(name: str) -> str:
    """The guide's program of this name."""
    (found,) = re.findall(rf"^```python {name}\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    return str(found)


@asynccontextmanager
async def running(name: str, served: Served, **env: str) -> AsyncIterator[Process]:
    """The guide's program, started with what it takes from its environment and nothing of the test's."""
    given = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    address = {"GATEWAY_URL": served.gateway.base_url, "GATEWAY_KEY": ADMIN_KEY}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program(name), env=given | address | env, stdout=PIPE, stderr=PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def printed(name: str, served: Served, **env: str) -> list[str]:
    """What it prints until it ends well."""
    async with running(name, served, **env) as process:
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode().splitlines()


async def test_sending_and_reading(served: Served) -> None:
    bot, ann = served.telegram.add_bot(), served.telegram.add_person("Ann")
    served.telegram.people.opens(ann, bot)
    said = await printed("api", served, BOT_TOKEN=bot.token, CHAT_ID=str(ann.id))
    assert served.telegram.texts(bot, ann) == ["Your parcel is on its way."]
    assert re.fullmatch(r"sent \d+", said[0])
    assert said[1:] == ["kept: Your parcel is on its way. sent", "refused: not_connected"]


async def test_following(served: Served, until: Until) -> None:
    bot, ann = served.telegram.add_bot(), served.telegram.add_person("Ann")
    async with ApiClient(served.gateway.base_url, api_key=ADMIN_KEY) as api:
        made = await api.create("shop", provider="telegram", token=bot.token)

        async def ready() -> bool:
            return (await api.status(made.id)).ready

        await until(ready)
    async with running("follow", served) as process:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"listening\n"
        served.telegram.people.sends_text(ann, bot, "hello")
        served.telegram.people.sends_text(ann, bot, "bye")
        out, err = await process.communicate()
    assert (process.returncode, out.decode()) == (0, "heard: hello\nheard: bye\n"), err.decode()


async def test_telling_webhooks_apart(served: Served, until: Until) -> None:
    space: dict[str, Any] = {}
    exec(compile(program("webhook"), "client.md", "exec"), space)
    path, bot = served.new_path(), served.telegram.add_bot()
    async with ApiClient(served.gateway.base_url, api_key=ADMIN_KEY) as api:
        url = served.receiver.url(path)
        await api.create("shop", provider="telegram", token=bot.token, webhook_url=url, webhook_secret=SECRET)
        await until(lambda: served.receiver.received(path))
    came = served.receiver.received(path)[0]
    assert space["take"](SECRET, came.headers, came.body) == 200
    assert space["take"](SECRET, came.headers, came.body + b" ") == 401


async def test_managing(served: Served) -> None:
    said = await printed("manager", served, BOT_TOKEN=served.telegram.add_bot().token)
    assert said == ["telegram running client_ready", "no_change"]


async def test_using_one_instance_by_its_key(served: Served, until: Until) -> None:
    bot, ann = served.telegram.add_bot(), served.telegram.add_person("Ann")
    served.telegram.people.opens(ann, bot)
    async with ManagerClient(served.gateway.base_url, api_key=ADMIN_KEY) as manager:
        made = await manager.create("acme", "telegram", token=bot.token)

        async def ready() -> bool:
            return (await manager.auth_status(made.instance_id)).is_ready_for_messages

        await until(ready)
    said = await printed("instance", served, INSTANCE_KEY=made.api_key or "", CHAT_ID=str(ann.id))
    assert re.fullmatch(r"sent \d+", said[0])
    assert said[1:] == ["reached 1 of 1"]
    assert served.telegram.texts(bot, ann) == ["Hello", "Dear Ann!"]


async def test_without_asyncio(served: Served, until: Until) -> None:
    async with ApiClient(served.gateway.base_url, api_key=ADMIN_KEY) as api:
        made = await api.create("Front desk", provider="telegram", token=served.telegram.add_bot().token)

        async def ready() -> bool:
            return (await api.status(made.id)).ready

        await until(ready)
    assert await printed("blocking", served) == ["Front desk connected"]


async def test_every_program_of_the_guide_is_run() -> None:
    names = re.findall(r"^```python (\w+)$", GUIDE, re.MULTILINE)
    assert sorted(names) == ["api", "blocking", "follow", "instance", "manager", "webhook"]
    assert "```python\n" not in GUIDE
