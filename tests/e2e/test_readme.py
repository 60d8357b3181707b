"""The README's tour is run as it is printed: its own shell blocks, its own settings; only the ports are other ones."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import shutil
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.process import NO_TLS, ROOT, free_port, gateway_process

pytestmark = pytest.mark.slow

README = (ROOT / "README.md").read_text(encoding="utf-8")
PORTS = ("3000", "8081", "8099", "8098")
"""The gateway, the simulated Telegram, the receiver and its book, as the README and `make sim` have them."""
PYTHON, SIM_ENV = ".venv/bin/python", "./sim.env"
"""The interpreter of `make` and the file `make sim` writes, which are others here."""
STRICT = 'set -euo pipefail; curl() { command curl --fail-with-body --show-error --max-time 30 "$@"; }\n'


def tour() -> str:
    """Every shell block of the tour, one after the other."""
    return "\n".join(re.findall(r"^```sh tour\n(.*?)^```", README, re.MULTILINE | re.DOTALL))


def settings_of_the_tour() -> dict[str, str]:
    """The variables in front of `make run`."""
    line = next(line for line in README.splitlines() if line.endswith(" make run") and "=" in line)
    return dict(word.split("=", 1) for word in shlex.split(line)[:-2])


def read_environment(path: Path) -> dict[str, str]:
    """What `set -a; . ./sim.env` would set."""
    return dict(shlex.split(line)[0].split("=", 1) for line in path.read_text().splitlines())


def with_ports(text: str, ports: dict[str, int]) -> str:
    for written, used in ports.items():
        text = text.replace(f"127.0.0.1:{written}", f"127.0.0.1:{used}")
    return text


@asynccontextmanager
async def simulators(ports: dict[str, int], env_file: Path) -> AsyncIterator[None]:
    """`make sim`, with other ports and another file."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.simulators",
        "--telegram-port", str(ports["8081"]),
        "--receiver-port", str(ports["8099"]),
        "--control-port", str(ports["8098"]),
        "--whatsapp-port", "0",
        "--env-file", str(env_file),
        cwd=ROOT, stdout=PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        while b"run the gateway" not in (line := await process.stdout.readline()):
            assert line, "the simulators ended"
        yield
    finally:
        process.terminate()
        await process.wait()


async def test_every_command_of_the_tour_works_as_printed(tmp_path: Path) -> None:
    if shutil.which("curl") is None or shutil.which("bash") is None:
        pytest.skip("curl and bash are needed")
    ports = {written: free_port() for written in PORTS}
    env_file = tmp_path / "sim.env"
    async with simulators(ports, env_file):
        env = read_environment(env_file) | settings_of_the_tour()
        env["PYTHONPATH"] = os.pathsep.join((env["PYTHONPATH"], str(ROOT)))
        async with gateway_process(tmp_path, f"sqlite:///{tmp_path / 'gateway.db'}", **env) as gateway:
            ports["3000"] = gateway.port
            await walk(tmp_path, ports, env_file)


async def walk(folder: Path, ports: dict[str, int], env_file: Path) -> None:
    """Run the tour, and look at what came of it."""
    # In a folder of its own, because it leaves files behind while it runs; what it reads from ours is linked there.
    written = with_ports(tour(), ports).replace(PYTHON, sys.executable).replace(SIM_ENV, str(env_file))
    for name in ("README.md", "tests"):
        (folder / name).symlink_to(ROOT / name)
    shell = await asyncio.create_subprocess_exec(
        "bash", "-c", STRICT + written,
        cwd=folder, env={"PATH": os.environ["PATH"], "HOME": str(folder)}, stdout=PIPE, stderr=STDOUT,
    )  # fmt: skip
    try:
        async with asyncio.timeout(90):
            out = (await shell.communicate())[0].decode()
    finally:
        if shell.returncode is None:
            shell.kill()
    assert shell.returncode == 0, out

    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{ports['8098']}", trust_env=False, verify=NO_TLS) as book:
        assert (await book.get("/stats")).json()["unique"] >= 2
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{ports['8081']}", trust_env=False, verify=NO_TLS
    ) as telegram:
        bot = re.findall(r"^BOT=(.+)$", tour(), re.MULTILINE)[0]
        sent = (await telegram.get("/_ctl/sent", params={"bot": bot})).json()
    assert [each.get("text") or each["caption"] for each in sent] == ["Yes, until eight.", "Read this first"]
    ids = re.findall(r'^\{"id":"(\d+)"\}', re.sub(r"\}\{", "}\n{", out), re.MULTILINE)
    assert ids[0] == ids[1] != ids[2]
    assert "491700000001: Since today!" in out


def test_every_make_target_the_readme_names_exists() -> None:
    made = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"^make ([a-z]+)", README, re.MULTILINE)) | set(re.findall(r"`make ([a-z]+)`", README))
    assert {"run", "test", "demo", "sim"} <= named <= made


def test_make_sim_listens_where_the_tour_looks() -> None:
    source = (ROOT / "tests" / "simulators" / "__main__.py").read_text(encoding="utf-8")
    defaults = re.findall(r'"--(\w+)-port", type=int, default=(\d+)', source)
    assert dict(defaults) == {"telegram": "8081", "whatsapp": "8082", "receiver": "8099", "control": "8098"}
