"""`/api/v1/telegram`: one Telegram instance, which its key or its bot's token selects."""

from typing import Any

from litestar import Response, Router, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, SkipValidation

from gateway.domain.errors import Forbidden, NotFound, Unauthenticated, Unsupported
from gateway.domain.instances import Instance, ProviderName
from gateway.surfaces.api_v1.addressed import OneInstance
from gateway.surfaces.api_v1.documented import refusals
from gateway.surfaces.api_v1.schemas.telegram import (
    AccountReply,
    BotHealth,
    BotStatus,
    GroupItem,
    PollingReply,
    PollingStatus,
)
from gateway.surfaces.api_v1.shared import AnyRequest
from gateway.surfaces.api_v1.words import is_healthy
from gateway.surfaces.http import Who, bearer_of, caller_ip, header, iso, services

_READ = refusals(400, 404)
_ASK = refusals(400, 404, 502, 504)


async def provide_bot(instance: OneInstance) -> Instance:
    """The instance of this request, which has to be a Telegram bot. Raises Unsupported."""
    if instance.provider is not ProviderName.TELEGRAM:
        raise Unsupported(f"These routes are for Telegram; this instance is on {instance.provider.value}.")
    return instance


Bot = NamedDependency[SkipValidation[Instance]]
"""The type of a handler's parameter `bot`."""


def for_bots(handlers: list[Any]) -> list[Any]:
    """The same routes for Telegram instances only; handlers take `bot: Bot`."""
    return [Router("/", route_handlers=handlers, dependencies={"bot": Provide(provide_bot)})]


# ---------------------------------------------------------------- for anybody


@get("/health", summary="Is it well", responses={503: refusals(503)[503], **_READ})
async def health(request: AnyRequest, bot: Bot) -> Response[BotHealth]:
    """Whether its session lives and nothing stands in its way; 503 when not."""
    now = iso(services(request).clock.now())
    if is_healthy(bot):
        return Response(BotHealth("healthy", bot.provider, now))
    return Response(BotHealth("unhealthy", bot.provider, now, bot.state.sentence), status_code=503)


@get("/status", summary="Where its session stands", responses=_READ)
async def status(request: AnyRequest, bot: Bot) -> BotStatus:
    """Whether it is connected. Who it is on Telegram is told to those who come with a key that reaches it."""
    profile = services(request).live.known_profile(bot) if await _has_its_key(request, bot) else None
    return BotStatus.of(bot, profile.details if profile else None)


async def _has_its_key(request: AnyRequest, instance: Instance) -> bool:
    given = services(request)
    try:
        # Where keys are ids, whoever names an instance has its key.
        who = await given.auth.authenticate(
            bearer=bearer_of(request.scope) or instance.id,
            api_key=header(request.scope, b"x-api-key"),
            ip=caller_ip(request),
            bot_tokens=True,
        )
        await given.instances.get(who, instance.id)
    except (Unauthenticated, Forbidden, NotFound):
        return False
    return True


# ---------------------------------------------------------------- who it is, where it is


@get("/me", summary="Who the bot is, asked now", responses=_ASK)
async def me(request: AnyRequest, who: Who, bot: Bot) -> dict[str, Any]:
    """The Bot API's own `User`, as `getMe` answers it."""
    profile = await services(request).messaging.profile(who, bot.id)
    return dict(profile.details)


@get(["/account-info", "/account"], summary="Its account", responses=_READ)
async def account(bot: Bot) -> AccountReply:
    """The bot's name as it was when it last connected."""
    return AccountReply.of(bot)


@get("/group/{group_id:str}", summary="A group, asked now", responses=_ASK)
async def group(request: AnyRequest, who: Who, bot: Bot, group_id: FromPath[str]) -> GroupItem:
    """A group, supergroup or channel that the bot is in. 404 for any other, and for a private chat."""
    given = services(request)
    found = await given.groups.get(who, bot.id, group_id)
    seen = await given.contacts.find(who, bot.id, found.address)
    return GroupItem.of(found, bot.provider, seen.created_at if seen else None)


# ---------------------------------------------------------------- polling

_SWITCH = refusals(400, 403, 404, 409)


@post("/polling/start", status_code=200, summary="Receive", responses=_SWITCH)
async def start_polling(request: AnyRequest, who: Who, bot: Bot) -> PollingReply:
    """Fetch what arrives, and run the session if it does not. `status` is how it stands right now: a session that has
    just been started polls as soon as it is connected. 409 for a bot in webhook mode.
    """
    now = await services(request).receiving.start(who, bot.id)
    return PollingReply(True, now.sentence, "polling_active" if now.active else "polling_inactive")


@post("/polling/stop", status_code=200, summary="Do not receive", responses=_SWITCH)
async def stop_polling(request: AnyRequest, who: Who, bot: Bot) -> PollingReply:
    """Leave what arrives at Telegram, which keeps it for 24 hours. Sending goes on; it stays so over restarts."""
    now = await services(request).receiving.stop(who, bot.id)
    return PollingReply(True, now.sentence, "polling_active" if now.active else "polling_inactive")


@get("/polling/status", summary="Does it receive", responses=_READ)
async def polling_status(request: AnyRequest, who: Who, bot: Bot) -> PollingStatus:
    """Whether the bot polls right now."""
    now = await services(request).receiving.of(who, bot.id)
    return PollingStatus(now.active, "receiving_messages" if now.active else "polling_inactive", now.sentence)


PUBLIC_HANDLERS = for_bots([health, status])
HANDLERS: list[Any] = [me, account, group, start_polling, stop_polling, polling_status]
