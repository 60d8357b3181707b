"""Chat members: how the Bot API shows one, and how bots learn that a status changed."""

from __future__ import annotations

from tests.simulators.telegram.state import Chat, User
from tests.simulators.telegram.wire import Wire, unix_now
from tests.simulators.telegram.world import World

_ADMIN_RIGHTS = (
    "can_manage_chat can_delete_messages can_manage_video_chats can_restrict_members can_promote_members "
    "can_change_info can_invite_users can_post_stories can_edit_stories can_delete_stories can_send_welcome_messages"
)
_MEMBER_RIGHTS = (
    "can_send_messages can_send_audios can_send_documents can_send_photos can_send_videos can_send_video_notes "
    "can_send_voice_notes can_send_polls can_send_other_messages can_add_web_page_previews can_react_to_messages "
    "can_edit_tag can_change_info can_invite_users can_pin_messages can_manage_topics"
)


def member_wire(user: User, status: str) -> Wire:
    """The ChatMember object of a user with this status."""
    member: Wire = {"user": user.wire(), "status": status}
    if status == "creator":
        return member | {"is_anonymous": False}
    if status == "administrator":
        return member | {"can_be_edited": False, "is_anonymous": False} | dict.fromkeys(_ADMIN_RIGHTS.split(), True)
    if status == "restricted":
        return member | {"is_member": True, "until_date": 0} | dict.fromkeys(_MEMBER_RIGHTS.split(), False)
    if status == "kicked":
        return member | {"until_date": 0}
    return member


def change_status(world: World, chat: Chat, user: User, by: User, status: str) -> None:
    """Give `user` a new status and tell the bots: the bot itself always, others when they are administrators."""
    before = chat.statuses.get(user.id, "left")
    chat.statuses[user.id] = status
    change: Wire = {
        "chat": chat.wire(),
        "from": by.wire(),
        "date": unix_now(),
        "old_chat_member": member_wire(user, before),
        "new_chat_member": member_wire(user, status),
    }
    if user.id in world.bots:
        world.tell(world.bots[user.id], "my_chat_member", change)
    for bot in world.bots_in(chat):
        if bot.id != user.id and chat.is_admin(bot.id):
            world.tell(bot, "chat_member", change)
