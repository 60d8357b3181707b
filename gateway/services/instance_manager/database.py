"""That system's PostgreSQL database, looked over before anything is believed.

Instances are in `message_instances`, or after its first migration in a table for each provider; both may be there. The
owner's column is `user_id` before its migration 010 and `company_id` after it. Messages are in `messages`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from types import MappingProxyType
from typing import Final

from gateway.domain.errors import InvalidInput
from gateway.services.importing.row import OldRow, printable
from gateway.storage.foreign_postgres import ForeignPostgres, opened_foreign

SYSTEM: Final = "Instance Manager"
DEFAULT_SCHEMA: Final = "public"

INSTANCE_TABLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "message_instances": "whatsappweb",
        "whatsappweb_instances": "whatsappweb",
        "telegram_instances": "telegram",
        "whatsapp_official_instances": "whatsapp-official",
        "facebook_messenger_instances": "facebook-messenger",
        "instagram_instances": "instagram",
        "slack_instances": "slack",
        "discord_instances": "discord",
    }
)
"""Each with the provider that its rows have when they name none."""

MESSAGE_TABLE: Final = "messages"
_NEEDED_OF_INSTANCES: Final = ("id", "provider", "api_webhook_schema")
_NEEDED_OF_MESSAGES: Final = ("id", "instance_id", "message_id", "chat_id", "is_from_me")


class OldDatabase:
    """Its tables, all of them as of one moment."""

    def __init__(self, foreign: ForeignPostgres, schema: str, tables: frozenset[str], now: datetime) -> None:
        self._foreign = foreign
        self._schema = schema
        self._now = now
        self._instance_tables = tuple(name for name in INSTANCE_TABLES if name in tables)
        self._has_messages = MESSAGE_TABLE in tables

    async def instances(self) -> AsyncIterator[tuple[OldRow, str]]:
        """Every instance of every table, with the provider that its table stands for."""
        for table in self._instance_tables:
            async for values in self._foreign.rows(self._schema, table):
                yield OldRow(values, self._now), INSTANCE_TABLES[table]

    async def messages(self) -> AsyncIterator[OldRow]:
        """Every message; none where that system never stored one."""
        if self._has_messages:
            async for values in self._foreign.rows(self._schema, MESSAGE_TABLE):
                yield OldRow(values, self._now)

    async def check(self) -> None:
        """Raises InvalidInput when a table lacks a column without which it is another program's."""
        for table in self._instance_tables:
            await self._require(table, _NEEDED_OF_INSTANCES)
        if self._has_messages:
            await self._require(MESSAGE_TABLE, _NEEDED_OF_MESSAGES)

    async def _require(self, table: str, needed: tuple[str, ...]) -> None:
        there = await self._foreign.columns(self._schema, table)
        missing = next((name for name in needed if name not in there), None)
        if missing is not None:
            raise _stranger(f"its table {table} has no {missing}")


@asynccontextmanager
async def opened(url: str, schema: str | None, now: datetime) -> AsyncIterator[OldDatabase]:
    """The database, which is never written to. Raises InvalidInput when it cannot be read or is another program's."""
    async with opened_foreign(url) as foreign:
        chosen = schema or DEFAULT_SCHEMA
        tables = await foreign.tables()
        here = tables.get(chosen, frozenset())
        if not INSTANCE_TABLES.keys() & here:
            raise _stranger(_where_else(chosen, tables))
        database = OldDatabase(foreign, chosen, here, now)
        await database.check()
        yield database


def _where_else(chosen: str, tables: Mapping[str, frozenset[str]]) -> str:
    others = [schema for schema, names in tables.items() if INSTANCE_TABLES.keys() & names]
    why = f"there is no table message_instances in its schema {printable(chosen)}"
    if not others:
        return why
    return f"{why}, but in {', '.join(map(printable, others))}: name that one with --schema"


def _stranger(why: str) -> InvalidInput:
    return InvalidInput(f"This is no database of {SYSTEM}: {why}. Nothing was changed.", field="url")
