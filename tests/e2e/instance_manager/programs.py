"""The documents, put in place and run as what they are: shell scripts, Node programs, Jest tests."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from tests.e2e.clients.examples import placed
from tests.e2e.clients.programs import Ended, run
from tests.process import ADMIN_KEY

HERE = Path(__file__).parent
STAND_INS = HERE / "stand_ins"
PRINTED = "http://localhost:3000"
_AXIOS = "require('axios')"
_TELLING = """curl() {
  command curl --silent --output /dev/null --write-out '%{method} %{url_effective} %{http_code}\\n' "$@"
}
"""


class Runner:
    """Runs documents against one gateway. `folder` is for what stands in for programs that the documents call."""

    def __init__(self, folder: Path, gateway_url: str, database_url: str = "") -> None:
        self.url = gateway_url
        self.bin = folder / "bin"
        self.bin.mkdir()
        for name in ("sleep", "docker"):
            script = self.bin / name
            script.write_text(
                f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(str(STAND_INS / name))}.py "$@"\n'
            )
            script.chmod(0o755)
        self.env = {
            "PATH": os.pathsep.join((str(self.bin), os.environ["PATH"])),
            "GATEWAY_URL": gateway_url,
            "GATEWAY_KEY": ADMIN_KEY,
            "DATABASE_URL": database_url,
        }

    async def script(self, name: str, **env: str) -> Ended:
        """A shell script, with our address, and our key at every call of `curl`."""
        ours = {PRINTED: self.url, "curl ": f"curl -H 'x-api-key: {ADMIN_KEY}' "}
        return await run("bash", "-c", placed(document(name), ours), **(self.env | env))

    async def calls(self, name: str, places: dict[str, str], **env: str) -> list[str]:
        """A list of commands: the method, the path and the status of each call it makes, in order."""
        ended = await run("bash", "-c", _TELLING + placed(document(name), places), **(self.env | env))
        assert ended.status == 0, ended.err
        assert ended.err == ""
        return ended.out.splitlines()

    async def node(self, name: str, **env: str) -> Ended:
        """A Node program, whose axios sends our key."""
        return await self._node(_with_our_axios(name, self.url), **env)

    async def jest(self, name: str, **env: str) -> Ended:
        """A file of Jest tests; its status is 0 when all of them hold."""
        return await self._node(_with_our_axios(name, self.url), "-r", str(STAND_INS / "jest.js"), **env)

    async def module(self, text: str, **env: str) -> Ended:
        """The text of a Node module."""
        return await self._node(text, "--input-type=module", **env)

    async def _node(self, text: str, *words: str, **env: str) -> Ended:
        return await run("node", "-r", str(STAND_INS / "settled.js"), *words, "-e", text, **(self.env | env))


def _with_our_axios(name: str, url: str) -> str:
    ours = f"{_AXIOS}.create({{ headers: {{ 'x-api-key': '{ADMIN_KEY}' }} }})"
    return placed(document(name), {PRINTED: url, _AXIOS: ours}).removeprefix("#!/usr/bin/env node\n")


def document(name: str) -> str:
    """A document as it was printed."""
    return (HERE / "documents" / name).read_text(encoding="utf-8")
