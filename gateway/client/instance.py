"""A client of the routes of one instance under `/api/v1`, which its key selects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.client.instance_answers import BulkReport, BulkStarted, ContactItem, InstanceStatus, SentMessage
from gateway.client.transport import Client


class InstanceClient(Client):
    """One instance, by its key.

        async with InstanceClient("https://gateway.example.com", token=KEY) as line:
            await line.send("79001234567", "Hello")

    Every method raises `ClientError`. An idempotency key goes along where you give one; these sends are nevertheless
    tried again only when the first try surely said nothing.
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
        return await self._sent("/api/v1/send", body, idempotency_key)

    async def send_media(
        self, number: str, source: str, *, caption: str | None = None, idempotency_key: str | None = None
    ) -> SentMessage:
        """Have the gateway fetch a file from a public URL and send it."""
        body = {"number": number, "source": source, "caption": caption}
        return await self._sent("/api/v1/send/media", body, idempotency_key)

    async def send_bulk(
        self, recipients: Sequence[str | Mapping[str, Any]], message: str, **options: Any
    ) -> BulkReport:
        """Say it to up to a hundred people, one after the other, and wait for the end.

        A recipient is a number or `{"to": ..., "name": ..., "customMessage": ...}`; `message` may hold `{name}`,
        `{phone}` and keys of `templateVariables`. `options` in the API's words: `delayBetweenMessages` (ms),
        `failureStrategy`, `retryAttempts`, `templateVariables`. For a long list use `start_bulk`, or a `timeout` of
        the client that is long enough.
        """
        body = _bulk(recipients, message, options)
        return await self._transport.ask("POST", "/api/v1/send-bulk", BulkReport, body=body, repeat=False)

    async def start_bulk(
        self, recipients: Sequence[str | Mapping[str, Any]], message: str, **options: Any
    ) -> BulkStarted:
        """The same in the background."""
        body = _bulk(recipients, message, options)
        return await self._transport.ask(
            "POST", "/api/v1/send-bulk", BulkStarted, query={"async": "1"}, body=body, repeat=False
        )

    async def telegram_send(
        self, chat_id: str | int, message: str, *, idempotency_key: str | None = None
    ) -> SentMessage:
        """Say a text as a Telegram bot."""
        body = {"chatId": str(chat_id), "message": message}
        return await self._sent("/api/v1/telegram/send", body, idempotency_key)

    async def telegram_send_message(
        self,
        chat_id: str | int,
        message: str,
        *,
        parse_mode: str | None = None,
        reply_to: int | None = None,
        idempotency_key: str | None = None,
    ) -> SentMessage:
        """Say a text with markup: `parse_mode` is Markdown, MarkdownV2 or HTML."""
        body = {"chatId": str(chat_id), "message": message, "parseMode": parse_mode, "replyToMessageId": reply_to}
        return await self._sent("/api/v1/telegram/send-telegram-message", body, idempotency_key)

    async def telegram_send_media(
        self, chat_id: str | int, source: str, *, caption: str | None = None, idempotency_key: str | None = None
    ) -> SentMessage:
        """Have the gateway fetch a file from a public URL and send it as a Telegram bot."""
        body = {"chatId": str(chat_id), "source": source, "caption": caption}
        return await self._sent("/api/v1/telegram/send-media", body, idempotency_key)

    async def _sent(self, path: str, body: Mapping[str, Any], key: str | None) -> SentMessage:
        return await self._transport.ask("POST", path, SentMessage, body=body, key=key, repeat=False)


def _bulk(recipients: Sequence[str | Mapping[str, Any]], message: str, options: Mapping[str, Any]) -> Mapping[str, Any]:
    people = [{"to": each} if isinstance(each, str) else dict(each) for each in recipients]
    return {"recipients": people, "message": message, **options}
