"""A network's POST, brought to the session it is for."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.domain.errors import Forbidden, NotFound, Unavailable
from gateway.domain.ids import InstanceId
from gateway.domain.instances import Instance, ProviderName
from gateway.kit.clock import Clock
from gateway.providers.contract import HookReply, ReceivesHooks
from gateway.services.hook_proofs import slack_challenge, verifies
from gateway.sessions.registry import Registry
from gateway.storage.storage import Storage


class Hooks:
    """Answers networks. Whatever is wrong with the address is the same "not found", without detail."""

    def __init__(self, storage: Storage, sessions: Registry, clock: Clock) -> None:
        self._storage = storage
        self._sessions = sessions
        self._clock = clock

    async def receive(
        self, provider: str, instance_id: InstanceId, headers: Mapping[str, str], body: bytes
    ) -> HookReply:
        """Verify and take one POST; returns after the commit.

        Raises NotFound for an unknown instance or another provider's, Unauthenticated for a bad signature, and
        Unavailable while the session is not running, so that the network keeps the news and tries again.
        """
        instance = await self._instance(provider, instance_id)
        session = self._sessions.find(instance_id)
        if session is None:
            return await self._without_session(instance, headers, body)
        if not isinstance(session, ReceivesHooks):
            raise NotFound("Not found")
        return await session.hook(headers, body)

    async def verify(self, provider: str, instance_id: InstanceId, token: str) -> None:
        """Return when this is the verify token that the instance was configured with; the session need not run.

        Raises NotFound as `receive` does, and Forbidden for any other token.
        """
        instance = await self._instance(provider, instance_id)
        if not verifies(await self._storage.instances.credentials(instance.id), token):
            raise Forbidden("Forbidden")

    async def _instance(self, provider: str, instance_id: InstanceId) -> Instance:
        instance = await self._storage.instances.find(instance_id)
        if instance is None or instance.provider != provider:
            raise NotFound("Not found")
        return instance

    async def _without_session(self, instance: Instance, headers: Mapping[str, str], body: bytes) -> HookReply:
        if instance.provider is ProviderName.SLACK:
            # Slack asks this once, when somebody enters the URL; there is no news in it that could be lost.
            credentials = await self._storage.instances.credentials(instance.id)
            challenge = slack_challenge(credentials, headers, body, self._clock.now())
            if challenge is not None:
                return HookReply(body=challenge.encode())
        raise Unavailable("The instance is not running; the network may try again.", retry_after=30)
