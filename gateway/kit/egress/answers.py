"""What comes back: replies and files, read within bounds and never decompressed."""

from __future__ import annotations

import re
from email.message import Message
from typing import Final

import aiohttp
from msgspec import Struct
from yarl import URL

from gateway.kit.egress.policy import EgressFailed, FailureReason

MAX_HEADER_BYTES: Final = 65_536


class Reply(Struct, frozen=True, kw_only=True):
    """What the other side answered to a `post`. Any status is an answer; judging it is the caller's."""

    status: int
    body: bytes
    """The first bytes of the answer as they came, never decompressed."""
    truncated: bool
    """Whether there was more than was kept; the rest was not read."""
    retry_after: str | None
    """The `Retry-After` header, unparsed."""
    content_type: str | None
    address: str
    """The address that was connected to, for the attempt log."""
    elapsed: float
    """Seconds from the call to the end of the answer."""


class Fetched(Struct, frozen=True, kw_only=True):
    """A file that was fetched whole."""

    data: bytes
    content_type: str | None
    """As the server claims; the bytes may say otherwise."""
    file_name: str | None
    """A bare name without folders, from `Content-Disposition` or else the URL's last part."""
    final_url: URL


class VettedResponse(aiohttp.ClientResponse):
    """Remembers who it was connected to; a short answer has given its connection back before we could ask."""

    peer = ""

    async def start(self, connection: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        peer = connection.transport.get_extra_info("peername") if connection.transport is not None else None
        self.peer = peer[0] if peer else ""
        return await super().start(connection)


def peer_of(response: aiohttp.ClientResponse) -> str:
    return response.peer if isinstance(response, VettedResponse) else ""


def limit_headers(response: aiohttp.ClientResponse) -> None:
    if sum(len(name) + len(value) for name, value in response.raw_headers) > MAX_HEADER_BYTES:
        raise _turned_down(response, "protocol", f"{response.url.host} answered with too many bytes of headers.")


async def read_at_most(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """At most `limit` bytes and a rest that shows there was more; the connection is closed rather than drained."""
    kept = bytearray()
    while chunk := await response.content.readany():
        kept += chunk
        if len(kept) > limit:
            response.close()
            break
    return bytes(kept)


async def read_file(response: aiohttp.ClientResponse, url: URL, max_bytes: int) -> Fetched:
    """The whole body of a 200, or `EgressFailed`; a body that says it is too large is not read at all."""
    if response.status != 200:
        raise _turned_down(response, "status", f"{url.host} answered {response.status} instead of the file.")
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise _turned_down(response, "protocol", f"{url.host} compressed the file although it was asked not to.")
    announced = response.content_length or 0
    data = await read_at_most(response, max_bytes) if announced <= max_bytes else b""
    if max(announced, len(data)) > max_bytes:
        sentence = f"The file at {url.host} is larger than {max_bytes} bytes; use a smaller one."
        raise _turned_down(response, "too_large", sentence)
    return Fetched(
        data=data,
        content_type=response.headers.get("Content-Type"),
        file_name=_file_name(response.headers.get("Content-Disposition"), url),
        final_url=url,
    )


def _turned_down(response: aiohttp.ClientResponse, reason: FailureReason, sentence: str) -> EgressFailed:
    response.close()
    return EgressFailed(reason, sentence, status=response.status)


def _file_name(disposition: str | None, url: URL) -> str | None:
    name = None
    if disposition is not None:
        header = Message()
        header["Content-Disposition"] = disposition
        name = header.get_filename()
    # Only a bare name is kept: it is a stranger's text and may end up in a path.
    bare = re.split(r"[/\\]", name if name is not None else url.name)[-1]
    return "".join(c for c in bare if c.isprintable()).strip(". ")[:120] or None
