"""Files to send: fetched through the egress guard or uploaded, sized, and seen for what they are."""

from __future__ import annotations

from gateway.domain.errors import InvalidInput, NetworkUnreachable, TooLarge
from gateway.domain.messages import MediaKind, OutgoingMedia
from gateway.kit.egress import Egress, EgressFailed, EgressRefused
from gateway.kit.sniff import sniff_mime_type

FETCH_TIMEOUT = 60.0
"""Seconds a file behind a URL has to arrive."""


class MediaFiles:
    """Turns a URL or an upload into something a session can send."""

    def __init__(self, egress: Egress, *, max_bytes: int) -> None:
        self._egress = egress
        self._max_bytes = max_bytes

    async def from_url(
        self,
        url: str,
        *,
        caption: str = "",
        file_name: str | None = None,
        kind: MediaKind | None = None,
        music: bool = False,
    ) -> OutgoingMedia:
        """Fetch a file. Without a `kind` it is shown as what it is, sound with `music` in a player, else as a document.

        Raises InvalidInput for a refused URL, TooLarge, NetworkUnreachable when it does not come.
        """
        try:
            fetched = await self._egress.fetch(url, max_bytes=self._max_bytes, total_timeout=FETCH_TIMEOUT)
        except EgressRefused as error:
            raise InvalidInput(str(error), field="url", code="url_refused") from None
        except EgressFailed as error:
            if error.reason == "too_large":
                raise TooLarge(f"The file behind the URL is larger than {self._max_bytes} bytes.") from None
            raise NetworkUnreachable(
                f"The file behind the URL could not be fetched: {error}", code="media_unreachable", maybe_sent=False
            ) from None
        name = file_name or fetched.file_name or "file"
        mime_type = sniff_mime_type(fetched.data, file_name=name, claimed=fetched.content_type)
        return OutgoingMedia(
            media=kind or kind_of_mime(mime_type, music=music),
            data=fetched.data,
            mime_type=mime_type,
            file_name=name,
            caption=caption,
            source_url=url,
        )

    def from_upload(
        self, data: bytes, *, file_name: str, caption: str = "", kind: MediaKind | None = None
    ) -> OutgoingMedia:
        """Take an upload. Raises TooLarge, InvalidInput when it is empty."""
        if not data:
            raise InvalidInput("File is empty", field="file")
        if len(data) > self._max_bytes:
            raise TooLarge(f"The file is larger than {self._max_bytes} bytes.")
        mime_type = sniff_mime_type(data, file_name=file_name)
        return OutgoingMedia(
            media=kind or kind_of_mime(mime_type), data=data, mime_type=mime_type, file_name=file_name, caption=caption
        )


def kind_of_mime(mime_type: str, *, music: bool = False) -> MediaKind:
    """How a file is shown when nobody says: pictures and films as such, everything else as a document.

    With `music`, what is to be heard as such, too.
    """
    match mime_type.partition("/")[0]:
        case "image" if mime_type in {"image/jpeg", "image/png", "image/gif", "image/webp"}:
            return MediaKind.IMAGE
        case "video" if mime_type in {"video/mp4", "video/x-matroska", "video/quicktime", "video/webm"}:
            return MediaKind.VIDEO
        case "audio" if music and mime_type in {"audio/mpeg", "audio/mp3", "audio/mp4", "audio/m4a", "audio/x-m4a"}:
            return MediaKind.AUDIO
        case _:
            return MediaKind.DOCUMENT
