"""What a media message looks like: the part of a Message that depends on its kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.simulators.telegram.files import FileStore, StoredFile
from tests.simulators.telegram.wire import Wire, without_nothing

MEDIA_KINDS = ("photo", "video", "animation", "audio", "voice", "video_note", "document", "sticker")
CAPTIONED = frozenset({"photo", "video", "animation", "audio", "voice", "document"})
TYPE_NAMES = {
    "photo": "Photo",
    "video": "Video",
    "animation": "Animation",
    "audio": "Audio",
    "voice": "VoiceNote",
    "video_note": "VideoNote",
    "document": "Document",
    "sticker": "Sticker",
}
_MIME_TYPES = {
    "video": "video/mp4",
    "animation": "video/mp4",
    "audio": "audio/mpeg",
    "voice": "audio/ogg",
    "document": "application/octet-stream",
}
_PHOTO_SIZES = ((90, 67), (320, 240), (800, 600))


def media_fragment(store: FileStore, file: StoredFile, options: Mapping[str, Any]) -> Wire:
    """The `{kind: ...}` part of a message carrying `file`; `options` are the sender's width, duration and so on."""
    kind = file.kind
    if kind == "photo":
        return {"photo": _photo_sizes(store, file)}
    base: Wire = {"file_id": file.reference, "file_unique_id": file.unique_id, "file_size": len(file.data)}
    named = without_nothing(file_name=file.name, mime_type=file.mime_type or _MIME_TYPES.get(kind))
    duration = int(options.get("duration") or 1)
    if kind in ("video", "animation"):
        size = {"width": int(options.get("width") or 640), "height": int(options.get("height") or 480)}
        shown = {kind: base | named | size | {"duration": duration}}
        # Telegram repeats an animation as a document, for clients older than the field.
        return shown | {"document": base | named} if kind == "animation" else shown
    if kind == "audio":
        tags = without_nothing(performer=options.get("performer"), title=options.get("title"))
        return {"audio": base | named | tags | {"duration": duration}}
    if kind == "voice":
        return {"voice": base | {"duration": duration, "mime_type": file.mime_type or "audio/ogg"}}
    if kind == "video_note":
        return {"video_note": base | {"length": int(options.get("length") or 240), "duration": duration}}
    if kind == "sticker":
        shape = {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False}
        return {"sticker": base | shape | without_nothing(emoji=options.get("emoji"))}
    return {"document": base | named}


def _photo_sizes(store: FileStore, file: StoredFile) -> list[Wire]:
    # The last and largest size is the upload itself; the smaller ones are files of their own, as in Telegram.
    smaller = [store.put("photo", file.data) for _ in _PHOTO_SIZES[:-1]]
    return [
        {
            "file_id": one.reference,
            "file_unique_id": one.unique_id,
            "file_size": len(one.data),
            "width": width,
            "height": height,
        }
        for one, (width, height) in zip([*smaller, file], _PHOTO_SIZES, strict=True)
    ]
