"""Sessions come and go beside sessions that talk, for a minute, without the abort that unguarded Go maps end in."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import msgspec
import pytest

from tests.e2e.whatsapp.churn_report import SECONDS, Report
from tests.process import ROOT
from tests.simulators.whatsapp.remote import environment, whatsapp_process

pytestmark = [pytest.mark.slow, pytest.mark.timeout(SECONDS + 180)]


async def test_sessions_start_and_stop_beside_sessions_that_send(tmp_path: Path) -> None:
    async with whatsapp_process(open_door=True) as whatsapp:
        given = {"CHURN_CONTROL": str(whatsapp.control_port), "CHURN_FOLDER": str(tmp_path)}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.e2e.whatsapp.churn",
            cwd=ROOT,
            env=os.environ | environment(whatsapp) | given,
            stdout=PIPE,
            stderr=PIPE,
        )
        try:
            out, err = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    assert process.returncode == 0, err.decode()[-4000:]
    report = msgspec.json.decode(out.splitlines()[-1], type=Report)
    print(report)
    # Floors far below what is usual, which only a run that did next to nothing stays under.
    assert report.sent >= 20 * report.seconds
    assert report.opened >= report.seconds
    assert report.opened + report.refused == report.closed
    assert report.failed <= report.sent / 100
