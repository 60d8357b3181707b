"""Copies, which most tests of whole processes start, are processes like any other."""

from __future__ import annotations

import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, create_subprocess_exec
from pathlib import Path

import pytest

from tests.copies import can_be_copied, start_copy
from tests.process import environment, free_port, gateway_process, run_command


async def anew(folder: Path, env: dict[str, str], *words: str) -> tuple[int, str]:
    """The same as `run_command`, by a Python from its beginning."""
    command = [sys.executable, "-m", "gateway", *words]
    process = await create_subprocess_exec(*command, cwd=folder, env=env, stdout=PIPE, stderr=STDOUT)
    out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode()


@pytest.mark.parametrize(
    ("words", "status", "text"),
    [
        (["version"], 0, "."),
        (["user", "list"], 0, ""),
        (["user", "disable", "x@example.com"], 1, "x@example.com"),
        (["db", "copy"], 2, "--to"),
    ],
    ids=["version", "user list", "user disable", "db copy"],
)
async def test_a_copy_says_and_returns_what_a_new_process_does(
    words: list[str], status: int, text: str, tmp_path: Path, sqlite_url: str
) -> None:
    env = environment(tmp_path, sqlite_url)
    said = await run_command(tmp_path, env, *words)
    assert said == await anew(tmp_path, env, *words)
    assert (said[0], text in said[1]) == (status, True)


async def test_a_copy_has_the_settings_it_is_given_and_no_others(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORT", "nonsense")
    good = environment(tmp_path, sqlite_url)
    assert (await run_command(tmp_path, good, "user", "list"))[0] == 0
    status, said = await run_command(tmp_path, good | {"PORT": "more nonsense"}, "user", "list")
    assert (status, "PORT" in said) == (2, True)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 0), (signal.SIGKILL, -signal.SIGKILL)])
async def test_a_copy_ends_by_the_signals_that_end_a_gateway(
    number: signal.Signals, status: int, tmp_path: Path, sqlite_url: str
) -> None:
    async with gateway_process(tmp_path, sqlite_url) as gateway:
        assert gateway.process is not None
        other = environment(tmp_path, sqlite_url, PORT=str(free_port()))
        with (tmp_path / "other.log").open("wb") as out:
            second = await start_copy(tmp_path, other, ["serve"], out.fileno())
        assert await second.wait() == 1, "there is a gateway on this data already"
        assert gateway.process.returncode is None
        assert gateway.process.pid != second.pid
        assert await gateway.signal(number) == status


def test_what_go_or_python_read_before_everything_is_not_for_a_copy(tmp_path: Path, sqlite_url: str) -> None:
    env = environment(tmp_path, sqlite_url)
    assert can_be_copied(env)
    assert not can_be_copied(env | {"SSL_CERT_FILE": "/there.pem"})
    assert not can_be_copied(env | {"PYTHONPATH": "/elsewhere"})
