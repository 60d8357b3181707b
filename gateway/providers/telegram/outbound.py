"""What a caller asks to say, as Bot API methods. Nothing is sent here; the sizes and lengths Telegram limits are left
to Telegram, whose refusal names them, except where an upload would be in vain.

Methods and limits: core.telegram.org/bots/api#available-methods, #sending-files.
"""

from __future__ import annotations

import re
from typing import Any, assert_never

from aiogram.methods import (
    DeleteMessage,
    EditMessageCaption,
    EditMessageText,
    SendAnimation,
    SendAudio,
    SendChatAction,
    SendContact,
    SendDocument,
    SendLocation,
    SendMessage,
    SendPhoto,
    SendPoll,
    SendSticker,
    SendVenue,
    SendVideo,
    SendVideoNote,
    SendVoice,
    SetMessageReaction,
    TelegramMethod,
)
from aiogram.types import (
    BufferedInputFile,
    InputPollOption,
    LinkPreviewOptions,
    Message,
    ReactionTypeCustomEmoji,
    ReactionTypeEmoji,
    ReplyParameters,
)

from gateway.domain.errors import InvalidInput, TooLarge, Unsupported
from gateway.domain.ids import Address
from gateway.domain.messages import (
    ContactCard,
    Location,
    MediaKind,
    OutgoingMedia,
    OutgoingMessage,
    Poll,
    Text,
    TextFormat,
)

_CHAT_ID = re.compile(r"-?[0-9]{1,16}")  # Telegram promises at most 52 significant bits
_USERNAME = re.compile(r"@[A-Za-z][A-Za-z0-9_]{2,63}")
_MESSAGE_ID = re.compile(r"[0-9]{1,10}")
_PARSE_MODES = {
    TextFormat.PLAIN: None,
    TextFormat.HTML: "HTML",
    TextFormat.MARKDOWN: "MarkdownV2",
    TextFormat.OLD_MARKDOWN: "Markdown",
}
_UPLOAD_LIMIT = 50 * 1024 * 1024
_PHOTO_LIMIT = 10 * 1024 * 1024
_LOCAL_LIMIT = 2000 * 1024 * 1024
_ACTIONS = frozenset(
    {
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    }
)
_ACTION_WORDS = {
    "composing": "typing",
    "recording": "record_voice",
    "record_audio": "record_voice",
    "upload_audio": "upload_voice",
    "upload_image": "upload_photo",
    "upload_file": "upload_document",
}
_GERUNDS = {"recording_": "record_", "uploading_": "upload_", "choosing_": "choose_", "finding_": "find_"}
# C0 and C1 controls, quotes, backslashes, slashes: a name goes into a multipart header, where aiohttp lets them pass.
_UNFIT_FOR_A_NAME = re.compile(r'[\x00-\x1f\x7f-\x9f"\\/]+')


def method_of(message: OutgoingMessage, *, local: bool = False) -> TelegramMethod[Message]:
    """The one Bot API call that says `message`. `local` is whether our own Bot API server takes files up to 2 GB.

    Raises InvalidInput or TooLarge for what Telegram would refuse anyway.
    """
    if message.mentions:
        raise Unsupported(
            "Telegram mentions people in the text: write @username, or a tg://user?id= link with format html.",
            field="mentions",
        )
    # Any: one mapping for the options that every send method shares; each method checks its own fields.
    shared: dict[str, Any] = {"chat_id": chat_id(message.to)}
    if message.silent:
        shared["disable_notification"] = True
    if message.reply_to is not None:
        shared["reply_parameters"] = ReplyParameters(message_id=message_id(message.reply_to, field="replyTo"))
    match message.content:
        case Text(text=text):
            if not text:
                raise InvalidInput("The text is empty.", field="text")
            return SendMessage(
                text=text,
                parse_mode=_PARSE_MODES[message.format],
                link_preview_options=None if message.link_preview else LinkPreviewOptions(is_disabled=True),
                **shared,
            )
        case OutgoingMedia() as media:
            return _media(media, message.format, shared, local=local)
        case Location() as place:
            return _location(place, shared)
        case ContactCard() as card:
            return SendContact(phone_number=card.phone, first_name=card.name, vcard=card.vcard, **shared)
        case Poll() as poll:
            return SendPoll(
                question=poll.question,
                options=[InputPollOption(text=option) for option in poll.options],
                is_anonymous=poll.anonymous,
                allows_multiple_answers=poll.multiple,
                **shared,
            )
        case _ as never:
            assert_never(never)


def edit_text(chat: Address, network_id: str, text: str, markup: TextFormat) -> EditMessageText:
    """Replace the words of a text message."""
    if not text:
        raise InvalidInput("The text is empty.", field="text")
    return EditMessageText(
        chat_id=chat_id(chat), message_id=message_id(network_id), text=text, parse_mode=_PARSE_MODES[markup]
    )


def edit_caption(chat: Address, network_id: str, text: str, markup: TextFormat) -> EditMessageCaption:
    """Replace the words under a file."""
    return EditMessageCaption(
        chat_id=chat_id(chat), message_id=message_id(network_id), caption=text, parse_mode=_PARSE_MODES[markup]
    )


def delete(chat: Address, network_id: str) -> DeleteMessage:
    """Take a message back."""
    return DeleteMessage(chat_id=chat_id(chat), message_id=message_id(network_id))


def react(chat: Address, network_id: str, emoji: str | None) -> SetMessageReaction:
    """Set our reaction, or withdraw it. `custom:<id>` names a custom emoji, as incoming reactions do."""
    reactions: list[ReactionTypeEmoji | ReactionTypeCustomEmoji] = []
    if emoji and emoji.startswith("custom:"):
        reactions.append(ReactionTypeCustomEmoji(custom_emoji_id=emoji.removeprefix("custom:")))
    elif emoji:
        reactions.append(ReactionTypeEmoji(emoji=emoji))
    return SetMessageReaction(chat_id=chat_id(chat), message_id=message_id(network_id), reaction=list(reactions))


def show_activity(chat: Address, activity: str) -> SendChatAction:
    """Show `typing`, `recording`, `uploading_photo`, ... or one of Telegram's own words."""
    word = activity.strip().lower()
    for gerund, verb in _GERUNDS.items():
        if word.startswith(gerund):
            word = verb + word.removeprefix(gerund)
    action = _ACTION_WORDS.get(word, word)
    if action not in _ACTIONS:
        raise InvalidInput(f"Telegram can show {', '.join(sorted(_ACTIONS))}.", field="activity")
    return SendChatAction(chat_id=chat_id(chat), action=action)


def chat_id(address: str) -> int | str:
    """A chat as the Bot API wants it: a number, or @username. Raises InvalidInput naming `to`."""
    given = address.strip()
    if _CHAT_ID.fullmatch(given):
        return int(given)
    if _USERNAME.fullmatch(given):
        return given
    raise InvalidInput("A Telegram chat is a number such as 123456789 or -1001234567890, or @username.", field="to")


def message_id(network_id: str, *, field: str = "messageId") -> int:
    """A message's number within its chat. Raises InvalidInput naming `field`."""
    if _MESSAGE_ID.fullmatch(network_id) is None:
        raise InvalidInput("A Telegram message id is a number, unique within its chat.", field=field)
    return int(network_id)


def _location(place: Location, shared: dict[str, Any]) -> TelegramMethod[Message]:
    if not place.title:
        return SendLocation(latitude=place.latitude, longitude=place.longitude, **shared)
    # A venue needs both lines.
    address = place.address or place.title
    return SendVenue(latitude=place.latitude, longitude=place.longitude, title=place.title, address=address, **shared)


def _media(media: OutgoingMedia, markup: TextFormat, shared: dict[str, Any], *, local: bool) -> TelegramMethod[Message]:
    _check_size(media, local=local)
    file = BufferedInputFile(media.data, filename=_file_name(media))
    if media.media in (MediaKind.STICKER, MediaKind.VIDEO_NOTE):
        if media.caption:
            raise Unsupported(f"Telegram shows no words under a {media.media}.", field="caption")
        if media.media is MediaKind.STICKER:
            return SendSticker(sticker=file, **shared)
        return SendVideoNote(video_note=file, **shared)
    if media.caption:
        shared |= {"caption": media.caption, "parse_mode": _PARSE_MODES[markup]}
    match media.media:
        case MediaKind.IMAGE:
            return SendPhoto(photo=file, **shared)
        case MediaKind.VIDEO:
            return SendVideo(video=file, supports_streaming=True, **shared)
        case MediaKind.ANIMATION:
            return SendAnimation(animation=file, **shared)
        case MediaKind.AUDIO:
            return SendAudio(audio=file, **shared)
        case MediaKind.VOICE:
            return SendVoice(voice=file, **shared)
        case MediaKind.DOCUMENT:
            # Otherwise Telegram turns what looks like a video or GIF into one, re-encoded.
            return SendDocument(document=file, disable_content_type_detection=True, **shared)
        case _ as never:
            assert_never(never)


def _check_size(media: OutgoingMedia, *, local: bool) -> None:
    if not media.data:
        raise InvalidInput("The file is empty.", field="file")
    limit = _PHOTO_LIMIT if media.media is MediaKind.IMAGE else _LOCAL_LIMIT if local else _UPLOAD_LIMIT
    if len(media.data) > limit:
        advice = "; send it as a document" if media.media is MediaKind.IMAGE else ""
        raise TooLarge(
            f"Telegram takes a {media.media} of up to {limit // (1024 * 1024)} MB from a bot{advice}.",
            code="telegram_file_too_big",
        )


def _file_name(media: OutgoingMedia) -> str:
    name = _UNFIT_FOR_A_NAME.sub("_", media.file_name).strip(" .")
    return name[-200:] or f"{media.media}"
