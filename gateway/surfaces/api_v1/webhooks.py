"""The webhook of one instance, for its own key: shown, set, changed. Under the routes of each network alike."""

from typing import Annotated, Any

from litestar import get, post, put
from litestar.params import JSONBody
from msgspec import Meta, Struct, structs

from gateway.domain.errors import InvalidInput
from gateway.domain.instances import Instance
from gateway.domain.tenants import Principal
from gateway.services.instances import InstanceChange
from gateway.surfaces.api_v1.addressed import OneInstance
from gateway.surfaces.api_v1.documented import refusals
from gateway.surfaces.api_v1.shared import AnyRequest
from gateway.surfaces.api_v1.webhook_schema import WebhookSchema, shown
from gateway.surfaces.http import Who, fields_named, services

_FIELDS = {"allowedNumbers": "filters.allowedNumbers"}
_SHOW = refusals(400, 404)
_CHANGE = refusals(400, 404, 413)


class WebhookReply(Struct, frozen=True, omit_defaults=True):
    """The webhook; `data` is empty when there is none."""

    success: bool
    data: Annotated[dict[str, Any], Meta(description="As `api_webhook_schema`, its secrets masked.")]
    message: str | None = None


@get("/webhook/config", summary="Show the webhook", responses=_SHOW)
async def config(request: AnyRequest, who: Who, instance: OneInstance) -> WebhookReply:
    """Where this instance's events go, and which."""
    return WebhookReply(True, shown(await services(request).webhooks.first_of(who, instance.id)))


@get("/webhook", summary="Show the webhook", responses=_SHOW)
async def show(request: AnyRequest, who: Who, instance: OneInstance) -> WebhookReply:
    """The same under its shorter name."""
    return WebhookReply(True, shown(await services(request).webhooks.first_of(who, instance.id)))


@post("/webhook/config", status_code=200, summary="Set the webhook", responses=_CHANGE)
async def set_config(
    request: AnyRequest, who: Who, instance: OneInstance, data: JSONBody[WebhookSchema]
) -> WebhookReply:
    """Send events to this `url` from now on, switched on unless `enabled` says otherwise; what is absent stays."""
    if not data.url:
        raise InvalidInput("url is required", field="url")
    on = structs.replace(data, enabled=True) if data.enabled is None else data
    return await _changed(request, who, instance, on)


@put("/webhook", summary="Change the webhook", responses=_CHANGE)
async def change(request: AnyRequest, who: Who, instance: OneInstance, data: JSONBody[WebhookSchema]) -> WebhookReply:
    """Change what is given. What is absent stays, so `{"enabled": false}` switches it off and forgets nothing."""
    return await _changed(request, who, instance, data)


async def _changed(request: AnyRequest, who: Principal, instance: Instance, data: WebhookSchema) -> WebhookReply:
    given = services(request)
    wanted = data.to_endpoint_change(await given.webhooks.first_of(who, instance.id))
    if wanted is None or wanted.url == "":
        raise InvalidInput("url is required", field="url")
    with fields_named(_FIELDS):
        await given.instances.update(who, instance.id, InstanceChange(webhook=wanted))
    endpoint = await given.webhooks.first_of(who, instance.id)
    return WebhookReply(True, shown(endpoint), "Webhook configuration updated successfully")


HANDLERS = [config, show, set_config, change]
