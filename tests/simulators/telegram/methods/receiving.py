"""How a bot gets its updates: getUpdates, and the webhook methods."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from tests.simulators.telegram.methods.registry import Call, method
from tests.simulators.telegram.refusals import bad_request, webhook_is_active
from tests.simulators.telegram.webhook import Webhook
from tests.simulators.telegram.wire import Wire, without_nothing

_SECRET = re.compile(r"[A-Za-z0-9_-]+")
_PORTS = (443, 80, 88, 8443)


@method("getUpdates")
async def get_updates(call: Call) -> list[Wire]:
    """Long polling; see UpdateQueue for what offset, limit and timeout do."""
    if call.bot.webhook is not None:
        raise webhook_is_active()
    _remember_allowed(call)
    params = call.params
    return await call.bot.updates.poll(
        params.integer("offset"), params.integer("limit", 100), params.integer("timeout")
    )


@method("setWebhook")
async def set_webhook(call: Call) -> bool:
    """Deliver to a URL from now on; an empty URL removes the webhook."""
    url = call.params.text("url")
    if url is None:
        return _remove_webhook(call)
    secret = call.params.text("secret_token")
    if secret is not None and len(secret) > 256:
        raise bad_request("secret token is too long")
    if secret is not None and not _SECRET.fullmatch(secret):
        raise bad_request("secret token contains unallowed characters")
    _check_url(url, call.world.allow_http)
    _remember_allowed(call)
    if call.params.flag("drop_pending_updates"):
        call.bot.updates.drop_all()
    if call.bot.webhook is not None:
        call.bot.webhook.stop()
    call.bot.updates.end_poll_for_webhook()
    call.bot.webhook = Webhook(
        url,
        secret_token=secret,
        max_connections=max(1, min(call.params.integer("max_connections", 40), 100)),
        certificate="certificate" in call.params.uploads,
    )
    call.host.start_webhook(call.bot)
    call.remark = "Webhook was set"
    return True


@method("deleteWebhook")
async def delete_webhook(call: Call) -> bool:
    """Back to polling; pending updates are kept unless dropping them is asked for."""
    return _remove_webhook(call)


def _remove_webhook(call: Call) -> bool:
    call.remark = "Webhook was deleted" if call.bot.webhook else "Webhook is already deleted"
    if call.bot.webhook is not None:
        call.bot.webhook.stop()
        call.bot.webhook = None
    if call.params.flag("drop_pending_updates"):
        call.bot.updates.drop_all()
    return True


@method("getWebhookInfo")
async def get_webhook_info(call: Call) -> Wire:
    """What is set, what is pending, and the last failure."""
    hook = call.bot.webhook
    info: Wire = {
        "url": hook.url if hook else "",
        "has_custom_certificate": bool(hook and hook.has_certificate),
        "pending_update_count": len(call.bot.updates),
    }
    if call.bot.updates.allowed:
        info["allowed_updates"] = call.bot.updates.allowed
    if hook is None:
        return info
    return info | without_nothing(
        max_connections=hook.max_connections,
        last_error_date=hook.last_error_date,
        last_error_message=hook.last_error_message,
    )


def _remember_allowed(call: Call) -> None:
    # Absent keeps the previous choice; an empty list means the default set again.
    allowed = call.params.json_list("allowed_updates")
    if allowed is not None:
        call.bot.updates.allowed = [str(kind) for kind in allowed]


def _check_url(url: str, local_server: bool) -> None:
    parts = urlsplit(url if "//" in url else f"https://{url}")
    if not parts.hostname or parts.scheme not in ("http", "https"):
        raise bad_request("bad webhook: URL host is empty")
    if local_server:
        return
    if parts.scheme != "https":
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if (parts.port or 443) not in _PORTS:
        raise bad_request("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
