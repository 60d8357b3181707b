"""Who and what exists in the simulated Telegram: people, bots, chats and their messages."""

from __future__ import annotations

from collections import deque

from msgspec import Struct

from tests.simulators.telegram.files import StoredFile
from tests.simulators.telegram.updates import UpdateQueue
from tests.simulators.telegram.webhook import Webhook
from tests.simulators.telegram.wire import Wire, without_nothing

PRESENT = frozenset({"creator", "administrator", "member", "restricted"})
ADMINS = frozenset({"creator", "administrator"})
_LOG_LENGTH = 5000


class User(Struct, frozen=True, kw_only=True):
    """A person or a bot, as others see them."""

    id: int
    first_name: str
    is_bot: bool = False
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None

    def wire(self) -> Wire:
        """The Bot API's `User`."""
        return without_nothing(
            id=self.id,
            is_bot=self.is_bot,
            first_name=self.first_name,
            last_name=self.last_name,
            username=self.username,
            language_code=self.language_code,
        )


class MethodCall(Struct, frozen=True, kw_only=True):
    """One line of a bot's method log: what it asked and what it was told (0 = connection dropped)."""

    method: str
    params: Wire
    uploads: tuple[str, ...]
    status: int
    description: str | None = None


class Bot:
    """A bot account: its token, its queue, its webhook and everything it asked so far."""

    def __init__(self, token: str, user: User, *, reads_all_group_messages: bool = True) -> None:
        self.token = token
        self.user = user
        self.reads_all_group_messages = reads_all_group_messages
        self.revoked = False
        self.logged_out = False
        self.updates = UpdateQueue(first_id=1_000_000 + user.id % 1000 * 1000)
        self.webhook: Webhook | None = None
        self.log: deque[MethodCall] = deque(maxlen=_LOG_LENGTH)
        self.commands: list[Wire] = []
        self.paths: dict[str, StoredFile] = {}
        self.open_queries: set[str] = set()
        self.query_answers: dict[str, Wire] = {}

    @property
    def id(self) -> int:
        """The number before the colon of the token; also the bot's user id."""
        return self.user.id


class Message(Struct, kw_only=True):
    """A message as stored; `wire` names files for nobody in particular (see FileStore.seen_by)."""

    wire: Wire
    bot_id: int | None = None
    """The bot that sent it; None when a person did."""
    deleted: bool = False
    reactions: dict[int, list[Wire]] = {}

    @property
    def id(self) -> int:
        """Number within its chat, from 1."""
        return int(self.wire["message_id"])


class Chat:
    """One conversation. A private chat belongs to one person and one bot; other chats are shared by all in them."""

    def __init__(self, chat_id: int, kind: str, *, title: str | None = None) -> None:
        self.id = chat_id
        self.kind = kind
        self.title = title
        self.person: User | None = None
        self.bot_id: int | None = None
        """Private only: the two who talk."""
        self.username: str | None = None
        self.is_forum = False
        self.threads: dict[int, str] = {}
        self.statuses: dict[int, str] = {}
        """User id -> creator, administrator, member, restricted, left or kicked."""
        self.started = False
        """Private only: the person has written to the bot, so the bot may answer."""
        self.blocked = False
        self.migrated_to: int | None = None
        self.messages: dict[int, Message] = {}
        self.actions: list[str] = []
        self.last_message_id = 0

    def wire(self) -> Wire:
        """The Bot API's `Chat`."""
        if self.person is not None:
            return without_nothing(
                id=self.id,
                type="private",
                first_name=self.person.first_name,
                last_name=self.person.last_name,
                username=self.person.username,
            )
        return without_nothing(
            id=self.id, type=self.kind, title=self.title, username=self.username, is_forum=self.is_forum or None
        )

    def message(self, message_id: int) -> Message | None:
        """A message that is there and not deleted."""
        found = self.messages.get(message_id)
        return found if found is not None and not found.deleted else None

    def visible(self) -> list[Message]:
        """What a person sees when they open the chat, oldest first."""
        return [message for message in self.messages.values() if not message.deleted]

    def has(self, user_id: int) -> bool:
        """Whether the user is in the chat."""
        return self.statuses.get(user_id) in PRESENT

    def is_admin(self, user_id: int) -> bool:
        """Whether the user is an administrator or the creator."""
        return self.statuses.get(user_id) in ADMINS
