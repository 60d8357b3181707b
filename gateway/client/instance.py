"""A client of the routes of one instance under `/api/v1`, which its key selects."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from gateway.client.instance_answers import BulkReport, BulkStarted, ContactItem, InstanceStatus, SentMessage
from gateway.client.transport import Client, part

T = TypeVar("T")
_BULK = "/api/v1/send-bulk"


class InstanceClient(Client):
    """One instance, by its key.

        async with InstanceClient("https://gateway.example.com", token=KEY) as line:
            await line.send("79001234567", "Hello")

    Every method raises `ClientError`. `send`, `send_media` and bulks carry an idempotency key, yours or one made for
    the call, and are safely tried again. The `telegram_...` routes know no such key: they are tried again only when the
    first try surely said nothing.
    """

    async def status(self) -> InstanceStatus:
        """Whether it is connected."""
        return await self._transport.ask("GET", "/api/v1/status", InstanceStatus)

    async def contacts(self) -> Sequence[ContactItem]:
        """Whom it knows."""
        return await self._transport.ask("GET", "/api/v1/contacts", list[ContactItem])

    async def send(self, number: str, message: str, *, idempotency_key: str | None = None) -> SentMessage:
        """Say a text."""
        body = {"number": number, "message": message}
        return await self._keyed("/api/v1/send", body, idempotency_key, SentMessage)

    async def send_media(
        self, number: str, source: str, *, caption: str | None = None, idempotency_key: str | None = None
    ) -> SentMessage:
        """Have the gateway fetch a file from a public URL and send it."""
        body = {"number": number, "source": source, "caption": caption}
        return await self._keyed("/api/v1/send/media", body, idempotency_key, SentMessage)

    async def send_bulk(
        self,
        recipients: Sequence[str | Mapping[str, Any]],
        message: str,
        *,
        idempotency_key: str | None = None,
        **options: Any,
    ) -> BulkReport:
        """Say it to up to a hundred people, one after the other, and wait for the end.

        A recipient is a number or `{"to": ..., "name": ..., "customMessage": ...}`; `message` may hold `{name}`,
        `{phone}` and keys of `templateVariables`. `options` in the API's words: `delayBetweenMessages` (ms),
        `failureStrategy`, `retryAttempts`, `templateVariables`. For a long list use `start_bulk`.
        """
        return await self._keyed(_BULK, _bulk(recipients, message, options), idempotency_key, BulkReport)

    async def start_bulk(
        self,
        recipients: Sequence[str | Mapping[str, Any]],
        message: str,
        *,
        idempotency_key: str | None = None,
        **options: Any,
    ) -> BulkStarted:
        """The same in the background; `bulk` says how far it is."""
        body = _bulk(recipients, message, options)
        return await self._keyed(_BULK, body, idempotency_key, BulkStarted, query={"async": "1"})

    async def bulk(self, bulk_id: str) -> BulkReport:
        """What has become of a list so far."""
        return await self._transport.ask("GET", f"{_BULK}/{part(bulk_id)}", BulkReport)

    async def cancel_bulk(self, bulk_id: str) -> BulkReport:
        """Say it to nobody else."""
        return await self._transport.ask("DELETE", f"{_BULK}/{part(bulk_id)}", BulkReport, repeat=True)

    async def telegram_send(self, chat_id: str | int, message: str) -> SentMessage:
        """Say a text as a Telegram bot."""
        body = {"chatId": str(chat_id), "message": message}
        return await self._transport.ask("POST", "/api/v1/telegram/send", SentMessage, body=body)

    async def telegram_send_message(
        self, chat_id: str | int, message: str, *, parse_mode: str | None = None, reply_to: int | None = None
    ) -> SentMessage:
        """Say a text with markup: `parse_mode` is Markdown, MarkdownV2 or HTML."""
        body = {"chatId": str(chat_id), "message": message, "parseMode": parse_mode, "replyToMessageId": reply_to}
        return await self._transport.ask("POST", "/api/v1/telegram/send-telegram-message", SentMessage, body=body)

    async def telegram_send_media(self, chat_id: str | int, source: str, *, caption: str | None = None) -> SentMessage:
        """Have the gateway fetch a file from a public URL and send it as a Telegram bot."""
        body = {"chatId": str(chat_id), "source": source, "caption": caption}
        return await self._transport.ask("POST", "/api/v1/telegram/send-media", SentMessage, body=body)

    async def _keyed(
        self,
        path: str,
        body: Mapping[str, Any],
        key: str | None,
        answer: type[T],
        *,
        query: Mapping[str, Any] | None = None,
    ) -> T:
        return await self._transport.ask(
            "POST", path, answer, query=query, body=body, key=key or str(uuid.uuid4()), repeat=True
        )


def _bulk(recipients: Sequence[str | Mapping[str, Any]], message: str, options: Mapping[str, Any]) -> Mapping[str, Any]:
    people = [{"to": each} if isinstance(each, str) else dict(each) for each in recipients]
    return {"recipients": people, "message": message, **options}
