"""What a link leads to, shown under a text: fetched through the egress guard, bounded, never worth failing a send."""

from __future__ import annotations

import asyncio
import re
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urljoin

from neonize.proto.waE2E import WAWebProtobufsE2E_pb2 as wa

from gateway.kit.egress import Egress, EgressFailed, EgressRefused
from gateway.kit.log import get_logger
from gateway.providers.whatsapp.outbound import pictures

log = get_logger(__name__)

PAGE_BYTES: Final = 256 * 1024
PICTURE_BYTES: Final = 2 * 1024 * 1024
TIMEOUT: Final = 5.0
"""Seconds a send waits for the page, and again for its picture."""

_URL = re.compile(r"https?://[^\s<>\"']+")


async def add_preview(text: wa.ExtendedTextMessage, egress: Egress) -> None:
    """Add what the first link of a text tells about itself, when it tells anything in time."""
    found = _URL.search(text.text)
    if found is None:
        return
    url = found[0].rstrip(".,;:!?)")
    try:
        page = await egress.fetch(url, max_bytes=PAGE_BYTES, total_timeout=TIMEOUT)
        told = _Page()
        told.feed(page.data.decode(errors="replace"))
        title = told.meta.get("og:title") or told.title.strip()
        if not title:
            return
        text.matchedText, text.title = url, title[:300]
        text.description = (told.meta.get("og:description") or told.meta.get("description") or "")[:1000]
        picture = told.meta.get("og:image")
        if picture:
            fetched = await egress.fetch(urljoin(url, picture), max_bytes=PICTURE_BYTES, total_timeout=TIMEOUT)
            look = await asyncio.to_thread(pictures.look_at, fetched.data)
            if look is not None:
                text.JPEGThumbnail = look.thumbnail
    except (EgressFailed, EgressRefused) as error:
        log.debug("link_preview_left_out", reason=str(error))


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.meta: dict[str, str] = {}
        self.title = ""
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("property") or given.get("name")
        if tag == "meta" and name and given.get("content"):
            self.meta.setdefault(name.lower(), given["content"] or "")
        self._in_title = tag == "title"

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - HTMLParser's signature
        self._in_title = False

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data
