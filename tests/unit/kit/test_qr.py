from __future__ import annotations

import base64
import struct
import zlib
from xml.etree import ElementTree as ET

import segno

from gateway.kit.qr import qr_data_url, qr_png, qr_svg, qr_terminal

TEXT = "2@AbCdEf0123456789+/=,GhIjKlMnOpQrStUvWxYz,0123456789,ABCDEFGH=="
MODULES = [
    [bool(each) for each in row] for row in segno.make_qr(TEXT, error="l", boost_error=False).matrix_iter(border=4)
]


def test_the_png_shows_exactly_the_modules() -> None:
    data = qr_png(TEXT, scale=1)
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert dark_pixels(data) == MODULES


def test_a_scaled_png_has_that_many_pixels_a_module() -> None:
    width, height = struct.unpack(">II", qr_png(TEXT, scale=5)[16:24])
    assert (width, height) == (len(MODULES) * 5, len(MODULES) * 5)


def test_the_data_url_holds_the_png() -> None:
    head, _, body = qr_data_url(TEXT).partition(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(body) == qr_png(TEXT)


def test_the_svg_is_one_well_formed_element_that_scales() -> None:
    root = ET.fromstring(qr_svg(TEXT))
    assert root.tag.endswith("svg")
    assert root.get("viewBox") == f"0 0 {len(MODULES)} {len(MODULES)}"
    assert root.get("width") is None


def test_the_terminal_draws_the_light_modules() -> None:
    rows = []
    for line in qr_terminal(TEXT).splitlines():
        rows.append([glyph in "▄ " for glyph in line])
        rows.append([glyph in "▀ " for glyph in line])
    assert rows[: len(MODULES)] == MODULES


def dark_pixels(png: bytes) -> list[list[bool]]:
    """A decoder for the one kind of PNG that is expected: one bit of grey, no interlacing, rows without a filter."""
    chunks: dict[bytes, bytes] = {}
    offset = 8
    while offset < len(png):
        length, kind = struct.unpack(">I4s", png[offset : offset + 8])
        chunks[kind] = chunks.get(kind, b"") + png[offset + 8 : offset + 8 + length]
        offset += 12 + length
    width, height, depth, colour = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (depth, colour) == (1, 0)
    raw = zlib.decompress(chunks[b"IDAT"])
    stride = (width + 7) // 8 + 1
    rows = []
    for place in range(height):
        line = raw[place * stride : (place + 1) * stride]
        assert line[0] == 0
        bits = "".join(f"{each:08b}" for each in line[1:])[:width]
        rows.append([bit == "0" for bit in bits])
    return rows
