"""The hook that makes an unmodified program trust the simulator, and its refusal to do anything by halves."""

from __future__ import annotations

import asyncio
import os
import sys

import pytest

from tests.simulators.whatsapp.server import HOOK, NOISE_KEY


async def run(code: str, key: str | None) -> tuple[int, str]:
    environment = {**os.environ, "PYTHONPATH": str(HOOK)}
    if key is not None:
        environment[NOISE_KEY] = key
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, env=environment, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


async def test_without_a_key_the_hook_does_nothing() -> None:
    assert await run("import sys, sitecustomize; assert not hasattr(sitecustomize, '_replace_key')", None) == (0, "")


@pytest.mark.parametrize(
    ("code", "key"),
    [
        ("import neonize", "00" * 31),
        ("import neonize, sitecustomize; sitecustomize._replace_key()", "00" * 32),
    ],
    ids=["a key of another length", "no key left to replace"],
)
async def test_neonize_cannot_be_used_unless_exactly_one_key_was_replaced(code: str, key: str) -> None:
    status, said = await run(code, key)
    assert status != 0
    assert "cannot be pointed at the simulator" in " ".join(said.split())
