"""History sync: the past that a phone hands to a newly linked device, in chunks, as encrypted messages to itself.

First INITIAL_BOOTSTRAP (the newest messages of every chat) and PUSH_NAME, then RECENT in as many chunks as it takes.
Small chunks travel inside the message, larger ones by the media host. ON_DEMAND answers a request of the client.
"""

from __future__ import annotations

import secrets
import time
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import HistorySyncNotification, Message
from neonize.proto.waHistorySync.WAWebProtobufsHistorySync_pb2 import HistorySync

from tests.simulators.whatsapp.directory import Device, User
from tests.simulators.whatsapp.jid import JID
from tests.simulators.whatsapp.media import Media
from tests.simulators.whatsapp.world import Feature, World

INLINE_LIMIT = 4096
"""Bytes of a compressed chunk that still travel inside the message; larger ones go by the media host."""

_NOTIFICATION = Message().protocolMessage.HISTORY_SYNC_NOTIFICATION


@dataclass(frozen=True)
class PastMessage:
    """A message from before the device was linked. `sender` is None for the account's own."""

    chat: JID
    sender: User | None
    message: Any
    at: int
    id: str = field(default_factory=lambda: "3EB0" + secrets.token_hex(9).upper())


@dataclass
class Past:
    """What one phone remembers."""

    messages: list[PastMessage] = field(default_factory=list)
    names: dict[str, User] = field(default_factory=dict)  # chat -> the person (for groups: nobody)
    titles: dict[str, str] = field(default_factory=dict)  # chat -> title, for groups
    unread: dict[str, int] = field(default_factory=dict)


class History(Feature):
    """The past of every account, and its way to their companions."""

    def __init__(self, world: World, media: Media) -> None:
        super().__init__(world)
        self._media = media
        self._pasts: dict[str, Past] = {}
        self.chunk_size = 50
        self.bootstrap_per_chat = 5

    def of(self, user: User) -> Past:
        return self._pasts.setdefault(user.phone, Past())

    def remember(self, user: User, past: PastMessage, *, title: str | None = None) -> PastMessage:
        """Something said before the device was linked."""
        memory = self.of(user)
        memory.messages.append(past)
        if past.sender is not None:
            memory.names[str(past.sender.pn)] = past.sender
        if title is not None:
            memory.titles[str(past.chat)] = title
        return past

    def remember_text(
        self, user: User, chat: JID, sender: User | None, text: str, at: int | None = None
    ) -> PastMessage:
        when = at if at is not None else int(time.time()) - 3600
        return self.remember(user, PastMessage(chat, sender, Message(conversation=text), when))

    # The phone's side

    def linked(self, device: Device) -> None:
        """The first login of a new companion."""
        past = self.of(device.user)
        newest, older = self._split(past)
        self.send(device, HistorySync.INITIAL_BOOTSTRAP, past, newest, progress=0 if older else 100)
        self.send_names(device)
        chunks = [older[start : start + self.chunk_size] for start in range(0, len(older), self.chunk_size)]
        for number, chunk in enumerate(chunks, start=1):
            self.send(device, HistorySync.RECENT, past, chunk, order=number, progress=number * 100 // len(chunks))

    def send_names(self, device: Device) -> None:
        """Names that people gave themselves."""
        sync = HistorySync(syncType=HistorySync.PUSH_NAME)
        for jid, person in self.of(device.user).names.items():
            sync.pushnames.add(ID=jid, pushname=person.name)
        self._deliver(device, sync)

    def send(
        self,
        device: Device,
        kind: int,
        past: Past,
        messages: Iterable[PastMessage],
        *,
        order: int = 1,
        progress: int = 100,
        request: str | None = None,
    ) -> None:
        """One chunk. `request` is the id of the client's request when the kind is ON_DEMAND."""
        sync = HistorySync(syncType=kind, chunkOrder=order, progress=progress)
        chats: dict[str, Any] = {}
        for message in sorted(messages, key=lambda each: each.at, reverse=True):
            name = str(message.chat)
            chat = chats.get(name)
            if chat is None:
                chat = chats[name] = sync.conversations.add(ID=name, conversationTimestamp=message.at)
                chat.lastMsgTimestamp = message.at
                chat.unreadCount = past.unread.get(name, 0)
                title = past.titles.get(name)
                person = past.names.get(name)
                chat.name = title or (person.name if person is not None else "")
            _fill(chat.messages.add().message, message)
        self._deliver(device, sync, request)

    def on_demand(self, device: Device, request: str, chat: JID, before: int, count: int) -> None:
        """Messages of one chat older than `before` (seconds since 1970), as asked for by a peer message."""
        past = self.of(device.user)
        older = [each for each in past.messages if str(each.chat) == str(chat) and each.at < before]
        chosen = sorted(older, key=lambda each: each.at)[-count:]
        self.send(device, HistorySync.ON_DEMAND, past, chosen, request=request)

    def _split(self, past: Past) -> tuple[list[PastMessage], list[PastMessage]]:
        newest: list[PastMessage] = []
        older: list[PastMessage] = []
        seen: dict[str, int] = {}
        for message in sorted(past.messages, key=lambda each: each.at, reverse=True):
            name = str(message.chat)
            seen[name] = seen.get(name, 0) + 1
            (newest if seen[name] <= self.bootstrap_per_chat else older).append(message)
        return newest, older

    def _deliver(self, device: Device, sync: Any, request: str | None = None) -> None:
        data = zlib.compress(sync.SerializeToString())
        message = Message()
        message.protocolMessage.type = _NOTIFICATION
        notice = message.protocolMessage.historySyncNotification
        notice.syncType = (
            HistorySyncNotification.DESCRIPTOR.fields_by_name["syncType"]
            .enum_type.values_by_name[HistorySync.HistorySyncType.Name(sync.syncType)]
            .number
        )
        notice.chunkOrder = sync.chunkOrder
        notice.progress = sync.progress
        if request is not None:
            notice.peerDataRequestSessionID = request
        if len(data) <= INLINE_LIMIT:
            notice.initialHistBootstrapInlinePayload = data
        else:
            stored = self._media.store(data, "history")
            notice.directPath = stored.direct_path
            notice.mediaKey = stored.key
            notice.fileSHA256 = stored.sha256
            notice.fileEncSHA256 = stored.encrypted_sha256
            notice.fileLength = stored.length
        self.world.stats["history chunk"] += 1
        self.world.messages.to_companion(device, message)


def _fill(target: Any, past: PastMessage) -> None:
    target.key.remoteJID = str(past.chat)
    target.key.fromMe = past.sender is None
    target.key.ID = past.id
    target.messageTimestamp = past.at
    target.message.CopyFrom(past.message)
    if past.sender is not None:
        target.pushName = past.sender.name
        if past.chat.server == "g.us":
            target.key.participant = str(past.sender.lid)
            target.participant = str(past.sender.lid)
