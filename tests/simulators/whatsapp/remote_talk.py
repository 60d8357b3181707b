"""People who write, read and are written to, in a simulator in another process."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

from tests.simulators.whatsapp.remote_types import RemoteFlood, RemoteReceipt, RemoteSeen

Ask = Callable[[str, Mapping[str, Any]], Awaitable[Any]]


class RemoteTalk:
    """Where a method takes `to` and `group`, give one of them: a phone number, or a group's id."""

    def __init__(self, ask: Ask) -> None:
        super().__init__(ask)  # type: ignore[call-arg]  # the next mixin of RemoteWhatsApp takes it too
        self._order = ask

    async def write(
        self,
        sender: str,
        to: str | None = None,
        *,
        group: str | None = None,
        status: Sequence[str] | None = None,
        message_id: str | None = None,
        **content: Any,
    ) -> str:
        """Any kind of message: see content.py for `kind` and what belongs to it. Returns the message id.

        `status` is for whom a status is meant. If the sender is an account with linked devices, those get a copy, as
        when its owner writes on the phone.
        """
        given = {"from": sender, "to": to, "group": group, "status": list(status or ()), "id": message_id}
        return str(await self._order("talk.write", {**given, "content": content}))

    async def write_text(
        self,
        sender: str,
        to: str | None = None,
        text: str = "hello",
        *,
        group: str | None = None,
        reply_to: str | None = None,
        mentions: Sequence[str] = (),
        message_id: str | None = None,
    ) -> str:
        """`mentions` are phone numbers; `reply_to` is a message that the sender knows."""
        content: dict[str, Any] = {"kind": "text", "text": text, "reply_to": reply_to, "mentions": list(mentions)}
        return await self.write(sender, to, group=group, message_id=message_id, **content)

    async def send_file(
        self,
        sender: str,
        to: str | None = None,
        *,
        kind: str,
        data: bytes,
        group: str | None = None,
        caption: str = "",
        mimetype: str = "",
        filename: str = "",
        seconds: int = 0,
        reply_to: str | None = None,
    ) -> str:
        """`kind` is image, video, gif, audio, voice, document or sticker."""
        content: dict[str, Any] = {
            "kind": kind,
            "data": base64.b64encode(data).decode(),
            "caption": caption,
            "mimetype": mimetype,
            "filename": filename,
            "seconds": seconds,
            "reply_to": reply_to,
        }
        return await self.write(sender, to, group=group, **content)

    async def react(self, sender: str, to: str | None, target: str, emoji: str, *, group: str | None = None) -> str:
        """An empty emoji takes the reaction back."""
        return await self.write(sender, to, group=group, kind="reaction", target=target, emoji=emoji)

    async def edit(self, sender: str, to: str | None, target: str, text: str, *, group: str | None = None) -> str:
        return await self.write(sender, to, group=group, kind="edit", target=target, text=text)

    async def revoke(self, sender: str, to: str | None, target: str, *, group: str | None = None) -> str:
        return await self.write(sender, to, group=group, kind="revoke", target=target)

    async def create_poll(
        self,
        sender: str,
        to: str | None,
        name: str,
        options: Sequence[str],
        *,
        selectable: int = 1,
        group: str | None = None,
    ) -> str:
        """`selectable` 0 means any number of options."""
        content: dict[str, Any] = {"kind": "poll", "name": name, "options": list(options), "selectable": selectable}
        return await self.write(sender, to, group=group, **content)

    async def vote(
        self, sender: str, to: str | None, poll: str, options: Sequence[str], *, group: str | None = None
    ) -> str:
        """`poll` is the id of a poll that the sender made or got."""
        return await self.write(sender, to, group=group, kind="vote", poll=poll, options=list(options))

    async def read(
        self, person: str, to: str, ids: Sequence[str], *, kind: str = "read", group: str | None = None
    ) -> None:
        """A person read (or `played`) messages of the account `to`."""
        given = {"person": person, "to": to, "ids": list(ids), "type": kind, "group": group}
        await self._order("talk.receipt", given)

    async def flood(self, phones: Sequence[str], count: int, *, contacts: int = 1, rate: float = 0.0) -> RemoteFlood:
        """`count` texts to each phone, from `contacts` people, `rate` per second in all; 0 is as fast as it goes."""
        given = {"phones": list(phones), "count": count, "contacts": contacts, "rate": rate}
        return msgspec.convert(await self._order("talk.flood", given), RemoteFlood)

    async def forget_session(self, person: str, account: str) -> None:
        """The person's phone cannot read the account's next message and asks for it again."""
        await self._order("talk.forget_session", {"person": person, "account": account})

    async def answer_with(self, person: str, *kinds: str) -> None:
        """The receipts a phone sends by itself for every message: delivered, read, or none."""
        await self._order("talk.answers", {"person": person, "kinds": list(kinds)})

    async def seen(self, person: str, since: int = 0) -> list[RemoteSeen]:
        """What the person's phone decrypted, in the order it came, from place `since` on."""
        answer = await self._order("talk.seen", {"person": person, "since": since})
        return msgspec.convert(answer, list[RemoteSeen])

    async def receipts(self, person: str) -> list[RemoteReceipt]:
        """Receipts that reached the person's phone."""
        return msgspec.convert(await self._order("talk.receipts", {"person": person}), list[RemoteReceipt])
