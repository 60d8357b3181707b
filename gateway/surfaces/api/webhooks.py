"""`/api/webhooks`: endpoints, their secrets, and what they are owed."""

from typing import Annotated

from litestar import Router, delete, get, patch, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

from gateway.domain.ids import DeliveryId, EndpointId, InstanceId
from gateway.domain.webhooks import DeliveryState
from gateway.services.webhooks import DeliveryQuery
from gateway.surfaces.api.auth import AnyRequest
from gateway.surfaces.api.documented import SECURITY, refusals
from gateway.surfaces.api.errors import EXCEPTION_HANDLERS
from gateway.surfaces.api.schemas.auth import Done
from gateway.surfaces.api.schemas.webhooks import (
    DeliveryItem,
    DeliveryPage,
    DeliveryReply,
    NewWebhookBody,
    RangeBody,
    RangeReply,
    SecretBody,
    SecretReply,
    WebhookBody,
    WebhookItem,
    WebhookList,
)
from gateway.surfaces.http import BODY_LIMIT, WHO, StrictRequest, Who, authenticated, moment_of, page_of, services

Limit = Annotated[int, QueryParameter(ge=1, le=2**31 - 1, description="How many at most; more than 500 gives 500.")]
Skip = Annotated[int, QueryParameter(ge=0, le=2**31 - 1, description="How many to leave out at the beginning.")]
OfInstance = Annotated[str | None, QueryParameter(name="instanceId", description="Of this instance only.")]
OfEndpoint = Annotated[str | None, QueryParameter(name="endpointId", description="Of this webhook only.")]
OfState = Annotated[DeliveryState | None, QueryParameter(name="state", description="In this state only.")]
OfEvent = Annotated[str | None, QueryParameter(name="event", description="Event types, comma separated.")]
From = Annotated[str | None, QueryParameter(name="from", description="Accepted at or after this ISO 8601 time.")]
To = Annotated[str | None, QueryParameter(name="to", description="Accepted before this ISO 8601 time.")]


@get("/", summary="List webhooks", responses=refusals(400, 401, 403, 404, 429))
async def list_webhooks(request: AnyRequest, who: Who, of_instance: OfInstance = None) -> WebhookList:
    """Your webhooks, oldest first."""
    found = await services(request).webhooks.list(who, InstanceId(of_instance) if of_instance else None)
    return WebhookList(webhooks=[WebhookItem.of(each) for each in found])


@post("/", summary="Create a webhook", responses=refusals(400, 401, 403, 404, 409, 413, 429))
async def create_webhook(request: AnyRequest, who: Who, data: JSONBody[NewWebhookBody]) -> SecretReply:
    """Have events sent to a URL. The signing secret is in this answer and in no other."""
    instance_id = InstanceId(data.instance_id) if data.instance_id else who.instance_id
    return SecretReply.of(await services(request).webhooks.create(who, data.to_change(), instance_id))


@get("/{webhook_id:str}", summary="Show a webhook", responses=refusals(401, 403, 404, 429))
async def show_webhook(request: AnyRequest, who: Who, webhook_id: FromPath[str]) -> WebhookItem:
    """One webhook, with the reason when the gateway switched it off."""
    return WebhookItem.of(await services(request).webhooks.get(who, EndpointId(webhook_id)))


@patch("/{webhook_id:str}", summary="Change a webhook", responses=refusals(400, 401, 403, 404, 413, 429))
async def change_webhook(
    request: AnyRequest, who: Who, webhook_id: FromPath[str], data: JSONBody[WebhookBody]
) -> WebhookItem:
    """Change what is given. Switching it on again lets everything go that has waited for it."""
    return WebhookItem.of(await services(request).webhooks.edit(who, EndpointId(webhook_id), data.to_change()))


@put("/{webhook_id:str}", summary="Change a webhook", responses=refusals(400, 401, 403, 404, 413, 429))
async def put_webhook(
    request: AnyRequest, who: Who, webhook_id: FromPath[str], data: JSONBody[WebhookBody]
) -> WebhookItem:
    """The same as PATCH: what is absent stays."""
    return WebhookItem.of(await services(request).webhooks.edit(who, EndpointId(webhook_id), data.to_change()))


@delete("/{webhook_id:str}", status_code=200, summary="Delete a webhook", responses=refusals(401, 403, 404, 429))
async def delete_webhook(request: AnyRequest, who: Who, webhook_id: FromPath[str]) -> Done:
    """Remove a webhook with everything owed to it."""
    await services(request).webhooks.delete(who, EndpointId(webhook_id))
    return Done(message=f"Webhook {webhook_id} deleted successfully")


@post(
    "/{webhook_id:str}/rotate-secret",
    status_code=200,
    summary="Replace the signing secret",
    responses=refusals(400, 401, 403, 404, 413, 429),
)
async def rotate_secret(
    request: AnyRequest, who: Who, webhook_id: FromPath[str], data: JSONBody[SecretBody | None] = None
) -> SecretReply:
    """Sign with a new secret, shown this once. The former ones sign along for 24 hours (Standard Webhooks header)."""
    secret = data.secret if data else None
    return SecretReply.of(await services(request).webhooks.rotate_secret(who, EndpointId(webhook_id), secret))


@post("/{webhook_id:str}/test", status_code=202, summary="Test a webhook", responses=refusals(401, 403, 404, 409, 429))
async def test_webhook(request: AnyRequest, who: Who, webhook_id: FromPath[str]) -> DeliveryItem:
    """Send a test event; follow it under `/api/webhooks/deliveries/{id}`."""
    return DeliveryItem.of(await services(request).webhooks.test(who, EndpointId(webhook_id)))


@get("/deliveries", summary="List deliveries", responses=refusals(400, 401, 403, 429))
async def list_deliveries(
    request: AnyRequest,
    who: Who,
    of_endpoint: OfEndpoint = None,
    of_instance: OfInstance = None,
    of_state: OfState = None,
    of_event: OfEvent = None,
    since: From = None,
    until: To = None,
    limit: Limit = 50,
    skip: Skip = 0,
) -> DeliveryPage:
    """What was sent, waits, or was given up; newest first."""
    page = page_of(limit, skip)
    query = DeliveryQuery(
        endpoint_id=EndpointId(of_endpoint) if of_endpoint else None,
        instance_id=InstanceId(of_instance) if of_instance else None,
        states=(of_state,) if of_state else (),
        event_types=tuple(each.strip() for each in of_event.split(",")) if of_event else (),
        since=moment_of(since, "from"),
        until=moment_of(until, "to"),
    )
    found, total = await services(request).webhooks.deliveries(who, query, limit=page.limit, skip=page.skip)
    return DeliveryPage(
        deliveries=[DeliveryItem.of(each) for each in found],
        total=total,
        limit=page.limit,
        skip=page.skip,
        has_more=page.skip + page.limit < total,
    )


@get("/deliveries/{delivery_id:int}", summary="Show a delivery", responses=refusals(401, 403, 404, 429))
async def show_delivery(request: AnyRequest, who: Who, delivery_id: FromPath[int]) -> DeliveryReply:
    """A delivery with its payload and every logged try."""
    return DeliveryReply.of(await services(request).webhooks.delivery(who, DeliveryId(delivery_id)))


@post(
    "/deliveries/{delivery_id:int}/redeliver",
    status_code=202,
    summary="Send a delivery again",
    responses=refusals(401, 403, 404, 409, 429),
)
async def redeliver(request: AnyRequest, who: Who, delivery_id: FromPath[int]) -> DeliveryItem:
    """Try it again now, with the same `webhook-id` and bytes. A failure of this try schedules nothing more."""
    return DeliveryItem.of(await services(request).webhooks.redeliver(who, DeliveryId(delivery_id)))


@post(
    "/deliveries/redeliver",
    status_code=202,
    summary="Send a range of deliveries again",
    responses=refusals(400, 401, 403, 404, 409, 413, 429),
)
async def redeliver_range(request: AnyRequest, who: Who, data: JSONBody[RangeBody]) -> RangeReply:
    """Try the deliveries of one webhook again, those given up unless another state is named, oldest first."""
    return RangeReply(queued=await services(request).webhooks.redeliver_range(who, data.to_query()))


router = Router(
    "/api/webhooks",
    route_handlers=[
        list_webhooks,
        create_webhook,
        list_deliveries,
        redeliver_range,
        show_delivery,
        redeliver,
        show_webhook,
        change_webhook,
        put_webhook,
        delete_webhook,
        rotate_secret,
        test_webhook,
    ],
    tags=["webhooks"],
    security=SECURITY,
    middleware=[authenticated],
    dependencies={"who": WHO},
    request_class=StrictRequest,
    request_max_body_size=BODY_LIMIT,
    exception_handlers=EXCEPTION_HANDLERS,
)
