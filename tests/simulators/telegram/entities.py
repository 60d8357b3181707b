"""Formatted text: the three parse modes, explicit entities, and what Telegram finds by itself.

Offsets and lengths are in UTF-16 code units, offsets inside error sentences in UTF-8 bytes
(core.telegram.org/bots/api#formatting-options).
"""

from __future__ import annotations

import re

from tests.simulators.telegram.markup_html import parse_html
from tests.simulators.telegram.markup_markdown import parse_markdown, parse_markdown_v2
from tests.simulators.telegram.refusals import bad_request
from tests.simulators.telegram.utf16 import cut, utf16_length
from tests.simulators.telegram.wire import Wire

_FOUND = re.compile(
    r"(?P<url>https?://[^\s<>\"]+)"
    r"|(?P<email>[\w.+-]+@[\w-]+\.[\w.]+\w)"
    r"|(?<![\w/])(?P<bot_command>/[A-Za-z0-9_]{1,32}(?:@\w{3,32})?)(?!\S)"
    r"|(?<!\w)(?P<mention>@[A-Za-z][A-Za-z0-9_]{3,31})"
    r"|(?<!\w)(?P<hashtag>#\w+)"
)


def formatted(text: str, parse_mode: str | None, explicit: list[Wire] | None) -> tuple[str, list[Wire]]:
    """The shown text and its entities. Raises the 400 Telegram gives for broken markup."""
    mode = (parse_mode or "").lower()
    if explicit:
        found = explicit
    elif mode == "html":
        text, found = parse_html(text)
    elif mode == "markdown":
        text, found = parse_markdown(text)
    elif mode == "markdownv2":
        text, found = parse_markdown_v2(text)
    elif mode:
        raise bad_request("unsupported parse_mode")
    else:
        found = []
    text, found = _trimmed(text, found)
    return text, sorted(found + _detected(text, found), key=lambda one: (one["offset"], -one["length"]))


def _trimmed(text: str, entities: list[Wire]) -> tuple[str, list[Wire]]:
    """Telegram cuts white space at both ends and moves or shortens entities to match."""
    shown = text.strip()
    if shown == text:
        return text, entities
    skipped = utf16_length(text[: len(text) - len(text.lstrip())])
    end = utf16_length(shown)
    kept = []
    for entity in entities:
        start = max(0, entity["offset"] - skipped)
        stop = min(end, entity["offset"] - skipped + entity["length"])
        if stop > start:
            kept.append(entity | {"offset": start, "length": stop - start})
    return shown, kept


def _detected(text: str, taken: list[Wire]) -> list[Wire]:
    found = []
    for match in _FOUND.finditer(text):
        offset = utf16_length(text[: match.start()])
        entity: Wire = {"type": match.lastgroup, "offset": offset, "length": utf16_length(match.group())}
        overlaps = any(
            one["type"] in ("code", "pre", "text_link")
            and one["offset"] < offset + entity["length"]
            and offset < one["offset"] + one["length"]
            for one in taken
        )
        if not overlaps:
            found.append(entity)
    return found


def entity_text(text: str, entity: Wire) -> str:
    """The part of `text` an entity covers."""
    return cut(text, entity["offset"], entity["length"])
