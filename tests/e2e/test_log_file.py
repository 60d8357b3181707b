"""The log of the real process: there after a restart, and without a file where nobody wants one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.process import GatewayProcess

pytestmark = pytest.mark.slow

LOGS = "/api/v1/logs"


async def asked(gateway: GatewayProcess, path: str) -> dict[str, Any]:
    async with gateway.client() as http:
        answer = await http.get(path)
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


def served(data: dict[str, Any]) -> int:
    return sum(line["message"].startswith("serving ") for line in data["logs"])


async def test_lines_outlive_a_restart_in_a_file_and_are_the_lines_that_were_printed(
    tmp_path: Path, sqlite_url: str
) -> None:
    gateway = GatewayProcess(tmp_path, sqlite_url)
    try:
        await gateway.start()
        first = await asked(gateway, LOGS)
        assert served(first) == 1
        printed = [line for line in gateway.log().splitlines() if line.startswith("{")]
        assert [line["raw"] for line in first["logs"]] == printed[: first["total_lines"]]
        assert json.loads(first["logs"][0]["raw"])["event"] in first["logs"][0]["message"]
        assert first["file_path"] == str(tmp_path / "data" / "logs" / "gateway.log")
        assert first["file_size"] >= sum(len(line["raw"]) for line in first["logs"])
        await gateway.stop()
        await gateway.start()
        assert served(await asked(gateway, LOGS)) == 2
        found = await asked(gateway, f"{LOGS}?level=info&tail=10000")
        assert {line["level"] for line in found["logs"]} == {"info"}
        stats = await asked(gateway, f"{LOGS}/stats")
        assert sum(stats["level_statistics"].values()) == stats["analysis_scope"]["lines_analyzed"]
        assert (await asked(gateway, f"{LOGS}?level=http"))["logs"] == []
    finally:
        await gateway.kill()


async def test_without_a_file_the_lines_of_this_process_are_kept(tmp_path: Path, sqlite_url: str) -> None:
    gateway = GatewayProcess(tmp_path, sqlite_url, LOG_FILE="off")
    try:
        await gateway.start()
        found = await asked(gateway, LOGS)
        assert served(found) == 1
        assert (found["file_path"], found["file_size"], found["last_modified"]) == (None, 0, None)
        health = await asked(gateway, f"{LOGS}/health")
        assert health == {"log_file_available": False, "file_size_bytes": 0, "status": "healthy"}
        assert not (tmp_path / "data" / "logs").exists()
    finally:
        await gateway.kill()


async def test_a_file_that_cannot_be_made_stops_nobody(tmp_path: Path, sqlite_url: str) -> None:
    (tmp_path / "in the way").write_text("a file where a folder should be")
    gateway = GatewayProcess(tmp_path, sqlite_url, LOG_FILE=str(tmp_path / "in the way" / "gateway.log"))
    try:
        await gateway.start()
        assert "log_file_unavailable" in gateway.log()
        assert served(await asked(gateway, LOGS)) == 1
        assert (await asked(gateway, f"{LOGS}/health"))["status"] == "unavailable"
    finally:
        await gateway.kill()
