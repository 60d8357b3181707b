"""A story told in a terminal: chapters, HTTP calls as curl lines a reader can copy, promises that are counted."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
import textwrap
from collections.abc import Mapping
from typing import Any, TextIO

import httpx

WIDTH = 100
_PLAIN, _BOLD, _DIM, _GREEN, _RED, _BLUE = "", "\x1b[1m", "\x1b[2m", "\x1b[32m", "\x1b[31m", "\x1b[36m"


class PromiseBroken(Exception):
    """Something the product promises did not hold; the text says what was seen instead."""


class Narrator:
    """Prints, and waits `pace` seconds at places where a reader needs a moment. Without a terminal, pace 0 is right."""

    def __init__(self, pace: float, out: TextIO = sys.stdout) -> None:
        self._pace = pace
        self._out = out
        self._colours = out.isatty()
        self.kept: list[str] = []

    async def chapter(self, title: str) -> None:
        """Begin a part of the story."""
        self._print(f"\n{title}\n{'─' * len(title)}", _BOLD)
        await self.moment()

    async def say(self, text: str) -> None:
        """A sentence or two."""
        self._print(textwrap.fill(" ".join(text.split()), WIDTH))
        await self.moment()

    def show(self, text: str) -> None:
        """What came over a wire, indented."""
        for line in text.splitlines():
            self._print(f"    {line if len(line) <= WIDTH else line[: WIDTH - 1] + '…'}", _DIM)

    def picture(self, text: str) -> None:
        """Something drawn with characters, as it is."""
        for line in text.splitlines():
            self._print(f"    {line}")

    def curl(self, line: str) -> None:
        """A call as one would type it."""
        self._print(f"  $ {line}", _BLUE)

    async def promise(self, text: str, kept: object, seen: object) -> None:
        """Tick a promise off; raises PromiseBroken with what was seen when it was not kept."""
        if not kept:
            self._print(f"  ✗ {text}: {seen}", _RED)
            raise PromiseBroken(f"{text}: {seen}")
        self.kept.append(text)
        self._print(f"  ✓ {text}", _GREEN)
        await self.moment()

    async def moment(self) -> None:
        """Time to read."""
        if self._pace:
            await asyncio.sleep(self._pace)

    def _print(self, text: str, colour: str = _PLAIN) -> None:
        reset = "\x1b[0m" if colour and self._colours else ""
        print(f"{colour if reset else ''}{text}{reset}", file=self._out, flush=True)


class Caller:
    """Speaks to the gateway's API and shows every call as the curl line that does the same."""

    def __init__(self, narrator: Narrator, http: httpx.AsyncClient) -> None:
        self._narrator = narrator
        self._http = http
        self.token = ""

    async def get(self, path: str, *, quiet: bool = False) -> Any:
        """The JSON behind a path. `quiet` shows nothing, for questions asked again and again."""
        if not quiet:
            self._show("", path)
        return (await self._send("GET", path)).json()

    async def fetch(self, path: str) -> bytes:
        """The bytes behind a path."""
        self._show("-O", path)
        return (await self._send("GET", path)).content

    async def post(self, path: str, body: Mapping[str, Any], *, key: str | None = None, method: str = "POST") -> Any:
        """Send JSON; `key` is an Idempotency-Key."""
        more = f'-H "idempotency-key: {key}" ' if key else ""
        verb = "" if method == "POST" else f"-X {method} "
        as_typed = shlex.quote(json.dumps(body, ensure_ascii=False))
        self._show(f"{verb}{more}-H 'content-type: application/json' -d {as_typed}", path)
        headers = {"idempotency-key": key} if key else {}
        answer = (await self._send(method, path, json=dict(body), headers=headers)).json()
        self._narrator.show(json.dumps(_shortened(answer), ensure_ascii=False))
        return answer

    async def upload(self, path: str, fields: Mapping[str, str], file_name: str, data: bytes) -> Any:
        """Send a file as a form."""
        typed = " ".join(f"-F {shlex.quote(f'{name}={value}')}" for name, value in fields.items())
        self._show(f"{typed} -F file=@{file_name}", path)
        answer = (await self._send("POST", path, data=dict(fields), files={"file": (file_name, data)})).json()
        self._narrator.show(json.dumps(answer))
        return answer

    async def _send(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> httpx.Response:
        bearer = {"authorization": f"Bearer {self.token}"} if self.token else {}
        answer = await self._http.request(method, path, headers={**bearer, **(headers or {})}, **more)
        if answer.status_code >= 400:
            raise PromiseBroken(f"{method} {path} answered {answer.status_code}: {answer.text[:300]}")
        return answer

    def _show(self, options: str, path: str) -> None:
        bearer = '-H "authorization: Bearer $TOKEN" ' if self.token else ""
        url = shlex.quote(f"{str(self._http.base_url).rstrip('/')}{path}")
        self._narrator.curl(f"curl {bearer}{options + ' ' if options else ''}{url}")


def _shortened(answer: Any) -> Any:
    """Long secrets are of no use to a reader."""
    if isinstance(answer, dict):
        return {name: _shortened(value) for name, value in answer.items()}
    return answer[:12] + "…" if isinstance(answer, str) and len(answer) > 120 else answer
