"""Small signs: reactions, chat actions, answers to button presses."""

from __future__ import annotations

from tests.simulators.telegram.methods.registry import Call, method
from tests.simulators.telegram.refusals import bad_request

# core.telegram.org/bots/api#reactiontypeemoji
_REACTIONS = (
    "❤ 👍 👎 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤‍🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 "
    "🖕 😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀ 😡"
)
REACTIONS = frozenset(_REACTIONS.split())
_ACTION_NAMES = (
    "typing upload_photo record_video upload_video record_voice upload_voice upload_document choose_sticker "
    "find_location record_video_note upload_video_note record_audio upload_audio"
)
_ACTIONS = frozenset(_ACTION_NAMES.split())


@method("setMessageReaction")
async def set_message_reaction(call: Call) -> bool:
    """One reaction of the bot on an existing message; none takes it back."""
    chat = call.chat_to_write()
    reactions = call.params.json_objects("reaction") or []
    message = chat.message(call.params.integer("message_id"))
    if message is None:
        raise bad_request("message to react not found")
    if len(reactions) > 1:
        raise bad_request("REACTIONS_TOO_MANY")
    for reaction in reactions:
        kind = reaction.get("type")
        if kind == "emoji" and reaction.get("emoji", "").rstrip("\ufe0f") in REACTIONS:
            continue
        raise bad_request("REACTION_INVALID")
    if reactions:
        message.reactions[call.bot.id] = reactions
    else:
        message.reactions.pop(call.bot.id, None)
    return True


@method("sendChatAction")
async def send_chat_action(call: Call) -> bool:
    """Typing and the like; kept in `Chat.actions` for tests to see."""
    action = call.params.text("action")
    if action not in _ACTIONS:
        raise bad_request("wrong parameter action in request")
    call.chat_to_write().actions.append(action)
    return True


@method("answerCallbackQuery")
async def answer_callback_query(call: Call) -> bool:
    """Ends the waiting shown on a pressed button; once only."""
    query_id = call.params.text("callback_query_id") or ""
    if query_id not in call.bot.open_queries:
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    if len(call.params.text("text") or "") > 200:
        raise bad_request("MESSAGE_TOO_LONG")
    call.bot.open_queries.discard(query_id)
    call.bot.query_answers[query_id] = dict(call.params.values)
    return True
