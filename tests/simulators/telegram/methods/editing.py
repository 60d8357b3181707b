"""Changing and removing what was sent: edit*, delete*, stopPoll."""

from __future__ import annotations

from tests.simulators.telegram.media import CAPTIONED, MEDIA_KINDS
from tests.simulators.telegram.methods.compose import caption_fragment, caption_of, inline_keyboard, text_fragment
from tests.simulators.telegram.methods.media_input import media_from
from tests.simulators.telegram.methods.registry import Call, method
from tests.simulators.telegram.refusals import bad_request
from tests.simulators.telegram.state import Chat, Message
from tests.simulators.telegram.wire import Wire, unix_now

_NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)


def _editable(call: Call) -> Message:
    if call.params.text("inline_message_id") is not None:
        raise bad_request("MESSAGE_ID_INVALID")
    chat = call.chat_to_write()
    message_id = call.params.integer("message_id")
    if not message_id:
        raise bad_request("message identifier is not specified")
    message = chat.message(message_id)
    if message is None:
        raise bad_request("message to edit not found")
    if message.bot_id != call.bot.id:
        raise bad_request("message can't be edited")
    return message


def _apply(call: Call, message: Message, content: Wire, replaced: frozenset[str], *, dated: bool = True) -> Wire:
    """Swap the fields in `replaced` for `content` plus the call's buttons; unchanged messages are refused."""
    kept = {key: value for key, value in message.wire.items() if key not in replaced and key != "reply_markup"}
    changed = kept | content | inline_keyboard(call)
    if changed == message.wire:
        raise bad_request(_NOT_MODIFIED)
    if dated:
        changed["edit_date"] = unix_now()
    message.wire = changed
    return call.shown(message)


@method("editMessageText")
async def edit_message_text(call: Call) -> Wire:
    """New text for a text message."""
    content = text_fragment(call)
    message = _editable(call)
    if "text" not in message.wire:
        raise bad_request("there is no text in the message to edit")
    return _apply(call, message, content, frozenset({"text", "entities"}))


@method("editMessageCaption")
async def edit_message_caption(call: Call) -> Wire:
    """New caption for a media message; none removes it."""
    content = caption_of(call)
    message = _editable(call)
    if not CAPTIONED & message.wire.keys():
        raise bad_request("there is no caption in the message to edit")
    return _apply(call, message, content, frozenset({"caption", "caption_entities"}))


@method("editMessageMedia")
async def edit_message_media(call: Call) -> Wire:
    """Other media in the place of the old."""
    media = call.params.json_object("media") or {}
    if media.get("type") not in MEDIA_KINDS:
        raise bad_request("can't parse InputMedia: type must be specified")
    message = _editable(call)
    caption = caption_fragment(media.get("caption"), media.get("parse_mode"), media.get("caption_entities"))
    content = await media_from(call, str(media["type"]), media.get("media"), "", media)
    return _apply(call, message, content | caption, frozenset({*MEDIA_KINDS, "caption", "caption_entities"}))


@method("editMessageReplyMarkup")
async def edit_message_reply_markup(call: Call) -> Wire:
    """Other buttons, or none; the message does not count as edited for people."""
    return _apply(call, _editable(call), {}, frozenset(), dated=False)


@method("stopPoll")
async def stop_poll(call: Call) -> Wire:
    """Close a poll the bot sent."""
    message = _editable(call)
    poll = message.wire.get("poll")
    if poll is None:
        raise bad_request("message with poll to stop not found")
    if poll["is_closed"]:
        raise bad_request("poll has already been closed")
    closed: Wire = poll | {"is_closed": True}
    message.wire = message.wire | {"poll": closed}
    return closed


def _may_delete(call: Call, chat: Chat, message: Message) -> bool:
    return message.bot_id == call.bot.id or chat.kind == "private" or chat.is_admin(call.bot.id)


@method("deleteMessage")
async def delete_message(call: Call) -> bool:
    """Gone for everybody. Others' messages in groups only as an administrator."""
    chat = call.chat_to_write()
    message = chat.message(call.params.integer("message_id"))
    if message is None:
        raise bad_request("message to delete not found")
    if not _may_delete(call, chat, message):
        raise bad_request("message can't be deleted")
    message.deleted = True
    return True


@method("deleteMessages")
async def delete_messages(call: Call) -> bool:
    """Many at once; ids that cannot be found are skipped, as Telegram does."""
    ids = call.params.json_list("message_ids") or []
    if not ids:
        raise bad_request("message identifiers are not specified")
    if len(ids) > 100:
        raise bad_request("too many message identifiers specified")
    if not all(isinstance(one, int) for one in ids):
        raise bad_request("can't parse message identifiers: expected an Array of Integers")
    chat = call.chat_to_write()
    found = [message for message in map(chat.message, ids) if message is not None]
    if not all(_may_delete(call, chat, message) for message in found):
        raise bad_request("message can't be deleted")
    for message in found:
        message.deleted = True
    return True
