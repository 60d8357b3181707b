"""A client of `/api/v1/instances`: whoever manages instances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.client.instance import InstanceClient
from gateway.client.manager_answers import (
    AuthStatus,
    Created,
    Done,
    InstanceList,
    Key,
    KeyAnswer,
    LogLine,
    LogsAnswer,
    ManagedInstance,
    Processed,
    Qr,
    ShownInstance,
)
from gateway.client.multi_provider import MultiProviderClient
from gateway.client.transport import Client, part

_PATH = "/api/v1/instances"


class ManagerClient(Client):
    """One gateway's `/api/v1`, asked with the credential of somebody who manages instances.

        async with ManagerClient("https://gateway.example.com", api_key=KEY) as manager:
            made = await manager.create("acme", "telegram", token=BOT_TOKEN)
            bot = manager.instance(made.api_key)
            await bot.telegram_send(chat_id, "Hello")

    Every method raises `ClientError`.
    """

    def instance(self, key: str) -> InstanceClient:
        """The routes of one instance, which its key selects, over this client's connections."""
        return InstanceClient(self.url, token=key, retries=self.retries, http=self._http)

    @property
    def multi_provider(self) -> MultiProviderClient:
        """The same instances in the words of `/api/v1/multi-provider`."""
        return MultiProviderClient(self._transport)

    # ------------------------------------------------------------ made and shown

    async def create(
        self,
        company_id: str,
        provider: str,
        *,
        token: str | None = None,
        config: Mapping[str, Any] | None = None,
        type_instance: Sequence[str] = ("api",),
        webhook: Mapping[str, Any] | None = None,
        agent: Mapping[str, Any] | None = None,
        name: str | None = None,
    ) -> Created:
        """Make an instance and start it in the background: it answers before its network has.

        `company_id` is a label of yours, `token` a bot's, `webhook` the `api_webhook_schema` and `agent` the
        `agno_config` of the API.
        """
        body = {
            "company_id": company_id,
            "provider": provider,
            "token": token,
            "config": config,
            "type_instance": list(type_instance),
            "api_webhook_schema": webhook,
            "agno_config": agent,
            "name": name,
        }
        return await self._transport.ask("POST", _PATH, Created, body=body)

    async def list(self, *, company_id: str | None = None, provider: str | None = None) -> list[ManagedInstance]:
        """Every instance within reach, oldest first."""
        query = {"company_id": company_id, "provider": provider}
        return (await self._transport.ask("GET", _PATH, InstanceList, query=query)).instances

    async def get(self, instance_id: str) -> ManagedInstance:
        """One instance."""
        return (await self._transport.ask("GET", _of(instance_id), ShownInstance)).instance

    async def delete(self, instance_id: str) -> None:
        """Stop it and remove it with everything that is kept of it."""
        await self._transport.ask("DELETE", _of(instance_id), Done)

    # ------------------------------------------------------------ started and stopped

    async def process(self, instance_id: str, *, force_recreate: bool = False) -> Processed:
        """Start its session if it does not run, anew if its settings changed. `force_recreate` forgets its login."""
        body = {"force_recreate": force_recreate}
        return await self._transport.ask(
            "POST", _of(instance_id, "process"), Processed, body=body, repeat=not force_recreate
        )

    async def start(self, instance_id: str) -> None:
        """Run its session, and keep it running over restarts."""
        await self._transport.ask("POST", _of(instance_id, "start"), Done, repeat=True)

    async def stop(self, instance_id: str) -> None:
        """End its session and keep it stopped over restarts. Its login stays."""
        await self._transport.ask("POST", _of(instance_id, "stop"), Done, repeat=True)

    async def restart(self, instance_id: str) -> None:
        """Open its session anew, whatever state it is in."""
        await self._transport.ask("POST", _of(instance_id, "restart"), Done, repeat=True)

    # ------------------------------------------------------------ logged in

    async def auth_status(self, instance_id: str) -> AuthStatus:
        """Whether it is logged in at its network."""
        return await self._transport.ask("GET", _of(instance_id, "auth-status"), AuthStatus)

    async def qr(self, instance_id: str) -> Qr:
        """The code to scan now. Raises NotFound while there is none."""
        return await self._transport.ask("GET", _of(instance_id, "qr"), Qr)

    async def api_key(self, instance_id: str) -> Key:
        """The key of the instance, and how it is used."""
        return (await self._transport.ask("GET", _of(instance_id, "api-key"), KeyAnswer)).data

    async def rotate_api_key(self, instance_id: str) -> Key:
        """A new secret key, told this once; the former one ends now. Raises Conflict where keys are ids."""
        return (await self._transport.ask("POST", _of(instance_id, "api-key", "rotate"), KeyAnswer)).data

    async def logs(self, instance_id: str, *, tail: int = 100) -> Sequence[LogLine]:
        """The last lines of its session, oldest first."""
        answer = await self._transport.ask("GET", _of(instance_id, "logs"), LogsAnswer, query={"tail": tail})
        return answer.data.logs


def _of(instance_id: str, *parts: str) -> str:
    return "/".join((_PATH, part(instance_id), *parts))
