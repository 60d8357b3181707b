"""Files: fetching the bytes behind Telegram's file ids, over HTTP or from a Bot API server on this machine.

Limits: core.telegram.org/bots/api#getfile. aiohttp's errors carry the URL, and with it the token, so none of them
is passed on, not even as a context.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from http import HTTPStatus
from mimetypes import guess_type
from pathlib import Path, PurePosixPath

import aiohttp
from aiogram import Bot
from aiogram.types import File

from gateway.domain.errors import GatewayError, InvalidInput, NetworkRefused, NetworkUnreachable, TooLarge
from gateway.providers.contract import FetchedMedia

_SLOWEST = 50_000  # bytes per second below which a transfer is given up
_MIN_TRANSFER_SECONDS = 60
_CHUNK = 64 * 1024


async def download(bot: Bot, file: File, max_bytes: int) -> FetchedMedia:
    """The bytes of a file that getFile named. Raises TooLarge, NetworkRefused or NetworkUnreachable."""
    if (file.file_size or 0) > max_bytes:
        raise _over(max_bytes)
    if not file.file_path:
        raise NetworkRefused("Telegram does not hand out this file.", code="telegram_media_gone")
    if bot.session.api.is_local:
        data = await asyncio.to_thread(_read_local, file.file_path, max_bytes)
    else:
        data = await _fetch(bot, file.file_path, file.file_size or max_bytes, max_bytes)
    return FetchedMedia(
        data=data, mime_type=guess_type(file.file_path)[0], file_name=PurePosixPath(file.file_path).name or None
    )


def transfer_seconds(size: int) -> int:
    """How long moving `size` bytes may take."""
    return max(_MIN_TRANSFER_SECONDS, size // _SLOWEST)


def refusal_of_file(refusal: InvalidInput) -> GatewayError:
    """What a 400 of getFile means."""
    if "too big" in refusal.sentence:
        return TooLarge(
            "Telegram hands files of up to 20 MB to bots; run your own Bot API server with --local for larger ones.",
            code="telegram_file_too_big",
        )
    return NetworkRefused("Telegram does not have this file for this bot.", code="telegram_media_gone")


async def _fetch(bot: Bot, path: str, expected: int, max_bytes: int) -> bytes:
    data = bytearray()
    stream = bot.session.stream_content(
        bot.session.api.file_url(bot.token, path), timeout=transfer_seconds(expected), chunk_size=_CHUNK
    )
    problem: GatewayError
    try:
        async with aclosing(stream):
            async for chunk in stream:
                data += chunk
                if len(data) > max_bytes:
                    raise _over(max_bytes)
        return bytes(data)
    except aiohttp.ClientResponseError as error:
        if error.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
            problem = NetworkRefused("Telegram no longer has this file.", code="telegram_media_gone")
        else:
            problem = NetworkUnreachable(
                f"Telegram did not hand out the file (HTTP {error.status}).", code="telegram_server_error"
            )
    except (aiohttp.ClientError, TimeoutError) as error:
        problem = NetworkUnreachable(
            f"The download from Telegram broke off ({type(error).__name__}).", code="telegram_unreachable"
        )
    raise problem


def _over(max_bytes: int) -> TooLarge:
    return TooLarge(f"The file is larger than {max_bytes} bytes.")


def _read_local(path: str, max_bytes: int) -> bytes:
    # A Bot API server in local mode answers with an absolute path on the machine it shares with us.
    try:
        with Path(path).open("rb") as file:
            data = file.read(max_bytes + 1)
    except OSError as error:
        problem = NetworkRefused(
            f"The Bot API server's file cannot be read here ({type(error).__name__}); "
            "TELEGRAM_LOCAL needs its working directory on this machine.",
            code="telegram_media_gone",
        )
    else:
        if len(data) > max_bytes:
            raise _over(max_bytes)
        return data
    raise problem
