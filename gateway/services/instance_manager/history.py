"""What instances of that system knew: its messages, and the people and groups that can be seen in them.

It has no address book: whom it lists as contacts it asks WhatsApp each time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import islice

from gateway.domain.contacts import ContactEntry
from gateway.domain.ids import Address, InstanceId, TenantId
from gateway.domain.messages import ChatKind, Message, Person
from gateway.kit.clock import Clock
from gateway.services.importing.history import BATCH, HistoryWriter, batches, readable
from gateway.services.importing.report import MESSAGES, Report
from gateway.services.importing.row import OldRow
from gateway.services.instance_manager.database import OldDatabase
from gateway.services.instance_manager.instances import Taken
from gateway.services.instance_manager.messages import message_of
from gateway.storage.imports import OldContact, OldMessage
from gateway.storage.storage import Storage

_PHONE = "@s.whatsapp.net"


class History:
    """Takes over what belongs to `instances`, in the caller's transaction."""

    def __init__(self, storage: Storage, clock: Clock, report: Report, instances: Mapping[InstanceId, Taken]) -> None:
        self._writer = HistoryWriter(storage, report)
        self._report = report
        self._now: datetime = clock.now()
        self._instances = instances
        self._seen: dict[tuple[InstanceId, Address], _Sighting] = {}

    async def take(self, database: OldDatabase) -> None:
        """All of it. Contacts come last, because a name may be in the last message."""
        messages = readable(
            database.messages(),
            MESSAGES,
            self._message,
            instance_column="instance_id",
            instances={instance_id: taken.tenant_id for instance_id, taken in self._instances.items()},
            report=self._report,
        )
        async for said in batches(messages):
            await self._writer.messages(said)
            for each in said:
                self._look_at(each)
        contacts = (sighting.contact() for sighting in self._seen.values())
        while batch := list(islice(contacts, BATCH)):
            await self._writer.contacts(batch)

    def _message(self, row: OldRow, tenant_id: TenantId, instance_id: InstanceId) -> OldMessage:
        return message_of(row, self._instances[instance_id].network, tenant_id, instance_id, self._now)

    def _look_at(self, each: OldMessage) -> None:
        message = each.message
        if message.chat.kind is not ChatKind.CHANNEL:  # a channel is no contact
            self._saw(each, message.chat.address, _person_in(message))
        sender = message.sender
        if sender.address and sender.address != message.chat.address:
            self._saw(each, sender.address, sender)

    def _saw(self, each: OldMessage, address: Address, person: Person | None) -> None:
        key = (each.instance_id, address)
        is_group = person is None and each.message.chat.kind is ChatKind.GROUP
        sighting = self._seen.get(key)
        if sighting is None:
            sighting = self._seen[key] = _Sighting(each.tenant_id, each.instance_id, address, is_group=is_group)
        sighting.saw(person, each.message.sent_at)


class _Sighting:
    """What is known of somebody so far; the latest name that is one counts."""

    def __init__(self, tenant_id: TenantId, instance_id: InstanceId, address: Address, *, is_group: bool) -> None:
        self._tenant_id = tenant_id
        self._instance_id = instance_id
        self._address = address
        self._is_group = is_group
        self._name = ""
        self._username: str | None = None
        self._named_at: datetime | None = None
        self._first: datetime | None = None
        self._last: datetime | None = None

    def saw(self, person: Person | None, at: datetime) -> None:
        self._first = at if self._first is None else min(self._first, at)
        self._last = at if self._last is None else max(self._last, at)
        if person is not None and person.name and (self._named_at is None or at >= self._named_at):
            self._name, self._named_at = person.name, at
            self._username = person.username or self._username

    def contact(self) -> OldContact:
        assert self._first is not None and self._last is not None  # noqa: PT018 - both are set by the first sight
        return OldContact(
            tenant_id=self._tenant_id,
            instance_id=self._instance_id,
            entry=ContactEntry(
                address=self._address,
                push_name=self._name,
                number=self._address.removesuffix(_PHONE) if self._address.endswith(_PHONE) else "",
                username=self._username,
                is_group=self._is_group,
            ),
            last_activity_at=self._last,
            created_at=self._first,
            updated_at=self._last,
        )


def _person_in(message: Message) -> Person | None:
    """Whom a private chat is with; None for a group, which is nobody."""
    if message.chat.kind is not ChatKind.PRIVATE:
        return None
    return Person(address=message.chat.address) if message.from_me else message.sender
