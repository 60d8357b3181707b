"""What a Telegram message says, in the gateway's words. Pure: a Bot API object in, a value out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.domain.ids import Address
from gateway.domain.messages import ContactCard, Content, Location, Media, MediaKind, Poll, Text, Unknown

if TYPE_CHECKING:
    from aiogram.types import Message, Sticker
    from aiogram.types import Poll as TelegramPoll


def content_of(message: Message) -> Content:
    """The content of a message. What this version has no word for becomes `Unknown` with Telegram's own name of it."""
    if message.text is not None:
        return Text(text=message.text)
    return _file(message) or _card(message) or Unknown(network_kind=_network_kind(message))


def _file(message: Message) -> Content | None:
    caption = message.caption or ""
    # An animation is repeated as a document, for clients older than the field: it has to be looked for first.
    if (animation := message.animation) is not None:
        return Media(
            media=MediaKind.ANIMATION,
            ref=animation.file_id,
            mime_type=animation.mime_type or "video/mp4",
            file_name=animation.file_name,
            size=animation.file_size,
            caption=caption,
            width=animation.width,
            height=animation.height,
            duration=animation.duration,
        )
    if message.photo:
        # Sizes of one picture; the last in Telegram's list is usually the largest, but nothing promises it.
        largest = max(message.photo, key=lambda size: (size.width * size.height, size.file_size or 0))
        return Media(
            media=MediaKind.IMAGE,
            ref=largest.file_id,
            mime_type="image/jpeg",  # Telegram re-encodes every photo
            size=largest.file_size,
            caption=caption,
            width=largest.width,
            height=largest.height,
        )
    if (video := message.video) is not None:
        return Media(
            media=MediaKind.VIDEO,
            ref=video.file_id,
            mime_type=video.mime_type or "video/mp4",
            file_name=video.file_name,
            size=video.file_size,
            caption=caption,
            width=video.width,
            height=video.height,
            duration=video.duration,
        )
    if (live := message.live_photo) is not None:
        return Media(
            media=MediaKind.VIDEO,
            ref=live.file_id,
            mime_type=live.mime_type or "video/mp4",
            size=live.file_size,
            caption=caption,
            width=live.width,
            height=live.height,
            duration=live.duration,
        )
    if (audio := message.audio) is not None:
        return Media(
            media=MediaKind.AUDIO,
            ref=audio.file_id,
            mime_type=audio.mime_type or "audio/mpeg",
            file_name=audio.file_name,
            size=audio.file_size,
            caption=caption,
            duration=audio.duration,
        )
    if (voice := message.voice) is not None:
        return Media(
            media=MediaKind.VOICE,
            ref=voice.file_id,
            mime_type=voice.mime_type or "audio/ogg",
            size=voice.file_size,
            caption=caption,
            duration=voice.duration,
        )
    if (note := message.video_note) is not None:
        return Media(
            media=MediaKind.VIDEO_NOTE,
            ref=note.file_id,
            mime_type="video/mp4",
            size=note.file_size,
            width=note.length,
            height=note.length,
            duration=note.duration,
        )
    if (document := message.document) is not None:
        return Media(
            media=MediaKind.DOCUMENT,
            ref=document.file_id,
            mime_type=document.mime_type or "application/octet-stream",
            file_name=document.file_name,
            size=document.file_size,
            caption=caption,
        )
    if (sticker := message.sticker) is not None:
        return Media(
            media=MediaKind.STICKER,
            ref=sticker.file_id,
            mime_type=_sticker_type(sticker),
            size=sticker.file_size,
            width=sticker.width,
            height=sticker.height,
            emoji=sticker.emoji,
        )
    return None


def _card(message: Message) -> Content | None:
    # A venue is repeated as a plain location as well: it has to be looked for first.
    if (venue := message.venue) is not None:
        return Location(
            latitude=venue.location.latitude,
            longitude=venue.location.longitude,
            title=venue.title,
            address=venue.address,
        )
    if (place := message.location) is not None:
        return Location(latitude=place.latitude, longitude=place.longitude)
    if (contact := message.contact) is not None:
        return ContactCard(
            name=" ".join(filter(None, (contact.first_name, contact.last_name))),
            phone=contact.phone_number,
            address=Address(str(contact.user_id)) if contact.user_id is not None else None,
            vcard=contact.vcard,
        )
    if message.poll is not None:
        return _poll(message.poll)
    return None


def _poll(poll: TelegramPoll) -> Poll:
    return Poll(
        question=poll.question,
        options=tuple(option.text for option in poll.options),
        multiple=poll.allows_multiple_answers,
        anonymous=poll.is_anonymous,
        ref=poll.id,
    )


def _sticker_type(sticker: Sticker) -> str:
    if sticker.is_animated:
        return "application/x-tgsticker"
    return "video/webm" if sticker.is_video else "image/webp"


def _network_kind(message: Message) -> str:
    kind = str(getattr(message.content_type, "value", message.content_type))
    if kind != "unknown":
        return kind
    # A field newer than the library: the name Telegram gave it is still the best word.
    return next(iter(message.model_extra or {}), kind)
