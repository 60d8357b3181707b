"""Looking at chats and members, and leaving."""

from __future__ import annotations

from tests.simulators.telegram.members import change_status, member_wire
from tests.simulators.telegram.methods.registry import Call, method
from tests.simulators.telegram.refusals import bad_request, forbidden
from tests.simulators.telegram.state import PRESENT, Chat
from tests.simulators.telegram.wire import Wire


def _readable(call: Call) -> Chat:
    chat = call.chat()
    if chat.kind == "private":
        if not chat.started:
            raise bad_request("chat not found")
        return chat
    status = chat.statuses.get(call.bot.id)
    if status == "kicked":
        raise forbidden(f"bot was kicked from the {chat.kind} chat")
    if status not in PRESENT and not chat.username:
        raise forbidden(f"bot is not a member of the {chat.kind} chat")
    return chat


@method("getChat")
async def get_chat(call: Call) -> Wire:
    """Everything about a chat the bot knows."""
    chat = _readable(call)
    gifts = dict.fromkeys(
        ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"), False
    )
    full = {"accent_color_id": chat.id % 7, "max_reaction_count": 11, "accepted_gift_types": gifts}
    if chat.username or (chat.person and chat.person.username):
        full["active_usernames"] = [chat.username or (chat.person and chat.person.username)]
    if chat.kind in ("group", "supergroup"):
        full["permissions"] = {"can_send_messages": True, "can_invite_users": True}
    return chat.wire() | full


@method("getChatMember")
async def get_chat_member(call: Call) -> Wire:
    """One member; users Telegram knows but who never were here count as left."""
    chat = _readable(call)
    user = call.world.user(call.params.integer("user_id"))
    if user is None:
        raise bad_request("PARTICIPANT_ID_INVALID" if chat.kind != "private" else "user not found")
    if chat.kind == "private":
        return member_wire(user, "member")
    return member_wire(user, chat.statuses.get(user.id, "left"))


@method("getChatAdministrators")
async def get_chat_administrators(call: Call) -> list[Wire]:
    """Administrators and the creator."""
    chat = _readable(call)
    if chat.kind == "private":
        raise bad_request("there are no administrators in the private chat")
    people = [(call.world.user(user_id), status) for user_id, status in chat.statuses.items()]
    return [member_wire(user, status) for user, status in people if user and chat.is_admin(user.id)]


@method("getChatMemberCount")
async def get_chat_member_count(call: Call) -> int:
    """How many are in the chat; two in a private one."""
    chat = _readable(call)
    return 2 if chat.kind == "private" else sum(1 for status in chat.statuses.values() if status in PRESENT)


@method("getUserProfilePhotos")
async def get_user_profile_photos(call: Call) -> Wire:
    """People here have no profile photos."""
    if call.world.user(call.params.integer("user_id")) is None:
        raise bad_request("user not found")
    return {"total_count": 0, "photos": []}


@method("leaveChat")
async def leave_chat(call: Call) -> bool:
    """Leave a group or channel."""
    chat = call.chat()
    if chat.kind == "private":
        raise bad_request("chat member status can't be changed in private chats")
    _readable(call)
    change_status(call.world, chat, call.bot.user, call.bot.user, "left")
    return True
