"""Thumbnails and stickers, by the real Pillow, of real and of bad pictures."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image

from gateway.domain.errors import InvalidInput
from gateway.providers.whatsapp.outbound.pictures import STICKER, THUMBNAIL, as_sticker, look_at

RED, BLUE = (255, 0, 0), (0, 0, 255)


def drawn(kind: str, size: tuple[int, int] = (300, 200), mode: str = "RGB", **options: object) -> bytes:
    """A picture whose left half is red and whose right is blue."""
    picture = Image.new("RGB", size, BLUE)
    picture.paste(RED, (0, 0, size[0] // 2, size[1]))
    return saved(picture.convert(mode), kind, **options)


def saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def animated(size: tuple[int, int]) -> bytes:
    frames = [Image.new("RGBA", size, colour) for colour in ("red", "green", "blue")]
    return saved(frames[0], "WEBP", save_all=True, append_images=frames[1:])


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to be huge."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


def near(pixel: object, colour: tuple[int, int, int]) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(is_ - should) < 60 for is_, should in zip(pixel, colour, strict=False))


def opened(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        return picture


BAD = {
    "nothing": b"",
    "words": b"hello",
    "half a jpeg's head": drawn("JPEG")[:20],
    "half a png": drawn("PNG")[:60],
    "half a webp": drawn("WEBP")[:40],
    "a bomb": bomb(30_000, 30_000),
    "a bomb Pillow only warns of": bomb(10_000, 9_000),
    "a bomb Pillow does not mind": bomb(8_000, 8_000),
    "a program for ghostscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n",
    "a tiff": drawn("TIFF"),
}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_picture_is_measured_and_made_small(kind: str) -> None:
    look = look_at(drawn(kind))
    assert look is not None
    assert (look.width, look.height) == (300, 200)
    small = opened(look.thumbnail)
    assert (small.format, small.size) == ("JPEG", (THUMBNAIL, THUMBNAIL * 2 // 3))
    assert near(small.getpixel((5, 20)), RED)
    assert near(small.getpixel((60, 20)), BLUE)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "1", "CMYK"])
def test_every_kind_of_colour_is_read(mode: str) -> None:
    assert look_at(drawn("JPEG" if mode == "CMYK" else "PNG", mode=mode)) is not None


@pytest.mark.parametrize(
    ("orientation", "size", "red"),
    [(1, (300, 200), (5, 20)), (3, (300, 200), (60, 20)), (6, (200, 300), (20, 5)), (8, (200, 300), (20, 60))],
)
def test_a_picture_taken_with_the_phone_turned_is_upright(
    orientation: int, size: tuple[int, int], red: tuple[int, int]
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    look = look_at(drawn("JPEG", exif=exif))
    assert look is not None
    assert (look.width, look.height) == size
    assert near(opened(look.thumbnail).getpixel(red), RED)


def test_what_is_seen_through_is_white() -> None:
    look = look_at(saved(Image.new("RGBA", (100, 100), (0, 0, 0, 0)), "PNG"))
    assert look is not None
    assert near(opened(look.thumbnail).getpixel((30, 30)), (255, 255, 255))


def test_a_picture_of_one_row_is_a_picture() -> None:
    look = look_at(drawn("PNG", (5000, 1)))
    assert look is not None
    assert opened(look.thumbnail).size == (THUMBNAIL, 1)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")  # as in a gateway that runs
@pytest.mark.parametrize("name", BAD)
def test_what_is_no_picture_has_no_look_and_makes_no_sticker(name: str) -> None:
    assert look_at(BAD[name]) is None
    with pytest.raises(InvalidInput):
        as_sticker(BAD[name])


@pytest.mark.parametrize("cut", range(0, 900, 30))
def test_a_broken_picture_is_refused_or_read_and_nothing_else(cut: int) -> None:
    for kind in ("JPEG", "PNG", "GIF", "WEBP"):
        whole = drawn(kind)
        broken = whole[:cut] + b"\xff\x00" + whole[cut + 5 :]
        look = look_at(broken)
        assert look is None or look.width > 0


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_picture_becomes_a_square_sticker_with_nothing_beside_it(kind: str) -> None:
    made = as_sticker(drawn(kind))
    sticker = opened(made.data)
    assert (sticker.format, sticker.size, made.animated) == ("WEBP", (STICKER, STICKER), False)
    corner = sticker.convert("RGBA").getpixel((2, 2))
    assert isinstance(corner, tuple)
    assert corner[3] == 0
    assert near(sticker.convert("RGB").getpixel((20, 256)), RED)


def test_a_sticker_stays_as_it_is() -> None:
    whole = drawn("WEBP", (STICKER, STICKER))
    assert as_sticker(whole).data == whole


def test_a_moving_sticker_keeps_moving_and_says_so() -> None:
    moving = animated((256, 256))
    made = as_sticker(moving)
    assert (made.data, made.animated) == (moving, True)


def test_a_moving_gif_becomes_a_sticker_that_stands() -> None:
    frames = [Image.new("RGB", (50, 50), colour) for colour in ("red", "blue")]
    made = as_sticker(saved(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert not made.animated
    assert opened(made.data).size == (STICKER, STICKER)
