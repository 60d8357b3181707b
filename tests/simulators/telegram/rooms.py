"""Groups and channels: making them, coming, going, promotion, blocking a bot, becoming a supergroup."""

from __future__ import annotations

from tests.simulators.telegram.members import change_status, member_wire
from tests.simulators.telegram.state import PRESENT, Bot, Chat, User
from tests.simulators.telegram.wire import Wire, unix_now
from tests.simulators.telegram.world import World

_SUPERGROUP_BASE = -1_001_000_000_000
_GROUP_BASE = -4_000_000


class Rooms:
    """What people do with chats rather than in them."""

    def __init__(self, world: World) -> None:
        self._world = world

    def create(
        self,
        kind: str,
        title: str,
        *,
        members: list[User | Bot] | None = None,
        admins: list[User | Bot] | None = None,
        username: str | None = None,
        threads: dict[int, str] | None = None,
        chat_id: int | None = None,
    ) -> Chat:
        """A group, supergroup or channel that exists already: nobody is told. `threads` makes it a forum."""
        if kind not in ("group", "supergroup", "channel"):
            raise ValueError(f"a {kind} cannot be created; use group, supergroup or channel")
        base = _GROUP_BASE if kind == "group" else _SUPERGROUP_BASE
        chat = Chat(chat_id or base - self._world.number(), kind, title=title)
        chat.username = username
        chat.is_forum, chat.threads = threads is not None, dict(threads or {})
        for member in members or []:
            chat.statuses[member.id] = "member"
        for admin in admins or []:
            chat.statuses[admin.id] = "administrator"
        self._world.rooms[chat.id] = chat
        return chat

    def joins(self, user: User | Bot, chat: Chat, by: User | None = None) -> None:
        """Come in, or be brought in by somebody: status change for bots, and a line in groups."""
        account = _account(user)
        change_status(self._world, chat, account, by or account, "member")
        self._service(chat, by or account, {"new_chat_members": [account.wire()]})

    def leaves(self, user: User | Bot, chat: Chat) -> None:
        """Go by oneself."""
        account = _account(user)
        self._service(chat, account, {"left_chat_member": account.wire()})
        change_status(self._world, chat, account, account, "left")

    def removes(self, user: User | Bot, chat: Chat, by: User) -> None:
        """Be thrown out; a bot then meets 403 when it writes."""
        account = _account(user)
        self._service(chat, by, {"left_chat_member": account.wire()})
        change_status(self._world, chat, account, by, "kicked")

    def promotes(self, user: User | Bot, chat: Chat, by: User) -> None:
        """Become an administrator."""
        change_status(self._world, chat, _account(user), by, "administrator")

    def demotes(self, user: User | Bot, chat: Chat, by: User) -> None:
        """Become an ordinary member again."""
        change_status(self._world, chat, _account(user), by, "member")

    def blocks(self, person: User, bot: Bot) -> None:
        """The person blocks the bot: my_chat_member says kicked, and sending is a 403."""
        self._set_blocked(person, bot, blocked=True)

    def unblocks(self, person: User, bot: Bot) -> None:
        """The person lets the bot write again."""
        self._set_blocked(person, bot, blocked=False)

    def upgrades(self, chat: Chat, by: User) -> Chat:
        """A group becomes a supergroup: a new id, a line in each, and the old id refuses with `migrate_to_chat_id`."""
        if chat.kind != "group":
            raise ValueError(f"{chat.title} is not a group")
        new = self.create("supergroup", chat.title or "")
        new.statuses = dict(chat.statuses)
        self._service(chat, by, {"migrate_to_chat_id": new.id})
        self._service(new, by, {"migrate_from_chat_id": chat.id})
        chat.migrated_to = new.id
        return new

    def _set_blocked(self, person: User, bot: Bot, *, blocked: bool) -> None:
        chat = self._world.dialog(bot, person)
        before, after = ("member", "kicked") if blocked else ("kicked", "member")
        chat.blocked = blocked
        change: Wire = {
            "chat": chat.wire(),
            "from": person.wire(),
            "date": unix_now(),
            "old_chat_member": member_wire(bot.user, before),
            "new_chat_member": member_wire(bot.user, after),
        }
        self._world.tell(bot, "my_chat_member", change)

    def _service(self, chat: Chat, by: User, content: Wire) -> None:
        if chat.kind == "channel":
            return
        message = self._world.store(chat, by, content)
        for bot in self._world.bots_in(chat):
            if chat.statuses.get(bot.id) in PRESENT:
                self._world.tell(bot, "message", message.wire)


def _account(user: User | Bot) -> User:
    return user.user if isinstance(user, Bot) else user
