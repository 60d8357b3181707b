"""The address book and the history of each chat."""

from __future__ import annotations

from datetime import datetime

from gateway.domain.contacts import ChatSummary, Contact
from gateway.domain.ids import Address, InstanceId
from gateway.domain.messages import StoredMessage
from gateway.domain.tenants import Principal
from gateway.services.addresses import Addresses
from gateway.storage.storage import Storage


class Contacts:
    """Reading what an instance has seen."""

    def __init__(self, storage: Storage, addresses: Addresses) -> None:
        self._storage = storage
        self._addresses = addresses

    async def contacts(
        self, who: Principal, instance_id: InstanceId, *, limit: int, skip: int
    ) -> tuple[list[Contact], int]:
        """People and groups by name, and how many there are. Raises NotFound."""
        await self._storage.instances.get(who, instance_id)
        return await self._storage.contacts.contacts(who, instance_id, limit=limit, skip=skip)

    async def chats(
        self, who: Principal, instance_id: InstanceId, *, limit: int, skip: int
    ) -> tuple[list[ChatSummary], int]:
        """Chats, the one that moved last first, and how many there are. Raises NotFound."""
        await self._storage.instances.get(who, instance_id)
        return await self._storage.contacts.chats(who, instance_id, limit=limit, skip=skip)

    async def messages(
        self,
        who: Principal,
        instance_id: InstanceId,
        chat: Address,
        *,
        since: datetime | None,
        until: datetime | None,
        limit: int,
        skip: int,
    ) -> tuple[list[StoredMessage], int]:
        """A chat's messages, newest first, and how many there are. Raises NotFound for the instance only."""
        address = await self._addresses.of(await self._storage.instances.get(who, instance_id), chat)
        return await self._storage.messages.page(
            who, instance_id, address, since=since, until=until, limit=limit, skip=skip
        )
