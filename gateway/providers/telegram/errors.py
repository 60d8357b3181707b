"""Telegram's refusals in the gateway's words: for a session's life, and for one request.

    status                what the session does              what a request answers
    401                   BadCredentials                     NetworkRefused      telegram_unauthorized
    404                   BadCredentials                     NetworkRefused      telegram_not_found
    400 "Logged out"      LoggedOut                          NetworkRefused      telegram_logged_out
    400                   trouble telegram_bad_request       InvalidInput        telegram_bad_request
    403                   trouble telegram_forbidden         NetworkRefused      blocked, telegram_forbidden
    409 webhook active    trouble telegram_webhook_active    NetworkRefused      telegram_conflict
    409 second poller     trouble telegram_second_poller     NetworkRefused      telegram_conflict
    413                   trouble telegram_bad_request       TooLarge            telegram_file_too_big
    429                   trouble telegram_flood_control     TooManyRequests     telegram_flood_control
    5xx                   trouble telegram_server_error      NetworkUnreachable  telegram_server_error
    not JSON              trouble telegram_unreadable        NetworkUnreachable  telegram_unreadable
    no answer             trouble telegram_unreachable       NetworkUnreachable  telegram_unreachable

"Trouble" is the contract's `Interrupted`: the session waits and tries again by itself. No sentence ever holds the
token, which aiogram and aiohttp would put into theirs with the URL.
"""

from __future__ import annotations

import re

from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramConflictError,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiohttp import ClientConnectorError

from gateway.domain.errors import (
    GatewayError,
    InvalidInput,
    NetworkRefused,
    NetworkUnreachable,
    TooLarge,
    TooManyRequests,
)
from gateway.providers.contract import BadCredentials, Interrupted, LoggedOut, SessionEnded

API_ERRORS = (TelegramAPIError, ClientDecodeError)
"""Everything aiogram raises about one call."""

_PREFIX = re.compile(r"^(Bad Request|Forbidden|Conflict|Unauthorized|Not Found): ")
_LONGEST = 300


def ending_of(error: Exception, token: str) -> SessionEnded:
    """What a failed call of the session's own loop means for its life."""
    said = description(error, token)
    match error:
        case TelegramUnauthorizedError():
            return BadCredentials(
                "telegram_unauthorized",
                "Telegram does not accept this bot token; it may be revoked. Get the present one from @BotFather.",
            )
        case TelegramNotFound():
            return BadCredentials(
                "telegram_not_found",
                "Telegram knows no such bot; check the token, and TELEGRAM_API_BASE if you run your own server.",
            )
        case TelegramRetryAfter(retry_after=seconds):
            return Interrupted(
                "telegram_flood_control",
                f"Telegram asks this bot to wait {seconds} seconds.",
                retry_after=float(seconds),
            )
        case TelegramConflictError() if "getUpdates request" not in said:
            return Interrupted(
                "telegram_webhook_active",
                "Another program has set a webhook for this bot, so polling gets nothing. "
                "Stop that program, or restart this instance to take the bot back.",
            )
        case TelegramConflictError():
            return Interrupted(
                "telegram_second_poller",
                "Another program polls this bot with the same token. Stop it: one bot can have one poller.",
            )
        case TelegramForbiddenError():
            return Interrupted("telegram_forbidden", f"Telegram refuses: {said}.")
        case TelegramBadRequest() if "logged out" in said.lower():
            return LoggedOut(
                "telegram_logged_out",
                "This bot was logged out of its Bot API server; wait ten minutes, or use the server it moved to.",
            )
        case TelegramServerError():
            return Interrupted("telegram_server_error", f"Telegram has a problem of its own: {said}.")
        case ClientDecodeError():
            return Interrupted(
                "telegram_unreadable",
                "What answers is not Telegram; check TELEGRAM_API_BASE and any proxy in between.",
            )
        case TelegramEntityTooLarge():
            return Interrupted("telegram_bad_request", f"Telegram refuses: {said}.")
        case TelegramNetworkError():
            return Interrupted("telegram_unreachable", f"Telegram does not answer: {said}.")
        case _:
            return Interrupted("telegram_bad_request", f"Telegram refuses: {said}.")


def refusal_of(error: Exception, token: str) -> GatewayError:
    """What a failed request means for the one who asked."""
    said = description(error, token)
    match error:
        case TelegramRetryAfter(retry_after=seconds):
            return TooManyRequests(
                f"Telegram asks this bot to wait {seconds} seconds.",
                retry_after=float(seconds),
                code="telegram_flood_control",
            )
        case TelegramMigrateToChat(migrate_to_chat_id=chat):
            return NetworkRefused(f"This group has become a supergroup; write to {chat}.", code="telegram_migrated")
        case TelegramForbiddenError():
            blocked = "blocked" in said.lower()
            return NetworkRefused(f"Telegram refuses: {said}.", code="blocked" if blocked else "telegram_forbidden")
        case TelegramUnauthorizedError():
            return NetworkRefused("Telegram does not accept this bot token; replace it.", code="telegram_unauthorized")
        case TelegramNotFound():
            return NetworkRefused(f"Telegram refuses: {said}.", code="telegram_not_found")
        case TelegramConflictError():
            return NetworkRefused(f"Telegram refuses: {said}.", code="telegram_conflict")
        case TelegramBadRequest() if "logged out" in said.lower():
            return NetworkRefused("This bot was logged out of its Bot API server.", code="telegram_logged_out")
        case TelegramBadRequest():
            return InvalidInput(f"Telegram refuses: {said}.", code="telegram_bad_request")
        case TelegramServerError():
            return NetworkUnreachable(
                f"Telegram has a problem of its own: {said}. The request may be repeated.", code="telegram_server_error"
            )
        case TelegramEntityTooLarge():
            return TooLarge("Telegram takes no file of this size from a bot.", code="telegram_file_too_big")
        case ClientDecodeError():
            return NetworkUnreachable(
                "Telegram's answer could not be read, so it is not known whether the request was done.",
                code="telegram_unreadable",
            )
        case TelegramNetworkError(__cause__=ClientConnectorError()):
            return NetworkUnreachable(
                f"Telegram cannot be reached ({said}); nothing was sent.",
                code="telegram_unreachable",
                maybe_sent=False,
            )
        case TelegramNetworkError():
            return NetworkUnreachable(
                f"Telegram did not answer ({said}), so it is not known whether the request was done.",
                code="telegram_unreachable",
            )
        case _:
            return NetworkRefused(f"Telegram refuses: {said}.")


def description(error: Exception, token: str) -> str:
    """Telegram's own words without its prefix, without the token, and short."""
    words = str(getattr(error, "message", None) or type(error).__name__)
    # aiogram wraps some descriptions in sentences of its own and keeps the original in the last line.
    words = words.rpartition("Original description: ")[2]
    return _PREFIX.sub("", without_token(words, token))[:_LONGEST].rstrip(". \n")


def without_token(words: str, token: str) -> str:
    """`words` with the token masked, plain or as it stands in a URL."""
    for shape in (token, token.replace(":", "%3A"), token.replace(":", "%3a")):
        words = words.replace(shape, "***")
    return words
