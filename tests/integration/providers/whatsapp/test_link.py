"""What the guards around the WhatsApp library promise, in a process that has the simulator's variables from its start.

The library loads once, reads certificates and proxy then, and could end the process: so the process is not ours.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE, STDOUT

from tests.process import ROOT
from tests.simulators.whatsapp.remote import environment, whatsapp_process

SUITE = "tests/integration/providers/whatsapp/link_scenarios.py"
SCENARIOS = 9


async def test_the_pitfalls_of_the_library_are_not_ours() -> None:
    async with whatsapp_process(open_door=True) as whatsapp:
        env = {**os.environ, **environment(whatsapp), "WHATSAPP_CONTROL": str(whatsapp.control_port)}
        command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", SUITE)
        suite = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=env, stdout=PIPE, stderr=STDOUT)
        out = (await suite.communicate())[0].decode()
    assert suite.returncode == 0, out
    passed = re.search(r"(\d+) passed", out)
    assert passed is not None, out
    assert int(passed[1]) == SCENARIOS, out
