"""The address book and the history of each chat: read, and kept by hand."""

from __future__ import annotations

import re
from datetime import datetime

from msgspec import structs

from gateway.domain.contacts import ChatPreview, ChatSummary, Contact, ContactEntry
from gateway.domain.errors import Conflict, InvalidInput, NotFound, Unsupported
from gateway.domain.ids import Address, InstanceId
from gateway.domain.instances import Instance
from gateway.domain.messages import OutgoingMessage, StoredMessage, Text
from gateway.domain.tenants import Principal
from gateway.kit.clock import Clock
from gateway.providers.contract import KnowsPeople, ManagesGroups
from gateway.services.addresses import Addresses
from gateway.services.live import Live
from gateway.services.messaging import Messaging
from gateway.storage.storage import Storage

MOST_TEXT = 4096
"""Characters of any one thing said about a contact."""
MOST_PEOPLE = 10_000
"""In the list that has no pages."""
_IN_A_CHAT = re.compile(r"(?:true|false)_(?P<chat>[^_]+)_(?P<id>[^_]+)(?:_[^_]+)?")
"""A message's id as WhatsApp Web's libraries write it: who said it, the chat, its id, in groups also by whom."""


class Contacts:
    """What an instance knows of people and groups, whether seen by itself or told by our users."""

    def __init__(self, storage: Storage, addresses: Addresses, live: Live, messaging: Messaging, clock: Clock) -> None:
        self._storage = storage
        self._addresses = addresses
        self._live = live
        self._messaging = messaging
        self._clock = clock

    async def contacts(
        self,
        who: Principal,
        instance_id: InstanceId,
        *,
        search: str = "",
        only_groups: bool = False,
        only_people: bool = False,
        limit: int,
        skip: int,
    ) -> tuple[list[Contact], int]:
        """People and groups by name, and how many there are. Raises NotFound.

        `search` finds words in any of their names or in the number, whatever the case.
        """
        await self._storage.instances.get(who, instance_id)
        return await self._storage.contacts.contacts(
            who,
            instance_id,
            search=search.strip(),
            only_groups=only_groups,
            only_people=only_people,
            limit=limit,
            skip=skip,
        )

    async def find(self, who: Principal, instance_id: InstanceId, address: Address) -> Contact | None:
        """Somebody, or a group, that is known already. Raises NotFound for the instance only."""
        await self._storage.instances.get(who, instance_id)
        return await self._storage.contacts.find(who, instance_id, address)

    async def save(self, who: Principal, instance_id: InstanceId, entry: ContactEntry) -> Contact:
        """Add a contact, or complete the one at that address; what the entry leaves empty stays as it is.

        Raises InvalidInput for an address that cannot be, or a text that is too long.
        """
        instance = await self._storage.instances.get(who, instance_id)
        for field in ("name", "push_name", "about", "picture_url", "number"):
            if len(getattr(entry, field) or "") > MOST_TEXT:
                raise InvalidInput(f"{field} has at most {MOST_TEXT} characters", field=field)
        entry = structs.replace(entry, address=await self._addresses.of(instance, entry.address))
        async with self._storage.transaction():
            await self._storage.contacts.put(instance.tenant_id, instance_id, [entry], self._clock.now(), active=True)
        saved = await self._storage.contacts.find(who, instance_id, entry.address)
        assert saved is not None
        return saved

    async def add(
        self, who: Principal, instance_id: InstanceId, phone: str, name: str, *, greeting: str = ""
    ) -> Contact:
        """Add somebody after asking the network whether they are there. Without a greeting nobody is written to.

        Raises NotConnected, InvalidInput when the number is not on the network, and what a send raises.
        """
        session = await self._live.session(who, instance_id)
        if isinstance(session, KnowsPeople) and "@" not in phone:
            (check,) = await session.check_numbers([phone])
            if not check.exists:
                raise InvalidInput(f"{phone} is not on this network.", field="phone", code="not_on_network")
        address = await self._live.address(who, instance_id, phone, "phone")
        saved = await self.save(who, instance_id, ContactEntry(address=address, name=name, number=_digits(phone)))
        if greeting:
            await self._messaging.send(who, instance_id, OutgoingMessage(to=address, content=Text(text=greeting)))
        return saved

    async def import_all(self, who: Principal, instance_id: InstanceId) -> int:
        """Keep everybody and every group the network tells of; returns how many. Raises NotConnected, Unsupported."""
        instance = await self._storage.instances.get(who, instance_id)
        session = await self._live.session(who, instance_id)
        if not isinstance(session, KnowsPeople):
            raise Unsupported("This provider has no address book to import.")
        entries = [
            ContactEntry(
                address=each.address,
                book_name=each.name,
                number=each.phone or "",
                username=each.username,
                pn=each.pn,
                lid=each.lid,
            )
            for each in await session.people()
        ]
        if isinstance(session, ManagesGroups):
            groups = await session.groups()
            entries += [ContactEntry(address=each.address, push_name=each.subject, is_group=True) for each in groups]
        entries = list({each.address: each for each in entries}.values())
        async with self._storage.transaction():
            await self._storage.contacts.put(instance.tenant_id, instance_id, entries, self._clock.now())
        return len(entries)

    async def delete(self, who: Principal, instance_id: InstanceId, address: str) -> None:
        """Forget a contact; its chat and messages stay. Raises NotFound."""
        instance = await self._storage.instances.get(who, instance_id)
        if not await self._storage.contacts.remove(who, instance_id, await self._addresses.of(instance, address)):
            raise NotFound(f"Contact {address} not found")

    async def people(self, who: Principal, instance_id: InstanceId, *, search: str = "") -> list[Contact]:
        """People by name, without groups and without the instance itself; at most `MOST_PEOPLE`. Raises NotFound."""
        instance = await self._storage.instances.get(who, instance_id)
        found, _ = await self.contacts(who, instance_id, search=search, limit=MOST_PEOPLE, skip=0)
        return [each for each in found if not each.is_group and not _is_me(each, instance)]

    async def chats(
        self, who: Principal, instance_id: InstanceId, *, limit: int, skip: int
    ) -> tuple[list[ChatSummary], int]:
        """Chats, the one that moved last first, and how many there are. Raises NotFound."""
        await self._storage.instances.get(who, instance_id)
        return await self._storage.contacts.chats(who, instance_id, limit=limit, skip=skip)

    async def previews(
        self, who: Principal, instance_id: InstanceId, *, limit: int, skip: int = 0
    ) -> tuple[list[ChatPreview], int]:
        """The same with what was said last in each. Raises NotFound."""
        await self._storage.instances.get(who, instance_id)
        return await self._storage.contacts.previews(who, instance_id, limit=limit, skip=skip)

    async def message(self, who: Principal, instance_id: InstanceId, reference: str) -> StoredMessage:
        """One message, named by its network's id, or with its chat as in `false_<chat>_<id>`.

        Raises NotFound, and Conflict when several chats have a message of that id.
        """
        instance = await self._storage.instances.get(who, instance_id)
        if named := _IN_A_CHAT.fullmatch(reference):
            chat = await self._addresses.of(instance, named["chat"])
            stored = await self._storage.messages.find(who, instance_id, chat, named["id"])
            found = [stored] if stored else []
        else:
            found = await self._storage.messages.named(who, instance_id, reference, limit=2)
        if not found:
            raise NotFound(f"Message {reference[:128]} not found")
        if len(found) > 1:
            raise Conflict(f"Several chats have a message {reference}; write it as false_<chat id>_{reference}.")
        return found[0]

    async def messages(
        self,
        who: Principal,
        instance_id: InstanceId,
        chat: Address,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int,
        skip: int,
    ) -> tuple[list[StoredMessage], int]:
        """A chat's messages, newest first, and how many there are. Raises NotFound for the instance only."""
        address = await self._addresses.of(await self._storage.instances.get(who, instance_id), chat)
        return await self._storage.messages.page(
            who, instance_id, address, since=since, until=until, limit=limit, skip=skip
        )

    async def latest(
        self, who: Principal, instance_id: InstanceId, *, from_me: bool | None = None, limit: int
    ) -> list[StoredMessage]:
        """The last messages of all chats, newest first; `from_me` chooses what was sent or what came."""
        await self._storage.instances.get(who, instance_id)
        found, _ = await self._storage.messages.page(who, instance_id, None, from_me=from_me, limit=limit, skip=0)
        return found


def _is_me(contact: Contact, instance: Instance) -> bool:
    return bool(instance.account) and instance.account in (contact.number, f"@{contact.username}")


def _digits(text: str) -> str:
    return "".join(each for each in text.partition("@")[0] if each.isdigit())
