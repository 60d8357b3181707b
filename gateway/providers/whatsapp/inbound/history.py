"""What was said before the device was linked (neonize's event 13), as bounded batches. Pure.

The phone sends its history in several syncs, each of up to thousands of messages; how many are taken in all is for the
session to count down. Edits, reactions and votes of old messages, and WhatsApp's own lines ("X joined"), are left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import islice
from typing import Final, TypeVar

from msgspec.structs import replace
from neonize.proto.waHistorySync.WAWebProtobufsHistorySync_pb2 import Conversation, HistorySync
from neonize.proto.waWeb.WAWebProtobufsWeb_pb2 import WebMessageInfo

from gateway.domain.events import ContactsUpdated, HistoryReceived
from gateway.domain.ids import Address
from gateway.domain.messages import Chat, ChatKind, Message, Person
from gateway.kit.log import get_logger
from gateway.providers.whatsapp import who
from gateway.providers.whatsapp.context import Context
from gateway.providers.whatsapp.inbound.mend import mend
from gateway.providers.whatsapp.inbound.messages import message_of
from gateway.providers.whatsapp.inbound.source import Source
from gateway.providers.whatsapp.inbound.unwrap import inside
from gateway.providers.whatsapp.jids import STATUS, address_of_text, is_lid, is_newsletter, is_phone, kind_of

log = get_logger(__name__)

T = TypeVar("T")

MESSAGES_IN_ONE: Final = 200
PEOPLE_IN_ONE: Final = 500

_NO_MESSAGE: Final = frozenset(
    {"", "protocolMessage", "reactionMessage", "encReactionMessage", "pollUpdateMessage", "pollResultSnapshotMessage"}
)
"""Fields that change a message, or say nothing, rather than being one."""


def events_of(sync: HistorySync, context: Context) -> tuple[ContactsUpdated | HistoryReceived, ...]:
    """One history sync: people first, so that messages find their names, then messages chat by chat, oldest first.

    Takes the newest `context.history_messages` messages of the last `context.history_days` days. A message that cannot
    be read is left out, and logged.
    """
    context = _with_pairs(sync, context)
    return (*_people(sync, context), *_batches_of(sync, context))


def _batches_of(sync: HistorySync, context: Context) -> Iterator[HistoryReceived]:
    if context.history_days <= 0 or context.history_messages <= 0:
        return
    since = context.now - timedelta(days=context.history_days)
    found = [
        message
        for chat, web in _told(sync, context)
        if context.at(web.messageTimestamp) >= since and (message := _read(web, chat, context)) is not None
    ]
    found.sort(key=lambda message: message.sent_at)
    chats: dict[Address, list[Message]] = {}
    for message in found[-context.history_messages :]:
        chats.setdefault(message.chat.address, []).append(message)
    progress = min(sync.progress, 100) if sync.HasField("progress") else None
    for some in _batches((message for chat in chats.values() for message in chat), MESSAGES_IN_ONE):
        # Named by what is in it: a batch that is read again after a crash may begin elsewhere.
        names = "\n".join(f"{message.chat.address} {message.network_id}" for message in some)
        yield HistoryReceived(
            instance_id=context.instance_id,
            at=context.now,
            dedupe_key=f"history:{_digest(names)}",
            messages=some,
            progress=progress,
        )


def _read(web: WebMessageInfo, chat: Chat, context: Context) -> Message | None:
    try:
        return _message(web, chat, context)
    except (TypeError, ValueError):
        mend(web)
    try:
        return _message(web, chat, context)
    except (TypeError, ValueError) as error:
        log.error("whatsapp_history_message_unreadable", instance_id=context.instance_id, error=type(error).__name__)
        return None


def _told(sync: HistorySync, context: Context) -> Iterator[tuple[Chat, WebMessageInfo]]:
    for conversation in sync.conversations:
        chat = _chat(conversation, context)
        if chat is not None:
            for each in conversation.messages:
                yield chat, each.message
    for status in sync.statusV3Messages:
        yield who.chat(context, STATUS), status


def _message(web: WebMessageInfo, chat: Chat, context: Context) -> Message | None:
    within = inside(web.message)
    if within.field in _NO_MESSAGE or not web.key.ID or not web.messageTimestamp:
        return None
    network_id = web.key.ID
    if is_newsletter(chat.address) and web.newsletterServerID:
        network_id = str(web.newsletterServerID)
    participant = address_of_text(web.key.participant or web.participant)
    if web.key.fromMe or context.is_me(participant):
        sender = who.me(context, web.pushName)
    elif chat.kind is ChatKind.PRIVATE:
        sender = who.person(context, chat.pn, chat.lid, chat.address, name=web.pushName)
    else:
        sender = who.person(context, participant or chat.address, name=web.pushName)
    source = Source(chat=chat, sender=sender, from_me=web.key.fromMe or context.is_me(participant), key="")
    return message_of(within, network_id, source, context, context.at(web.messageTimestamp))


def _people(sync: HistorySync, context: Context) -> Iterator[ContactsUpdated]:
    saved: dict[Address, Person] = {}
    known: dict[Address, Person] = {}
    for conversation in sync.conversations:
        chat = _chat(conversation, context)
        if chat is None or chat.kind is not ChatKind.PRIVATE:
            continue
        person = who.person(context, chat.pn, chat.lid, chat.address, name=chat.title or conversation.displayName)
        book = saved if chat.title else known
        book[person.address] = replace(person, username=conversation.username or None)
    for pushname in sync.pushnames:
        address = address_of_text(pushname.ID)
        if address is not None and kind_of(address) is ChatKind.PRIVATE:
            person = who.person(context, address, name=pushname.pushname)
            before = known.get(person.address)
            known[person.address] = replace(person, username=before.username if before else None)
    yield from _told_people(saved.values(), context, from_address_book=True)
    yield from _told_people(known.values(), context, from_address_book=False)


def _told_people(people: Iterable[Person], context: Context, *, from_address_book: bool) -> Iterator[ContactsUpdated]:
    news = (
        each
        for each in people
        if not context.is_me(each.address) and not each.is_bot and (each.name or (each.pn and each.lid))
    )
    for some in _batches(news, PEOPLE_IN_ONE):
        names = "\n".join(f"{each.address} {each.name}" for each in some)
        yield ContactsUpdated(
            instance_id=context.instance_id,
            at=context.now,
            dedupe_key=f"people:{from_address_book:d}:{_digest(names)}",
            people=some,
            from_address_book=from_address_book,
        )


def _chat(conversation: Conversation, context: Context) -> Chat | None:
    names = (conversation.ID, conversation.newJID, conversation.pnJID, conversation.lidJID)
    first, *others = (address_of_text(name) for name in names)
    if first is None:
        return None
    return who.chat(context, first, *others, title=conversation.name)


def _with_pairs(sync: HistorySync, context: Context) -> Context:
    pns: dict[Address, Address] = {}
    told = [(each.pnJID, each.lidJID) for each in sync.phoneNumberToLidMappings]
    for conversation in sync.conversations:
        told += [(conversation.pnJID, conversation.ID), (conversation.ID, conversation.lidJID)]
    for pn_text, lid_text in told:
        pn, lid = address_of_text(pn_text), address_of_text(lid_text)
        if pn and lid and is_phone(pn) and is_lid(lid):
            pns[lid] = pn
    lids = {pn: lid for lid, pn in pns.items()}
    return replace(context, pns={**context.pns, **pns}, lids={**context.lids, **lids})


def _batches(items: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    rest = iter(items)
    while some := tuple(islice(rest, size)):
        yield some


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:24]
