"""HTML and Markdown as WhatsApp's own marks: *bold*, _italic_, ~struck~, `code`, ```block```. Pure.

WhatsApp reads a mark only right beside the word it belongs to and within one line, so marks are set line by line and
without the spaces at either end. It has no links behind words; the address is written after them.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final

from msgspec import Struct

from gateway.domain.messages import TextFormat

_BLOCK: Final = "```"
_MARKS: Final = {
    "b": "*", "strong": "*", "h1": "*", "h2": "*", "h3": "*", "h4": "*", "h5": "*", "h6": "*", "i": "_", "em": "_",
    "s": "~", "strike": "~", "del": "~", "code": "`", "pre": _BLOCK,
}  # fmt: skip
_OWN_LINE: Final = frozenset(
    {"p", "div", "ul", "ol", "li", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "tr"}
)
_UNSEEN: Final = frozenset({"script", "style", "title"})
_STRAY = re.compile(r"<(?=!(?!--|doctype\b)|(?!!--)[^<>]*(?:<|\Z))", re.IGNORECASE)
"""A sign that begins no element. HTMLParser takes ages over many of them, and raises on some declarations."""
_MAX_DEPTH: Final = 50
"""Elements within elements; what is deeper has no effect."""

# Every run below has a bound, so that a text made to be hard to read costs no more than a long one.

_URL: Final = r"https?://(?:[^\s()<>]|\([^\s()<>]*\))+"
_LINK = re.compile(rf"!?\[([^\]\n]{{1,500}})\]\(({_URL})(?:\s+\"[^\"\n]*\")?\)")
_KEPT = re.compile(
    rf"\\(?P<escaped>[\\*_~`\[\]()#+\-.!>|{{}}=])|```(?P<block>.*?)```|(?P<code>`[^`\n]+`)|<(?P<bare>{_URL})>|{_URL}",
    re.DOTALL,
)
_LANGUAGE = re.compile(r"\A[\w+#.-]+\n")
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(\S.*)$", re.MULTILINE)
_BOTH = re.compile(r"\*\*\*(?=[^\s*])(.{1,500}?)(?<=[^\s*])\*\*\*")
_BOLD = re.compile(r"\*\*(?=\S)(.{1,500}?)(?<=\S)\*\*|(?<!\w)__(?=\S)(.{1,500}?)(?<=\S)__(?!\w)")
_ITALIC = re.compile(r"(?<![*\w])\*(?=[^\s*])(.{1,500}?)(?<=[^\s*])\*(?![*\w])")
_STRUCK = re.compile(r"~~(?=\S)(.{1,500}?)(?<=\S)~~")
_SET_ASIDE = re.compile("\0(\\d+)\0")


def as_marks(text: str, text_format: TextFormat) -> str:
    """The text as WhatsApp shows it."""
    match text_format:
        case TextFormat.HTML:
            reader = _Reader()
            reader.feed(_STRAY.sub("&lt;", text))
            reader.close()
            return reader.finished()
        case TextFormat.MARKDOWN:
            return _from_markdown(text)
        case TextFormat.PLAIN | TextFormat.OLD_MARKDOWN:  # whose marks are WhatsApp's own
            return text


def _from_markdown(text: str) -> str:
    # What must stay as it is (code, addresses, escaped characters) is set aside, each as its number between two zeros.
    kept: list[str] = []

    def aside(words: str) -> str:
        kept.append(words)
        return f"\0{len(kept) - 1}\0"

    def keep(found: re.Match[str]) -> str:
        if found["escaped"]:
            return aside(found["escaped"])
        if found["block"] is not None:
            return aside(f"{_BLOCK}{_LANGUAGE.sub('', found['block'])}{_BLOCK}")
        return aside(found["code"] or found["bare"] or found[0])

    text = _LINK.sub(lambda link: link[2] if link[1] == link[2] else f"{link[1]} (<{link[2]}>)", text.replace("\0", ""))
    text = _KEPT.sub(keep, text)
    text = _HEADING.sub(lambda heading: f"**{_title(heading[1])}**", text)
    text = _STRUCK.sub(r"~\1~", text)
    # Bold is set aside while single stars, which are italic in Markdown and bold in WhatsApp, are turned.
    star = aside("*")
    text = _BOTH.sub(lambda both: f"{star}_{both[1]}_{star}", text)
    text = _BOLD.sub(lambda bold: f"{star}{bold[1] or bold[2]}{star}", text)
    text = _ITALIC.sub(r"_\1_", text)
    return _SET_ASIDE.sub(lambda number: kept[int(number[1])], text)


def _title(text: str) -> str:
    return _BOLD.sub(lambda bold: bold[1] or bold[2], text.rstrip().rstrip("#").rstrip()) or text


class _Open(Struct):
    """An element that has begun, and where."""

    tag: str
    start: int
    address: str = ""
    items: int = 0
    """Of an ordered list, how many there were."""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._text = ""
        self._open: list[_Open] = []
        self._broken = False

    def finished(self) -> str:
        """What was read; elements nobody closed end here."""
        while self._open:
            self._end()
        return self._text.strip("\n")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self._text += "\n"
            return
        if tag == "li" and self._open and self._open[-1].tag == "li":
            self._end()  # its end tag may be left out
        if tag in _OWN_LINE:
            self._new_line()
        if tag == "li":
            within = next((each for each in reversed(self._open) if each.tag in ("ul", "ol")), None)
            if within is not None and within.tag == "ol":
                within.items += 1
                self._text += f"{within.items}. "
            else:
                self._text += "- "
        known = tag in _MARKS or tag in _OWN_LINE or tag in _UNSEEN or tag == "a"
        if known and len(self._open) < _MAX_DEPTH:
            self._open.append(_Open(tag, len(self._text), dict(attrs).get("href") or ""))

    def handle_endtag(self, tag: str) -> None:
        if any(each.tag == tag for each in self._open):
            while self._end() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not any(each.tag in _UNSEEN for each in self._open):
            # A line break of the page's own behind an element that has ended its line is not a second one.
            self._text += data.removeprefix("\n") if self._broken else data
            self._broken = False

    def _end(self) -> str:
        ended = self._open.pop()
        before, inner = self._text[: ended.start], self._text[ended.start :]
        if ended.tag == "a" and ended.address.startswith(("http://", "https://")) and inner.strip() != ended.address:
            inner = f"{inner} ({ended.address})" if inner.strip() else ended.address
        elif ended.tag == "blockquote":
            inner = "\n".join(f"> {line}" for line in inner.strip("\n").split("\n"))
        mark = _MARKS.get(ended.tag)
        # Marks do not work within code, and the same mark twice ends what it should begin.
        around = {_MARKS.get(each.tag) for each in self._open}
        if mark and mark not in around and not around & {"`", _BLOCK}:
            inner = _marked(inner, mark)
        self._text = before + inner
        if ended.tag in _OWN_LINE:
            self._new_line()
            self._broken = True
        return ended.tag

    def _new_line(self) -> None:
        if self._text and not self._text.endswith("\n"):
            self._text += "\n"


def _marked(text: str, mark: str) -> str:
    if mark == _BLOCK:
        return f"{_BLOCK}{text}{_BLOCK}" if text.strip() else text
    lines = []
    for line in text.split("\n"):
        core = line.strip()
        start = line.index(core) if core else 0
        lines.append(f"{line[:start]}{mark}{core}{mark}{line[start + len(core) :]}" if core else line)
    return "\n".join(lines)
