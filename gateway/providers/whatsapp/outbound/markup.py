"""HTML and Markdown as WhatsApp's own marks: *bold*, _italic_, ~struck~, ```code```. Pure.

WhatsApp has no links behind words; the address is written after them.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final

from gateway.domain.messages import TextFormat

_MARKS: Final = {
    "b": "*", "strong": "*", "i": "_", "em": "_", "s": "~", "strike": "~", "del": "~", "code": "`", "pre": "```",
}  # fmt: skip
_CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
_LINK = re.compile(r"\[([^\]\n]+)\]\((https?://[^\s)]+)\)")
_BOLD = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*|__(?=\S)(.+?)(?<=\S)__", re.DOTALL)
_ITALIC = re.compile(r"(?<![*\w])\*(?=[^\s*])(.+?)(?<=[^\s*])\*(?![*\w])")
_STRUCK = re.compile(r"~~(?=\S)(.+?)(?<=\S)~~", re.DOTALL)
_ESCAPED = re.compile(r"\\([\\*_~`\[\]()#+\-.!>|{}=])")


def as_marks(text: str, text_format: TextFormat) -> str:
    """The text as WhatsApp shows it."""
    match text_format:
        case TextFormat.HTML:
            reader = _Reader()
            reader.feed(text)
            reader.close()
            return reader.text.strip("\n")
        case TextFormat.MARKDOWN:
            return _from_markdown(text)
        case TextFormat.PLAIN:
            return text


def _from_markdown(text: str) -> str:
    parts: list[str] = []
    end = 0
    for code in _CODE.finditer(text):
        parts += (_marks(text[end : code.start()]), code[0])
        end = code.end()
    return "".join((*parts, _marks(text[end:])))


def _marks(text: str) -> str:
    text = _LINK.sub(lambda link: link[1] if link[1] == link[2] else f"{link[1]} ({link[2]})", text)
    text = _STRUCK.sub(r"~\1~", text)
    # Bold is set aside while single stars, which are italic in Markdown and bold in WhatsApp, are turned.
    text = _BOLD.sub(lambda bold: f"\0{bold[1] or bold[2]}\0", text)
    text = _ITALIC.sub(r"_\1_", text)
    return _ESCAPED.sub(r"\1", text.replace("\0", "*"))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self._links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br" or (tag in ("p", "div", "li") and self.text and not self.text.endswith("\n")):
            self.text += "\n"
        if tag == "li":
            self.text += "- "
        elif tag == "a":
            self._links.append((dict(attrs).get("href") or "", len(self.text)))
        else:
            self.text += _MARKS.get(tag, "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._links:
            address, start = self._links.pop()
            if address.startswith(("http://", "https://")) and self.text[start:] != address:
                self.text += f" ({address})"
        else:
            self.text += _MARKS.get(tag, "")

    def handle_data(self, data: str) -> None:
        self.text += data
