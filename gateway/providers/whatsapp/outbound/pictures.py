"""Thumbnails, sizes and stickers, by Pillow. Blocking: call these in a thread."""

from __future__ import annotations

import io
import struct
from typing import Final

from msgspec import Struct
from PIL import Image, ImageOps

from gateway.domain.errors import InvalidInput

THUMBNAIL: Final = 72
"""Pixels of the longer side of what a phone shows before it has the picture."""
STICKER: Final = 512
"""Pixels of a sticker's sides."""
MAX_PIXELS: Final = 50_000_000
"""What the cameras of phones make; a small file can claim to be a picture that fills the memory."""

_FORMATS: Final = ("JPEG", "PNG", "GIF", "WEBP")
"""Pillow reads many more, some by starting other programs."""
_ORIENTATION: Final = 0x0112
_ON_ITS_SIDE: Final = range(5, 9)
"""EXIF orientations that swap width and height."""
_UNREADABLE: Final = (
    OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, OverflowError, MemoryError,
    struct.error, Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip
"""What Pillow raises over a file that is broken, depending on where."""


class Look(Struct, frozen=True):
    """What a message says about its picture."""

    width: int
    height: int
    thumbnail: bytes
    """JPEG."""


class Sticker(Struct, frozen=True):
    """A WebP that WhatsApp shows as a sticker."""

    data: bytes
    animated: bool = False


def look_at(data: bytes) -> Look | None:
    """Size and thumbnail, the right way up; None for what is no picture WhatsApp shows."""
    try:
        with _opened(data) as picture:
            width, height = picture.size
            if picture.getexif().get(_ORIENTATION) in _ON_ITS_SIDE:
                width, height = height, width
            # Made small first: of a JPEG only so much is decoded as this takes.
            picture.thumbnail((THUMBNAIL, THUMBNAIL))
            small = ImageOps.exif_transpose(picture).convert("RGBA")
            white = Image.new("RGBA", small.size, "white")
            out = io.BytesIO()
            Image.alpha_composite(white, small).convert("RGB").save(out, "JPEG", quality=60)
            return Look(width, height, out.getvalue())
    except _UNREADABLE:
        return None


def as_sticker(data: bytes) -> Sticker:
    """A WebP of 512 by 512 pixels, the picture in its middle; one that is animated or of that size stays as it is.

    Raises InvalidInput for what is no picture.
    """
    try:
        with _opened(data) as picture:
            animated = bool(getattr(picture, "is_animated", False))
            if picture.format == "WEBP" and (animated or picture.size == (STICKER, STICKER)):
                picture.load()  # a broken one is refused here, not shown as nothing there
                return Sticker(data, animated)
            small = ImageOps.contain(ImageOps.exif_transpose(picture).convert("RGBA"), (STICKER, STICKER))
            square = Image.new("RGBA", (STICKER, STICKER), (0, 0, 0, 0))
            square.paste(small, ((STICKER - small.width) // 2, (STICKER - small.height) // 2))
            out = io.BytesIO()
            square.save(out, "WEBP", quality=85)
            return Sticker(out.getvalue())
    except _UNREADABLE:
        raise InvalidInput("A sticker has to be a picture: WebP, PNG, GIF or JPEG.", field="file") from None


def _opened(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data), formats=_FORMATS)
    if picture.width * picture.height > MAX_PIXELS:
        picture.close()
        raise ValueError("too many pixels")
    return picture
