"""A client of `/api/v1/multi-provider`: the same instances, addressed by network and id."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from gateway.client.instance_answers import SentMessage
from gateway.client.transport import Transport, part

_PATH = "/api/v1/multi-provider"


class NewInstance(Struct, frozen=True, rename="camel"):
    """An instance just made."""

    instance_id: str
    provider: str
    status: str


class ListedInstance(Struct, frozen=True):
    """One of the list."""

    instance_id: str
    provider_type: str
    status: str


class ListedInstances(Struct, frozen=True):
    """All of them."""

    instances: list[ListedInstance]


class ActiveProviders(Struct, frozen=True, rename="camel"):
    """What runs."""

    providers: list[str]
    """Networks by name."""
    active_providers: list[str]
    """Instances by id."""


class ProviderStatus(Struct, frozen=True, kw_only=True):
    """How an instance is doing, in its network's words."""

    provider: str
    status: str
    state: str
    info: dict[str, Any] | None = None


class Deleted(Struct, frozen=True, rename="camel"):
    """It is gone."""

    instance_id: str
    status: str


class MultiProviderClient:
    """What `ManagerClient.multi_provider` gives. Every method raises `ClientError`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def create(self, provider: str, config: Mapping[str, Any]) -> NewInstance:
        """Make an instance; `config` is its network's (`{"botToken": ...}`)."""
        body = {"provider": provider, "config": config}
        return await self._transport.ask("POST", f"{_PATH}/instances", NewInstance, body=body)

    async def list(self, *, provider: str | None = None) -> list[ListedInstance]:
        """Every instance within reach."""
        answer = await self._transport.ask("GET", f"{_PATH}/instances", ListedInstances, query={"provider": provider})
        return answer.instances

    async def active(self) -> ActiveProviders:
        """Which networks and instances run."""
        return await self._transport.ask("GET", f"{_PATH}/active-providers", ActiveProviders)

    async def status(self, provider: str, instance_id: str) -> ProviderStatus:
        """How one is doing. Raises `ClientError` with status 404 when it is not there."""
        return await self._transport.ask("GET", _of(provider, instance_id, "status"), ProviderStatus)

    async def send(
        self, provider: str, instance_id: str, to: str | int, message: str, *, idempotency_key: str | None = None
    ) -> SentMessage:
        """Say a text. It carries an idempotency key, yours or one made for the call, and is safely tried again."""
        body = {"to": str(to), "message": message}
        return await self._send(_of(provider, instance_id, "send-message"), body, idempotency_key)

    async def send_media(
        self,
        provider: str,
        instance_id: str,
        to: str | int,
        url: str,
        *,
        caption: str | None = None,
        idempotency_key: str | None = None,
    ) -> SentMessage:
        """Have the gateway fetch a file from a public URL and send it; safely tried again in the same way."""
        body = {"to": str(to), "mediaUrl": url, "caption": caption}
        return await self._send(_of(provider, instance_id, "send-media"), body, idempotency_key)

    async def _send(self, path: str, body: Mapping[str, Any], key: str | None) -> SentMessage:
        return await self._transport.ask(
            "POST", path, SentMessage, body=body, key=key or str(uuid.uuid4()), repeat=True
        )

    async def contacts(self, provider: str, instance_id: str) -> Sequence[Mapping[str, Any]]:
        """Whom it knows."""
        return (await self._transport.ask("GET", _of(provider, instance_id, "contacts"), _Contacts)).contacts

    async def chats(self, provider: str, instance_id: str) -> Sequence[Mapping[str, Any]]:
        """Where it talks."""
        return (await self._transport.ask("GET", _of(provider, instance_id, "chats"), _Chats)).chats

    async def delete(self, provider: str, instance_id: str) -> Deleted:
        """Stop it and remove it with everything that is kept of it."""
        return await self._transport.ask("DELETE", _of(provider, instance_id), Deleted)


class _Contacts(Struct, frozen=True):
    contacts: list[dict[str, Any]]


class _Chats(Struct, frozen=True):
    chats: list[dict[str, Any]]


def _of(provider: str, instance_id: str, *parts: str) -> str:
    return "/".join((_PATH, "instances", part(provider), part(instance_id), *parts))
