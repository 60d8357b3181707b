"""`/api/instances/{instanceId}`: logging in at the network, by QR code or pairing code; and what it can do then."""

from enum import StrEnum
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter

from gateway.domain.errors import NotFound
from gateway.domain.ids import InstanceId
from gateway.domain.instances import LoginCode, SessionStateKind
from gateway.kit.qr import qr_data_url, qr_png, qr_svg
from gateway.services.checks import require_person
from gateway.surfaces.api.documented import refusals
from gateway.surfaces.api.schemas.login import (
    Capabilities,
    PairingCodeBody,
    PairingCodeReply,
    QrPending,
    QrPicture,
    QrReply,
)
from gateway.surfaces.api.shared import AnyRequest
from gateway.surfaces.http import Who, fields_named, maybe_iso, services

QR_WAIT = 10.0
"""Seconds that a request for a QR code waits for the first one."""
_QR_LOOK_EVERY = 0.2
_QR_MAY_COME = frozenset({SessionStateKind.STARTING, SessionStateKind.LOGIN_REQUIRED})
_FIELDS = {"phone": "phoneNumber"}
_NO_STORE = {"Cache-Control": "no-store"}
"""Whoever has the code can link the account to their own device."""


class QrFormat(StrEnum):
    """How to show a QR code."""

    JSON = "json"
    RAW = "raw"
    SVG = "svg"
    PNG = "png"
    DATAURL = "dataurl"


_BY_MEDIA_TYPE = {"image/svg+xml": QrFormat.SVG, "image/png": QrFormat.PNG, "text/plain": QrFormat.RAW}

Format = Annotated[
    QrFormat | None,
    QueryParameter(
        description="`raw`: the text alone; `svg`, `png`: a picture; `dataurl`: JSON with a picture in it."
        " Default: by `Accept`, else JSON with the text."
    ),
]


@get(
    "/{instance_id:str}/qr",
    summary="The QR code to scan",
    responses={
        202: ResponseSpec(QrPending, description="No code yet.", generate_examples=False),
        **refusals(400, 401, 403, 404, 429, 500),
    },
)
async def qr(
    request: AnyRequest,
    who: Who,
    instance_id: FromPath[str],
    format: Format = None,  # noqa: A002 - the name of the query parameter
) -> Response[QrReply]:
    """The QR code, waiting up to ten seconds for the first one while the session opens.

    Starts an instance that is stopped or logged out, where its network links devices. 404 when no code will come: the
    instance is connected, or its network logs in without one.
    """
    given = services(request)
    await given.logins.begin(who, InstanceId(instance_id))
    deadline = given.clock.monotonic() + QR_WAIT
    while True:
        code = await given.logins.code(who, InstanceId(instance_id))
        if code is not None and code.qr_code is not None:
            return shown(code, format or asked_form(request.headers.get("accept", "")))
        instance = await given.instances.get(who, InstanceId(instance_id))
        if instance.state.kind not in _QR_MAY_COME:
            raise NotFound("QR code not available", code="qr_not_available")
        if given.clock.monotonic() >= deadline:
            pending: Response[Any] = Response(QrPending(), status_code=202)
            return pending
        await given.clock.sleep(_QR_LOOK_EVERY)


@post(
    "/{instance_id:str}/pairing-code",
    status_code=200,
    summary="A code to type on the phone",
    responses=refusals(400, 401, 403, 404, 409, 413, 429, 500, 502, 504),
)
async def pairing_code(
    request: AnyRequest, who: Who, instance_id: FromPath[str], data: JSONBody[PairingCodeBody]
) -> Response[PairingCodeReply]:
    """Link the phone with this number by a code typed there. Starts an instance that is stopped or logged out."""
    require_person(who)
    with fields_named(_FIELDS):
        code = await services(request).logins.pairing_code(
            who, InstanceId(instance_id), str(data.phone_number or "").strip()
        )
    return Response(PairingCodeReply.of(code), headers=_NO_STORE)


@get("/{instance_id:str}/capabilities", summary="What it can do", responses=refusals(401, 403, 404, 429, 500))
async def capabilities(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> Capabilities:
    """What the instance can do beyond sending; other requests answer `unsupported`. 500 while it is not connected."""
    return Capabilities(capabilities=list(await services(request).live.capabilities(who, InstanceId(instance_id))))


def shown(code: LoginCode, how: QrFormat) -> Response[Any]:
    """A QR code in the form that was asked for."""
    text = code.qr_code or ""
    match how:
        case QrFormat.RAW:
            return Response(text, media_type="text/plain", headers=_NO_STORE)
        case QrFormat.SVG:
            # As a document of its own it needs the namespace that a page around it would give.
            picture = qr_svg(text)
            if "xmlns=" not in picture:
                picture = picture.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
            return Response(picture.encode(), media_type="image/svg+xml", headers=_NO_STORE)
        case QrFormat.PNG:
            return Response(qr_png(text), media_type="image/png", headers=_NO_STORE)
        case QrFormat.DATAURL:
            reply = QrPicture(qr_code=text, data_url=qr_data_url(text), expires_at=maybe_iso(code.expires_at))
            return Response(reply, headers=_NO_STORE)
        case QrFormat.JSON:
            return Response(QrReply(qr_code=text), headers=_NO_STORE)


def asked_form(accept: str) -> QrFormat:
    """By the first media type that we have a form for; a browser's `*/*` gets JSON."""
    for part in accept.split(","):
        media_type = part.partition(";")[0].strip().lower()
        if media_type == "application/json":
            break
        if media_type in _BY_MEDIA_TYPE:
            return _BY_MEDIA_TYPE[media_type]
    return QrFormat.JSON


HANDLERS: list[Any] = [qr, pairing_code, capabilities]
