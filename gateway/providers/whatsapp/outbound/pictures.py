"""Thumbnails, sizes and stickers, by Pillow. Blocking: call these in a thread."""

from __future__ import annotations

import io
import warnings
from typing import Final

from msgspec import Struct
from PIL import Image, ImageOps

from gateway.domain.errors import InvalidInput

THUMBNAIL: Final = 72
"""Pixels of the longer side of what a phone shows before it has the picture."""
STICKER: Final = 512
"""Pixels of a sticker's sides."""
MAX_PIXELS: Final = 100_000_000
"""More than any phone sends; a small file can claim to be a picture that fills the memory."""


class Look(Struct, frozen=True):
    """What a message says about its picture."""

    width: int
    height: int
    thumbnail: bytes
    """JPEG."""


def look_at(data: bytes) -> Look | None:
    """Size and thumbnail; None for what is no picture Pillow knows."""
    try:
        with _opened(data) as picture:
            upright = ImageOps.exif_transpose(picture)
            width, height = upright.size
            upright.thumbnail((THUMBNAIL, THUMBNAIL))
            out = io.BytesIO()
            upright.convert("RGB").save(out, "JPEG", quality=60)
            return Look(width, height, out.getvalue())
    except (OSError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning, SyntaxError):
        return None


def as_sticker(data: bytes) -> bytes:
    """A WebP of 512 by 512 pixels, the picture in its middle. Raises InvalidInput for what is no picture."""
    try:
        with _opened(data) as picture:
            small = ImageOps.contain(ImageOps.exif_transpose(picture).convert("RGBA"), (STICKER, STICKER))
            square = Image.new("RGBA", (STICKER, STICKER), (0, 0, 0, 0))
            square.paste(small, ((STICKER - small.width) // 2, (STICKER - small.height) // 2))
            out = io.BytesIO()
            square.save(out, "WEBP", quality=85)
            return out.getvalue()
    except (OSError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning, SyntaxError):
        raise InvalidInput("A sticker has to be a picture: WebP, PNG or JPEG.", field="file") from None


def _opened(data: bytes) -> Image.Image:
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        picture = Image.open(io.BytesIO(data))
    if picture.width * picture.height > MAX_PIXELS:
        raise ValueError("too many pixels")
    return picture
