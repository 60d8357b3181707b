"""The PostgreSQL database of an Instance Manager, with that system's tables and columns, for tests to import.

`CURRENT` is what its last version leaves: one table for all providers, `company_id`, `agno_config`. `SPLIT` is what its
first migration made: a table for each provider, `user_id`, and the key of old in `current_api_key`.
"""

from __future__ import annotations

import json
import uuid
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import asyncpg  # type: ignore[import-untyped]  # asyncpg ships no type information

Layout = Literal["current", "split"]

BORN: Final = datetime(2025, 7, 24, 9, 30, 15, 250_000)  # noqa: DTZ001 - its columns know no time zone

_COMMON: Final = """
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    {owner} varchar(255),
    provider varchar NOT NULL DEFAULT '{provider}',
    type_instance varchar[] NOT NULL DEFAULT ARRAY['api'],
    port_api integer,
    port_mcp integer,
    api_key varchar,
    api_key_generated_at timestamp,
    api_webhook_schema jsonb DEFAULT '{{}}',
    mcp_schema jsonb DEFAULT '{{}}',
    created_at timestamp DEFAULT now(),
    updated_at timestamp DEFAULT now(),
    auth_status varchar(50) DEFAULT 'pending',
    account text
"""
_FLAT_AGENT: Final = """,
    current_api_key varchar,
    agent_id varchar(255),
    agno_enable boolean DEFAULT true,
    stream boolean DEFAULT false
"""
_WEB: Final = ", last_qr_generated_at timestamp, whatsapp_state text, token text"
_SPLIT: Final = {
    "whatsappweb": _WEB,
    "telegram": ", bot_token text NOT NULL, bot_username varchar(255), webhook_url text, webhook_secret text",
    "slack": ", bot_token text NOT NULL, app_token text, signing_secret varchar(255) NOT NULL, team_id varchar(255)",
}
"""Three of its seven; the others differ in the names of their secrets only."""
_MESSAGES: Final = """
CREATE TABLE "{schema}".messages (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    instance_id uuid NOT NULL,
    message_id varchar(255) NOT NULL,
    chat_id varchar(255) NOT NULL,
    from_number varchar(50),
    to_number varchar(50),
    message_body text,
    message_type varchar(50) DEFAULT 'text',
    is_from_me boolean DEFAULT false,
    is_group boolean DEFAULT false,
    group_id varchar(255),
    contact_name varchar(255),
    agent_id text,
    session_id uuid,
    message_source varchar(20) DEFAULT 'user',
    timestamp bigint,
    created_at timestamp DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamp DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (instance_id, message_id)
)
"""


class OldManager:
    """A database that is being filled. Made by `old_manager`."""

    def __init__(self, url: str, schema: str, layout: Layout) -> None:
        self.url = url
        self.schema = schema
        self.layout = layout
        self._said = 0

    async def make(self) -> None:
        """Its tables, empty."""
        await self.run(f'CREATE SCHEMA IF NOT EXISTS "{self.schema}"')
        if self.layout == "current":
            await self._table("message_instances", "whatsappweb", "company_id", _WEB + ", agno_config jsonb")
        else:
            for provider, columns in _SPLIT.items():
                await self._table(f"{provider}_instances", provider, "user_id", _FLAT_AGENT + columns)
        await self.run(_MESSAGES.format(schema=self.schema))

    async def instance(self, provider: str = "whatsappweb", *, company: str | None = "acme", **values: Any) -> str:
        """One instance as that system writes it: its key is its id. Returns the id."""
        instance_id = values.pop("id", None) or str(uuid.uuid4())
        table = "message_instances" if self.layout == "current" else f"{provider}_instances"
        row = {
            "id": instance_id,
            "company_id" if self.layout == "current" else "user_id": company,
            "provider": provider,
            "api_key": instance_id,
            "created_at": BORN,
            "updated_at": BORN,
        }
        await self.add(table, **(row | values))
        return str(instance_id)

    async def message(self, instance_id: str, **values: Any) -> None:
        """One message, stored a second after the one before."""
        at = BORN + timedelta(seconds=self._said)
        self._said += 1
        row = {"instance_id": instance_id, "message_id": uuid.uuid4().hex, "created_at": at, "updated_at": at}
        await self.add("messages", **(row | values))

    async def add(self, table: str, **values: Any) -> None:
        """One row; dicts and lists go in as JSON."""
        names = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join(f"${number}" for number in range(1, len(values) + 1))
        given = [json.dumps(each) if isinstance(each, dict | list) else each for each in values.values()]
        await self.run(f'INSERT INTO "{self.schema}".{table} ({names}) VALUES ({marks})', *given)

    async def run(self, sql: str, *values: Any) -> None:
        """Whatever a test has to do to it."""
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute(sql, *values)
        finally:
            await connection.close()

    async def everything(self) -> list[tuple[Any, ...]]:
        """Every row of every table, and how often that was written."""
        connection = await asyncpg.connect(self.url)
        try:
            tables = await connection.fetch(
                "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
                " WHERE relkind = 'r' AND nspname = $1 ORDER BY 1",
                self.schema,
            )
            return [
                (table["relname"], *tuple(row))
                for table in tables
                for row in await connection.fetch(
                    f'SELECT xmin::text, t.* FROM "{self.schema}".{table["relname"]} t ORDER BY id'
                )
            ]
        finally:
            await connection.close()

    async def _table(self, name: str, provider: str, owner: str, more: str) -> None:
        columns = _COMMON.format(owner=owner, provider=provider) + more
        await self.run(f'CREATE TABLE "{self.schema}".{name} ({columns})')


async def old_manager(url: str, *, schema: str = "public", layout: Layout = "current") -> OldManager:
    """An empty one in the database at `url`."""
    manager = OldManager(url, schema, layout)
    await manager.make()
    return manager
