"""`python -m gateway limits`, beside a gateway that runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.process import gateway_process

pytestmark = pytest.mark.slow


async def test_limits_are_set_on_the_command_line_beside_a_running_gateway(tmp_path: Path, database_url: str) -> None:
    async with gateway_process(tmp_path, database_url) as gateway, gateway.client() as api:
        status, out = await gateway.command("limits", "set", "--max-messages-sent", "7", "--window-hours", "48")
        assert status == 0, out
        assert "max_messages_sent      7" in out
        shown = (await api.get("/api/usage-limits")).json()["limits"]
        assert (shown["maxMessagesSent"], shown["timeWindowHours"]) == (7, 48)
        status, out = await gateway.command("limits", "set", "--max-api-calls", "9")
        assert "max_messages_sent      7" in out  # what is not named stays
        status, out = await gateway.command("limits", "set", "--max-api-calls", "-1")
        assert (status, out) == (1, "max_api_calls must be 0 or more; 0 is no limit\n")
        status, out = await gateway.command("limits", "show", "--instance", "nowhere")
        assert (status, out) == (1, "Instance nowhere not found\n")
        status, out = await gateway.command("limits", "remove")
        assert (status, out) == (0, "default\n  no limits of its own\n")
        assert (await api.get("/api/usage-limits")).json() == {"limits": None}
