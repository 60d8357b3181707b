"""What a linked device can do for a caller: each in a line or two, the work is in the module of its noun.

Modules that need neonize as soon as they are imported are imported where they are used: Go is loaded by `library.load`,
in a thread, when the first session runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gateway.domain.contacts import NumberCheck, Picture
from gateway.domain.errors import NetworkRefused, NotConnected
from gateway.domain.events import ContactsUpdated
from gateway.domain.groups import Channel, Group, GroupChange, MemberChange, MemberResult
from gateway.domain.ids import Address
from gateway.domain.messages import Content, Message, MessageKey, OutgoingMessage, Person, SentMessage, TextFormat
from gateway.providers.contract import FetchedMedia, Profile, SessionContext
from gateway.providers.whatsapp import book, rooms
from gateway.providers.whatsapp.jids import to_jid
from gateway.providers.whatsapp.link import Link
from gateway.providers.whatsapp.refusals import refusals
from gateway.providers.whatsapp.shared import Shared
from gateway.providers.whatsapp.watch import Watch

if TYPE_CHECKING:
    from neonize.aioze.client import NewAClient

    from gateway.providers.whatsapp.context import Context
    from gateway.providers.whatsapp.reader import Reader

PEOPLE_IN_ONE = 500


class Doing:
    """The verbs of a session. Each raises NotConnected while there is no connection, and what `refusals` makes."""

    def __init__(self, context: SessionContext, shared: Shared, watch: Watch) -> None:
        self._context = context
        self._shared = shared
        self._watch = watch
        self._reader: Reader | None = None
        self.link: Link | None = None

    @property
    def client(self) -> NewAClient:
        """The live client."""
        if self.link is None or not self.link.live:
            raise NotConnected(self._context.instance.id)
        return self.link.client

    # -- messages -------------------------------------------------------------------------------------------------

    async def send(self, message: OutgoingMessage) -> SentMessage:
        """Say something; returns when WhatsApp acknowledged it."""
        from gateway.providers.whatsapp.outbound.sending import send
        from gateway.providers.whatsapp.refusals import REACH_OUT_LOCK

        try:
            sent = await send(self.client, self._shared.egress, message, self._about())
        except NetworkRefused as error:
            if error.code == REACH_OUT_LOCK:
                self._watch.locked()
            raise
        self._watch.heard()
        return sent

    async def edit(self, key: MessageKey, text: str, text_format: TextFormat) -> Content:
        """Replace the words of a message we sent."""
        from gateway.providers.whatsapp.outbound import changes

        return await changes.edit(self.client, key, text, text_format)

    async def delete(self, key: MessageKey) -> None:
        """Take a message back for everyone."""
        from gateway.providers.whatsapp.outbound import changes

        await changes.delete(self.client, key)

    async def react(self, key: MessageKey, emoji: str | None) -> None:
        """Set our reaction, or withdraw it with None."""
        from gateway.providers.whatsapp.outbound import changes

        await changes.react(self.client, key, emoji)

    async def mark_read(self, keys: Sequence[MessageKey]) -> None:
        """Tell the senders that their messages were read."""
        from gateway.providers.whatsapp.outbound import changes

        await changes.mark_read(self.client, keys)

    async def show_activity(self, chat: Address, activity: str) -> None:
        """Show typing or recording for some seconds; `paused` ends it."""
        await book.show_activity(self.client, chat, activity)

    async def fetch_media(self, ref: str, *, max_bytes: int) -> FetchedMedia:
        """Download the file behind a message's `ref`."""
        from gateway.providers.whatsapp.download import fetch

        return await fetch(self.client, ref, self._context.clock, max_bytes=max_bytes)

    # -- people ---------------------------------------------------------------------------------------------------

    async def profile(self) -> Profile:
        """Which account this is."""
        about = self._about()
        if self.link is None or about.pn is None:
            raise NotConnected(self._context.instance.id)
        return Profile(address=about.pn, name=self._reader.own_name if self._reader else "")

    def account(self) -> str | None:
        """The linked phone's number."""
        pn = self._reader.about().pn if self.link is not None and self._reader is not None else None
        return pn.partition("@")[0] if pn else None

    async def people(self) -> Sequence[Person]:
        """The phone's address book and everybody met."""
        saved, met = await book.people(self.client, self._about())
        return [*saved, *met]

    async def check_numbers(self, numbers: Sequence[str]) -> Sequence[NumberCheck]:
        """Whether these numbers are on WhatsApp."""
        return await book.check_numbers(self.client, numbers, self._about())

    async def picture(self, address: Address, *, preview: bool = False) -> Picture | None:
        """A profile picture; None when there is none."""
        return await book.picture(self.client, address, preview=preview)

    async def about(self, address: Address) -> str:
        """What a person says about themselves."""
        return await book.about_text(self.client, address)

    async def blocked(self) -> Sequence[Person]:
        """Who is blocked."""
        people = await book.blocked(self.client, self._about())
        hidden = frozenset(each.lid for each in people if each.lid and not each.pn)
        if hidden and self._reader is not None and await self._reader.look_up(hidden):
            people = await book.blocked(self.client, self._about())
        return people

    async def set_blocked(self, address: Address, blocked: bool) -> None:
        """Block or unblock somebody."""
        await book.set_blocked(self.client, address, blocked)

    async def watch_presence(self, address: Address) -> None:
        """Be told whether somebody is online. WhatsApp tells it only to accounts that are seen online themselves."""
        await book.watch_presence(self.client, address)

    async def set_presence(self, available: bool) -> None:
        """Be seen as online, or not."""
        await book.set_presence(self.client, available)

    async def tell_people(self) -> None:
        """Tell the names this device knows. What was told before stops at the store."""
        saved, met = await book.people(self.client, self._about())
        for people, is_book in ((saved, True), (met, False)):
            for start in range(0, len(people), PEOPLE_IN_ONE):
                some = tuple(people[start : start + PEOPLE_IN_ONE])
                digest = book.digest(some)
                await self._context.emit(
                    ContactsUpdated(
                        instance_id=self._context.instance.id,
                        at=self._context.clock.now(),
                        dedupe_key=f"people:{'book' if is_book else 'met'}:{digest}",
                        people=some,
                        from_address_book=is_book,
                    )
                )

    # -- groups, channels, calls ----------------------------------------------------------------------------------

    async def groups(self) -> Sequence[Group]:
        """The groups the account is in."""
        return await rooms.groups(self.client, self._about())

    async def group(self, address: Address) -> Group:
        """One group with its members."""
        return await rooms.group(self.client, address, self._about())

    async def create_group(self, subject: str, members: Sequence[Address]) -> Group:
        """Make a group."""
        return await rooms.create(self.client, subject, members, self._about())

    async def change_group(self, address: Address, change: GroupChange) -> None:
        """Change its settings."""
        await rooms.change(self.client, address, change)

    async def change_members(
        self, address: Address, change: MemberChange, members: Sequence[Address]
    ) -> Sequence[MemberResult]:
        """Add, remove, promote or demote."""
        return await rooms.change_members(self.client, address, change, members, self._about())

    async def leave_group(self, address: Address) -> None:
        """Leave."""
        await rooms.leave(self.client, address)

    async def invite_link(self, address: Address, *, reset: bool = False) -> str:
        """The link others can join with."""
        return await rooms.invite_link(self.client, address, reset=reset)

    async def join_group(self, link: str) -> Address:
        """Join by a link or its code."""
        return await rooms.join(self.client, link)

    async def channels(self) -> Sequence[Channel]:
        """The channels the account follows."""
        from gateway.providers.whatsapp import channel_posts

        return await channel_posts.channels(self.client)

    async def channel_messages(self, address: Address, *, limit: int, before: int | None = None) -> Sequence[Message]:
        """What was posted in a channel, newest first."""
        from gateway.providers.whatsapp import channel_posts

        return await channel_posts.posts(self.client, address, self._about(), limit=limit, before=before)

    async def reject_call(self, call_id: str, caller: Address) -> None:
        """Turn a ringing call down."""
        with refusals("reject the call"):
            await self.client.reject_call(to_jid(caller), call_id)

    # -- beneath --------------------------------------------------------------------------------------------------

    def _about(self) -> Context:
        if self._reader is None:
            raise NotConnected(self._context.instance.id)
        return self._reader.about()

    async def ping(self) -> None:
        """Ask WhatsApp something cheap."""
        with refusals("answer"):
            await self._ask()

    async def _ask(self) -> object:
        """Something cheap that only a living connection answers: that this device is active, which it says anyway."""
        return await self.client.set_passive(False)
