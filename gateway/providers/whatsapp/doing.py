"""What a linked device can do for a caller; each in one line, the work is in the module of its noun."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.domain.errors import NotConnected
from gateway.domain.ids import Address
from gateway.domain.messages import OutgoingMessage, SentMessage
from gateway.providers.contract import SessionContext
from gateway.providers.whatsapp.link import Link
from gateway.providers.whatsapp.shared import Shared
from gateway.providers.whatsapp.watch import Watch

if TYPE_CHECKING:
    from neonize.aioze.client import NewAClient


class Doing:
    """The verbs of a session."""

    def __init__(self, context: SessionContext, shared: Shared, watch: Watch) -> None:
        self._context = context
        self._shared = shared
        self._watch = watch
        self.link: Link | None = None

    @property
    def client(self) -> NewAClient:
        """The live client. Raises NotConnected when there is none."""
        if self.link is None or not self.link.live:
            raise NotConnected(self._context.instance.id)
        return self.link.client

    async def send(self, message: OutgoingMessage) -> SentMessage:
        from datetime import UTC, datetime
        from gateway.domain.messages import Message, Chat, ChatKind, Person
        from gateway.providers.whatsapp.jids import to_jid

        r = await self.client.send_message(to_jid(message.to), message.content.text)
        return SentMessage(
            message=Message(
                network_id=r.ID,
                chat=Chat(address=message.to, kind=ChatKind.PRIVATE),
                sender=Person(address="me"),
                content=message.content,
                sent_at=datetime.now(UTC),
                from_me=True,
            )
        )

    async def reject_call(self, call_id: str, caller: Address) -> None: ...
    async def set_presence(self, available: bool) -> None: ...
    async def tell_people(self) -> None: ...
    async def _ask(self) -> object:
        return await self.client.set_passive(False)
