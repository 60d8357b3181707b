"""Where recorded exchanges are replayed: a gateway, who asks it, and what has been kept so far."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx

from tests.contract.exchanges import Step, Story, at, difference, filled
from tests.process import ADMIN_EMAIL, ADMIN_KEY, ADMIN_PASSWORD
from tests.served import Served
from tests.simulators.telegram import Bot, User

PATIENCE = 60.0
"""Seconds that only bound a broken run."""
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(64)


class Stage:
    """The gateway, who asks it, and what has been kept so far. `own_tenant`: the owner is nobody's neighbour."""

    def __init__(self, served: Served, *, own_tenant: bool = False) -> None:
        telegram, receiver = served.telegram, served.receiver
        self.bot: Bot = telegram.add_bot(name="Helper")
        self.ann: User = telegram.add_person("Ann", username="ann_in_berlin")
        self.names = {
            "database": served.database,
            "base": served.gateway.base_url,
            "port": str(served.gateway.port),
            "token": self.bot.token,
            "bot": str(self.bot.user.id),
            "ann": str(self.ann.id),
            "group": str(telegram.rooms.create("supergroup", "Family", members=[self.ann, self.bot]).id),
            "hook": receiver.url(served.new_path()),
            "picture": receiver.url("/picture.png"),
        }
        receiver.answer("/picture.png", body=PICTURE, headers={"Content-Type": "image/png"})
        self._people = telegram.people
        self._base_url = served.gateway.base_url
        self._own_tenant = own_tenant
        self._clients: dict[str, httpx.AsyncClient] = {}
        self._admit("admin", {"x-api-key": ADMIN_KEY})
        self._admit("nobody", {})

    def _admit(self, caller: str, headers: dict[str, str]) -> None:
        self._clients[caller] = httpx.AsyncClient(base_url=self._base_url, headers=headers, timeout=30, trust_env=False)

    async def open(self) -> None:
        """Let a stranger in, and log in once."""
        login = {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}
        owner = ADMIN_KEY
        if self._own_tenant:
            login = {"email": f"owner-{self.bot.user.id}@example.com", "password": "of this tenant"}
            owner = await self._user(login)
        self._admit("owner", {"x-api-key": owner})
        strange = {"email": f"s-{self.bot.user.id}@example.com", "password": "of another tenant"}
        self._admit("stranger", {"x-api-key": await self._user(strange)})
        token = (await self.ask("nobody", "POST", "/api/auth/login", json=login)).json()["token"]
        self._admit("login", {"Authorization": f"Bearer {token}"})

    async def _user(self, body: dict[str, str]) -> str:
        made = await self.ask("admin", "POST", "/api/users", json=body)
        return str(made.json()["apiKey"])

    async def tell(self, story: Story) -> None:
        """The whole story, from an empty stage."""
        try:
            await self.open()
            if story.connected:
                await self.connect()
            for step in story.steps:
                await self.play(step)
        finally:
            await self.close()

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
            self._admit(caller, {"Authorization": f"Bearer {self.names['instance']}"})
        return await self._clients[caller].request(method, path, **more)

    @property
    def acts(self) -> dict[str, Callable[[], object]]:
        """What the people of the story can do."""
        people, ann, bot = self._people, self.ann, self.bot
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
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while True:
            answer = await self.ask(step.caller, method, path, **more)
            if answer.status_code == step.status:
                # Kept first, so that an answer may be said to name what it is about in several places.
                for name, place in step.keep.items():
                    self.names[name] = str(at(answer.json(), place))
            problem = self.problem_with(answer, step)
            if problem is None or not step.eventually or asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(0.02)
        assert problem is None, f"{step.caller}: {method} {path}: {problem}\n{answer.status_code} {answer.text[:2000]}"

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
