"""A client of `/api`: instances made and linked, messages sent and read, events followed."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime
from typing import Any, Self

from gateway.client.api_answers import (
    Account,
    Chats,
    Contacts,
    Done,
    Event,
    Events,
    Instance,
    Instances,
    LoggedIn,
    Messages,
    PairingCode,
    QrCode,
    Sent,
    Status,
)
from gateway.client.following import follow
from gateway.client.transport import Client, decoded, part

_NOT_YET = 202


class ApiClient(Client):
    """One gateway's `/api`, asked with one credential.

        async with ApiClient("https://gateway.example.com", api_key=KEY) as api:
            bot = await api.create("Support", provider="telegram", token=BOT_TOKEN)
            await api.send(bot.id, 79001234567, "Hello")

    Every method raises `ClientError`. A send carries an idempotency key, yours or one made for the call, so it is
    safely tried again and nothing is sent twice.
    """

    @classmethod
    async def logged_in(cls, url: str, email: str, password: str, **more: Any) -> Self:
        """A client with the login token of a user. `more` as for the constructor."""
        client = cls(url, **more)
        try:
            await client.login(email, password)
        except BaseException:
            await client.aclose()
            raise
        return client

    async def login(self, email: str, password: str) -> LoggedIn:
        """Log in; the token is this client's credential from now on."""
        body = {"email": email, "password": password}
        answer = await self._transport.ask("POST", "/api/auth/login", LoggedIn, body=body)
        self._transport = self._transport.with_bearer(answer.token)
        return answer

    async def me(self) -> Account:
        """Whose credential this is."""
        return await self._transport.ask("GET", "/api/auth/me", Account)

    # ------------------------------------------------------------ instances

    async def instances(self) -> list[Instance]:
        """Every instance within reach, oldest first."""
        return (await self._transport.ask("GET", "/api/instances", Instances)).instances

    async def create(
        self,
        name: str,
        *,
        provider: str = "whatsapp",
        token: str | None = None,
        config: Mapping[str, Any] | None = None,
        description: str | None = None,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
    ) -> Instance:
        """Make an instance and connect it in the background. `token` is a bot's; `config` what its network needs."""
        body = {
            "name": name,
            "provider": provider,
            "token": token,
            "config": config,
            "description": description,
            "webhookUrl": webhook_url,
            "webhookSecret": webhook_secret,
        }
        return await self._transport.ask("POST", "/api/instances", Instance, body=body)

    async def show(self, instance_id: str) -> Instance:
        """One instance."""
        return await self._transport.ask("GET", _of(instance_id), Instance)

    async def change(self, instance_id: str, **fields: Any) -> Instance:
        """Change what is given, in the API's own names (`webhookUrl=...`); reconnects for new network settings."""
        return await self._transport.ask("PUT", _of(instance_id), Instance, body=fields, repeat=True)

    async def delete(self, instance_id: str) -> None:
        """Stop it and remove it with everything that is kept of it."""
        await self._transport.ask("DELETE", _of(instance_id), Done)

    async def status(self, instance_id: str) -> Status:
        """Whether messages flow, and why not."""
        return await self._transport.ask("GET", _of(instance_id, "status"), Status)

    async def connect(self, instance_id: str) -> None:
        """Open its session anew, in the background, whatever state it is in."""
        await self._transport.ask("POST", _of(instance_id, "reconnect"), Done, repeat=True)

    async def disconnect(self, instance_id: str) -> None:
        """End its session and keep it stopped. Its login stays; `connect` starts it again."""
        await self._transport.ask("POST", _of(instance_id, "stop"), Done, repeat=True)

    async def logout(self, instance_id: str) -> None:
        """End its login at the network, where there is such a thing, and keep it stopped."""
        await self._transport.ask("POST", _of(instance_id, "logout"), Done)

    async def qr(self, instance_id: str) -> QrCode | None:
        """The code to scan, waiting some seconds for the first; None: not yet. Starts a stopped instance.

        Raises NotFound when no code will come, because it is connected or its network has none.
        """
        answer = await self._transport.send("GET", _of(instance_id, "qr"), query={"format": "dataurl"})
        return None if answer.status_code == _NOT_YET else decoded(answer, QrCode)

    async def pairing_code(self, instance_id: str, phone: str) -> PairingCode:
        """A code to type on the phone with this number, instead of scanning one."""
        body = {"phoneNumber": phone}
        return await self._transport.ask("POST", _of(instance_id, "pairing-code"), PairingCode, body=body)

    # ------------------------------------------------------------ sending

    async def send(
        self,
        instance_id: str,
        to: str | int,
        text: str,
        *,
        reply_to: str | None = None,
        format: str | None = None,  # noqa: A002 - the name of the API's field
        idempotency_key: str | None = None,
    ) -> Sent:
        """Say a text: `to` a phone number, a chat id, a group id or @username. `format`: plain, markdown or html."""
        body = {"phone": str(to), "message": text, "replyTo": reply_to, "format": format}
        return await self._sent(instance_id, "send", body, idempotency_key)

    async def send_media(
        self,
        instance_id: str,
        to: str | int,
        url: str,
        *,
        caption: str | None = None,
        filename: str | None = None,
        idempotency_key: str | None = None,
    ) -> Sent:
        """Have the gateway fetch a file from a public URL and send it."""
        body = {"phone": str(to), "url": url, "caption": caption, "filename": filename}
        return await self._sent(instance_id, "send-media", body, idempotency_key)

    async def send_file(
        self,
        instance_id: str,
        to: str | int,
        data: bytes,
        *,
        filename: str,
        caption: str = "",
        idempotency_key: str | None = None,
    ) -> Sent:
        """Send a file of yours."""
        files = {"phone": (None, str(to)), "caption": (None, caption), "file": (filename, data)}
        answer = await self._transport.send(
            "POST",
            f"/api/whatsapp/{part(instance_id)}/send-file",
            files=files,
            key=idempotency_key or str(uuid.uuid4()),
            repeat=True,
        )
        return decoded(answer, Sent)

    async def _sent(self, instance_id: str, how: str, body: Mapping[str, Any], key: str | None) -> Sent:
        path = f"/api/whatsapp/{part(instance_id)}/{how}"
        return await self._transport.ask("POST", path, Sent, body=body, key=key or str(uuid.uuid4()), repeat=True)

    # ------------------------------------------------------------ reading

    async def chats(self, instance_id: str, *, limit: int = 50, skip: int = 0) -> Chats:
        """Conversations, the one that moved last first."""
        query = {"limit": limit, "skip": skip}
        return await self._transport.ask("GET", _of(instance_id, "chats"), Chats, query=query)

    async def messages(
        self,
        instance_id: str,
        chat_id: str | int,
        *,
        limit: int = 50,
        skip: int = 0,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Messages:
        """A chat's messages, newest first. Both moments are inclusive and need a time zone."""
        query = {"limit": limit, "skip": skip, "startDate": _moment(since), "endDate": _moment(until)}
        path = _of(instance_id, "chats", chat_id, "messages")
        return await self._transport.ask("GET", path, Messages, query=query)

    async def media(self, instance_id: str, chat_id: str | int, message_id: str) -> bytes:
        """The file of a message, fetched from its network now."""
        path = _of(instance_id, "chats", chat_id, "messages", message_id, "media")
        return (await self._transport.send("GET", path)).content

    async def contacts(self, instance_id: str, *, search: str = "", limit: int = 100, skip: int = 0) -> Contacts:
        """Whom the instance knows, by name, connected or not."""
        query = {"search": search or None, "limit": limit, "skip": skip}
        return await self._transport.ask("GET", _of(instance_id, "contacts", "db"), Contacts, query=query)

    # ------------------------------------------------------------ events

    async def events(
        self, instance_id: str, *, after: str | None = None, types: Sequence[str] = (), limit: int = 100
    ) -> Events:
        """What happened. With `after`, a cursor, what came then, oldest first: it skips nothing and repeats nothing.

        Without it the newest first, of which `next_cursor` is where to go on.
        """
        query = {"after": after, "types": ",".join(types) or None, "limit": limit}
        return await self._transport.ask("GET", _of(instance_id, "events"), Events, query=query)

    async def follow(
        self, instance_id: str, *, after: str | None = None, types: Sequence[str] = ()
    ) -> AsyncGenerator[Event, None]:
        """Every event as it happens, from now or from `after` on, for ever.

        It comes back by itself when the connection ends, where it left off; nothing is missed and nothing told twice.
        Raises ClientError when it is refused, or when the gateway stays away for longer than `retries` allows.
        """
        if after is None:
            after = (await self.events(instance_id, limit=1)).next_cursor
        query = {"types": ",".join(types) or None}
        async for event in follow(self._transport, _of(instance_id, "events", "stream"), query, after):
            yield event


def _of(instance_id: str, *parts: str | int) -> str:
    return "/".join(("/api/instances", part(instance_id), *(part(each) for each in parts)))


def _moment(at: datetime | None) -> str | None:
    if at is not None and at.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return at.isoformat() if at else None
