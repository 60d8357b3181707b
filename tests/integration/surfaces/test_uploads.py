"""Uploads are refused when they are too large, before and while they are read, and leave nothing behind."""

from __future__ import annotations

import gc
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.running import running_gateway
from tests.simulators.telegram import TelegramSimulator

MEGABYTE = 1024 * 1024


async def test_a_file_over_the_limit_is_413_whether_its_size_was_told_or_not(
    tmp_path: Path, sqlite_url: str, telegram: TelegramSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spool))  # where this process would leave a file behind
    bot, ann = telegram.add_bot(), telegram.add_person()
    async with (
        running_gateway(tmp_path, sqlite_url, TELEGRAM_API_BASE=telegram.base_url, MAX_UPLOAD_MB="2") as running,
        running.client() as client,
    ):
        made = await client.post("/api/instances", json={"name": "a", "provider": "telegram", "token": bot.token})
        path = f"/api/whatsapp/{made.json()['id']}/send-file"
        while not (await client.get(path.replace("send-file", "status"))).json()["ready"]:
            pass
        form = {"phone": str(ann.id)}
        large = await client.post(path, data=form, files={"file": ("a.bin", bytes(3 * MEGABYTE))})
        assert large.status_code == 413
        assert large.json()["error"] == "The file is larger than 2 MB."

        async def body() -> AsyncIterator[bytes]:
            yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'
            for _ in range(40):
                yield bytes(MEGABYTE // 10)

        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        endless = await client.post(path, content=body(), headers=headers)
        assert endless.status_code == 413

        just = await client.post(path, data=form, files={"file": ("a.bin", bytes(2 * MEGABYTE))})
        assert just.status_code == 200
        assert list(spool.iterdir()) == []
        gc.collect()  # an open file that nobody closed would warn, which is an error here
