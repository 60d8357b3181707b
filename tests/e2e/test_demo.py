from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import pytest

from tests.process import ROOT

pytestmark = pytest.mark.slow


async def start(tmp_path: Path, *options: str) -> Process:
    """The demo as `make demo` runs it, with a temporary folder of its own to leave nothing in."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.demo", *options,
        cwd=ROOT, env={"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path)}, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip


def left_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def run(tmp_path: Path, *options: str) -> tuple[int | None, str, str]:
    demo = await start(tmp_path, *options)
    out, err = await demo.communicate()
    return demo.returncode, out.decode(), err.decode()


async def test_the_demo_keeps_every_promise_and_leaves_nothing_behind(tmp_path: Path) -> None:
    status, out, err = await run(tmp_path, "--fast")
    assert (status, err) == (0, ""), out + err
    for chapter in range(1, 10):
        assert f"\n{chapter}. " in out
    assert "120 arrived: none lost" in out
    assert "promises, all kept" in out
    assert "✗" not in out
    assert "Traceback" not in out
    assert left_in(tmp_path) == []


async def test_a_broken_promise_is_told_without_a_traceback_and_fails_the_demo(tmp_path: Path) -> None:
    status, out, err = await run(tmp_path, "--fast", "--wrong-secret")
    assert status == 1
    assert "✗ Its signatures are right" in out
    assert "one was broken" in err
    assert "Traceback" not in out + err
    assert left_in(tmp_path) == []


async def test_a_demo_that_is_stopped_takes_its_gateway_with_it(tmp_path: Path) -> None:
    demo = await start(tmp_path, "--fast")
    assert demo.stdout is not None
    seen = ""
    while "/api/auth/login" not in seen:
        line = await demo.stdout.readline()
        assert line, "the demo ended before its first call"
        seen += line.decode()
    demo.send_signal(signal.SIGTERM)
    _, err = await demo.communicate()
    assert demo.returncode == 130
    assert b"Traceback" not in err
    port = re.findall(r"http://127\.0\.0\.1:(\d+)/api/auth/login", seen)[0]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(port)), timeout=5)
    assert left_in(tmp_path) == []
