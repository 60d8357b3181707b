"""A network's POST, brought to the session it is for."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.domain.errors import NotFound, Unavailable
from gateway.domain.ids import InstanceId
from gateway.providers.contract import HookReply, ReceivesHooks
from gateway.sessions.registry import Registry
from gateway.storage.storage import Storage


class Hooks:
    """Answers networks. Whatever is wrong with the address is the same "not found", without detail."""

    def __init__(self, storage: Storage, sessions: Registry) -> None:
        self._storage = storage
        self._sessions = sessions

    async def receive(
        self, provider: str, instance_id: InstanceId, headers: Mapping[str, str], body: bytes
    ) -> HookReply:
        """Verify and take one POST; returns after the commit.

        Raises NotFound for an unknown instance or another provider's, Unauthenticated for a bad signature, and
        Unavailable while the session is not running, so that the network keeps the news and tries again.
        """
        instance = await self._storage.instances.find(instance_id)
        if instance is None or instance.provider != provider:
            raise NotFound("Not found")
        session = self._sessions.find(instance_id)
        if session is None:
            raise Unavailable("The instance is not running; the network may try again.", retry_after=30)
        if not isinstance(session, ReceivesHooks):
            raise NotFound("Not found")
        return await session.hook(headers, body)
