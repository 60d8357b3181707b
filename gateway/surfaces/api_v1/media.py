"""`/api/v1/messages/{messageId}/media`: the files of messages. Nothing is kept at a public place, nor on our disk."""

import mimetypes
from typing import Any
from urllib.parse import quote, urlencode

from litestar import Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath

from gateway.domain.instances import Instance
from gateway.domain.messages import StoredMessage
from gateway.domain.tenants import Principal
from gateway.kit.attachment import attachment_headers, safe_mime_type
from gateway.surfaces.api_v1.addressed import OneInstance
from gateway.surfaces.api_v1.documented import refusals
from gateway.surfaces.api_v1.refusals import require_ready
from gateway.surfaces.api_v1.schemas.media import DownloadedReply
from gateway.surfaces.api_v1.shared import AnyRequest
from gateway.surfaces.http import Who, services

_ASK = refusals(400, 404, 409, 413, 501, 502, 504)
_FILE = ResponseSpec(data_container=bytes, description="The file.", media_type="*/*", generate_examples=False)


class _File:
    """A file and what to call it."""

    def __init__(self, stored: StoredMessage, data: bytes, mime_type: str, name: str | None) -> None:
        self.stored = stored
        self.data = data
        self.mime_type = safe_mime_type(mime_type)
        # WhatsApp names documents alone.
        self.name = name or f"{stored.message.network_id}{mimetypes.guess_extension(self.mime_type) or ''}"


async def _fetch(request: AnyRequest, who: Principal, instance: Instance, message_id: str) -> _File:
    require_ready(instance)
    given = services(request)
    stored = await given.contacts.message(who, instance.id, message_id)
    message = stored.message
    fetched, content = await given.messaging.media(who, instance.id, message.chat.address, message.network_id)
    name = content.file_name or fetched.file_name
    return _File(stored, fetched.data, fetched.mime_type or content.mime_type, name)


@post("/messages/{message_id:str}/media/download", status_code=200, summary="Download a file", responses=_ASK)
async def download(request: AnyRequest, who: Who, instance: OneInstance, message_id: FromPath[str]) -> DownloadedReply:
    """What the file of a message is, and where to get it. The network is asked now, so a file that is gone is told."""
    return await media_downloaded(request, who, instance, message_id)


async def media_downloaded(request: AnyRequest, who: Principal, instance: Instance, message_id: str) -> DownloadedReply:
    """The same for every path of it."""
    file = await _fetch(request, who, instance, message_id)
    path = f"/api/v1/messages/{quote(message_id, safe='')}/media"
    if who.instance_id is None:  # a person, who has to name the instance again
        path += "?" + urlencode({"instance_id": instance.id})
    return DownloadedReply(path, file.mime_type, file.name, len(file.data), file.stored.message.network_id)


@get(
    "/messages/{message_id:str}/media",
    summary="The file of a message",
    media_type="*/*",
    responses={200: _FILE, **_ASK},
)
async def file_of(request: AnyRequest, who: Who, instance: OneInstance, message_id: FromPath[str]) -> Response[bytes]:
    """The file itself, fetched from the network now."""
    file = await _fetch(request, who, instance, message_id)
    return Response(file.data, media_type=file.mime_type, headers=attachment_headers(file.name))


HANDLERS: list[Any] = [download, file_of]
