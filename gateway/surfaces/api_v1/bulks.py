"""`/api/v1/send-bulk` and `/api/v1/telegram/send-bulk`: one text to many, waited for or not."""

from typing import Annotated, Any

import msgspec
from litestar import Response, delete, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, HeaderParameter, JSONBody, QueryParameter

from gateway.domain.errors import InvalidInput
from gateway.domain.ids import BulkId
from gateway.domain.instances import Instance, ProviderName
from gateway.surfaces.api_v1.addressed import OneInstance
from gateway.surfaces.api_v1.documented import refusals
from gateway.surfaces.api_v1.schemas.bulks import BulkAccepted, BulkBody, BulkList, BulkReply, BulkSummary
from gateway.surfaces.api_v1.shared import AnyRequest
from gateway.surfaces.http import Who, services

InBackground = Annotated[
    bool, QueryParameter(name="async", description="Answer 202 at once instead of when everybody had their turn.")
]
Key = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        description="1 to 255 printable characters. The same key with the same request within 24 hours is the same"
        " bulk; with another request it is refused (409).",
    ),
]
Limit = Annotated[int, QueryParameter(ge=1, le=100, description="How many at most, newest first.")]
Offset = Annotated[int, QueryParameter(ge=0, le=2**31 - 1, description="How many to leave out.")]
_TELEGRAM = "/api/v1/telegram/"
_SEND: dict[int, ResponseSpec] = {
    202: ResponseSpec(BulkAccepted, description="With `?async=1`: kept, and being sent.", generate_examples=False),
    **refusals(400, 404, 409, 413),
}
_READ, _CANCEL = refusals(400, 404), refusals(400, 404, 409)


@post("/send-bulk", status_code=200, summary="Send to many", responses=_SEND)
async def send(
    request: AnyRequest,
    who: Who,
    instance: OneInstance,
    data: JSONBody[BulkBody],
    in_background: InBackground = False,
    key: Key = None,
) -> Response[BulkReply]:
    """One text to up to a hundred recipients, one after the other.

    The answer comes when everybody had their turn, which with a hundred recipients takes minutes: `?async=1` answers
    at once. Either way it is the same bulk: it goes on when the caller hangs up or the gateway starts anew, nobody
    gets a message twice, and it can be asked for and cancelled. An instance sends one bulk at a time.
    """
    _check_network(request, instance)
    given, order = services(request), data.to_order()

    async def act() -> str:
        return (await given.bulks.create(instance, order)).id

    asked = msgspec.json.encode(("send-bulk", data))
    bulk_id = BulkId(await given.idempotency.once(who, f"bulk:{instance.id}", key, asked, act))
    url = _url(request, bulk_id)
    if in_background:
        progress = await given.bulks.progress(who, instance.id, bulk_id)
        body = BulkAccepted(True, bulk_id, progress.bulk.state, url, progress.bulk.total)
        accepted: Response[Any] = Response(
            body, status_code=202, headers={"Location": url}
        )  # documented apart: `_SEND`
        return accepted
    return Response(BulkReply.of(await given.bulks.until_over(who, instance.id, bulk_id), url))


@get("/send-bulk", summary="What was sent to many", responses=_READ)
async def page(request: AnyRequest, who: Who, instance: OneInstance, limit: Limit = 20, offset: Offset = 0) -> BulkList:
    """The bulks of an instance, newest first. One that is over is kept for 30 days."""
    _check_network(request, instance)
    found, total = await services(request).bulks.page(who, instance.id, limit=limit, skip=offset)
    data = [BulkSummary.of(each, _url(request, each.bulk.id)) for each in found]
    return BulkList(True, data, len(data), total, limit, offset)


@get("/send-bulk/{bulk_id:str}", summary="How far it is", responses=_READ)
async def one(request: AnyRequest, who: Who, instance: OneInstance, bulk_id: FromPath[str]) -> BulkReply:
    """A bulk and those who had their turn."""
    _check_network(request, instance)
    progress = await services(request).bulks.progress(who, instance.id, BulkId(bulk_id))
    return BulkReply.of(progress, _url(request, bulk_id))


@post("/send-bulk/{bulk_id:str}/cancel", status_code=200, summary="Send to nobody else", responses=_CANCEL)
async def cancel(request: AnyRequest, who: Who, instance: OneInstance, bulk_id: FromPath[str]) -> BulkReply:
    """End a bulk. A message that is on its way ends by itself: until then it is `cancelling`."""
    return await _cancelled(request, who, instance, bulk_id)


@delete("/send-bulk/{bulk_id:str}", status_code=200, summary="Send to nobody else", responses=_CANCEL)
async def remove(request: AnyRequest, who: Who, instance: OneInstance, bulk_id: FromPath[str]) -> BulkReply:
    """The same. What became of it stays to be asked for."""
    return await _cancelled(request, who, instance, bulk_id)


async def _cancelled(request: AnyRequest, who: Who, instance: Instance, bulk_id: str) -> BulkReply:
    _check_network(request, instance)
    progress = await services(request).bulks.cancel(who, instance.id, BulkId(bulk_id))
    return BulkReply.of(progress, _url(request, bulk_id))


def _check_network(request: AnyRequest, instance: Instance) -> None:
    """A chat's number on Telegram is somebody's telephone on another network."""
    if request.scope["path"].startswith(_TELEGRAM) and instance.provider is not ProviderName.TELEGRAM:
        raise InvalidInput("This is not a Telegram instance; use /api/v1/send-bulk.", code="wrong_provider")


def _url(request: AnyRequest, bulk_id: str) -> str:
    telegram = request.scope["path"].startswith(_TELEGRAM)
    return f"/api/v1/{'telegram/' if telegram else ''}send-bulk/{bulk_id}"


HANDLERS: list[Any] = [send, page, one, cancel, remove]
