"""Voice notes: Ogg with Opus goes as it is, the rest needs a program."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.domain.errors import InvalidInput
from gateway.providers.whatsapp.outbound.voice import as_voice_note
from tests.unit.providers.whatsapp.test_ogg import voice

NOTE = voice(48_000)


def program(folder: Path, script: str) -> None:
    """An `ffmpeg` that does what the script says; nothing else is on the path."""
    path = folder / "ffmpeg"
    path.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")
    path.chmod(0o755)


async def test_ogg_with_opus_goes_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert await as_voice_note(NOTE) is NOTE


async def test_another_sound_needs_ffmpeg_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InvalidInput) as refused:
        await as_voice_note(b"ID3 something")
    assert (refused.value.code, refused.value.field) == ("ffmpeg_required", "file")


async def test_another_sound_is_converted_by_what_is_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "note.ogg").write_bytes(NOTE)
    program(tmp_path, f"cat > {tmp_path}/given; cat {tmp_path}/note.ogg")
    monkeypatch.setenv("PATH", str(tmp_path))
    sound = b"ID3" + bytes(300_000)
    assert await as_voice_note(sound) == NOTE
    assert (tmp_path / "given").read_bytes() == sound


@pytest.mark.parametrize("script", ["exit 1", "cat", "echo no; exit 0"])
async def test_what_the_program_cannot_read_is_no_sound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    program(tmp_path, script)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InvalidInput) as refused:
        await as_voice_note(b"ID3" + bytes(300_000))
    assert refused.value.code == "invalid_input"
