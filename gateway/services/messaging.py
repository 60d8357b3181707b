"""Saying things: capability, pace, the network, then the record of it."""

from __future__ import annotations

from gateway.domain.errors import NotFound, TooManyRequests, Unavailable, Unsupported
from gateway.domain.events import MessageDeleted, MessageEdited, MessageReacted, MessageSent
from gateway.domain.ids import Address, InstanceId
from gateway.domain.messages import (
    Chat,
    ChatKind,
    Media,
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
    Profile,
    Reacts,
    Session,
    ShowsActivity,
)
from gateway.services.inbox import Inbox
from gateway.sessions.registry import Registry
from gateway.storage.storage import Storage

log = get_logger(__name__)

RECORD_PAUSES = (0.2, 0.5, 1.0, 2.0)
"""Seconds between tries to record a message that the network has taken already."""


class Messaging:
    """What an API call asks, said on a network. Every method finds the instance within the caller's reach first."""

    def __init__(
        self,
        storage: Storage,
        sessions: Registry,
        inbox: Inbox,
        clock: Clock,
        *,
        sends_per_second: float,
        media_max_bytes: int,
    ) -> None:
        self._storage = storage
        self._sessions = sessions
        self._inbox = inbox
        self._clock = clock
        self._media_max_bytes = media_max_bytes
        self._pace: Buckets[InstanceId] = Buckets(rate=sends_per_second, burst=sends_per_second, clock=clock.monotonic)

    async def send(self, who: Principal, instance_id: InstanceId, message: OutgoingMessage) -> SentMessage:
        """Say something; returns after it is recorded.

        Raises NotConnected, TooManyRequests (over the instance's pace, or the network's), NetworkRefused,
        NetworkUnreachable, InvalidInput. Unavailable with code `sent_not_recorded` means that it did leave.
        """
        session = await self._session(who, instance_id)
        wait = self._pace.take(instance_id)
        if wait:
            raise TooManyRequests(
                f"Instance {instance_id} sends faster than its pace; try again in {wait:.1f} s.", retry_after=wait
            )
        sent = await session.send(message)
        content = message.content
        media = content if isinstance(content, OutgoingMedia) else None
        await self._record(
            MessageSent(
                instance_id=instance_id,
                at=self._clock.now(),
                message=sent.message,
                media_url=media.source_url if media else None,
                media_size=len(media.data) if media else 0,
            )
        )
        return sent

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
        content = await session.edit(chat, network_id, text, text_format)
        await self._record(
            MessageEdited(
                instance_id=instance_id,
                at=self._clock.now(),
                chat=await self._chat(instance_id, chat),
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
        await session.delete(chat, network_id)
        await self._record(
            MessageDeleted(
                instance_id=instance_id,
                at=self._clock.now(),
                chat=await self._chat(instance_id, chat),
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
        await session.react(chat, network_id, emoji)
        await self._record(
            MessageReacted(
                instance_id=instance_id,
                at=self._clock.now(),
                chat=await self._chat(instance_id, chat),
                network_id=network_id,
                sender=None,
                emoji=(emoji,) if emoji else (),
                from_me=True,
            )
        )

    async def show_activity(self, who: Principal, instance_id: InstanceId, chat: Address, activity: str) -> None:
        """Show `typing` and the like in a chat for some seconds."""
        session = await self._session(who, instance_id)
        if not isinstance(session, ShowsActivity):
            raise Unsupported("This provider cannot show activity.")
        await session.show_activity(chat, activity)

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
        stored = await self._storage.messages.find(who, instance_id, chat, network_id)
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
