"""WhatsApp's binary XML: stanzas as bytes, with dictionary words, packed digits, JIDs. Source: whatsmeow's binary."""

from __future__ import annotations

import zlib

from tests.simulators.whatsapp.jid import JID, LID, PHONE
from tests.simulators.whatsapp.node import Node
from tests.simulators.whatsapp.tokens import read_tokens

__all__ = ["DICTIONARY_VERSION", "JID", "Malformed", "Node", "decode", "encode"]

DICTIONARY_VERSION = 3

_EMPTY, _DOUBLE, _ADJID, _LIST8, _LIST16, _PAIR, _HEX8 = 0, 236, 247, 248, 249, 250, 251
_BIN8, _BIN20, _BIN32, _NIBBLE8 = 252, 253, 254, 255
_COMPRESSED = 2
_LID_AGENT = 1

_TOKENS = read_tokens()
_SINGLE = {word: place for place, word in enumerate(_TOKENS.singles) if word}
_PAIRS = {
    word: bytes((_DOUBLE + number, place))
    for number, words in enumerate(_TOKENS.doubles)
    for place, word in enumerate(words)
}
_DIGITS = frozenset("0123456789-.")
_HEX_DIGITS = frozenset("0123456789ABCDEF")
_TO_NIBBLES = str.maketrans("-.", "ab")
_FROM_NIBBLES = str.maketrans("ab", "-.")


class Malformed(Exception):
    """The bytes are no stanza."""


def encode(node: Node) -> bytes:
    """A stanza as bytes, uncompressed."""
    out = bytearray(b"\0")
    _write_node(out, node)
    return bytes(out)


def decode(frame: bytes) -> Node:
    """The stanza in a frame; raises Malformed."""
    data = zlib.decompress(frame[1:]) if frame[0] & _COMPRESSED else frame[1:]
    try:
        return _Reader(data).node()
    except (IndexError, KeyError, TypeError) as error:
        raise Malformed(f"{len(data)} bytes: {error!r}") from error


def _write_node(out: bytearray, node: Node) -> None:
    attrs = [(name, value) for name, value in node.attrs.items() if value is not None and value != ""]
    content = node.content
    _write_size(out, 2 * len(attrs) + 1 + (content is not None))
    _write_text(out, node.tag)
    for name, value in attrs:
        _write_text(out, name)
        if isinstance(value, JID):
            _write_jid(out, value)
        else:
            _write_text(out, str(value))
    if isinstance(content, list):
        _write_size(out, len(content))
        for child in content:
            _write_node(out, child)
    elif content is not None:
        _write_bytes(out, content)


def _write_size(out: bytearray, size: int) -> None:
    if size == 0:
        out.append(_EMPTY)
    elif size < 1 << 8:
        out += bytes((_LIST8, size))
    else:
        out.append(_LIST16)
        out += size.to_bytes(2, "big")


def _write_bytes(out: bytearray, data: bytes) -> None:
    size = len(data)
    if size < 1 << 8:
        out += bytes((_BIN8, size))
    elif size < 1 << 20:
        out.append(_BIN20)
        out += size.to_bytes(3, "big")
    else:
        out.append(_BIN32)
        out += size.to_bytes(4, "big")
    out += data


def _write_text(out: bytearray, text: str) -> None:
    single = _SINGLE.get(text)
    if single is not None:
        out.append(single)
    elif (pair := _PAIRS.get(text)) is not None:
        out += pair
    elif 0 < len(text) < 1 << 7 and _DIGITS.issuperset(text):
        _write_packed(out, _NIBBLE8, text.translate(_TO_NIBBLES))
    elif 0 < len(text) < 1 << 7 and _HEX_DIGITS.issuperset(text):
        _write_packed(out, _HEX8, text)
    else:
        _write_bytes(out, text.encode())


def _write_packed(out: bytearray, kind: int, digits: str) -> None:
    odd = len(digits) & 1
    packed = bytes.fromhex(digits + "f" if odd else digits)
    out += bytes((kind, len(packed) | odd << 7))
    out += packed


def _write_jid(out: bytearray, jid: JID) -> None:
    if jid.device and jid.server in (PHONE, LID):
        out += bytes((_ADJID, _LID_AGENT if jid.server == LID else 0, jid.device))
        _write_text(out, jid.user)
        return
    out.append(_PAIR)
    if jid.user:
        _write_text(out, jid.user)
    else:
        out.append(_EMPTY)
    _write_text(out, jid.server)


class _Reader:
    """Reads front to back; speed matters here, it is half the work of receiving a stanza."""

    __slots__ = ("_data", "_place")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    def node(self) -> Node:
        size = self._size(self._byte())
        tag = self._text()
        attrs = {}
        for _ in range((size - 1) >> 1):
            name = self._text()
            attrs[name] = self._value(self._byte())
        content = self._content(self._byte()) if size % 2 == 0 else None
        return Node(tag, attrs, content)

    def _content(self, kind: int) -> list[Node] | bytes | None:
        if kind in (_LIST8, _LIST16):
            return [self.node() for _ in range(self._size(kind))]
        if kind in (_BIN8, _BIN20, _BIN32):
            return self._raw(self._length(kind))
        value = self._value(kind)
        return None if value is None else str(value).encode()

    def _value(self, kind: int) -> str | JID | None:
        if 0 < kind < _DOUBLE:
            return _TOKENS.singles[kind]
        if kind == _NIBBLE8:
            return self._packed().translate(_FROM_NIBBLES)
        if kind == _HEX8:
            return self._packed().upper()
        if kind in (_BIN8, _BIN20, _BIN32):
            return self._raw(self._length(kind)).decode()
        if kind == _PAIR:
            user = self._value(self._byte())
            return JID(str(user) if user is not None else "", self._text())
        if kind == _ADJID:
            agent, device = self._byte(), self._byte()
            return JID(self._text(), LID if agent == _LID_AGENT else PHONE, device)
        if kind == _EMPTY:
            return None
        return _TOKENS.doubles[kind - _DOUBLE][self._byte()]

    def _text(self) -> str:
        kind = self._byte()
        if 0 < kind < _DOUBLE:
            return _TOKENS.singles[kind]
        value = self._value(kind)
        if not isinstance(value, str):
            raise Malformed(f"a word was expected, there is {value!r}")
        return value

    def _packed(self) -> str:
        size = self._byte()
        digits = self._raw(size & 0x7F).hex()
        return digits[:-1] if size & 0x80 else digits

    def _length(self, kind: int) -> int:
        if kind == _BIN8:
            return self._byte()
        return int.from_bytes(self._raw(3 if kind == _BIN20 else 4), "big")

    def _size(self, kind: int) -> int:
        if kind == _LIST8:
            return self._byte()
        return 0 if kind == _EMPTY else int.from_bytes(self._raw({_LIST16: 2}[kind]), "big")

    def _byte(self) -> int:
        byte = self._data[self._place]
        self._place += 1
        return byte

    def _raw(self, size: int) -> bytes:
        end = self._place + size
        if end > len(self._data):
            raise Malformed("the stanza ends too early")
        data = self._data[self._place : end]
        self._place = end
        return data
