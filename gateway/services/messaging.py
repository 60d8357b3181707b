"""Saying things: capability, pace, the network, then the record of it."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from gateway.domain.errors import InvalidInput, NotFound, TooManyRequests, Unavailable, Unsupported
from gateway.domain.events import MessageDeleted, MessageEdited, MessageReacted, MessageSent
from gateway.domain.ids import Address, InstanceId
from gateway.domain.instances import Instance
from gateway.domain.messages import (
    Chat,
    ChatKind,
    Media,
    Message,
    MessageKey,
    MessageSource,
    OutgoingMedia,
    OutgoingMessage,
    SentMessage,
    TextFormat,
)
from gateway.domain.tenants import Principal
from gateway.kit.clock import Clock
from gateway.kit.log import get_logger
from gateway.kit.ratelimit import Buckets
from gateway.providers.contract import (
    AnswersButtons,
    DeletesMessages,
    EditsMessages,
    FetchedMedia,
    FetchesMedia,
    KnowsItself,
    MarksRead,
    Profile,
    Reacts,
    Session,
    ShowsActivity,
)
from gateway.services.addresses import Addresses
from gateway.services.inbox import Inbox
from gateway.services.pacer import Pace, Pacer, Paces
from gateway.services.usage_limits import UsageLimiting
from gateway.sessions.registry import Registry
from gateway.storage.storage import Storage

log = get_logger(__name__)

RECORD_PAUSES = (0.2, 0.5, 1.0, 2.0)
"""Seconds between tries to record a message that the network has taken already."""
MOST_READ = 50
"""Messages marked as read at once, and how far back "the whole chat" reaches."""


class Messaging:
    """What an API call asks, said on a network. Every method finds the instance within the caller's reach first."""

    def __init__(
        self,
        storage: Storage,
        sessions: Registry,
        inbox: Inbox,
        clock: Clock,
        addresses: Addresses,
        limiting: UsageLimiting,
        *,
        sends_per_second: float,
        media_max_bytes: int,
        default_pace: Pace = Pace(),
    ) -> None:
        self._storage = storage
        self._sessions = sessions
        self._inbox = inbox
        self._clock = clock
        self._addresses = addresses
        self._limiting = limiting
        self._media_max_bytes = media_max_bytes
        self._pace: Buckets[InstanceId] = Buckets(rate=sends_per_second, burst=sends_per_second, clock=clock.monotonic)
        self._pacer = Pacer(clock)
        self._paces = Paces(storage, default_pace)

    async def send(self, who: Principal, instance_id: InstanceId, message: OutgoingMessage) -> SentMessage:
        """Say something; returns after it is recorded.

        Raises NotConnected, TooManyRequests (over the instance's pace or limits, or the network's), NetworkRefused,
        NetworkUnreachable, InvalidInput. Unavailable with code `sent_not_recorded` means that it did leave.
        """
        session = await self._session(who, instance_id)
        message = structs.replace(
            message,
            to=await self._address(who, instance_id, message.to),
            mentions=tuple([await self._address(who, instance_id, each) for each in message.mentions]),
        )
        if message.reply_to is not None and message.quoted is None:
            stored = await self._storage.messages.find(who, instance_id, message.to, message.reply_to)
            message = structs.replace(message, quoted=stored.message if stored else None)
        wait = self._pace.take(instance_id)
        if wait:
            raise TooManyRequests(
                f"Instance {instance_id} sends faster than its pace; try again in {wait:.1f} s.", retry_after=wait
            )
        content = message.content
        media = content if isinstance(content, OutgoingMedia) else None
        instance = await self._storage.instances.get(who, instance_id)
        async with self._limiting.sending(instance, media_size=len(media.data) if media else None):
            return await self._send(session, instance, message, media)

    async def _send(
        self, session: Session, instance: Instance, message: OutgoingMessage, media: OutgoingMedia | None
    ) -> SentMessage:
        await self._keep_pace(instance, message.to)
        with self._inbox.underway.sending(instance.id):
            sent = await session.send(message)
            await self._record(
                MessageSent(
                    instance_id=instance.id,
                    at=self._clock.now(),
                    message=sent.message,
                    media_url=media.source_url if media else None,
                    media_size=len(media.data) if media else 0,
                    source=MessageSource.API,
                )
            )
        return sent

    async def _keep_pace(self, instance: Instance, chat: Address) -> None:
        pace = await self._paces.of(instance)
        if pace.is_off:
            return
        known = not pace.first_contacts_per_minute or await self._storage.messages.any_in(instance.id, chat)
        wait = self._pacer.take(instance.id, pace, known_chat=known)
        if wait is not None:
            why = "keeps the pace it was given" if known else "keeps the pace it was given for first contacts"
            raise TooManyRequests(
                f"Instance {instance.id} {why}; try again in {wait:.1f} s.", retry_after=wait, code="paced"
            )

    async def edit(
        self,
        who: Principal,
        instance_id: InstanceId,
        chat: Address,
        network_id: str,
        text: str,
        text_format: TextFormat,
    ) -> None:
        """Replace the words of a message the instance sent."""
        session = await self._session(who, instance_id)
        if not isinstance(session, EditsMessages):
            raise Unsupported("This provider cannot edit messages.")
        key = await self._key(who, instance_id, chat, network_id)
        content = await session.edit(key, text, text_format)
        await self._record(
            MessageEdited(
                instance_id=instance_id,
                at=self._clock.now(),
                chat=await self._chat(instance_id, key.chat),
                network_id=network_id,
                content=content,
                from_me=True,
            )
        )

    async def delete(self, who: Principal, instance_id: InstanceId, chat: Address, network_id: str) -> None:
        """Take a message back for everyone."""
        session = await self._session(who, instance_id)
        if not isinstance(session, DeletesMessages):
            raise Unsupported("This provider cannot delete messages.")
        key = await self._key(who, instance_id, chat, network_id)
        await session.delete(key)
        await self._record(
            MessageDeleted(
                instance_id=instance_id,
                at=self._clock.now(),
                chat=await self._chat(instance_id, key.chat),
                network_id=network_id,
                from_me=True,
            )
        )

    async def react(
        self, who: Principal, instance_id: InstanceId, chat: Address, network_id: str, emoji: str | None
    ) -> None:
        """React to a message; None withdraws the reaction."""
        session = await self._session(who, instance_id)
        if not isinstance(session, Reacts):
            raise Unsupported("This provider cannot react to messages.")
        key = await self._key(who, instance_id, chat, network_id, ours=False)
        await session.react(key, emoji)
        await self._record(
            MessageReacted(
                instance_id=instance_id,
                at=self._clock.now(),
                chat=await self._chat(instance_id, key.chat),
                network_id=network_id,
                sender=None,
                emoji=(emoji,) if emoji else (),
                from_me=True,
            )
        )

    async def mark_read(
        self, who: Principal, instance_id: InstanceId, chat: Address, network_ids: Sequence[str] = ()
    ) -> None:
        """Tell the senders that these messages were read; without ids, the last ones that others wrote in the chat."""
        session = await self._session(who, instance_id)
        if not isinstance(session, MarksRead):
            raise Unsupported("This provider cannot mark messages as read.")
        if len(network_ids) > MOST_READ:
            raise InvalidInput(f"messageIds must have at most {MOST_READ} entries", field="messageIds")
        if network_ids:
            keys = [await self._key(who, instance_id, chat, each, ours=False) for each in network_ids]
        else:
            address = await self._address(who, instance_id, chat)
            latest, _ = await self._storage.messages.page(who, instance_id, address, limit=MOST_READ, skip=0)
            keys = [_key_of(each.message) for each in latest if not each.message.from_me]
        if keys:
            await session.mark_read(keys)

    async def show_activity(self, who: Principal, instance_id: InstanceId, chat: Address, activity: str) -> None:
        """Show `typing` and the like in a chat for some seconds."""
        session = await self._session(who, instance_id)
        if not isinstance(session, ShowsActivity):
            raise Unsupported("This provider cannot show activity.")
        await session.show_activity(await self._address(who, instance_id, chat), activity)

    async def answer_button(
        self, who: Principal, instance_id: InstanceId, query_id: str, text: str | None, alert: bool
    ) -> None:
        """Acknowledge a pressed button."""
        session = await self._session(who, instance_id)
        if not isinstance(session, AnswersButtons):
            raise Unsupported("This provider has no buttons to answer.")
        await session.answer_button(query_id, text, alert)

    async def profile(self, who: Principal, instance_id: InstanceId) -> Profile:
        """Who the instance is on its network, asked there now."""
        session = await self._session(who, instance_id)
        if not isinstance(session, KnowsItself):
            raise Unsupported("This provider does not tell who it is.")
        return await session.profile()

    async def media(
        self, who: Principal, instance_id: InstanceId, chat: Address, network_id: str
    ) -> tuple[FetchedMedia, Media]:
        """The bytes of a stored media message, fetched from the network now; no public URL is kept anywhere."""
        await self._storage.instances.get(who, instance_id)
        address = await self._address(who, instance_id, chat)
        stored = await self._storage.messages.find(who, instance_id, address, network_id)
        if stored is None:
            raise NotFound(f"Message {network_id} not found")
        content = stored.message.content
        if not isinstance(content, Media):
            raise NotFound(f"Message {network_id} has no media")
        session = self._sessions.get(instance_id)
        if not isinstance(session, FetchesMedia):
            raise Unsupported("This provider cannot fetch media.")
        return await session.fetch_media(content.ref, max_bytes=self._media_max_bytes), content

    async def _session(self, who: Principal, instance_id: InstanceId) -> Session:
        await self._storage.instances.get(who, instance_id)
        return self._sessions.get(instance_id)

    async def _address(self, who: Principal, instance_id: InstanceId, text: str) -> Address:
        return await self._addresses.of(await self._storage.instances.get(who, instance_id), text)

    async def _key(
        self, who: Principal, instance_id: InstanceId, chat: str, network_id: str, *, ours: bool = True
    ) -> MessageKey:
        """What the network needs to find a message again; `ours` is what to believe of one that is not stored."""
        address = await self._address(who, instance_id, chat)
        stored = await self._storage.messages.find(who, instance_id, address, network_id)
        if stored is not None:
            return _key_of(stored.message)
        return MessageKey(chat=address, network_id=network_id, from_me=ours)

    async def _chat(self, instance_id: InstanceId, address: Address) -> Chat:
        seen = await self._storage.contacts.chat(instance_id, address)
        if seen is None:
            kind = ChatKind.GROUP if address.startswith("-") else ChatKind.PRIVATE
            return Chat(address=address, kind=kind)
        return Chat(address=seen.address, kind=seen.kind, title=seen.title, username=seen.username)

    async def _record(self, event: MessageSent | MessageEdited | MessageDeleted | MessageReacted) -> None:
        """Commit what the network has done already. It cannot be undone, so this tries harder than once."""
        for pause in (*RECORD_PAUSES, None):
            try:
                await self._inbox.accept(event)
            except Unavailable as error:
                if pause is None:
                    raise Unavailable(
                        "The network took it, but the record of it could not be stored; do not send it again.",
                        code="sent_not_recorded",
                    ) from error
                log.warning("record_delayed", instance_id=event.instance_id, code=error.code)
                await self._clock.sleep(pause)
            else:
                return


def _key_of(message: Message) -> MessageKey:
    return MessageKey(
        chat=message.chat.address,
        network_id=message.network_id,
        from_me=message.from_me,
        sender=message.sender.address,
    )
