"""The shared suite over WhatsApp, in a process that finds the simulator's certificate and proxy when it starts."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE, STDOUT

import pytest

from tests.contract.providers.conftest import WHATSAPP_CONTROL
from tests.process import ROOT
from tests.simulators.whatsapp.remote import environment, whatsapp_process

SUITE = "tests/contract/providers/test_every_provider.py"
PROMISES = 11
"""Tests of the suite that have a bench."""


@pytest.mark.skipif(WHATSAPP_CONTROL in os.environ, reason="this is the inner process")
async def test_every_promise_of_the_suite_holds_on_whatsapp() -> None:
    async with whatsapp_process() as whatsapp:
        env = {**os.environ, **environment(whatsapp), WHATSAPP_CONTROL: str(whatsapp.control_port)}
        command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "whatsappweb", SUITE)
        suite = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=env, stdout=PIPE, stderr=STDOUT)
        out = (await suite.communicate())[0].decode()
        assert suite.returncode == 0, out
        passed = re.search(r"(\d+) passed", out)
        assert passed is not None, out
        assert int(passed[1]) == PROMISES, out
        assert await whatsapp.problems() == []
