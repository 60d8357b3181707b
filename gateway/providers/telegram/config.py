"""What a caller may configure for a Telegram bot, read leniently once and then kept as typed values.

    token               the bot's token from @BotFather; required. Also botToken, telegramBotToken
    anyToken            take any token, and leave it to the session to find that it is none
    mode                polling (default) or webhook
    webhookSecret       what Telegram shows us in webhook mode; generated when absent. Also secretToken
    dropPendingUpdates  forget what waited at Telegram, at every start of the session
    allowedUpdates      update kinds as a list or a comma separated text; default: all that we can tell

Each name may be written in snake_case as well. Other names are ignored: older clients send settings that belong to the
instance, not to the bot.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Literal

import msgspec
from msgspec import Struct

from gateway.domain.errors import InvalidInput
from gateway.domain.instances import Credentials

UPDATE_KINDS = (
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "callback_query",
    "message_reaction",
    "message_reaction_count",
    "my_chat_member",
    "chat_member",
    "chat_join_request",
    "poll_answer",
)
"""Every kind of update we have an event for. All are asked for by name, because Telegram's own default leaves out
`chat_member` and the reactions (core.telegram.org/bots/api#getupdates)."""

# Telegram's own tokens have some ten digits and 35 characters; self-made Bot API servers use others.
_TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{10,200}")
_SAYABLE = re.compile(r"[!-~]{1,256}")
_WEBHOOK_SECRET = re.compile(r"[A-Za-z0-9_-]{16,256}")  # core.telegram.org/bots/api#setwebhook allows 1 to 256
_TRUE, _FALSE = frozenset({"true", "1", "yes", "on"}), frozenset({"false", "0", "no", "off", ""})


class TelegramConfig(Struct, frozen=True, kw_only=True):
    """A bot's checked configuration."""

    token: str
    mode: Literal["polling", "webhook"] = "polling"
    webhook_secret: str | None = None
    drop_pending_updates: bool = False
    allowed_updates: tuple[str, ...] = UPDATE_KINDS

    def __repr__(self) -> str:
        return f"TelegramConfig(mode={self.mode!r})"


def is_token(text: str) -> bool:
    """Whether this could be a bot's token."""
    return _TOKEN.fullmatch(text) is not None


def check_config(config: Mapping[str, object]) -> Credentials:
    """What a caller configured, as credentials to be sealed. Raises InvalidInput naming the field."""
    token = _first(config, "token", "botToken", "bot_token", "telegramBotToken", "telegram_bot_token")
    if not isinstance(token, str) or not token.strip():
        raise InvalidInput("A Telegram bot needs its token; get one from @BotFather.", field="token")
    token = token.strip()
    fits = _SAYABLE.fullmatch if _flag(_first(config, "anyToken", "any_token"), "anyToken") else _TOKEN.fullmatch
    if fits(token) is None:
        raise InvalidInput(
            "This is not a Telegram bot token; it looks like 123456789:AAF... and comes from @BotFather.",
            field="token",
        )
    values: dict[str, str | int | bool | None] = {"token": token, "mode": _mode(_first(config, "mode"))}
    if values["mode"] == "webhook":
        values["webhookSecret"] = _webhook_secret(
            _first(config, "webhookSecret", "webhook_secret", "secretToken", "secret_token")
        )
    if _flag(_first(config, "dropPendingUpdates", "drop_pending_updates"), "dropPendingUpdates"):
        values["dropPendingUpdates"] = True
    if kinds := _update_kinds(_first(config, "allowedUpdates", "allowed_updates")):
        values["allowedUpdates"] = ",".join(kinds)
    return Credentials(values=values)


def read_config(credentials: Credentials) -> TelegramConfig:
    """The typed form of credentials that `check_config` made."""
    values = credentials.values
    kinds = values.get("allowedUpdates")
    secret = values.get("webhookSecret")
    return TelegramConfig(
        token=str(values["token"]),
        mode="webhook" if values.get("mode") == "webhook" else "polling",
        webhook_secret=str(secret) if secret else None,
        drop_pending_updates=bool(values.get("dropPendingUpdates")),
        allowed_updates=tuple(str(kinds).split(",")) if kinds else UPDATE_KINDS,
    )


def _first(config: Mapping[str, object], *names: str) -> object:
    return next((config[name] for name in names if config.get(name) is not None), None)


def _mode(given: object) -> str:
    mode = "polling" if given is None else str(given).strip().lower()
    if mode not in ("polling", "webhook"):
        raise InvalidInput("mode is polling or webhook.", field="mode")
    return mode


def _webhook_secret(given: object) -> str:
    if given is None:
        return secrets.token_urlsafe(32)
    if not isinstance(given, str) or _WEBHOOK_SECRET.fullmatch(given) is None:
        raise InvalidInput(
            "webhookSecret is 16 to 256 letters, digits, _ or -; leave it out to have one generated.",
            field="webhookSecret",
        )
    return given


def _flag(given: object, field: str) -> bool:
    if given is None or isinstance(given, bool):
        return bool(given)
    word = str(given).strip().lower()
    if word not in _TRUE | _FALSE:
        raise InvalidInput(f"{field} is true or false.", field=field)
    return word in _TRUE


def _update_kinds(given: object) -> tuple[str, ...]:
    if isinstance(given, str) and given.strip().startswith("["):
        try:
            given = msgspec.json.decode(given)
        except msgspec.DecodeError:
            given = [given]  # refused below, by its name
    if isinstance(given, str):
        given = [word for word in given.split(",") if word.strip()]
    if given is None:
        return ()
    if not isinstance(given, (list, tuple)):
        raise InvalidInput("allowedUpdates is a list of update kinds.", field="allowedUpdates")
    kinds = [str(kind).strip() for kind in given]
    if strange := [kind for kind in kinds if kind not in UPDATE_KINDS]:
        raise InvalidInput(
            f"allowedUpdates: {strange[0][:40]!r} is not one of {', '.join(UPDATE_KINDS)}.", field="allowedUpdates"
        )
    return tuple(dict.fromkeys(kinds))
