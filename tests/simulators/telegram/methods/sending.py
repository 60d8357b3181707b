"""sendMessage and its relatives, one message each; forwarding and copying."""

from __future__ import annotations

from typing import Any

from tests.simulators.telegram.methods.compose import caption_of, common_fragment, link_preview, send, text_fragment
from tests.simulators.telegram.methods.media_input import media_from
from tests.simulators.telegram.methods.polls import poll_fragment
from tests.simulators.telegram.methods.registry import Call, Method, method
from tests.simulators.telegram.refusals import bad_request
from tests.simulators.telegram.state import Message
from tests.simulators.telegram.wire import Wire, without_nothing

_METHODS = {
    "photo": "sendPhoto",
    "video": "sendVideo",
    "animation": "sendAnimation",
    "audio": "sendAudio",
    "voice": "sendVoice",
    "video_note": "sendVideoNote",
    "document": "sendDocument",
    "sticker": "sendSticker",
}


@method("sendMessage")
async def send_message(call: Call) -> Wire:
    """Text."""
    # Telegram parses the text before it looks at the chat.
    content = text_fragment(call) | link_preview(call)
    chat = call.chat_to_write()
    return call.shown(send(call, chat, content | common_fragment(call, chat)))


def _sends(kind: str) -> Method:
    async def send_media(call: Call) -> Wire:
        chat = call.chat_to_write()
        caption = {} if kind in ("sticker", "video_note") else caption_of(call)
        shared = common_fragment(call, chat)
        media = await media_from(call, kind, call.params.text(kind), kind, call.params.values)
        return call.shown(send(call, chat, media | caption | shared))

    return send_media


for _kind, _name in _METHODS.items():
    method(_name)(_sends(_kind))


def _place(call: Call) -> Wire:
    latitude, longitude = call.params.number("latitude"), call.params.number("longitude")
    if latitude is None or longitude is None:
        raise bad_request("latitude is empty" if latitude is None else "longitude is empty")
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise bad_request("wrong latitude or longitude")
    return {"latitude": latitude, "longitude": longitude}


@method("sendLocation")
async def send_location(call: Call) -> Wire:
    """A point on the map."""
    extra = without_nothing(
        horizontal_accuracy=call.params.number("horizontal_accuracy"),
        live_period=call.params.integer("live_period") or None,
    )
    chat = call.chat_to_write()
    return call.shown(send(call, chat, {"location": _place(call) | extra} | common_fragment(call, chat)))


@method("sendVenue")
async def send_venue(call: Call) -> Wire:
    """A point with a name and an address; the message carries the bare location too."""
    chat = call.chat_to_write()
    place = _place(call)
    title, address = call.params.text("title"), call.params.text("address")
    if title is None or address is None:
        raise bad_request("venue title must be non-empty" if title is None else "venue address must be non-empty")
    content = {"venue": {"location": place, "title": title, "address": address}, "location": place}
    return call.shown(send(call, chat, content | common_fragment(call, chat)))


@method("sendContact")
async def send_contact(call: Call) -> Wire:
    """A phone number with a name."""
    chat = call.chat_to_write()
    phone, name = call.params.text("phone_number"), call.params.text("first_name")
    if phone is None:
        raise bad_request("phone number is empty")
    if name is None:
        raise bad_request("contact first name is empty")
    contact = {"phone_number": phone, "first_name": name} | without_nothing(
        last_name=call.params.text("last_name"), vcard=call.params.text("vcard")
    )
    return call.shown(send(call, chat, {"contact": contact} | common_fragment(call, chat)))


@method("sendPoll")
async def send_poll(call: Call) -> Wire:
    """A poll or a quiz."""
    content = poll_fragment(call)
    chat = call.chat_to_write()
    message = send(call, chat, content | common_fragment(call, chat))
    call.world.polls[message.wire["poll"]["id"]] = (call.bot, message)
    return call.shown(message)


def _original(call: Call, purpose: str) -> Message:
    source = call.world.chat_seen_by(call.bot, call.params.text("from_chat_id"))
    found = source.message(call.params.integer("message_id"))
    if found is None:
        raise bad_request(f"message to {purpose} not found")
    if found.wire.get("has_protected_content"):
        raise bad_request(f"the message can't be {'forwarded' if purpose == 'forward' else 'copied'}")
    return found


# What belongs to a message's place and time, not to what it says.
_ENVELOPE_FIELDS = (
    "message_id date edit_date chat from sender_chat reply_to_message reply_markup message_thread_id "
    "is_topic_message has_protected_content media_group_id forward_origin"
)
_ENVELOPE = frozenset(_ENVELOPE_FIELDS.split())


def _said(message: Message) -> Wire:
    return {key: value for key, value in message.wire.items() if key not in _ENVELOPE}


@method("forwardMessage")
async def forward_message(call: Call) -> Wire:
    """The same message, with where it came from."""
    chat = call.chat_to_write()
    original = _original(call, "forward")
    wire = original.wire
    origin: dict[str, Any] = {"date": wire["date"]}
    if "forward_origin" in wire:
        origin = wire["forward_origin"]
    elif "sender_chat" in wire:
        origin |= {"type": "channel", "chat": wire["sender_chat"], "message_id": original.id}
    else:
        origin |= {"type": "user", "sender_user": wire["from"]}
    return call.shown(send(call, chat, _said(original) | {"forward_origin": origin}))


@method("copyMessage")
async def copy_message(call: Call) -> Wire:
    """The same content as a new message; answers its id only. A given caption replaces the old one."""
    chat = call.chat_to_write()
    content = _said(_original(call, "copy"))
    if "caption" in call.params.values:
        content = {key: value for key, value in content.items() if not key.startswith("caption")} | caption_of(call)
    message = send(call, chat, content | common_fragment(call, chat))
    return {"message_id": message.id}
