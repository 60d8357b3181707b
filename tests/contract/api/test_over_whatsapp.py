"""What clients of the WhatsApp Multi-Instance API know, word for word, replayed over a linked phone.

`whatsapp/*.json` holds what its documentation shows, and no key more; they are one story, told in the order of their
names to a real gateway process whose instance is linked to the simulated WhatsApp. What this gateway says beyond that
is in `BEYOND`, and nothing else may be said.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.contract.api.told import problem_with_webhook, statuses, webhooks_as_documented
from tests.contract.exchanges import Step, at, difference, filled, read
from tests.e2e.whatsapp.town import ANN, BEN, OWN, Town, town
from tests.process import ADMIN_EMAIL, ADMIN_KEY, ADMIN_PASSWORD, NO_TLS
from tests.simulators.receiver import Received

FOLDER = Path(__file__).parent
pytestmark = pytest.mark.slow

PATIENCE = 30.0
"""Seconds that only bound a broken run."""
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)

BEYOND = frozenset(
    {
        "code", "cursor", "deletedAt", "editedAt", "field", "headerNames", "id", "lastActivity", "mediaPath",
        "nextCursor", "provider", "receivedMessages", "role", "sentMessages", "sequence", "stateCode", "stateMessage",
        "stateUntil", "tenantId", "until", "userId", "username", "status", "createdAt", "uptime", "environment",
        "hotReload", "version",
    }
)  # fmt: skip
"""Keys that an answer may have although the documentation does not show them there."""
NEVER = re.compile(
    r'"(secret|webhookSecret|credentials|authState|authRefreshToken|password)":|(optional|new)-secret-key'
)
"""What no answer may contain; the documented system's did."""

REFUSING = [
    "GET /api/instances/{}", "PUT /api/instances/{}", "DELETE /api/instances/{}", "GET /api/instances/{}/status",
    "POST /api/instances/{}/reconnect", "POST /api/instances/{}/logout", "GET /api/instances/{}/qr",
    "GET /api/instances/{}/activity", "GET /api/instances/{}/events", "GET /api/instances/{}/chats/1/messages",
    "POST /api/instances/{}/send", "GET /api/instances/{}/contacts", "GET /api/instances/{}/contacts/db",
    "POST /api/instances/{}/contacts/add", "POST /api/instances/{}/contacts/import",
    "POST /api/instances/{}/contacts/save", "POST /api/instances/{}/contacts/delete",
    "DELETE /api/instances/{}/contacts/1", "GET /api/whatsapp/{}/status", "GET /api/whatsapp/{}/qr",
    "POST /api/whatsapp/{}/send", "POST /api/whatsapp/{}/send-media", "POST /api/whatsapp/{}/send-file",
    "GET /api/whatsapp/{}/events", "POST /api/whatsapp/{}/logout", "GET /api/whatsapp/{}/contacts",
    "GET /api/whatsapp/{}/contacts/db", "POST /api/whatsapp/{}/contacts/import",
    "POST /api/whatsapp/{}/contacts/save", "GET /api/stats/instances/{}", "GET /api/instances/{}/socket",
    "GET /api/whatsapp/{}/socket", "POST /api/whatsapp-simple/{}/init", "GET /api/whatsapp-simple/{}/qr",
    "GET /api/whatsapp-simple/{}/status", "POST /api/whatsapp-simple/{}/send", "POST /api/whatsapp-simple/{}/logout",
]  # fmt: skip
"""Every route of one instance: who may not use it is told so before anything else is looked at."""


class Desk:
    """Who asks, and what was kept so far."""

    def __init__(self, place: Town, database: str) -> None:
        receiver = place.receiver
        receiver.answer("/picture.png", body=PICTURE, headers={"Content-Type": "image/png"})
        self.names = {
            "email": ADMIN_EMAIL, "password": ADMIN_PASSWORD, "key": ADMIN_KEY, "ann": ANN, "ben": BEN,
            "hook": receiver.url("/hook"), "picture": receiver.url("/picture.png"), "database": database,
        }  # fmt: skip
        self._place = place
        self._http = httpx.AsyncClient(base_url=place.gateway.base_url, timeout=30, trust_env=False, verify=NO_TLS)
        self._callers: dict[str, Callable[[], dict[str, str]]] = {
            "owner": lambda: {"x-api-key": ADMIN_KEY},
            "login": lambda: {"Authorization": f"Bearer {self.names['token']}"},
            "stranger": lambda: {"x-api-key": self.names["strangers_key"]},
            "nobody": dict,
        }
        self._acts: dict[str, Callable[[], Awaitable[object]]] = {
            "the phone scans": self._scans,
            "ann writes": lambda: place.whatsapp.write_text(ANN, OWN, "Hello"),
            "ann reads": lambda: place.whatsapp.read(ANN, OWN, [self.names["text"]]),
        }

    async def open(self) -> None:
        """Let a stranger in, of another tenant."""
        body = {"email": "stranger@example.com", "password": "of another tenant"}
        made = await self.ask("owner", "POST /api/users", json=body)
        self.names["strangers_key"] = made.json()["apiKey"]

    async def _scans(self) -> None:
        shown = await self.ask("owner", filled("GET /api/instances/{instance}/qr", self.names))
        await self._place.whatsapp.scan(shown.json()["qrCode"], OWN, "Shop")

    async def ask(self, caller: str, what: str, **more: Any) -> httpx.Response:
        """One request: method and path."""
        method, _, path = what.partition(" ")
        headers = self._callers[caller]() | more.pop("headers", {})
        return await self._http.request(method, path, headers=headers, **more)

    async def play(self, step: Step) -> None:
        """One step of a story."""
        if step.act is not None:
            await self._acts[step.act]()
            return
        what = filled(step.request, self.names)
        more: dict[str, Any] = {"headers": filled(step.headers, self.names)}
        if step.form is not None:
            # A part without a file name is a plain field; given as a file so that httpx always speaks multipart.
            more["files"] = {
                name: (value[0], value[1].encode()) if isinstance(value, list) else (None, value)
                for name, value in filled(step.form, self.names).items()
            }
        elif step.text is not None:
            more["content"] = step.text
        elif step.body is not None:
            more["json"] = filled(step.body, self.names)
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while True:
            answer = await self.ask(step.caller, what, **more)
            problem = problem_with(answer, step.status, filled(step.answer, self.names))
            if problem is None or not step.eventually or asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(0.02)
        assert problem is None, f"{step.caller}: {what}: {problem}\n{answer.status_code} {answer.text[:2000]}"
        for name, where in step.keep.items():
            self.names[name] = str(at(answer.json(), where))

    async def close(self) -> None:
        await self._http.aclose()


def problem_with(answer: httpx.Response, status: int, expected: Any) -> str | None:
    """Where an answer is not what clients know; None when it is."""
    if answer.status_code != status:
        return f"status {answer.status_code} instead of {status}"
    if answer.headers["content-type"] != "application/json; charset=utf-8":
        return f"content type {answer.headers['content-type']!r}"
    if leak := NEVER.search(answer.text):
        return f"it says {leak[0]}"
    return difference(expected, documented(expected, answer.json()))


def documented(expected: Any, actual: Any) -> Any:
    """The answer without what it may say beyond what is expected."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        kept = {key: value for key, value in actual.items() if key in expected or key not in BEYOND}
        return {key: documented(expected.get(key), value) for key, value in kept.items()}
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        return [documented(one, other) for one, other in zip(expected, actual, strict=True)]
    return actual


async def refusals(desk: Desk) -> None:
    """Nobody, a stranger and whoever asks for what is not there are told so, in the same words on every route."""
    instance = desk.names["instance"]
    cases = [
        ("nobody", instance, 401, "Unauthorized"),
        ("stranger", instance, 403, "You do not have access to this instance"),
        ("owner", "non-existent-id", 404, "Instance non-existent-id not found"),
    ]
    found = []
    for route in REFUSING:
        for caller, asked_for, status, error in cases:
            body: dict[str, str] | None = None if route.startswith("GET") else {}
            answer = await desk.ask(caller, route.format(asked_for), json=body)
            if problem := problem_with(answer, status, {"error": error}):
                found.append(f"{caller}: {route}: {problem}")
    assert found == []


async def test_clients_are_answered_as_they_know_it_over_a_linked_phone(tmp_path: Path, database_url: str) -> None:
    stories = [f"whatsapp/{path.stem}" for path in sorted((FOLDER / "whatsapp").glob("*.json"))]
    assert len(stories) >= 5
    async with town(tmp_path, database_url) as place:
        desk = Desk(place, "postgres" if database_url.startswith("postgres") else "sqlite")
        try:
            await desk.open()
            for name in stories:
                if name == stories[-1]:
                    await refusals(desk)
                for step in read(FOLDER, name).steps:
                    await desk.play(step)
                if name == stories[2]:
                    await place.receiver.wait_for(
                        lambda receiver: statuses(receiver.received("/hook")) >= {"delivered", "read"}
                    )
            assert await place.problems() == []
            webhooks_as_documented(place.receiver.received("/hook"), desk.names["instance"])
        finally:
            await desk.close()


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ('{"error":"Unauthorized","code":"x","field":"y"}', None),
        ('{"error":"unauthorized"}', "answer.error: 'unauthorized' instead of 'Unauthorized'"),
        ('{"code":"x"}', "answer: missing ['error'], extra []"),
        ('{"error":"Unauthorized","trace":[]}', "answer: missing [], extra ['trace']"),
        ('{"error":"Unauthorized","secret":"s"}', 'it says "secret":'),
    ],
)
def test_an_answer_that_clients_do_not_know_is_noticed(body: str, what: str | None) -> None:
    answer = httpx.Response(401, content=body, headers={"content-type": "application/json; charset=utf-8"})
    assert problem_with(answer, 401, {"error": "Unauthorized"}) == what
    assert problem_with(answer, 403, {"error": "Unauthorized"}) == "status 401 instead of 403"


@pytest.mark.parametrize(
    ("body", "secret", "what"),
    [
        ('{"event":"connection_opened","data":{"instanceId":"1"},"timestamp":"2026-01-01T00:00:00.000Z"}', "s", None),
        (
            '{"event":"connection_opened","data":{"instanceId":"1"},"timestamp":"2026-01-01T00:00:00.000Z"}',
            "t",
            "signat",
        ),
        (
            '{"event":"connection_opened", "data":{"instanceId":"1"},"timestamp":"2026-01-01T00:00:00.000Z"}',
            "s",
            "JavaS",
        ),
        (
            '{"event":"connection_opened","data":{"instanceId":"2"},"timestamp":"2026-01-01T00:00:00.000Z"}',
            "s",
            "instan",
        ),
        ('{"event":"connection_opened","data":{"instanceId":"1"},"timestamp":1}', "s", "timestamp"),
        (
            '{"event":"message_sent","data":{"instanceId":"1"},"timestamp":"2026-01-01T00:00:00.000Z"}',
            "s",
            "nobody asked",
        ),
    ],
)
def test_a_webhook_that_receivers_do_not_know_is_noticed(body: str, secret: str, what: str | None) -> None:
    signature = hmac.new(secret.encode(), body.encode(), "sha256").hexdigest()
    received = Received(
        method="POST", path="/hook", headers={"x-webhook-signature": signature}, body=body.encode(), at=0.0,
        answered=200, legacy_signature=None, standard_signature=None,
    )  # fmt: skip
    found = problem_with_webhook(received, "1", ["s"])
    assert found is None if what is None else what in (found or "")
