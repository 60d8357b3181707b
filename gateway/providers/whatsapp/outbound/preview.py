"""What a link leads to, shown under a text: fetched through the egress guard, bounded, never worth failing a send."""

from __future__ import annotations

import asyncio
import re
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urljoin

from msgspec import Struct
from neonize.proto.waE2E import WAWebProtobufsE2E_pb2 as wa

from gateway.kit.egress import Egress, EgressError
from gateway.kit.log import get_logger
from gateway.providers.whatsapp.outbound import pictures

log = get_logger(__name__)

PAGE_BYTES: Final = 2 * 1024 * 1024
READ_BYTES: Final = 512 * 1024
"""How much of a page is read; what it tells about itself is near its beginning."""
PICTURE_BYTES: Final = 2 * 1024 * 1024
TIMEOUT: Final = 5.0
"""Seconds a send waits for the page, and again for its picture."""

_URL = re.compile(r"https?://[^\s<>\"']+")
_PAGES: Final = frozenset({"", "text/html", "application/xhtml+xml"})
_DECLARATION = re.compile(r"<!(?!--)")


class Told(Struct, frozen=True):
    """What a page tells about itself."""

    title: str
    description: str = ""
    picture: str = ""
    """URL, maybe relative."""


async def add_preview(text: wa.ExtendedTextMessage, egress: Egress) -> None:
    """Add what the first link of a text tells about itself, when it tells anything in time."""
    url = first_link(text.text)
    if url is None:
        return
    try:
        page = await egress.fetch(url, max_bytes=PAGE_BYTES, total_timeout=TIMEOUT)
        told = await asyncio.to_thread(read_page, page.data, page.content_type or "")
        if told is None:
            return
        text.matchedText, text.title, text.description = url, told.title, told.description
        if told.picture:
            fetched = await egress.fetch(urljoin(url, told.picture), max_bytes=PICTURE_BYTES, total_timeout=TIMEOUT)
            look = await asyncio.to_thread(pictures.look_at, fetched.data)
            if look is not None:
                text.JPEGThumbnail = look.thumbnail
    except EgressError as error:
        log.debug("link_preview_left_out", reason=error.sentence)
    except ValueError:  # urljoin's, of a picture's address that is none
        log.debug("link_preview_left_out", reason="The address of the picture is none.")


def first_link(text: str) -> str | None:
    """The first link of a text, without the punctuation and the marks around it."""
    found = _URL.search(text)
    if found is None:
        return None
    url = found[0]
    while url and (url[-1] in ".,;:!?*_~`" or (url[-1] == ")" and url.count(")") > url.count("("))):
        url = url[:-1]
    return url


def read_page(data: bytes, content_type: str) -> Told | None:
    """What a page tells about itself; None for what is no page, or has no title."""
    kind, _, parameters = content_type.lower().partition(";")
    if kind.strip() not in _PAGES:
        return None
    named = re.search(r"charset=[\"']?([\w-]+)", parameters)
    try:
        words = data[:READ_BYTES].decode(named[1] if named else "utf-8", errors="replace")
    except LookupError:
        words = data[:READ_BYTES].decode(errors="replace")
    page = _Page()
    # HTMLParser raises on declarations it does not know; none of them tells anything.
    page.feed(_DECLARATION.sub("<", words))
    title = _line(page.meta.get("og:title") or page.title)
    description = _line(page.meta.get("og:description") or page.meta.get("description") or "")
    if not title:
        return None
    return Told(title[:300], description[:1000], page.meta.get("og:image", "").strip())


def _line(text: str) -> str:
    return " ".join(text.split())


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.meta: dict[str, str] = {}
        self.title = ""
        self._in_title = False
        self._had_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("property") or given.get("name")
        if tag == "meta" and name and given.get("content"):
            self.meta.setdefault(name.lower(), given["content"] or "")
        if tag == "title" and not self._had_title:  # a drawing in the page may have others
            self._in_title = self._had_title = True

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data
