"""Files to send: uploaded to WhatsApp's media host, encrypted, and the message that points to them."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final, assert_never

from neonize.proto.waE2E import WAWebProtobufsE2E_pb2 as wa

from gateway.domain.errors import InvalidInput
from gateway.domain.messages import MediaKind, OutgoingMedia, OutgoingMessage
from gateway.providers.whatsapp.outbound import ogg, pictures
from gateway.providers.whatsapp.outbound.compose import refer, words_to_send
from gateway.providers.whatsapp.outbound.voice import as_voice_note
from gateway.providers.whatsapp.refusals import refusals

if TYPE_CHECKING:
    from neonize.aioze.client import NewAClient
    from neonize.proto.Neonize_pb2 import UploadResponse

_IMAGES: Final = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})


async def file_message(client: NewAClient, message: OutgoingMessage, file: OutgoingMedia) -> wa.Message:
    """Upload the file; the message for it. Raises InvalidInput for what WhatsApp would not show as that kind."""
    from neonize.utils.enum import MediaType

    data = file.data
    match file.media:
        case MediaKind.IMAGE:
            look = await asyncio.to_thread(pictures.look_at, data)
            if look is None or file.mime_type.partition(";")[0].strip().lower() not in _IMAGES:
                raise InvalidInput("This is no picture WhatsApp shows; send it as a document.", field="file")
            uploaded = await _upload(client, data, MediaType.MediaImage)
            image = _filled(wa.ImageMessage(), uploaded, file)
            image.width, image.height, image.JPEGThumbnail = look.width, look.height, look.thumbnail
            return _referring(wa.Message(imageMessage=image), image, message, file)
        case MediaKind.VIDEO | MediaKind.ANIMATION | MediaKind.VIDEO_NOTE:
            if not file.mime_type.startswith("video/"):
                raise InvalidInput("This is no video; send it as a document.", field="file")
            uploaded = await _upload(client, data, MediaType.MediaVideo)
            video = _filled(wa.VideoMessage(), uploaded, file)
            if file.media is MediaKind.VIDEO_NOTE:
                return _referring(wa.Message(ptvMessage=video), video, message, file)
            if file.media is MediaKind.ANIMATION:
                video.gifPlayback = True
            return _referring(wa.Message(videoMessage=video), video, message, file)
        case MediaKind.VOICE:
            data = await as_voice_note(data)
            uploaded = await _upload(client, data, MediaType.MediaAudio)
            voice = _filled(wa.AudioMessage(), uploaded, file)
            voice.PTT, voice.mimetype, voice.seconds = True, "audio/ogg; codecs=opus", ogg.seconds_of(data) or 0
            return _referring(wa.Message(audioMessage=voice), voice, message, file)
        case MediaKind.AUDIO:
            uploaded = await _upload(client, data, MediaType.MediaAudio)
            audio = _filled(wa.AudioMessage(), uploaded, file)
            audio.seconds = (ogg.seconds_of(data) or 0) if ogg.is_opus(data) else 0
            return _referring(wa.Message(audioMessage=audio), audio, message, file)
        case MediaKind.STICKER:
            made = await asyncio.to_thread(pictures.as_sticker, data)
            uploaded = await _upload(client, made.data, MediaType.MediaImage)
            sticker = _filled(wa.StickerMessage(), uploaded, file)
            sticker.mimetype = "image/webp"
            sticker.width = sticker.height = pictures.STICKER
            sticker.isAnimated = made.animated
            return _referring(wa.Message(stickerMessage=sticker), sticker, message, file)
        case MediaKind.DOCUMENT:
            uploaded = await _upload(client, data, MediaType.MediaDocument)
            document = _filled(wa.DocumentMessage(), uploaded, file)
            document.fileName = document.title = file.file_name
            if file.caption:
                inner = _referring(wa.Message(documentMessage=document), document, message, file)
                return wa.Message(documentWithCaptionMessage=wa.FutureProofMessage(message=inner))
            return _referring(wa.Message(documentMessage=document), document, message, file)
        case _:
            assert_never(file.media)


async def _upload(client: NewAClient, data: bytes, kind: Any) -> UploadResponse:
    with refusals("take the file"):
        return await client.upload(data, kind)


def _filled(part: Any, uploaded: UploadResponse, file: OutgoingMedia) -> Any:
    part.URL, part.directPath = uploaded.url, uploaded.DirectPath
    part.mediaKey, part.mediaKeyTimestamp = uploaded.MediaKey, int(time.time())
    part.fileSHA256, part.fileEncSHA256 = uploaded.FileSHA256, uploaded.FileEncSHA256
    part.fileLength, part.mimetype = uploaded.FileLength, file.mime_type
    return part


def _referring(built: wa.Message, part: Any, message: OutgoingMessage, file: OutgoingMedia) -> wa.Message:
    words = words_to_send(file.caption, message.format)
    if words and "caption" in part.DESCRIPTOR.fields_by_name:
        part.caption = words
    refer(part.contextInfo, message, words)
    # The sub-message was copied when it was put in; this is the one that travels.
    field = next(name.name for name, _ in built.ListFields())
    getattr(built, field).CopyFrom(part)
    return built
