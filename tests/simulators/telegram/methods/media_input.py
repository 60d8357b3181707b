"""Where a sent file comes from: the request itself, a file_id, or a URL Telegram fetches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp

from tests.simulators.telegram.files import StoredFile
from tests.simulators.telegram.media import TYPE_NAMES, media_fragment
from tests.simulators.telegram.methods.registry import Call
from tests.simulators.telegram.params import Upload
from tests.simulators.telegram.refusals import Refusal, bad_request
from tests.simulators.telegram.wire import Wire

_FETCH_SECONDS = 15


async def media_from(call: Call, kind: str, given: str | None, field: str, options: Mapping[str, Any]) -> Wire:
    """The media part of a message; `given` is a file_id, a URL or `attach://name`, `field` the upload's own name."""
    return media_fragment(call.world.files, await _stored(call, kind, given, field), options)


async def _stored(call: Call, kind: str, given: str | None, field: str) -> StoredFile:
    files = call.world.files
    upload = call.params.uploads.get(field)
    if given is not None and given.startswith("attach://"):
        upload = call.params.uploads.get(given.removeprefix("attach://"))
        if upload is None:
            raise bad_request("wrong file identifier/HTTP URL specified")
    elif given is not None and given.startswith(("http://", "https://")):
        upload = await _fetched(call, kind, given)
    elif given is not None:
        return _known(call, kind, given)
    if upload is None:
        raise bad_request(f"there is no {kind.replace('_', ' ')} in the request")
    files.check_upload(kind, upload.data)
    return files.put(kind, upload.data, upload.name, upload.mime_type)


def _known(call: Call, kind: str, file_id: str) -> StoredFile:
    stored = call.world.files.resolve(call.bot.id, file_id)
    if stored is None:
        raise bad_request("wrong file identifier/HTTP URL specified")
    if stored.kind != kind and not {stored.kind, kind} <= {"animation", "document"}:
        raise bad_request(f"can't use file of type {TYPE_NAMES[stored.kind]} as {TYPE_NAMES[kind]}")
    return stored


async def _fetched(call: Call, kind: str, url: str) -> Upload:
    limits = call.world.files.limits
    limit = limits.photo_by_url if kind == "photo" else limits.by_url
    failed: Refusal = bad_request("failed to get HTTP URL content")
    try:
        timeout = aiohttp.ClientTimeout(total=_FETCH_SECONDS)
        async with call.host.http.get(url, timeout=timeout) as response:
            if response.status != 200:
                raise failed
            data = bytearray()
            async for chunk in response.content.iter_chunked(1 << 16):
                data += chunk
                if len(data) > limit:
                    raise failed
            name = response.url.name or None
            return Upload(name, response.content_type, bytes(data))
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise failed from error
