"""Every recorded exchange, replayed against a running gateway process on each database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.contract.api import exchanges
from tests.contract.api.exchanges import Step, at, difference, filled
from tests.process import ADMIN_EMAIL, ADMIN_PASSWORD
from tests.served import SHARED, Served
from tests.simulators.telegram import Bot, User

pytestmark = SHARED

PATIENCE = 60.0
"""Seconds that only bound a broken run."""

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(64)
OURS = (
    *("/api/instances", "/api/whatsapp", "/api/stats", "/api/db", "/api/health"),
    *("/health", "/ready", "/metrics", "/hooks"),
)


class Stage:
    """The gateway, who asks it, and what has been kept so far."""

    def __init__(self, served: Served) -> None:
        telegram, receiver = served.telegram, served.receiver
        self.telegram = telegram
        self.bot: Bot = telegram.add_bot(name="Helper")
        self.ann: User = telegram.add_person("Ann", username="ann_in_berlin")
        self.names = {
            "database": served.database,
            "token": self.bot.token,
            "bot": str(self.bot.user.id),
            "ann": str(self.ann.id),
            "hook": receiver.url(served.new_path()),
            "picture": receiver.url("/picture.png"),
        }
        receiver.answer("/picture.png", body=PICTURE, headers={"Content-Type": "image/png"})
        self._served = served
        self._clients: dict[str, httpx.AsyncClient] = {"owner": served.client(), "nobody": served.client(None)}

    async def open(self) -> None:
        """Let a stranger in, and log in once."""
        self._clients["stranger"] = self._served.client((await self._served.new_user())["apiKey"])
        login = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
        token = (await self.ask("nobody", "POST", "/api/auth/login", json=login)).json()["token"]
        self._clients["login"] = self._served.client(None, token=token)

    async def connect(self) -> None:
        """An instance that is connected and has met Ann."""
        body = {"name": "Helper", "provider": "telegram", "token": self.bot.token}
        self.names["instance"] = (await self.ask("owner", "POST", "/api/instances", json=body)).json()["id"]
        path = f"/api/instances/{self.names['instance']}"
        await self.until(path + "/activity?actions=connection_opened", lambda answer: answer["logs"])
        self.acts["ann writes"]()
        await self.until(f"{path}/chats/{self.ann.id}/messages", lambda answer: answer["messages"])

    async def until(self, path: str, condition: Callable[[Any], object]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition((await self.ask("owner", "GET", path)).json()):  # noqa: ASYNC110 - over HTTP nobody rings
                await asyncio.sleep(0.02)

    async def ask(self, caller: str, method: str, path: str, **more: Any) -> httpx.Response:
        if caller == "instance" and caller not in self._clients:
            self._clients[caller] = self._served.client(None, token=self.names["instance"])
        return await self._clients[caller].request(method, path, **more)

    @property
    def acts(self) -> dict[str, Callable[[], object]]:
        """What the people of the story can do."""
        people, ann, bot = self.telegram.people, self.ann, self.bot
        return {
            "ann writes": lambda: people.sends_text(ann, bot, "Hello"),
            "ann sends a document": lambda: people.sends_media(
                ann, bot, "document", b"<script>alert(1)</script>", file_name="Отчёт.html", mime_type="text/html"
            ),
        }

    async def play(self, step: Step) -> None:
        if step.act is not None:
            self.acts[step.act]()
            return
        method, _, path = filled(step.request, self.names).partition(" ")
        more: dict[str, Any] = {"headers": filled(step.headers, self.names)}
        if step.form is not None:
            form = filled(step.form, self.names)
            # A part without a file name is a plain field; given as a file so that httpx always speaks multipart.
            more["files"] = {
                name: (value[0], value[1].encode()) if isinstance(value, list) else (None, value)
                for name, value in form.items()
            }
        elif step.text is not None:
            more["content"] = filled(step.text, self.names)
        elif step.body is not None:
            more["json"] = filled(step.body, self.names)
        async with asyncio.timeout(PATIENCE):
            while True:
                answer = await self.ask(step.caller, method, path, **more)
                problem = self.problem_with(answer, step)
                if problem is None or not step.eventually:
                    break
                await asyncio.sleep(0.02)
        assert problem is None, f"{step.caller}: {method} {path}: {problem}\n{answer.status_code} {answer.text[:2000]}"
        for name, place in step.keep.items():
            self.names[name] = str(at(answer.json(), place))

    def problem_with(self, answer: httpx.Response, step: Step) -> str | None:
        """What is wrong with an answer; None when it is as recorded."""
        if answer.status_code != step.status:
            return f"status {answer.status_code} instead of {step.status}"
        for name, value in step.answer_headers.items():
            if answer.headers.get(name) != filled(value, self.names):
                return f"header {name} is {answer.headers.get(name)!r}"
        if step.answer_text is not None:
            return None if step.answer_text in answer.text else "the text is another"
        return difference(filled(step.answer, self.names), answer.json())

    async def close(self) -> None:
        for client in self._clients.values():
            await client.aclose()


@pytest.mark.parametrize("name", exchanges.stories())
async def test_the_gateway_answers_as_recorded(name: str, served: Served) -> None:
    story = exchanges.read(name)
    stage = Stage(served)
    try:
        await stage.open()
        if story.connected:
            await stage.connect()
        for step in story.steps:
            await stage.play(step)
    finally:
        await stage.close()


async def test_every_route_has_a_recorded_exchange(served: Served) -> None:
    async with served.client() as client:
        document = (await client.get("/docs/openapi.json")).json()
    recorded = {
        tuple(step.request.partition("?")[0].split(" ", 1))
        for name in exchanges.stories()
        for step in exchanges.read(name).steps
        if step.request
    }

    def asked(method: str, path: str) -> bool:
        parts = path.split("/")
        return any(
            verb == method.upper()
            and len(given := said.split("/")) == len(parts)
            and all(part.startswith("{") or part == one for part, one in zip(parts, given, strict=True))
            for verb, said in recorded
        )

    routes = [(method, path) for path, item in document["paths"].items() for method in item if path.startswith(OURS)]
    assert len(routes) > 40
    assert [route for route in routes if not asked(*route)] == []
