"""What every sent message has in common: text rules, reply, thread, buttons."""

from __future__ import annotations

from typing import Any

from tests.simulators.telegram.entities import formatted
from tests.simulators.telegram.methods.registry import Call
from tests.simulators.telegram.refusals import bad_request
from tests.simulators.telegram.state import Chat, Message
from tests.simulators.telegram.wire import Wire

MAX_TEXT = 4096
MAX_CAPTION = 1024
_MAX_BUTTON_DATA = 64


def text_fragment(call: Call) -> Wire:
    """`text` and `entities`, or Telegram's refusal."""
    given = call.params.text("text")
    if given is None:
        raise bad_request("message text is empty")
    text, entities = formatted(given, call.params.text("parse_mode"), call.params.json_objects("entities"))
    if not text:
        raise bad_request("message text is empty")
    if len(text) > MAX_TEXT:
        raise bad_request("message is too long")
    return {"text": text} | ({"entities": entities} if entities else {})


def link_preview(call: Call) -> Wire:
    """`link_preview_options`, told again with the message; the older `disable_web_page_preview` means the same."""
    options = call.params.json_object("link_preview_options")
    if options is None and call.params.flag("disable_web_page_preview"):
        options = {"is_disabled": True}
    return {"link_preview_options": options} if options else {}


def caption_fragment(caption: str | None, parse_mode: str | None, explicit: list[Wire] | None) -> Wire:
    """`caption` and `caption_entities`; nothing when there is no caption."""
    if not caption:
        return {}
    text, entities = formatted(caption, parse_mode, explicit)
    if len(text) > MAX_CAPTION:
        raise bad_request("message caption is too long")
    if not text:
        return {}
    return {"caption": text} | ({"caption_entities": entities} if entities else {})


def caption_of(call: Call) -> Wire:
    """The caption fragment of a call's own `caption`, `parse_mode` and `caption_entities`."""
    params = call.params
    return caption_fragment(params.text("caption"), params.text("parse_mode"), params.json_objects("caption_entities"))


def inline_keyboard(call: Call) -> Wire:
    """`reply_markup` when it is an inline keyboard, the only kind shown with a message."""
    markup = call.params.json_object("reply_markup")
    if not markup or "inline_keyboard" not in markup:
        return {}
    rows: Any = markup["inline_keyboard"]
    if not isinstance(rows, list) or not all(_is_row(row) for row in rows):
        raise bad_request('field "inline_keyboard" of the InlineKeyboardMarkup should be an Array of Arrays')
    for button in (button for row in rows for button in row):
        if not button.get("text"):
            raise bad_request("text buttons are unallowed in the inline keyboard")
        if "callback_data" in button and not 1 <= len(str(button["callback_data"]).encode()) <= _MAX_BUTTON_DATA:
            raise bad_request("BUTTON_DATA_INVALID")
        if not set(button) - {"text"}:
            raise bad_request("text buttons are unallowed in the inline keyboard")
    return {"reply_markup": markup} if any(rows) else {}


def _is_row(row: Any) -> bool:
    return isinstance(row, list) and all(isinstance(button, dict) for button in row)


def common_fragment(call: Call, chat: Chat) -> Wire:
    """Reply, thread, protection and buttons of a message about to be sent."""
    shared: Wire = {}
    thread = call.params.integer("message_thread_id")
    if thread:
        if not chat.is_forum or thread not in chat.threads:
            raise bad_request("message thread not found")
        shared |= {"message_thread_id": thread, "is_topic_message": True}
    replied = _replied(call, chat)
    if replied is not None:
        # Telegram never nests replies.
        shared["reply_to_message"] = {key: value for key, value in replied.wire.items() if key != "reply_to_message"}
    if call.params.flag("protect_content"):
        shared["has_protected_content"] = True
    return shared | inline_keyboard(call)


def _replied(call: Call, chat: Chat) -> Message | None:
    reply = call.params.json_object("reply_parameters") or {
        "message_id": call.params.integer("reply_to_message_id"),
        "allow_sending_without_reply": call.params.flag("allow_sending_without_reply"),
    }
    try:
        message_id = int(reply.get("message_id") or 0)
    except (ValueError, TypeError):
        message_id = 0
    if not message_id:
        return None
    found = chat.message(message_id)
    if found is None and not reply.get("allow_sending_without_reply"):
        raise bad_request("message to be replied not found")
    return found


def send(call: Call, chat: Chat, content: Wire) -> Message:
    """Store a message from the bot, and show channel posts to the channel's other bots."""
    sender = None if chat.kind == "channel" else call.bot.user
    message = call.world.store(chat, sender, content, bot=call.bot)
    if chat.kind == "channel":
        for other in call.world.bots_in(chat):
            if other is not call.bot:
                call.world.tell(other, "channel_post", message.wire)
    return message
