"""What instances of the old system knew: contacts, messages and what was counted each day."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Final, TypeVar

from gateway.domain.contacts import ContactEntry
from gateway.domain.ids import InstanceId, TenantId
from gateway.domain.messages import ChatKind
from gateway.domain.usage import Counters
from gateway.kit.clock import Clock
from gateway.services.importing.content import AddressOf, address_in, kind_of_chat, status_of
from gateway.services.importing.history import HistoryWriter, Read, batches, readable
from gateway.services.importing.report import CONTACTS, MESSAGES, USAGE, Report
from gateway.services.importing.row import OddRow, OldRow
from gateway.services.multi_instance.file import OldFile
from gateway.services.multi_instance.messages import media_url_of, message_of
from gateway.storage.imports import ImportStore, OldContact, OldMessage
from gateway.storage.storage import Storage
from gateway.storage.usage import UsageKey

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
        self._writer = HistoryWriter(storage, report)
        self._imports = ImportStore(storage.engine)
        self._address_of = address_of
        self._now: datetime = clock.now()
        self._report = report
        self._instances = instances

    async def take(self, file: OldFile) -> None:
        """All of it."""
        async for contacts in batches(self._readable(file, CONTACTS, self._contact)):
            await self._writer.contacts(contacts)
        async for messages in batches(self._readable(file, MESSAGES, self._message)):
            await self._writer.messages(messages)
        await self._take_days(file)

    def _readable(self, file: OldFile, noun: str, read: Read[T]) -> AsyncIterator[T]:
        return readable(
            file.rows(noun),
            noun,
            read,
            instance_column="instanceId",
            instances=self._instances,
            report=self._report,
        )

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
        return OldContact(
            tenant_id=tenant_id,
            instance_id=instance_id,
            entry=entry,
            last_activity_at=row.moment("lastActivity"),
            created_at=created_at,
            updated_at=row.moment_or("updatedAt", created_at),
        )

    def _message(self, row: OldRow, tenant_id: TenantId, instance_id: InstanceId) -> OldMessage:
        created_at = row.moment("createdAt")
        if created_at is None:
            raise OddRow("createdAt is NULL.")
        message = message_of(row, self._address_of, created_at, self._now)
        return OldMessage(
            tenant_id=tenant_id,
            instance_id=instance_id,
            message=message,
            status=status_of(row.text("status"), from_me=message.from_me),
            status_at=row.moment("statusUpdatedAt"),
            media_url=media_url_of(row),
            created_at=created_at,
            updated_at=row.moment_or("updatedAt", created_at),
        )

    async def _take_days(self, file: OldFile) -> None:
        days: dict[UsageKey, Counters] = {}
        async for key, counters in self._readable(file, USAGE, _day):
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
