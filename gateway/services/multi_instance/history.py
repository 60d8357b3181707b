"""What instances of the old system knew: contacts, messages and what was counted each day."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Final, TypeVar

from msgspec import structs

from gateway.domain.contacts import ContactEntry
from gateway.domain.ids import Address, InstanceId, TenantId
from gateway.domain.messages import ChatKind
from gateway.domain.usage import Counters
from gateway.kit.clock import Clock
from gateway.services.multi_instance.file import CONTACTS, MESSAGES, USAGE, OldFile
from gateway.services.multi_instance.messages import (
    AddressOf,
    address_in,
    kind_of_chat,
    media_url_of,
    message_of,
    status_of,
)
from gateway.services.multi_instance.report import Report
from gateway.services.multi_instance.row import OddRow, OldRow
from gateway.storage.imports import ImportStore, OldContact, OldMessage
from gateway.storage.storage import Storage
from gateway.storage.usage import UsageKey

BATCH: Final = 500
"""Rows that are in memory at a time."""
HALF_A_DAY: Final = timedelta(hours=12)
_MOST: Final = 2**62
_COUNTERS: Final = {
    "messages_sent": "messagesSent",
    "messages_received": "messagesReceived",
    "media_sent": "mediaSent",
    "media_received": "mediaReceived",
    "total_media_size": "totalMediaSize",
    "api_calls": "apiCalls",
    "webhook_sent": "webhookSent",
}

T = TypeVar("T")
Read = Callable[[OldRow, TenantId, InstanceId], T]


class History:
    """Takes over what belongs to `instances`, in the caller's transaction."""

    def __init__(
        self,
        storage: Storage,
        address_of: AddressOf,
        clock: Clock,
        report: Report,
        instances: Mapping[InstanceId, TenantId],
    ) -> None:
        self._contacts = storage.contacts
        self._imports = ImportStore(storage.engine)
        self._address_of = address_of
        self._now: datetime = clock.now()
        self._report = report
        self._instances = instances
        self._titles: dict[tuple[InstanceId, Address], str] = {}

    async def take(self, file: OldFile) -> None:
        """All of it; contacts first, because they tell what groups are called."""
        for contacts in _batches(self._readable(file, CONTACTS, self._contact)):
            await self._write_contacts(contacts)
        for messages in _batches(self._readable(file, MESSAGES, self._message)):
            await self._write_messages(messages)
        await self._take_days(file)

    def _readable(self, file: OldFile, noun: str, read: Read[T]) -> Iterator[T]:
        for row in file.rows(noun):
            try:
                instance_id = InstanceId(row.text("instanceId"))
                tenant_id = self._instances.get(instance_id)
                if tenant_id is None:
                    self._report.orphan(noun, instance_id)
                    continue
                yield read(row, tenant_id, instance_id)
            except OddRow as odd:
                self._report.skip(noun, row, odd.sentence)

    # -- contacts ------------------------------------------------------------------------------------------------

    def _contact(self, row: OldRow, tenant_id: TenantId, instance_id: InstanceId) -> OldContact:
        address = address_in(row, "remoteJid" if row.text("remoteJid") else "number", self._address_of)
        created_at = row.moment_or("createdAt", self._now)
        entry = ContactEntry(
            address=address,
            name=row.text("name"),
            push_name=row.text("pushName"),
            number=row.line("number", 64),
            is_group=kind_of_chat(address) is not ChatKind.PRIVATE,
            picture_url=row.text("profilePicture") or None,
            about=row.text("about") or None,
        )
        if entry.is_group:
            self._titles[instance_id, address] = entry.name or entry.push_name
        return OldContact(
            tenant_id=tenant_id,
            instance_id=instance_id,
            entry=entry,
            last_activity_at=row.moment("lastActivity"),
            created_at=created_at,
            updated_at=row.moment_or("updatedAt", created_at),
        )

    async def _write_contacts(self, read: list[OldContact]) -> None:
        filed = await self._imports.filed_under((each.instance_id, each.entry.address) for each in read)
        contacts = [
            structs.replace(each, entry=structs.replace(each.entry, address=filed[each.instance_id, address]))
            if (each.instance_id, address := each.entry.address) in filed
            else each
            for each in read
        ]
        new = await self._imports.contacts(contacts)
        self._report.new[CONTACTS] += new
        self._report.known[CONTACTS] += len(contacts) - new

    # -- messages ------------------------------------------------------------------------------------------------

    def _message(self, row: OldRow, tenant_id: TenantId, instance_id: InstanceId) -> OldMessage:
        created_at = row.moment("createdAt")
        if created_at is None:
            raise OddRow("createdAt is NULL.")
        message = message_of(row, self._address_of, created_at, self._now)
        return OldMessage(
            tenant_id=tenant_id,
            instance_id=instance_id,
            message=message,
            status=status_of(row, from_me=message.from_me),
            status_at=row.moment("statusUpdatedAt"),
            media_url=media_url_of(row),
            created_at=created_at,
            updated_at=row.moment_or("updatedAt", created_at),
        )

    async def _write_messages(self, read: list[OldMessage]) -> None:
        filed = await self._imports.filed_under((each.instance_id, each.message.chat.address) for each in read)
        messages = [self._in_its_chat(each, filed) for each in read]
        new = await self._imports.messages(messages)
        await self._contacts.saw_chats(
            (each.tenant_id, each.instance_id, each.message.chat, each.message.sent_at)
            for each in messages
            if each.key in new
        )
        moments = [each.created_at for each in messages if each.key in new]
        self._report.oldest = min([self._report.oldest, *moments] if self._report.oldest else moments, default=None)
        self._report.new[MESSAGES] += len(new)
        self._report.known[MESSAGES] += len(messages) - len(new)

    def _in_its_chat(self, each: OldMessage, filed: Mapping[tuple[InstanceId, Address], Address]) -> OldMessage:
        message = each.message
        told = message.chat.address
        address = filed.get((each.instance_id, told), told)
        title = self._titles.get((each.instance_id, address), "")
        if (address, title) == (told, message.chat.title):
            return each
        sender = structs.replace(message.sender, address=address) if message.sender.address == told else message.sender
        chat = structs.replace(message.chat, address=address, title=title)
        return structs.replace(each, message=structs.replace(message, chat=chat, sender=sender))

    # -- days ----------------------------------------------------------------------------------------------------

    async def _take_days(self, file: OldFile) -> None:
        days: dict[UsageKey, Counters] = {}
        for key, counters in self._readable(file, USAGE, _day):
            days[key] = days.get(key, Counters()) + counters
        new = await self._imports.days(days)
        self._report.new[USAGE] += new
        self._report.known[USAGE] += len(days) - new


def _day(row: OldRow, tenant_id: TenantId, instance_id: InstanceId) -> tuple[UsageKey, Counters]:
    """A row carries midnight of that machine's own time zone: it counts for the UTC day it shares most hours with."""
    midnight = row.moment("date")
    if midnight is None:
        raise OddRow("date is NULL.")
    counts = {ours: row.whole(theirs) or 0 for ours, theirs in _COUNTERS.items()}
    if not all(0 <= count <= _MOST for count in counts.values()):
        raise OddRow("One of its counters is negative or far too large.")
    return (tenant_id, instance_id, (midnight + HALF_A_DAY).date()), Counters(**counts)


def _batches(rows: Iterator[T]) -> Iterator[list[T]]:
    while batch := list(islice(rows, BATCH)):
        yield batch
