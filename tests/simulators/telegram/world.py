"""The simulated Telegram as a whole: who is known, who may write where, and how messages get numbers."""

from __future__ import annotations

import itertools
import re

from tests.simulators.telegram.faults import FaultPlan
from tests.simulators.telegram.files import FileStore, Limits
from tests.simulators.telegram.refusals import bad_request, forbidden, not_found, unauthorized
from tests.simulators.telegram.state import Bot, Chat, Message, User
from tests.simulators.telegram.wire import Wire, unix_now

_TOKEN = re.compile(r"(\d{1,15}):([A-Za-z0-9_-]+)")
_SUPERGROUPS_FROM = -1_000_000_000_000


class World:
    """All state of one simulator. `open_door` lets unknown bots and chats come into being when first named."""

    def __init__(self, *, open_door: bool = False, allow_http: bool = False, limits: Limits | None = None) -> None:
        self.open_door = open_door
        self.allow_http = allow_http
        self.files = FileStore(limits or Limits())
        self.faults = FaultPlan()
        self.bots: dict[int, Bot] = {}
        self.people: dict[int, User] = {}
        self.rooms: dict[int, Chat] = {}
        self.dialogs: dict[tuple[int, int], Chat] = {}
        self.polls: dict[str, tuple[Bot | None, Message]] = {}
        self.votes: dict[str, dict[int, tuple[int, ...]]] = {}
        self._numbers = itertools.count(1)

    def number(self) -> int:
        """A number never given before."""
        return next(self._numbers)

    # Who is asking

    def bot_for_token(self, token: str) -> Bot:
        """The bot of a token; 404 when it has the wrong form, 401 when Telegram does not know it (any more)."""
        match = _TOKEN.fullmatch(token)
        if match is None:
            raise not_found()
        bot = self.bots.get(int(match[1]))
        if bot is None and self.open_door and not match[2].startswith("BAD"):
            bot = self.add_bot(token)
        if bot is None or bot.token != token or bot.revoked:
            raise unauthorized()
        return bot

    def add_bot(
        self, token: str, *, name: str | None = None, username: str | None = None, reads_all: bool = True
    ) -> Bot:
        """Register a bot; the same token again gives the same bot."""
        bot_id = int(token.partition(":")[0])
        known = self.bots.get(bot_id)
        if known is not None and known.token == token:
            return known
        user = User(
            id=bot_id, is_bot=True, first_name=name or f"Bot {bot_id}", username=username or f"sim_{bot_id}_bot"
        )
        bot = Bot(token, user, reads_all_group_messages=reads_all)
        self.bots[bot_id] = bot
        return bot

    def user(self, user_id: int) -> User | None:
        """A person or a bot by id."""
        bot = self.bots.get(user_id)
        return bot.user if bot else self.people.get(user_id)

    # Chats

    def dialog(self, bot: Bot, person: User) -> Chat:
        """The private chat of a person with a bot, made when it is first needed."""
        key = (bot.id, person.id)
        if key not in self.dialogs:
            chat = self.dialogs[key] = Chat(person.id, "private")
            chat.person, chat.bot_id = person, bot.id
        return self.dialogs[key]

    def chat_seen_by(self, bot: Bot, given: str | None) -> Chat:
        """The chat a bot names by id or @username, or Telegram's 400."""
        if given is None:
            raise bad_request("chat_id is empty")
        chat = self._find(bot, given)
        if chat is None:
            raise bad_request("chat not found")
        if chat.migrated_to is not None:
            raise bad_request("group chat was upgraded to a supergroup chat", {"migrate_to_chat_id": chat.migrated_to})
        return chat

    def chat_to_write(self, bot: Bot, given: str | None) -> Chat:
        """The same, after checking that this bot may send there."""
        chat = self.chat_seen_by(bot, given)
        if chat.kind == "private":
            if chat.blocked:
                raise forbidden("bot was blocked by the user")
            if not chat.started:
                raise forbidden("bot can't initiate conversation with a user")
            return chat
        status = chat.statuses.get(bot.id)
        if status == "kicked":
            raise forbidden(f"bot was kicked from the {chat.kind} chat")
        if status == "left":
            raise forbidden(f"bot is not a member of the {chat.kind} chat")
        if chat.kind == "channel" and not chat.is_admin(bot.id):
            raise bad_request("need administrator rights in the channel chat")
        if status == "restricted":
            raise bad_request("not enough rights to send text messages to the chat")
        return chat

    def _find(self, bot: Bot, given: str) -> Chat | None:
        if given.startswith("@"):
            wanted = given[1:].lower()
            return next((room for room in self.rooms.values() if (room.username or "").lower() == wanted), None)
        try:
            chat_id = int(given)
        except ValueError:
            return None
        if chat_id > 0:
            return self._find_dialog(bot, chat_id)
        room = self.rooms.get(chat_id)
        if room is None and self.open_door and chat_id < 0:  # nobody is number 0
            room = Chat(chat_id, "supergroup" if chat_id < _SUPERGROUPS_FROM else "group", title=f"Chat {-chat_id}")
            room.statuses[bot.id] = "member"
            self.rooms[chat_id] = room
        # A chat the bot was never in does not exist for it.
        return room if room is not None and (bot.id in room.statuses or room.username) else None

    def _find_dialog(self, bot: Bot, person_id: int) -> Chat | None:
        person = self.people.get(person_id)
        if person is None:
            if not self.open_door:
                return None
            person = self.people[person_id] = User(id=person_id, first_name=f"Person {person_id}")
        chat = self.dialog(bot, person)
        chat.started = chat.started or self.open_door
        return chat

    # Messages

    def store(self, chat: Chat, sender: User | None, content: Wire, *, bot: Bot | None = None) -> Message:
        """Put a message into a chat. `sender` None means the channel itself speaks."""
        chat.last_message_id += 1
        wire: Wire = {"message_id": chat.last_message_id, "date": unix_now(), "chat": chat.wire()}
        if sender is None:
            wire["sender_chat"] = chat.wire()
        else:
            wire["from"] = sender.wire()
        message = Message(wire=wire | content, bot_id=bot.id if bot else None, reactions={})
        chat.messages[message.id] = message
        return message

    def bots_in(self, chat: Chat) -> list[Bot]:
        """Bots that see what happens in the chat."""
        if chat.bot_id is not None:
            return [self.bots[chat.bot_id]]
        return [self.bots[user_id] for user_id in chat.statuses if user_id in self.bots and chat.has(user_id)]

    def tell(self, bot: Bot, kind: str, body: Wire) -> Wire | None:
        """Queue an update for one bot, with file ids as this bot knows them."""
        if bot.revoked:
            return None
        return bot.updates.push(kind, self.files.seen_by(bot.id, body))
