"""One instance as programs use it, over a linked phone: `whatsapp/*.json`, one story, told in the order of their names.

They are told to a real gateway process whose instance is linked to the simulated WhatsApp.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.contract.exchanges import Step, at, difference, filled, read
from tests.e2e.whatsapp.town import ANN, BEN, CLEO, OWN, Town, town
from tests.process import ADMIN_KEY

FOLDER = Path(__file__).parent
STORIES = [f"whatsapp/{path.stem}" for path in sorted((FOLDER / "whatsapp").glob("*.json"))]
pytestmark = pytest.mark.slow

PATIENCE = 30.0
"""Seconds that only bound a broken run."""
DORA = "4915100000005"
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


class Desk:
    """Who asks, and what was kept so far."""

    def __init__(self, place: Town) -> None:
        place.receiver.answer("/picture.png", body=PICTURE, headers={"Content-Type": "image/png"})
        self.names = {
            "own": OWN, "ann": ANN, "ben": BEN, "cleo": CLEO, "dora": DORA,
            "picture": place.receiver.url("/picture.png"),
        }  # fmt: skip
        self._whatsapp = place.whatsapp
        self._http = httpx.AsyncClient(base_url=place.gateway.base_url, timeout=30, trust_env=False)
        whatsapp = place.whatsapp
        self._acts: dict[str, Callable[[], Awaitable[object]]] = {
            "the phone scans": self._scans,
            "the phone unlinks": lambda: whatsapp.logout_device(OWN),
            "ann writes": lambda: whatsapp.write_text(ANN, OWN, "Hello"),
            "ann answers in the group": lambda: whatsapp.write_text(ANN, text="Yes", group=self.names["group"]),
            "ann is made an administrator and describes the group": self._describes,
            "ann sends a picture": lambda: whatsapp.send_file(
                ANN, OWN, kind="image", data=PICTURE, caption="Look at this", mimetype="image/png"
            ),
            "ann sends a document": lambda: whatsapp.send_file(
                ANN, OWN, kind="document", data=b"figures", mimetype="text/plain", filename="Отчёт.txt"
            ),
        }

    async def _scans(self) -> None:
        shown = await self.ask("instance", "GET /api/v1/status")
        await self._whatsapp.scan(shown.json()["qr"], OWN, "Shop")

    async def _describes(self) -> None:
        self.names["bare"] = self.names["group"].partition("@")[0]
        await self._whatsapp.change_members(self.names["group"], "promote", OWN, [ANN])
        await self._whatsapp.describe_group(self.names["group"], ANN, "Who we are")

    async def ask(self, caller: str, what: str, **more: Any) -> httpx.Response:
        """One request: method and path."""
        method, _, path = what.partition(" ")
        credentials = {
            "owner": {"x-api-key": ADMIN_KEY},
            "instance": {"Authorization": f"Bearer {self.names.get('instance')}"},
            "nobody": {},
        }
        headers = credentials[caller] | more.pop("headers", {})
        return await self._http.request(method, path, headers=headers, **more)

    async def play(self, step: Step) -> None:
        """One step of a story."""
        if step.act is not None:
            await self._acts[step.act]()
            return
        what = filled(step.request, self.names)
        more: dict[str, Any] = {"headers": filled(step.headers, self.names)}
        if step.body is not None:
            more["json"] = filled(step.body, self.names)
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while True:
            answer = await self.ask(step.caller, what, **more)
            problem = self._problem_with(answer, step)
            if problem is None or not step.eventually or asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(0.02)
        assert problem is None, f"{step.caller}: {what}: {problem}\n{answer.status_code} {answer.text[:2000]}"
        for name, where in step.keep.items():
            self.names[name] = str(at(answer.json(), where))

    def _problem_with(self, answer: httpx.Response, step: Step) -> str | None:
        if answer.status_code != step.status:
            return f"status {answer.status_code} instead of {step.status}"
        if step.answer_text is not None:
            return None if step.answer_text.encode() in answer.content else "the text is another"
        return difference(filled(step.answer, self.names), answer.json())

    async def close(self) -> None:
        await self._http.aclose()


async def test_programs_are_answered_as_they_know_it_over_a_linked_phone(tmp_path: Path, database_url: str) -> None:
    assert len(STORIES) >= 5
    async with town(tmp_path, database_url) as place:
        await place.whatsapp.add_person(DORA, "Dora")
        await place.whatsapp.close_to_strangers(DORA)
        desk = Desk(place)
        try:
            for name in STORIES:
                for step in read(FOLDER, name).steps:
                    await desk.play(step)
            group = await place.whatsapp.group(desk.names["group"])
            assert set(group.members) == {OWN, ANN, BEN, CLEO}
            texts = [each.text for each in await place.whatsapp.seen(ANN)]
            assert {"Привет", "There", "Tonight?", "Fine", "Then", "eight"} <= set(texts)
            assert "Hi" not in texts, "what was meant for a group that is none has reached a person"
            assert await place.problems() == []
        finally:
            await desk.close()
