"""`parse_mode=HTML`: Telegram's small set of tags, refused in Telegram's words when they do not balance."""

from __future__ import annotations

import re
from html import unescape

from msgspec import Struct

from tests.simulators.telegram.refusals import Refusal, bad_request
from tests.simulators.telegram.utf16 import utf16_length
from tests.simulators.telegram.wire import Wire

_TYPES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "code": "code",
    "pre": "pre",
    "a": "text_link",
    "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
}
_TAG = re.compile(r"<(/?)([A-Za-z][\w-]*)([^<>]*)>")
_ATTRIBUTE = re.compile(r"""([\w-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?""")


class _Open(Struct):
    tag: str
    attributes: dict[str, str]
    offset: int
    byte: int


def parse_html(markup: str) -> tuple[str, list[Wire]]:
    """Text without tags, and its entities."""
    shown: list[str] = []
    length = 0
    entities: list[Wire] = []
    open_tags: list[_Open] = []
    at = 0
    while at < len(markup):
        if markup[at] != "<":
            stop = markup.find("<", at)
            stop = len(markup) if stop < 0 else stop
            piece = unescape(markup[at:stop])
            shown.append(piece)
            length += utf16_length(piece)
            at = stop
            continue
        byte = len(markup[:at].encode())
        match = _TAG.match(markup, at)
        if match is None:
            raise _unparsable(_broken_tag(markup[at + 1 :], byte))
        closing, name, rest = match.group(1), match.group(2).lower(), match.group(3)
        if closing:
            entity = _close(open_tags, name, length, byte)
            if entity is not None:
                entities.append(entity)
        elif name not in _TYPES:
            raise _unparsable(f'Unsupported start tag "{name}" at byte offset {byte}')
        else:
            open_tags.append(_Open(name, _attributes(rest), length, byte))
        at = match.end()
    if open_tags:
        raise _unparsable(f'Can\'t find end tag corresponding to start tag "{open_tags[-1].tag}"')
    return "".join(shown), entities


def _close(open_tags: list[_Open], name: str, length: int, byte: int) -> Wire | None:
    if not open_tags:
        raise _unparsable(f"Unexpected end tag at byte offset {byte}")
    opened = open_tags.pop()
    if opened.tag != name:
        raise _unparsable(f'Unmatched end tag at byte offset {byte}, expected "</{opened.tag}>", found "</{name}>"')
    if length == opened.offset:
        return None
    entity: Wire = {"type": _TYPES[name], "offset": opened.offset, "length": length - opened.offset}
    if name == "a":
        if not opened.attributes.get("href"):
            return None
        entity["url"] = opened.attributes["href"]
    if name == "tg-emoji":
        entity["custom_emoji_id"] = opened.attributes.get("emoji-id", "")
    if name == "blockquote" and "expandable" in opened.attributes:
        entity["type"] = "expandable_blockquote"
    return entity


def _attributes(text: str) -> dict[str, str]:
    return {match[1].lower(): unescape(match[2] or match[3] or match[4] or "") for match in _ATTRIBUTE.finditer(text)}


def _broken_tag(rest: str, byte: int) -> str:
    name = re.match(r"[A-Za-z][\w-]*", rest)
    if name is None:
        return f'Unsupported start tag "" at byte offset {byte}'
    if name.group().lower() not in _TYPES:
        return f'Unsupported start tag "{name.group().lower()}" at byte offset {byte}'
    return f"Unclosed start tag at byte offset {byte}"


def _unparsable(why: str) -> Refusal:
    return bad_request(f"can't parse entities: {why}")
