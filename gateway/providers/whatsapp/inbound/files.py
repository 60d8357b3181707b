"""Files in WhatsApp messages: pictures, videos, sounds, documents and stickers, with what a download needs. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from neonize.proto.waE2E import WAWebProtobufsE2E_pb2 as wa

from gateway.domain.messages import Content, Media, MediaKind
from gateway.providers.whatsapp.media_ref import FileKind, MediaRef, encode_ref

MAX_SIZE: Final = 1 << 40
"""Bytes beyond which a sender's word for a file's size is noise; counters could not hold many of them."""

_File: TypeAlias = wa.ImageMessage | wa.VideoMessage | wa.AudioMessage | wa.DocumentMessage | wa.StickerMessage


def _image(message: wa.ImageMessage) -> Content:
    return Media(
        media=MediaKind.IMAGE,
        ref=_ref("image", message),
        mime_type=message.mimetype or "image/jpeg",
        size=_size(message),
        caption=message.caption,
        width=message.width or None,
        height=message.height or None,
    )


def _video(message: wa.VideoMessage) -> Content:
    return _moving(message, MediaKind.ANIMATION if message.gifPlayback else MediaKind.VIDEO)


def _video_note(message: wa.VideoMessage) -> Content:
    return _moving(message, MediaKind.VIDEO_NOTE)


def _moving(message: wa.VideoMessage, kind: MediaKind) -> Content:
    return Media(
        media=kind,
        ref=_ref("video", message),
        mime_type=message.mimetype or "video/mp4",
        size=_size(message),
        caption=message.caption,
        width=message.width or None,
        height=message.height or None,
        duration=message.seconds or None,
    )


def _audio(message: wa.AudioMessage) -> Content:
    return Media(
        media=MediaKind.VOICE if message.PTT else MediaKind.AUDIO,
        ref=_ref("audio", message),
        mime_type=message.mimetype or "audio/ogg; codecs=opus",
        size=_size(message),
        duration=message.seconds or None,
    )


def _document(message: wa.DocumentMessage) -> Content:
    return Media(
        media=MediaKind.DOCUMENT,
        ref=_ref("document", message),
        mime_type=message.mimetype or "application/octet-stream",
        file_name=message.fileName or message.title or None,
        size=_size(message),
        caption=message.caption,
    )


def _sticker(message: wa.StickerMessage) -> Content:
    return Media(
        media=MediaKind.STICKER,
        ref=_ref("sticker", message),
        mime_type=message.mimetype or "image/webp",
        size=_size(message),
        width=message.width or None,
        height=message.height or None,
        emoji=message.emojis or None,
    )


def _ref(kind: FileKind, message: _File) -> str:
    if not message.directPath:
        return ""  # a caption was edited and the file not told again
    return encode_ref(
        MediaRef(
            kind=kind,
            direct_path=message.directPath,
            media_key=message.mediaKey,
            file_enc_sha256=message.fileEncSHA256,
            file_sha256=message.fileSHA256,
            file_length=message.fileLength,
        )
    )


def _size(message: _File) -> int | None:
    return message.fileLength if 0 < message.fileLength < MAX_SIZE else None


FILES: Final[Mapping[str, Callable[[Any], Content]]] = {
    "imageMessage": _image,
    "videoMessage": _video,
    "ptvMessage": _video_note,
    "audioMessage": _audio,
    "documentMessage": _document,
    "stickerMessage": _sticker,
}
"""By the protobuf's field."""
