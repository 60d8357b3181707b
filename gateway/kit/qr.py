"""QR codes as pages, image tags and terminals want them. The one home of segno."""

from __future__ import annotations

import base64
import io

import segno

_BORDER = 4
"""Quiet zone in modules that ISO/IEC 18004 asks for; phones often fail without it."""


def qr_svg(text: str) -> str:
    """An `<svg>` element to put into a page; it scales to whatever holds it."""
    return _code(text).svg_inline(border=_BORDER, omitsize=True, light="#fff")


def qr_png(text: str, scale: int = 8) -> bytes:
    """A black and white PNG, `scale` pixels for each module."""
    written = io.BytesIO()
    _code(text).save(written, kind="png", scale=scale, border=_BORDER)
    return written.getvalue()


def qr_data_url(text: str) -> str:
    """The PNG as a `data:` URL for an image tag."""
    return f"data:image/png;base64,{base64.b64encode(qr_png(text)).decode()}"


def qr_terminal(text: str) -> str:
    """Lines of half blocks, two rows of modules each, for a terminal with light text on a dark ground."""
    rows = [bytes(row) for row in _code(text).matrix_iter(border=_BORDER)]
    if len(rows) % 2:
        rows.append(bytes(len(rows[0])))
    # Light modules are drawn and dark ones are left out, so that the code is not inverted on a dark ground.
    glyphs = {(0, 0): "█", (0, 1): "▀", (1, 0): "▄", (1, 1): " "}
    return "\n".join(
        "".join(glyphs[above, below] for above, below in zip(upper, lower, strict=True))
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    )


def _code(text: str) -> segno.QRCode:
    # "L" as WhatsApp's own web client: fewer modules are read faster off a screen, which nothing scratches.
    return segno.make_qr(text, error="l", boost_error=False)
