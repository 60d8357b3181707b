"""`/api/whatsapp/{instanceId}`: an instance as programs use it. The path is a name; every provider is meant.

Each request that gets past the credential and the instance counts as one API call of the instance.
"""

from litestar import get, post
from litestar.params import FromPath, JSONBody

from gateway.domain.errors import NotConnected, NotFound
from gateway.domain.ids import InstanceId
from gateway.domain.instances import Instance
from gateway.domain.tenants import Principal
from gateway.surfaces.api import contacts, sending, socket
from gateway.surfaces.api import events as log
from gateway.surfaces.api.documented import refusals
from gateway.surfaces.api.schemas.contacts import (
    AddContactBody,
    AddedContactReply,
    ContactList,
    ContactPage,
    ImportedContacts,
    SaveContactBody,
    StoredContact,
)
from gateway.surfaces.api.schemas.events import EventPage
from gateway.surfaces.api.schemas.instances import ConnectionStatus
from gateway.surfaces.api.schemas.login import QrReply
from gateway.surfaces.api.schemas.socket import SocketReply
from gateway.surfaces.api.schemas.whatsapp import SendBody, SendMediaBody, SendReply, Succeeded
from gateway.surfaces.api.shared import AnyRequest, IdempotencyKey, Limit, Skip
from gateway.surfaces.api.uploads import UploadOperation, UploadRequest, read_upload
from gateway.surfaces.http import Who, services

_READ = refusals(401, 403, 404, 429, 500)
_LIST = refusals(400, 401, 403, 404, 429, 500)
_LOGOUT = refusals(401, 403, 404, 429, 500, 502, 504)
_SEND = refusals(400, 401, 403, 404, 409, 413, 429, 500, 502, 504)


async def passed(request: AnyRequest, who: Principal, instance_id: str) -> Instance:
    """The instance within the caller's reach, and the call counted. Raises NotFound, NotYours."""
    given = services(request)
    instance = await given.instances.get(who, InstanceId(instance_id))
    given.usage.count_call(instance.tenant_id, instance.id)
    return instance


@get("/{instance_id:str}/status", summary="Is it connected", responses=_READ)
async def status(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> ConnectionStatus:
    """Whether messages flow."""
    return ConnectionStatus.of(await passed(request, who, instance_id))


@get("/{instance_id:str}/qr", summary="The QR code to scan now", responses=_READ)
async def qr(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> QrReply:
    """The raw text of the QR code; 404 when there is none right now. Never waits and never starts the instance."""
    instance = await passed(request, who, instance_id)
    code = await services(request).logins.code(who, instance.id)
    if code is None or code.qr_code is None:
        raise NotFound("QR code not available", code="qr_not_available")
    return QrReply(qr_code=code.qr_code)


@get("/{instance_id:str}/events", summary="What happened", responses=_LIST)
async def events(
    request: AnyRequest,
    who: Who,
    instance_id: FromPath[str],
    since: log.Since = None,
    limit: Limit = log.DEFAULT_EVENTS,
    types: log.Types = None,
    after: log.After = None,
    order: log.Order = None,
) -> EventPage:
    """Messages and everything else that happened, newest first; with `after` or `order=asc` oldest first."""
    instance = await passed(request, who, instance_id)
    wish = log.EventWish(since=since, limit=limit, types=types, after=after, order=order)
    return await log.events_of(request, who, instance.id, wish)


@get("/{instance_id:str}/contacts", summary="Contacts", responses=_READ)
async def known_contacts(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> ContactList:
    """Who the instance knows. While it is not connected the answer is 500, `Instance <id> not ready`."""
    instance = await passed(request, who, instance_id)
    if not instance.flows:
        raise NotConnected(instance.id)
    return await contacts.contacts_of(request, who, instance.id)


@get("/{instance_id:str}/contacts/db", summary="Contacts as they are kept", responses=_LIST)
async def stored_contacts(
    request: AnyRequest,
    who: Who,
    instance_id: FromPath[str],
    limit: Limit = contacts.DEFAULT_CONTACTS,
    skip: Skip = 0,
    search: contacts.Search = "",
    only_groups: contacts.OnlyGroups = "",
) -> ContactPage:
    """Contacts as they are kept, by name, connected or not."""
    instance = await passed(request, who, instance_id)
    return await contacts.stored_contacts_of(request, who, instance.id, limit, skip, search, only_groups)


@post("/{instance_id:str}/contacts/add", status_code=200, summary="Add somebody", responses=contacts.ASK)
async def add_contact(
    request: AnyRequest, who: Who, instance_id: FromPath[str], data: JSONBody[AddContactBody]
) -> AddedContactReply:
    """Keep somebody as a contact. Nobody is written to, unless `greeting` says what."""
    instance = await passed(request, who, instance_id)
    return await contacts.add_to(request, who, instance.id, data)


@post("/{instance_id:str}/contacts/import", status_code=200, summary="Import contacts", responses=contacts.ASK)
async def import_contacts(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> ImportedContacts:
    """Keep everybody in the phone's address book, everybody met and every group."""
    instance = await passed(request, who, instance_id)
    return await contacts.import_into(request, who, instance.id)


@post("/{instance_id:str}/contacts/save", status_code=200, summary="Note something", responses=contacts.SAVE)
async def save_contact(
    request: AnyRequest, who: Who, instance_id: FromPath[str], data: JSONBody[SaveContactBody]
) -> StoredContact:
    """Make a contact, or complete it: what is empty or absent stays as it is."""
    instance = await passed(request, who, instance_id)
    return await contacts.save_to(request, who, instance.id, data)


@post("/{instance_id:str}/send", status_code=200, summary="Send a message", responses=_SEND)
async def send(
    request: AnyRequest,
    who: Who,
    instance_id: FromPath[str],
    data: JSONBody[SendBody],
    idempotency_key: IdempotencyKey = None,
) -> SendReply:
    """Say a text, or a location, a contact or a poll. Answers once the network has taken it and it is recorded."""
    instance = await passed(request, who, instance_id)
    return await sending.send_text(request, who, instance.id, data, idempotency_key)


@post("/{instance_id:str}/send-media", status_code=200, summary="Send a file from a URL", responses=_SEND)
async def send_media(
    request: AnyRequest,
    who: Who,
    instance_id: FromPath[str],
    data: JSONBody[SendMediaBody],
    idempotency_key: IdempotencyKey = None,
) -> SendReply:
    """Fetch a file and send it. The URL must be public; what it answers is shown by what it really is."""
    instance = await passed(request, who, instance_id)
    return await sending.send_media(request, who, instance.id, data, idempotency_key)


@post(
    "/{instance_id:str}/send-file",
    status_code=200,
    summary="Send an uploaded file",
    request_class=UploadRequest,
    request_max_body_size=None,
    operation_class=UploadOperation,
    responses=_SEND,
)
async def send_file(
    request: UploadRequest, who: Who, instance_id: FromPath[str], idempotency_key: IdempotencyKey = None
) -> SendReply:
    """Send a file given as multipart/form-data."""
    instance = await passed(request, who, instance_id)
    return await sending.send_file(request, who, instance.id, await read_upload(request), idempotency_key)


@post(
    "/{instance_id:str}/logout",
    status_code=200,
    summary="Log out",
    responses=_LOGOUT,
)
async def logout(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> Succeeded:
    """End its login at the network, where there is such a thing, and keep it stopped. Also when it does not run."""
    instance = await passed(request, who, instance_id)
    await services(request).lifecycle.logout(who, instance.id)
    return Succeeded()


@get("/{instance_id:str}/socket", summary="Does its connection answer", responses=_READ)
async def check_socket(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> SocketReply:
    """Ask the network something over the instance's connection, and say whether it answered and how soon."""
    instance = await passed(request, who, instance_id)
    return await socket.answer(request, who, instance.id)


HANDLERS = [
    status,
    qr,
    check_socket,
    events,
    known_contacts,
    stored_contacts,
    add_contact,
    import_contacts,
    save_contact,
    send,
    send_media,
    send_file,
    logout,
]
