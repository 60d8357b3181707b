"""`parse_mode=Markdown` (the old one) and `MarkdownV2`, in the subset people send, with Telegram's refusals."""

from __future__ import annotations

from msgspec import Struct

from tests.simulators.telegram.refusals import Refusal, bad_request
from tests.simulators.telegram.utf16 import utf16_length
from tests.simulators.telegram.wire import Wire


def _unparsable(why: str) -> Refusal:
    return bad_request(f"can't parse entities: {why}")


class _Text:
    """Text as it grows, with its length in UTF-16 units."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.length = 0

    def add(self, piece: str) -> None:
        self.parts.append(piece)
        self.length += utf16_length(piece)

    def __str__(self) -> str:
        return "".join(self.parts)


def parse_markdown(markup: str) -> tuple[str, list[Wire]]:
    """Old Markdown: `*bold*`, `_italic_`, `` `code` ``, fenced `pre`, `[text](url)`; nothing nests."""
    shown, entities = _Text(), []
    at = 0
    while at < len(markup):
        mark = markup[at]
        if mark == "\\" and markup[at + 1 : at + 2] in ("_", "*", "`", "["):
            shown.add(markup[at + 1])
            at += 2
            continue
        if mark not in "*_`[":
            shown.add(mark)
            at += 1
            continue
        byte = len(markup[:at].encode())
        opening = "```" if markup.startswith("```", at) else mark
        closing = "]" if mark == "[" else opening
        stop = markup.find(closing, at + len(opening))
        if stop < 0:
            raise _unparsable(f"Can't find end of the entity starting at byte offset {byte}")
        inner = markup[at + len(opening) : stop]
        entity: Wire = {"type": _OLD_TYPES[opening], "offset": shown.length}
        at = stop + len(closing)
        if mark == "[":
            url = _target(markup, at)
            at += 0 if url is None else len(url) + 2
            if url:
                entity["url"] = url
        elif opening == "```":
            inner, entity = _fenced(inner, entity)
        shown.add(inner)
        entity["length"] = utf16_length(inner)
        if entity["length"] and not (mark == "[" and "url" not in entity):
            entities.append(entity)
    return str(shown), entities


_OLD_TYPES = {"*": "bold", "_": "italic", "`": "code", "```": "pre", "[": "text_link"}


def _target(markup: str, at: int) -> str | None:
    if not markup.startswith("(", at):
        return None
    stop = markup.find(")", at)
    return None if stop < 0 else markup[at + 1 : stop]


def _fenced(inner: str, entity: Wire) -> tuple[str, Wire]:
    language, newline, rest = inner.partition("\n")
    if newline and language and not any(character.isspace() for character in language):
        return rest, entity | {"language": language}
    return inner.removeprefix("\n"), entity


_RESERVED = frozenset("_*[]()~`>#+-=|{}.!")
_V2_MARKS = {"||": "spoiler", "__": "underline", "*": "bold", "_": "italic", "~": "strikethrough", "[": "text_link"}
_V2_NAMES = {"||": "Spoiler", "__": "Underline", "*": "Bold", "_": "Italic", "~": "Strikethrough", "[": "TextUrl"}


class _Open(Struct):
    mark: str
    offset: int
    byte: int


def parse_markdown_v2(markup: str) -> tuple[str, list[Wire]]:
    """MarkdownV2: nesting marks, code, pre, links; every other reserved character must be escaped."""
    shown = _Text()
    entities: list[Wire] = []
    stack: list[_Open] = []
    at = 0
    while at < len(markup):
        if markup[at] == "\\" and at + 1 < len(markup) and ord(markup[at + 1]) < 127:
            shown.add(markup[at + 1])
            at += 2
        elif markup[at] not in _RESERVED:
            shown.add(markup[at])
            at += 1
        elif markup[at] == "`":
            at = _code(markup, at, shown, entities)
        else:
            at = _mark(markup, at, shown, entities, stack)
    if stack:
        raise _unparsable(f"Can't find end of {_V2_NAMES[stack[-1].mark]} entity at byte offset {stack[-1].byte}")
    return str(shown), entities


def _code(markup: str, at: int, shown: _Text, entities: list[Wire]) -> int:
    opening = "```" if markup.startswith("```", at) else "`"
    start = at + len(opening)
    stop = start
    while stop < len(markup) and not markup.startswith(opening, stop):
        stop += 2 if markup[stop] == "\\" else 1
    if stop >= len(markup):
        name = "Pre" if opening == "```" else "Code"
        raise _unparsable(f"Can't find end of {name} entity at byte offset {len(markup[:at].encode())}")
    entity: Wire = {"type": "pre" if opening == "```" else "code", "offset": shown.length}
    inner = markup[start:stop].replace("\\`", "`").replace("\\\\", "\\")
    if opening == "```":
        inner, entity = _fenced(inner, entity)
    shown.add(inner)
    entity["length"] = utf16_length(inner)
    if entity["length"]:
        entities.append(entity)
    return stop + len(opening)


def _mark(markup: str, at: int, shown: _Text, entities: list[Wire], stack: list[_Open]) -> int:
    byte = len(markup[:at].encode())
    mark = next((one for one in ("||", "__", "*", "_", "~") if markup.startswith(one, at)), markup[at])
    if mark == "]" and stack and stack[-1].mark == "[":
        url = _target(markup, at + 1)
        opened = stack.pop()
        if url is not None and shown.length > opened.offset:
            length = shown.length - opened.offset
            target = url.replace("\\", "")
            entities.append({"type": "text_link", "offset": opened.offset, "length": length, "url": target})
        return at + 1 + (0 if url is None else len(url) + 2)
    if mark not in _V2_MARKS:
        raise _unparsable(f"Character '{markup[at]}' is reserved and must be escaped with the preceding '\\'")
    if stack and stack[-1].mark == mark:
        opened = stack.pop()
        if shown.length > opened.offset:
            length = shown.length - opened.offset
            entities.append({"type": _V2_MARKS[mark], "offset": opened.offset, "length": length})
    else:
        stack.append(_Open(mark, shown.length, byte))
    return at + len(mark)
