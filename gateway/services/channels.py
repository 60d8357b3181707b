"""Broadcast channels an instance follows."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.domain.errors import Unsupported
from gateway.domain.groups import Channel
from gateway.domain.ids import InstanceId
from gateway.domain.messages import Message
from gateway.domain.tenants import Principal
from gateway.providers.contract import FollowsChannels
from gateway.services.live import Live


class Channels:
    """Reading what channels say. Raises NotConnected, Unsupported, NetworkRefused, NetworkUnreachable."""

    def __init__(self, live: Live) -> None:
        self._live = live

    async def list(self, who: Principal, instance_id: InstanceId) -> Sequence[Channel]:
        """The channels it follows."""
        return await (await self._session(who, instance_id)).channels()

    async def messages(
        self, who: Principal, instance_id: InstanceId, channel: str, *, limit: int, before: int | None
    ) -> Sequence[Message]:
        """What a channel said, newest first; `before` is a message's number in it."""
        session = await self._session(who, instance_id)
        address = await self._live.address(who, instance_id, channel, "channelId")
        return await session.channel_messages(address, limit=limit, before=before)

    async def _session(self, who: Principal, instance_id: InstanceId) -> FollowsChannels:
        session = await self._live.session(who, instance_id)
        if not isinstance(session, FollowsChannels):
            raise Unsupported("This provider has no channels to read.")
        return session
