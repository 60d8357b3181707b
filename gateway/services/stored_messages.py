"""What was stored of an instance, or of all instances under one label: read, counted, cleaned up."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from msgspec import Struct, structs

from gateway.domain.errors import InvalidInput
from gateway.domain.ids import Address, InstanceId
from gateway.domain.instances import Instance
from gateway.domain.messages import StoredMessage
from gateway.domain.stored_messages import MessageChoice, MessageCounts, Periods
from gateway.domain.tenants import Principal
from gateway.domain.usage import Calendar
from gateway.kit.clock import Clock
from gateway.kit.log import get_logger
from gateway.services.addresses import Addresses
from gateway.services.retention import PRUNE_BATCH
from gateway.storage.storage import Storage

log = get_logger(__name__)


class SeenMessage(Struct, frozen=True):
    """A message and the instance that it was said on."""

    message: StoredMessage
    instance: Instance


class StoredMessages:
    """A label groups what is within the caller's reach anyway, and opens nothing."""

    def __init__(self, storage: Storage, addresses: Addresses, clock: Clock, calendar: Calendar) -> None:
        self._storage = storage
        self._addresses = addresses
        self._clock = clock
        self._calendar = calendar

    async def page(
        self, who: Principal, choice: MessageChoice, *, chat: str | None = None, limit: int, skip: int
    ) -> list[SeenMessage]:
        """Messages newest first. `chat` is one as callers write it.

        Raises NotFound and NotYours for the instance that was chosen, and InvalidInput for a chat that its network
        cannot have.
        """
        if choice.instance_id is not None:
            await self._storage.instances.get(who, choice.instance_id)
        if chat is not None:
            choice = structs.replace(choice, chats=await self._chats(who, choice, chat))
        messages = await self._storage.stored_messages.page(who, choice, limit=limit, skip=skip)
        instances = {each: await self._storage.instances.find(each) for each in {each.instance_id for each in messages}}
        # One that was deleted meanwhile took its messages with it.
        return [SeenMessage(each, instance) for each in messages if (instance := instances[each.instance_id])]

    async def counts(self, who: Principal, choice: MessageChoice) -> MessageCounts:
        """How many there are. Days are the usage calendar's. Raises NotFound, NotYours."""
        if choice.instance_id is not None:
            await self._storage.instances.get(who, choice.instance_id)
        periods = Periods.at(self._clock.now(), self._calendar)
        return await self._storage.stored_messages.counts(who, choice, periods)

    async def clean(self, who: Principal, instance_id: InstanceId, *, days: int) -> int:
        """Delete what came to an instance more than so many days ago; how many messages went.

        In small batches like retention, so that no writer waits long behind it. Raises NotFound, NotYours.
        """
        await self._storage.instances.get(who, instance_id)
        before = self._clock.now() - timedelta(days=days)
        gone = 0
        while count := await self._storage.stored_messages.clean(who, instance_id, before, PRUNE_BATCH):
            gone += count
            await asyncio.sleep(0)  # let a waiting writer go between two batches
        log.info("messages_cleaned_up", instance_id=instance_id, days=days, messages=gone)
        return gone

    async def _chats(self, who: Principal, choice: MessageChoice, chat: str) -> frozenset[Address]:
        if choice.instance_id is not None:
            instance = await self._storage.instances.get(who, choice.instance_id)
            return frozenset([await self._addresses.of(instance, chat)])
        found: set[Address] = set()
        for instance in await self._storage.instances.list(who):
            if choice.label is not None and instance.label != choice.label:
                continue
            try:
                found.add(await self._addresses.of(instance, chat))
            except InvalidInput:
                continue  # there is no such chat on that network
        return frozenset(found)
