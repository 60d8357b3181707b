"""Messages: inserted once, moved forward, edited, taken back, listed by chat."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from gateway.domain.events import MessageDeleted, MessageEdited, MessageStatusChanged
from gateway.domain.ids import Address, InstanceId, MessageId, TenantId, new_id
from gateway.domain.messages import Content, Media, Message, MessageSource, MessageStatus, Poll, StoredMessage
from gateway.domain.tenants import Principal
from gateway.storage import scope
from gateway.storage.engine import AnyEngine
from gateway.storage.names import canonical
from gateway.storage.rows import insert_rows
from gateway.storage.tables import Messages
from gateway.storage.times import from_ms, maybe_from_ms, to_ms

_COLUMNS = (
    "id",
    "tenant_id",
    "instance_id",
    "chat",
    "network_id",
    "from_me",
    "kind",
    "text",
    "body",
    "status",
    "status_rank",
    "status_at",
    "media_url",
    "source",
    "sent_at",
    "created_at",
    "updated_at",
)


class NewMessage(Struct, frozen=True, kw_only=True):
    """A message about to be written."""

    tenant_id: TenantId
    instance_id: InstanceId
    message: Message
    source: MessageSource = MessageSource.USER
    media_url: str | None = None
    is_history: bool = False
    """Whether it was said before the instance was linked."""


class MessageStore:
    """What was said on each instance. Where a caller names a chat, either name of a person will do."""

    def __init__(self, engine: AnyEngine) -> None:
        self._engine = engine

    async def insert_new(self, news: Sequence[NewMessage], now: datetime) -> set[tuple[InstanceId, str, str]]:
        """Insert within the caller's transaction; returns the keys that were new.

        A key is (instance, chat, network id). One that is missing from the answer was there already: a redelivery.
        """
        rows = [_row(new, to_ms(now)) for new in news]
        inserted = await insert_rows(
            self._engine,
            "messages",
            _COLUMNS,
            rows,
            suffix="ON CONFLICT (instance_id, chat, network_id) DO NOTHING RETURNING instance_id, chat, network_id",
        )
        return {(InstanceId(row["instance_id"]), row["chat"], row["network_id"]) for row in inserted}

    async def last_at(self, who: Principal, instance_id: InstanceId, *, from_me: bool) -> datetime | None:
        """When an instance last said, or was told, something."""
        query = Messages.select(Messages.sent_at).where(
            Messages.instance_id == instance_id, Messages.from_me.eq(value=from_me)
        )
        row = await scope.within(query, who).order_by(Messages.created_at, ascending=False).first()
        return None if row is None else from_ms(row["sent_at"])

    async def advance(self, event: MessageStatusChanged, now: datetime) -> bool:
        """Move a status forward. False when the message is known and already as far; an unknown one counts as moved."""
        known = (Messages.instance_id == event.instance_id, Messages.network_id == event.network_id)
        in_chat = Messages.chat == event.chat.address
        moved = (
            await Messages.update(
                {
                    Messages.status: event.status.value,
                    Messages.status_rank: event.status.rank,
                    Messages.status_at: event.at,
                    Messages.updated_at: to_ms(now),
                }
            )
            .where(*known, in_chat, Messages.status_rank < event.status.rank)
            .returning(Messages.id)
        )
        return bool(moved) or not await Messages.exists().where(*known, in_chat)

    async def edit(self, event: MessageEdited, now: datetime) -> None:
        """Replace the content of a message we have; one we never had stays unknown."""
        stored = (
            await Messages.select(Messages.id, Messages.body)
            .where(
                Messages.instance_id == event.instance_id,
                Messages.chat == event.chat.address,
                Messages.network_id == event.network_id,
            )
            .first()
        )
        if stored is None:
            return
        before = msgspec.json.decode(stored["body"], type=Message)
        message = msgspec.structs.replace(before, content=_edited(before.content, event.content))
        await Messages.update(
            {
                Messages.body: msgspec.json.encode(message).decode(),
                Messages.kind: message.kind,
                Messages.text: message.body,
                Messages.edited_at: to_ms(event.at),
                Messages.updated_at: to_ms(now),
            }
        ).where(Messages.id == stored["id"])

    async def mark_deleted(self, event: MessageDeleted, now: datetime) -> None:
        """Remember that a message was taken back; its content stays for the owner's records until retention."""
        await Messages.update({Messages.deleted_at: to_ms(event.at), Messages.updated_at: to_ms(now)}).where(
            Messages.instance_id == event.instance_id,
            Messages.chat == event.chat.address,
            Messages.network_id == event.network_id,
        )

    async def find(
        self, who: Principal, instance_id: InstanceId, chat: Address, network_id: str
    ) -> StoredMessage | None:
        """One message within reach."""
        filed = await canonical(instance_id, chat)
        row = await scope.within(
            Messages.select().where(
                Messages.instance_id == instance_id, Messages.chat == filed, Messages.network_id == network_id
            ),
            who,
        ).first()
        return stored_of(row) if row else None

    async def named(
        self, who: Principal, instance_id: InstanceId, network_id: str, *, limit: int
    ) -> list[StoredMessage]:
        """Messages with this network id in whichever chat; on some networks every chat counts for itself."""
        query = Messages.select().where(Messages.instance_id == instance_id, Messages.network_id == network_id)
        return [stored_of(row) for row in await scope.within(query, who).order_by(Messages.id).limit(limit)]

    async def any_in(self, instance_id: InstanceId, chat: Address) -> bool:
        """Whether anything was ever said in a chat, by either side; on behalf of nobody."""
        filed = await canonical(instance_id, chat)
        return bool(await Messages.exists().where(Messages.instance_id == instance_id, Messages.chat == filed))

    async def page(
        self,
        who: Principal,
        instance_id: InstanceId,
        chat: Address | None,
        *,
        limit: int,
        skip: int,
        since: datetime | None = None,
        until: datetime | None = None,
        from_me: bool | None = None,
    ) -> tuple[list[StoredMessage], int]:
        """Messages newest first, by when we stored them, and how many there are in all. Both ends inclusive."""
        conditions: list[Any] = [Messages.instance_id == instance_id]
        if from_me is not None:
            conditions.append(Messages.from_me.eq(value=from_me))
        if chat is not None:
            conditions.append(Messages.chat == await canonical(instance_id, chat))
        if since is not None:
            conditions.append(Messages.created_at >= to_ms(since))
        if until is not None:
            conditions.append(Messages.created_at <= to_ms(until))
        total = await scope.within(Messages.count().where(*conditions), who)
        rows = await (
            scope.within(Messages.select().where(*conditions), who)
            .order_by(Messages.created_at, ascending=False)
            .order_by(Messages.id, ascending=False)
            .limit(limit)
            .offset(skip)
        )
        return [stored_of(row) for row in rows], total

    async def polls(
        self, asked: Iterable[tuple[InstanceId, Address, str]]
    ) -> dict[tuple[InstanceId, Address, str], Poll]:
        """Stored polls by (instance, chat, network id), on behalf of the inbox."""
        found: dict[tuple[InstanceId, Address, str], Poll] = {}
        for instance_id, chat, network_id in set(asked):
            row = (
                await Messages.select(Messages.body)
                .where(Messages.instance_id == instance_id, Messages.chat == chat, Messages.network_id == network_id)
                .first()
            )
            content = msgspec.json.decode(row["body"], type=Message).content if row else None
            if isinstance(content, Poll):
                found[instance_id, chat, network_id] = content
        return found

    async def prune(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` messages stored before a moment; returns how many went."""
        gone = await Messages.raw(
            "DELETE FROM messages WHERE id IN (SELECT id FROM messages WHERE created_at < {} LIMIT {}) RETURNING id",
            to_ms(before),
            limit,
        )
        return len(gone)


def _edited(before: Content, after: Content) -> Content:
    """The content after an edit. A new caption may come without the file it belongs to, which then stays."""
    if isinstance(before, Media) and isinstance(after, Media) and not after.ref:
        return msgspec.structs.replace(before, caption=after.caption)
    return after


def _row(new: NewMessage, now: int) -> tuple[Any, ...]:
    message = new.message
    # Lists go by when a message came; one from before we were there came when it was said.
    came_at = min(to_ms(message.sent_at), now) if new.is_history else now
    status = MessageStatus.SENT if message.from_me else MessageStatus.DELIVERED
    return (
        new_id(),
        new.tenant_id,
        new.instance_id,
        message.chat.address,
        message.network_id,
        message.from_me,
        message.kind,
        message.body,
        msgspec.json.encode(message).decode(),
        status.value,
        status.rank,
        None,
        new.media_url,
        new.source.value,
        to_ms(message.sent_at),
        came_at,
        now,
    )


def stored_of(row: dict[str, Any]) -> StoredMessage:
    """A row of the table as the message it is."""
    return StoredMessage(
        id=MessageId(row["id"]),
        instance_id=InstanceId(row["instance_id"]),
        message=_as_filed(msgspec.json.decode(row["body"], type=Message), Address(row["chat"])),
        status=MessageStatus(row["status"]),
        status_at=row["status_at"],
        media_url=row["media_url"],
        source=_source(row),
        created_at=from_ms(row["created_at"]),
        updated_at=from_ms(row["updated_at"]),
        edited_at=maybe_from_ms(row["edited_at"]),
        deleted_at=maybe_from_ms(row["deleted_at"]),
    )


def _source(row: dict[str, Any]) -> MessageSource:
    """What brought it; older versions did not write that down, and sent nearly everything for a program."""
    return MessageSource(row["source"] or (MessageSource.API if row["from_me"] else MessageSource.USER))


def _as_filed(message: Message, chat: Address) -> Message:
    """The message in the chat it lies in by now: it may have been said before the person's better name was known."""
    told = message.chat.address
    if told == chat:
        return message
    sender = message.sender
    if sender.address == told:
        sender = msgspec.structs.replace(sender, address=chat, pn=chat, lid=told)
    return msgspec.structs.replace(
        message, chat=msgspec.structs.replace(message.chat, address=chat, pn=chat, lid=told), sender=sender
    )
