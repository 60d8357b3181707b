"""Any sound as a voice note, where ffmpeg is at hand."""

from __future__ import annotations

import asyncio
import shutil
from typing import Final

from gateway.domain.errors import InvalidInput
from gateway.providers.whatsapp.outbound.ogg import is_opus

TIMEOUT: Final = 60.0
"""Seconds a conversion may take."""

_OPTIONS: Final = (
    "-hide_banner", "-loglevel", "error", "-nostdin", "-protocol_whitelist", "pipe", "-i", "pipe:0", "-vn",
    "-map_metadata", "-1", "-ac", "1", "-ar", "48000", "-c:a", "libopus", "-b:a", "32k", "-f", "ogg", "pipe:1",
)  # fmt: skip


async def as_voice_note(data: bytes) -> bytes:
    """Ogg with Opus. Raises InvalidInput, with the code `ffmpeg_required` where it would have to be converted here."""
    if is_opus(data):
        return data
    program = shutil.which("ffmpeg")
    if program is None:
        raise InvalidInput(
            "A voice note has to be Ogg with Opus: send one, send it as audio, or install ffmpeg beside the gateway.",
            field="file",
            code="ffmpeg_required",
        )
    process = await asyncio.create_subprocess_exec(
        program, *_OPTIONS, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(TIMEOUT):
            out, _ = await process.communicate(data)
    except RuntimeError:
        # uvloop's word for a program that ended before it was written to; asyncio's own loop only closes the pipe.
        out = b""
    except TimeoutError:
        raise InvalidInput("This sound takes too long to convert; send it as Ogg with Opus.", field="file") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if not is_opus(out):
        raise InvalidInput("This is no sound that ffmpeg can read.", field="file")
    return out
