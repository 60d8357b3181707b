"""Small files that begin as their kind should, for people who send something without caring what."""

from __future__ import annotations

import base64

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
_MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + b"\x00\x00\x00\x08free"
_OGG = b"OggS\x00\x02" + bytes(20) + b"\x01\x13OpusHead"

SAMPLES: dict[str, bytes] = {
    "photo": PNG,
    "video": _MP4,
    "animation": b"GIF89a\x01\x00\x01\x00\x00\x00\x00;",
    "audio": b"ID3\x04\x00\x00\x00\x00\x00\x00",
    "voice": _OGG,
    "video_note": _MP4,
    "document": b"a document\n",
    "sticker": b"RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00",
}
