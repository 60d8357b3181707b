"""Fetches a file from WhatsApp's media host, decrypted and checked by whatsmeow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from neonize.proto.waE2E import WAWebProtobufsE2E_pb2 as wa

from gateway.domain.errors import NetworkRefused, NetworkUnreachable, NotFound, TooLarge
from gateway.kit.clock import Clock
from gateway.providers.contract import FetchedMedia
from gateway.providers.whatsapp.media_ref import MediaRef, decode_ref
from gateway.providers.whatsapp.refusals import refusals

if TYPE_CHECKING:
    from neonize.aioze.client import NewAClient

PAUSES: Final = (0.5, 2.0)
"""Seconds before another try: the host refuses files it is still copying."""


async def fetch(client: NewAClient, ref: str, clock: Clock, *, max_bytes: int) -> FetchedMedia:
    """The bytes behind a reference.

    Raises TooLarge before anything is fetched, NetworkRefused with the code `media_gone` when the host no longer has
    it, NetworkUnreachable.
    """
    known = decode_ref(ref)
    if known.file_length > max_bytes:
        raise TooLarge(f"The file has {known.file_length} bytes; at most {max_bytes} are fetched.")
    data = await _tried(client, _message(known), clock)
    if len(data) > max_bytes:
        raise TooLarge(f"The file has {len(data)} bytes; at most {max_bytes} are fetched.")
    return FetchedMedia(data=data)


async def _tried(client: NewAClient, message: wa.Message, clock: Clock) -> bytes:
    for pause in (*PAUSES, None):
        try:
            with refusals("give the file"):
                return bytes(await client.download_any(message))
        except (NetworkRefused, NotFound, NetworkUnreachable) as error:
            if isinstance(error, NetworkUnreachable) and not error.maybe_sent:
                raise
            if pause is None:
                if isinstance(error, NetworkUnreachable):
                    raise
                raise NetworkRefused(
                    "WhatsApp no longer has this file, or does not give it; ask the sender to send it again.",
                    code="media_gone",
                ) from None
            await clock.sleep(pause)
    raise AssertionError("unreachable")


def _message(ref: MediaRef) -> wa.Message:
    given = {
        "URL": f"https://mmg.whatsapp.net{ref.direct_path}",
        "directPath": ref.direct_path,
        "mediaKey": ref.media_key,
        "fileEncSHA256": ref.file_enc_sha256,
        "fileSHA256": ref.file_sha256,
        "fileLength": ref.file_length,
    }
    match ref.kind:
        case "image":
            return wa.Message(imageMessage=wa.ImageMessage(**given))
        case "video":
            return wa.Message(videoMessage=wa.VideoMessage(**given))
        case "audio":
            return wa.Message(audioMessage=wa.AudioMessage(**given))
        case "document":
            return wa.Message(documentMessage=wa.DocumentMessage(**given))
        case "sticker":
            return wa.Message(stickerMessage=wa.StickerMessage(**given))
