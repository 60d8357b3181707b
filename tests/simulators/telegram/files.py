"""Files: bytes kept once, named differently to every bot, as Telegram does."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any

from msgspec import Struct

from tests.simulators.telegram.refusals import bad_request

MIB = 1024 * 1024


class Limits(Struct, frozen=True, kw_only=True):
    """Size limits in bytes (core.telegram.org/bots/api#sending-files); tests may shrink them."""

    upload: int = 50 * MIB
    download: int = 20 * MIB
    photo: int = 10 * MIB
    by_url: int = 20 * MIB
    photo_by_url: int = 5 * MIB


class StoredFile(Struct, frozen=True, kw_only=True):
    """One file as Telegram keeps it. `unique_id` is the same for every bot, `file_id` is not."""

    unique_id: str
    kind: str
    data: bytes
    name: str | None
    mime_type: str | None
    path: str

    @property
    def reference(self) -> str:
        """How stored messages name the file before a certain bot looks at them."""
        return f"@{self.unique_id}"


_FOLDERS = {
    "photo": ("photos", "jpg"),
    "video": ("videos", "mp4"),
    "animation": ("animations", "mp4"),
    "audio": ("music", "mp3"),
    "voice": ("voice", "oga"),
    "video_note": ("video_notes", "mp4"),
    "document": ("documents", "bin"),
    "sticker": ("stickers", "webp"),
}


class FileStore:
    """All files of the simulated Telegram."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._files: dict[str, StoredFile] = {}

    def put(self, kind: str, data: bytes, name: str | None = None, mime_type: str | None = None) -> StoredFile:
        """Keep a new file. Every upload is a file of its own, also when the bytes are known already."""
        number = len(self._files)
        folder, extension = _FOLDERS[kind]
        if name and "." in name:
            extension = name.rsplit(".", 1)[1]
        digest = hashlib.blake2b(data, digest_size=6, salt=number.to_bytes(8, "big")).digest()
        unique_id = "AgAD" + base64.urlsafe_b64encode(digest).decode().rstrip("=")
        path = f"{folder}/file_{number}.{extension}"
        stored = StoredFile(unique_id=unique_id, kind=kind, data=data, name=name, mime_type=mime_type, path=path)
        self._files[unique_id] = stored
        return stored

    def all(self) -> list[StoredFile]:
        """Every file, oldest first."""
        return list(self._files.values())

    def get(self, unique_id: str) -> StoredFile:
        """A file by the id all bots share; KeyError when there is none."""
        return self._files[unique_id]

    def file_id(self, bot_id: int, unique_id: str) -> str:
        """The name this bot, and no other, may use for the file."""
        kind = self._files[unique_id].kind
        return base64.urlsafe_b64encode(f"{bot_id}|{kind}|{unique_id}".encode()).decode().rstrip("=")

    def resolve(self, bot_id: int, file_id: str) -> StoredFile | None:
        """The file this bot means; None for junk and for another bot's file ids."""
        try:
            text = base64.urlsafe_b64decode(file_id + "=" * (-len(file_id) % 4)).decode()
        except (binascii.Error, ValueError):
            return None
        owner, _, rest = text.partition("|")
        kind, _, unique_id = rest.partition("|")
        stored = self._files.get(unique_id)
        return stored if stored and owner == str(bot_id) and kind == stored.kind else None

    def seen_by(self, bot_id: int, value: Any) -> Any:
        """A copy of a stored message with file ids as this bot knows them."""
        if isinstance(value, dict):
            return {
                key: self.file_id(bot_id, item[1:])
                if key == "file_id" and isinstance(item, str) and item.startswith("@")
                else (self.seen_by(bot_id, item) if isinstance(item, (dict, list)) else item)
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [self.seen_by(bot_id, item) if isinstance(item, (dict, list)) else item for item in value]
        return value

    def check_upload(self, kind: str, data: bytes) -> None:
        """Refuse what Telegram refuses about an uploaded file's bytes."""
        if not data:
            raise bad_request("file must be non-empty")
        if kind != "photo":
            return
        if len(data) > self.limits.photo:
            raise bad_request(
                f"file of size {len(data)} bytes is too big for a photo; the maximum size is {self.limits.photo} bytes"
            )
        if not data.startswith(_IMAGE_STARTS):
            raise bad_request("IMAGE_PROCESS_FAILED")


# JPEG, PNG, GIF, BMP, WebP (RIFF)
_IMAGE_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"BM", b"RIFF")
