"""What instances of an older system knew, written in batches."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final, TypeVar

from msgspec import structs

from gateway.domain.ids import Address, InstanceId, TenantId
from gateway.services.importing.report import CONTACTS, MESSAGES, Report
from gateway.services.importing.row import OddRow, OldRow
from gateway.storage.imports import ImportStore, OldContact, OldMessage
from gateway.storage.storage import Storage

BATCH: Final = 500
"""Rows that are in memory at a time."""

T = TypeVar("T")
Read = Callable[[OldRow, TenantId, InstanceId], T]
"""Makes one of ours of a row. Raises OddRow."""


async def readable(
    rows: AsyncIterator[OldRow],
    noun: str,
    read: Read[T],
    *,
    instance_column: str,
    instances: Mapping[InstanceId, TenantId],
    report: Report,
) -> AsyncIterator[T]:
    """What could be made of the rows of `instances`; the others are reported."""
    async for row in rows:
        try:
            instance_id = InstanceId(row.text(instance_column))
            tenant_id = instances.get(instance_id)
            if tenant_id is None:
                report.orphan(noun, instance_id)
                continue
            made = read(row, tenant_id, instance_id)
        except OddRow as odd:
            report.skip(noun, row, odd.sentence)
            continue
        yield made


async def batches(items: AsyncIterator[T]) -> AsyncIterator[list[T]]:
    """The same, `BATCH` at a time."""
    batch: list[T] = []
    async for item in items:
        batch.append(item)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


class HistoryWriter:
    """Adds contacts and messages that are not here yet, in the caller's transaction, and counts them."""

    def __init__(self, storage: Storage, report: Report) -> None:
        self._contacts = storage.contacts
        self._imports = ImportStore(storage.engine)
        self._report = report
        self._titles: dict[tuple[InstanceId, Address], str] = {}

    async def contacts(self, read: list[OldContact]) -> None:
        """Contacts, each under the better of its names. What groups are called here, their messages are told later."""
        for each in read:
            if each.entry.is_group:
                self._titles[each.instance_id, each.entry.address] = each.entry.name or each.entry.push_name
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

    async def messages(self, read: list[OldMessage]) -> None:
        """Messages, and the chats of those that are new."""
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
