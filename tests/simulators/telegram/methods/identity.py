"""The bot itself: getMe, its commands, logging out."""

from __future__ import annotations

from tests.simulators.telegram.methods.registry import Call, method
from tests.simulators.telegram.refusals import bad_request
from tests.simulators.telegram.wire import Wire

_MAX_COMMANDS = 100


@method("getMe")
async def get_me(call: Call) -> Wire:
    """The bot's own account."""
    return call.bot.user.wire() | {
        "can_join_groups": True,
        "can_read_all_group_messages": call.bot.reads_all_group_messages,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


@method("logOut")
async def log_out(call: Call) -> bool:
    """Leave this server; every later call is refused until the bot is let in again."""
    call.bot.logged_out = True
    return True


@method("close")
async def close(call: Call) -> bool:
    """Close the bot instance before moving it; nothing to release here."""
    return True


@method("setMyCommands")
async def set_my_commands(call: Call) -> bool:
    """Replace the bot's command list."""
    commands = call.params.json_objects("commands") or []
    if len(commands) > _MAX_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        name = str(command.get("command", "")).removeprefix("/")
        if not name or len(name) > 32 or not all(c.isdigit() or c == "_" or "a" <= c <= "z" for c in name):
            raise bad_request("BOT_COMMAND_INVALID")
        if not command.get("description"):
            raise bad_request("command description must be non-empty")
    call.bot.commands = commands
    return True


@method("getMyCommands")
async def get_my_commands(call: Call) -> list[Wire]:
    """The list as last set."""
    return call.bot.commands


@method("deleteMyCommands")
async def delete_my_commands(call: Call) -> bool:
    """Empty the command list."""
    call.bot.commands = []
    return True
