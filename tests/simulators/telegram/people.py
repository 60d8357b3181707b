"""What people do: write, edit, press, react, vote. Every method acts at once and queues the bots' updates."""

from __future__ import annotations

from typing import Any

from tests.simulators.telegram.entities import formatted
from tests.simulators.telegram.media import media_fragment
from tests.simulators.telegram.methods.polls import new_poll
from tests.simulators.telegram.samples import SAMPLES
from tests.simulators.telegram.state import Bot, Chat, Message, User
from tests.simulators.telegram.wire import Wire, unix_now, without_nothing
from tests.simulators.telegram.world import World

Place = Bot | Chat
"""Where somebody acts: a bot means the private chat with it."""


class People:
    """The users' side of the simulator. Answers are the messages as stored (`["message_id"]` names them)."""

    def __init__(self, world: World) -> None:
        self._world = world

    # Writing

    def sends_text(self, person: User, to: Place, text: str, **extra: Any) -> Wire:
        """A text message; commands, links and mentions in it become entities."""
        shown, entities = formatted(text, None, None)
        return self.says(person, to, {"text": shown} | ({"entities": entities} if entities else {}), **extra)

    def sends_media(
        self,
        person: User,
        to: Place,
        kind: str,
        data: bytes | None = None,
        *,
        file_name: str | None = None,
        mime_type: str | None = None,
        caption: str | None = None,
        options: Wire | None = None,
        **extra: Any,
    ) -> Wire:
        """A photo, video, animation, audio, voice, video_note, document or sticker; a small sample without `data`.

        People may send up to 2 GB, so no upload limit applies; the bot's download limit does.
        """
        file = self._world.files.put(kind, SAMPLES[kind] if data is None else data, file_name, mime_type)
        content = media_fragment(self._world.files, file, options or {})
        if caption:
            shown, entities = formatted(caption, None, None)
            content |= {"caption": shown} | ({"caption_entities": entities} if entities else {})
        return self.says(person, to, content, **extra)

    def sends_location(self, person: User, to: Place, latitude: float, longitude: float, **extra: Any) -> Wire:
        """A point on the map."""
        return self.says(person, to, {"location": {"latitude": latitude, "longitude": longitude}}, **extra)

    def sends_venue(
        self, person: User, to: Place, latitude: float, longitude: float, title: str, address: str, **extra: Any
    ) -> Wire:
        """A place with a name."""
        point = {"latitude": latitude, "longitude": longitude}
        venue = {"location": point, "title": title, "address": address}
        return self.says(person, to, {"venue": venue, "location": point}, **extra)

    def sends_contact(
        self, person: User, to: Place, phone_number: str, first_name: str, user_id: int | None = None, **extra: Any
    ) -> Wire:
        """Somebody's phone number."""
        contact = {"phone_number": phone_number, "first_name": first_name} | without_nothing(user_id=user_id)
        return self.says(person, to, {"contact": contact}, **extra)

    def sends_poll(
        self, person: User, to: Place, question: str, options: list[str], *, anonymous: bool = True, **extra: Any
    ) -> Wire:
        """A poll of a person's own."""
        poll = new_poll(self._world.number(), question, options, anonymous=anonymous)
        return self.says(person, to, {"poll": poll}, **extra)

    def says(
        self,
        person: User,
        to: Place,
        content: Wire,
        *,
        reply_to: int | None = None,
        thread: int | None = None,
        as_channel: bool = False,
    ) -> Wire:
        """Any message content. In a channel it is a post; `as_channel` hides the author in a group."""
        chat = self.opens(person, to)
        extra: Wire = {}
        if reply_to is not None:
            original = self._message(chat, reply_to)
            extra["reply_to_message"] = {k: v for k, v in original.wire.items() if k != "reply_to_message"}
        if thread is not None:
            extra |= {"message_thread_id": thread, "is_topic_message": True}
        sender = None if chat.kind == "channel" or as_channel else person
        message = self._world.store(chat, sender, content | extra)
        self._announce(chat, "message", message)
        return message.wire

    def opens(self, person: User, to: Place) -> Chat:
        """The chat where a person is about to act; starting and unblocking a bot come with it."""
        if isinstance(to, Chat):
            if to.kind != "private" and not to.has(person.id):
                raise ValueError(f"{person.first_name} is not in {to.title}")
            return to
        chat = self._world.dialog(to, person)
        if chat.blocked:
            raise ValueError(f"{person.first_name} has blocked {to.user.first_name}; unblock first")
        chat.started = True
        return chat

    # Changing

    def edits(
        self, person: User, to: Place, message_id: int, *, text: str | None = None, caption: str | None = None
    ) -> Wire:
        """New text, or new caption, of a message the person sent."""
        chat = self.opens(person, to)
        message = self._message(chat, message_id)
        if message.bot_id is not None or message.wire.get("from", {}).get("id", person.id) != person.id:
            raise ValueError(f"message {message_id} is not {person.first_name}'s own")
        field, entities_field = ("text", "entities") if text is not None else ("caption", "caption_entities")
        shown, entities = formatted(text if text is not None else caption or "", None, None)
        kept = {key: value for key, value in message.wire.items() if key not in (field, entities_field)}
        message.wire = kept | {field: shown, "edit_date": unix_now()} | ({entities_field: entities} if entities else {})
        self._announce(chat, "edited_message", message)
        return message.wire

    def deletes(self, person: User, to: Place, message_id: int) -> None:
        """Remove a message. Telegram does not tell bots."""
        self._message(self.opens(person, to), message_id).deleted = True

    # Answering

    def presses(self, person: User, to: Place, message_id: int, data: str) -> str:
        """Press the inline button with this callback data; answers the callback query's id."""
        chat = self.opens(person, to)
        message = self._message(chat, message_id)
        rows = message.wire.get("reply_markup", {}).get("inline_keyboard", [])
        bot = self._world.bots.get(message.bot_id or 0)
        if bot is None or not any(button.get("callback_data") == data for row in rows for button in row):
            raise ValueError(f"message {message_id} has no button with data {data!r}")
        query_id = str(7_000_000_000_000_000 + self._world.number())
        bot.open_queries.add(query_id)
        query = {"id": query_id, "from": person.wire(), "message": message.wire}
        self._world.tell(bot, "callback_query", query | {"chat_instance": str(chat.id), "data": data})
        return query_id

    def reacts(self, person: User, to: Place, message_id: int, *emoji: str) -> None:
        """Set the person's reactions, none taking them back. Told to bots in private and to administrators."""
        chat = self.opens(person, to)
        message = self._message(chat, message_id)
        before = message.reactions.get(person.id, [])
        after: list[Wire] = [{"type": "emoji", "emoji": one} for one in emoji]
        message.reactions[person.id] = after
        change: Wire = {"chat": chat.wire(), "message_id": message_id, "date": unix_now()}
        if chat.kind == "channel":
            kind, change = "message_reaction_count", change | {"reactions": _counted(message)}
        else:
            kind = "message_reaction"
            change |= {"user": person.wire(), "old_reaction": before, "new_reaction": after}
        for bot in self._world.bots_in(chat):
            if chat.kind == "private" or chat.is_admin(bot.id):
                self._world.tell(bot, kind, change)

    def votes(self, person: User, poll_id: str, *option_ids: int) -> None:
        """Vote in a poll a bot sent; none takes the vote back. Only a public poll says who voted."""
        bot, message = self._world.polls[poll_id]
        poll = message.wire["poll"]
        if poll["is_closed"] or bot is None:
            raise ValueError(f"poll {poll_id} is closed")
        votes = self._world.votes.setdefault(poll_id, {})
        votes[person.id] = option_ids
        counted = [
            option | {"voter_count": sum(1 for vote in votes.values() if index in vote)}
            for index, option in enumerate(poll["options"])
        ]
        total = sum(1 for vote in votes.values() if vote)
        message.wire = message.wire | {"poll": poll | {"options": counted, "total_voter_count": total}}
        self._world.tell(bot, "poll", message.wire["poll"])
        if not poll["is_anonymous"]:
            answer: Wire = {"poll_id": poll_id, "user": person.wire(), "option_ids": list(option_ids)}
            answer["option_persistent_ids"] = [poll["options"][index]["persistent_id"] for index in option_ids]
            self._world.tell(bot, "poll_answer", answer)

    # Helpers

    @staticmethod
    def _message(chat: Chat, message_id: int) -> Message:
        found = chat.message(message_id)
        if found is None:
            raise ValueError(f"no message {message_id} in chat {chat.id}")
        return found

    def _announce(self, chat: Chat, kind: str, message: Message) -> None:
        if chat.kind == "channel":
            kind = {"message": "channel_post", "edited_message": "edited_channel_post"}[kind]
        for bot in self._world.bots_in(chat):
            if _may_read(bot, chat, message.wire):
                self._world.tell(bot, kind, message.wire)


def _counted(message: Message) -> list[Wire]:
    counts: dict[str, int] = {}
    for reaction in (one for many in message.reactions.values() for one in many):
        counts[reaction["emoji"]] = counts.get(reaction["emoji"], 0) + 1
    return [{"type": {"type": "emoji", "emoji": emoji}, "total_count": count} for emoji, count in counts.items()]


def _may_read(bot: Bot, chat: Chat, wire: Wire) -> bool:
    """Privacy mode (core.telegram.org/bots/features#privacy-mode): in groups, only what is meant for the bot."""
    if chat.kind in ("private", "channel") or bot.reads_all_group_messages or chat.is_admin(bot.id):
        return True
    text = str(wire.get("text", wire.get("caption", "")))
    answered = wire.get("reply_to_message", {}).get("from", {}).get("id")
    return text.startswith("/") or f"@{bot.user.username}" in text or answered == bot.id
