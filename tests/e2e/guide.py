"""What the guides for users of older systems share in tests: their shell blocks, run as an operator runs them."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gateway.storage.engine import bind, make_engine
from gateway.storage.tables import ALL_TABLES
from tests.process import ROOT, GatewayProcess

STRICT = 'set -euo pipefail; curl() { command curl --fail-with-body --show-error --max-time 30 "$@"; }\n'


class Guide:
    """One of them, whose output must never hold one of `secrets`."""

    def __init__(self, page: str, secrets: Sequence[str]) -> None:
        self.text = (ROOT / "docs" / "guides" / page).read_text(encoding="utf-8")
        self._secrets = secrets

    def block(self, name: str) -> list[str]:
        """The lines of its shell blocks of that name."""
        found = re.findall(rf"^```sh {name}\n(.*?)^```", self.text, re.MULTILINE | re.DOTALL)
        assert found
        return [line for text in found for line in text.splitlines()]

    async def run(self, gateway: GatewayProcess, text: str, **env: str) -> tuple[int, str]:
        """Run some of its lines with the gateway's settings: the exit status and what was printed."""
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        process = await asyncio.create_subprocess_exec(
            "bash", "-c", STRICT + text,
            cwd=gateway.folder, env=gateway.env | env | {"PATH": path}, stdout=PIPE, stderr=STDOUT,
        )  # fmt: skip
        out, _ = await process.communicate()
        assert process.returncode is not None
        said = out.decode()
        for secret in self._secrets:
            assert env.get("KEY") == secret or secret not in said
        assert "Traceback" not in said
        return process.returncode, said


def counted(out: str) -> dict[str, list[int]]:
    """The table an import prints: new, here already, left out."""
    rows = re.findall(r"^(\w+) +(\d+) +(\d+) +(\d+)$", out, re.MULTILINE)
    return {name: [int(number) for number in numbers] for name, *numbers in rows}


async def everything(database_url: str) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table."""
    engine = make_engine(database_url)
    bind(engine, ALL_TABLES)
    await engine.open()
    try:
        return {table._meta.tablename: await table.select().order_by(table._meta.primary_key) for table in ALL_TABLES}
    finally:
        await engine.close()
