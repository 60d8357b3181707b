"""`/api/instances/{instanceId}/contacts`: whom it knows, and what people note about them."""

from typing import Annotated, Any

from litestar import delete, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from gateway.domain.errors import InvalidInput
from gateway.domain.ids import InstanceId
from gateway.domain.tenants import Principal
from gateway.surfaces.api.documented import refusals
from gateway.surfaces.api.schemas.auth import Done
from gateway.surfaces.api.schemas.contacts import (
    AddContactBody,
    AddedContact,
    AddedContactReply,
    ContactItem,
    ContactList,
    ContactPage,
    DeleteContactBody,
    ImportedContacts,
    SaveContactBody,
    StoredContact,
)
from gateway.surfaces.api.schemas.paging import Pagination
from gateway.surfaces.api.shared import AnyRequest, Limit, Skip
from gateway.surfaces.http import Who, fields_named, page_of, services

DEFAULT_CONTACTS = 100
_MOST_CONTACTS = 10_000
"""In the list that has no pages; those beyond are in the one that has."""
MOST_SEARCH = 255
LIST = refusals(400, 401, 403, 404, 429, 500)
SAVE = refusals(400, 401, 403, 404, 413, 429, 500)
ASK = refusals(400, 401, 403, 404, 413, 429, 500, 502, 504)
_FIELDS = {"to": "phone", "contactId": "remoteJid", "address": "remoteJid"}
_SAVED_FIELDS = _FIELDS | {"phone": "number"}

Search = Annotated[
    str,
    QueryParameter(
        max_length=MOST_SEARCH, description="Only those with these words in a name or number, whatever the case."
    ),
]
OnlyGroups = Annotated[str, QueryParameter(name="onlyGroups", description="`true`: only groups.")]


@get("/{instance_id:str}/contacts", summary="Contacts", responses=LIST)
async def contacts(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> ContactList:
    """Who the instance has seen, by name; nobody while it is not connected."""
    instance = await services(request).instances.get(who, InstanceId(instance_id))
    if not instance.flows:
        return ContactList(contacts=[])
    return await contacts_of(request, who, instance.id)


@get("/{instance_id:str}/contacts/db", summary="Contacts as they are kept", responses=LIST)
async def stored_contacts(
    request: AnyRequest,
    who: Who,
    instance_id: FromPath[str],
    limit: Limit = DEFAULT_CONTACTS,
    skip: Skip = 0,
    search: Search = "",
    only_groups: OnlyGroups = "",
) -> ContactPage:
    """Contacts as they are kept, by name, connected or not."""
    return await stored_contacts_of(request, who, InstanceId(instance_id), limit, skip, search, only_groups)


@post("/{instance_id:str}/contacts/add", status_code=200, summary="Add somebody", responses=ASK)
async def add(
    request: AnyRequest, who: Who, instance_id: FromPath[str], data: JSONBody[AddContactBody]
) -> AddedContactReply:
    """Keep somebody as a contact, after asking the network whether they are there. Nobody is written to, unless
    `greeting` says what.
    """
    return await add_to(request, who, InstanceId(instance_id), data)


@post("/{instance_id:str}/contacts/import", status_code=200, summary="Import the address book", responses=ASK)
async def import_all(request: AnyRequest, who: Who, instance_id: FromPath[str]) -> ImportedContacts:
    """Keep everybody in the phone's address book, everybody met and every group; notes of ours stay as they are."""
    return await import_into(request, who, InstanceId(instance_id))


@post("/{instance_id:str}/contacts/save", status_code=200, summary="Note something about a contact", responses=SAVE)
async def save(
    request: AnyRequest, who: Who, instance_id: FromPath[str], data: JSONBody[SaveContactBody]
) -> StoredContact:
    """Make a contact, or complete it: what is empty or absent stays as it is."""
    return await save_to(request, who, InstanceId(instance_id), data)


@post("/{instance_id:str}/contacts/delete", status_code=200, summary="Forget a contact", responses=SAVE)
async def delete_named(
    request: AnyRequest, who: Who, instance_id: FromPath[str], data: JSONBody[DeleteContactBody]
) -> Done:
    """Forget a contact. Its chat and messages stay; it comes back when it writes."""
    await services(request).instances.get(who, InstanceId(instance_id))
    if not data.remote_jid:
        raise InvalidInput("remoteJid is required", field="remoteJid")
    return await _delete(request, who, InstanceId(instance_id), data.remote_jid)


@delete("/{instance_id:str}/contacts/{remote_jid:str}", status_code=200, summary="Forget a contact", responses=LIST)
async def remove(request: AnyRequest, who: Who, instance_id: FromPath[str], remote_jid: FromPath[str]) -> Done:
    """Forget a contact. Its chat and messages stay; it comes back when it writes."""
    return await _delete(request, who, InstanceId(instance_id), remote_jid)


async def contacts_of(request: AnyRequest, who: Principal, instance_id: InstanceId) -> ContactList:
    """Everybody it has seen."""
    found, _ = await services(request).contacts.contacts(who, instance_id, limit=_MOST_CONTACTS, skip=0)
    return ContactList(contacts=[ContactItem.of(contact) for contact in found])


async def stored_contacts_of(
    request: AnyRequest,
    who: Principal,
    instance_id: InstanceId,
    limit: int,
    skip: int,
    search: str,
    only_groups: str,
) -> ContactPage:
    """A page of them."""
    page = page_of(limit or DEFAULT_CONTACTS, skip)
    found, total = await services(request).contacts.contacts(
        who,
        instance_id,
        search=search,
        only_groups=only_groups.strip().lower() == "true",
        limit=page.limit,
        skip=page.skip,
    )
    return ContactPage(contacts=[StoredContact.of(each) for each in found], pagination=Pagination.of(page, total))


async def add_to(
    request: AnyRequest, who: Principal, instance_id: InstanceId, data: AddContactBody
) -> AddedContactReply:
    """The same for both paths."""
    await services(request).instances.get(who, instance_id)
    phone = str(data.phone or "").strip()
    if not phone:
        raise InvalidInput("Номер телефона обязателен", field="phone")
    with fields_named(_FIELDS):
        made = await services(request).contacts.add(
            who, instance_id, phone, (data.name or "").strip(), greeting=(data.greeting or "").strip()
        )
    return AddedContactReply(contact=AddedContact(id=made.address, number=phone, name=made.name))


async def import_into(request: AnyRequest, who: Principal, instance_id: InstanceId) -> ImportedContacts:
    """The same for both paths."""
    count = await services(request).contacts.import_all(who, instance_id)
    return ImportedContacts(message=f"Successfully imported {count} contacts", imported_count=count)


async def save_to(request: AnyRequest, who: Principal, instance_id: InstanceId, data: SaveContactBody) -> StoredContact:
    """The same for both paths."""
    await services(request).instances.get(who, instance_id)
    with fields_named(_SAVED_FIELDS):
        return StoredContact.of(await services(request).contacts.save(who, instance_id, data.to_entry()))


async def _delete(request: AnyRequest, who: Principal, instance_id: InstanceId, remote_jid: str) -> Done:
    with fields_named(_FIELDS):
        await services(request).contacts.delete(who, instance_id, remote_jid)
    return Done(message=f"Contact {remote_jid} successfully deleted")


HANDLERS: list[Any] = [contacts, stored_contacts, add, import_all, save, delete_named, remove]
