"""Views for people who read the database with SQL: every instance under the names of old, and no secret."""

from __future__ import annotations

import contextlib
import io
import json
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # asyncpg ships no type information
import pytest
from msgspec.structs import replace
from piccolo.apps.migrations.commands.backwards import BackwardsMigrationManager
from piccolo.apps.migrations.tables import Migration

from gateway.domain.ids import Address, EndpointId, InstanceId
from gateway.domain.instances import Credentials, InstanceOptions, ProviderName, SessionState, SessionStateKind
from gateway.domain.webhooks import Endpoint, EventFilter, Ordering, WebhookFormat
from gateway.kit.secrets import digest
from gateway.storage.engine import Engine, bind
from gateway.storage.forwards import engine_of_piccolo
from gateway.storage.messages import NewMessage
from gateway.storage.migrate import migrate, pending
from gateway.storage.piccolo_app import APP_CONFIG
from gateway.storage.reseal import SEALED
from gateway.storage.tables import ALL_TABLES, Instances
from gateway.storage.versions import APP_NAME
from gateway.storage.views import NETWORKS, VIEWS
from tests.integration.house import CAFE, ELSEWHERE, NOON, OURS, OWNER, SHOP, House, instance, open_house, received

COMMON = [
    "id", "company_id", "user_id", "provider", "type_instance", "port_api", "port_mcp", "api_key",
    "api_key_generated_at", "last_qr_generated_at", "api_webhook_schema", "mcp_schema", "agno_config", "created_at",
    "updated_at", "auth_status", "account", "whatsapp_state", "token",
]  # fmt: skip
CANARY = "canary-7Qm2vK9xR4tB8nLp"
LINKED = InstanceId("linked")
FIRST_OF_OURS = "2026-11-21T14:30:00:000000"
"""The first of the two migrations that are taken back."""


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    async with open_house(database_url) as opened:
        yield opened


@pytest.fixture
async def furnished(house: House) -> House:
    """A WhatsApp instance with everything that an instance can have, and secrets wherever one can be."""
    options = InstanceOptions(
        serves=("api", "mcp"),
        agent={
            "enabled": True,
            "agent_id": "helper",
            "agnoUrl": f"https://agents.example.com/runs?key={CANARY}",
            "stream": False,
            "api_key": CANARY,
        },
        mcp={"authorization": CANARY},
    )
    linked = replace(
        instance(LINKED, OURS),
        label="acme",
        provider=ProviderName.WHATSAPP,
        account="+49 151 00000001",
        options=options,
        state=SessionState(kind=SessionStateKind.CONNECTED, code="connected", sentence="", at=NOON),
    )
    await house.storage.instances.create(linked, Credentials(values={"token": CANARY}), digest(CANARY))
    await house.storage.instance_keys.begin(OURS, LINKED, "gwi_****nLp", NOON)
    endpoint = Endpoint(
        id=EndpointId("hook"),
        tenant_id=OURS,
        instance_id=LINKED,
        is_first=True,
        url=f"https://example.com/hook?token={CANARY}#{CANARY}",
        enabled=True,
        format=WebhookFormat.API,
        filter=EventFilter(),
        headers={"Authorization": CANARY},
        max_retries=3,
        retry_interval_ms=60_000,
        ordering=Ordering.NONE,
        concurrency=4,
        created_at=NOON,
        updated_at=NOON,
    )
    await house.storage.endpoints.create(endpoint, CANARY)
    return house


async def rows(engine: Engine, view: str) -> list[dict[str, Any]]:
    return [dict(row) for row in await engine.execute(f"SELECT * FROM {view} ORDER BY id", ())]


def read(value: Any) -> Any:
    """JSON as both databases give it: text."""
    return json.loads(value) if isinstance(value, str) else value


def moment(value: Any) -> datetime:
    """A time as both databases give it."""
    return (datetime.fromisoformat(value) if isinstance(value, str) else value).astimezone(UTC)


async def test_an_instance_is_shown_as_its_row_was(furnished: House) -> None:
    engine = furnished.storage.database
    (row,) = [each for each in await rows(engine, "message_instances") if each["id"] == LINKED]
    assert list(row)[: len(COMMON)] == COMMON
    assert (row["company_id"], row["user_id"], row["provider"]) == ("acme", "acme", "whatsappweb")
    assert read(row["type_instance"]) == ["api", "mcp"]
    assert (row["port_api"], row["port_mcp"]) == (None, None)
    assert row["api_key"] == "gwi_****nLp"
    assert [moment(row[name]) for name in ("api_key_generated_at", "created_at", "updated_at")] == [NOON] * 3
    assert read(row["api_webhook_schema"]) == {"url": "https://example.com/hook", "enabled": True}
    assert read(row["mcp_schema"]) == {}
    assert read(row["agno_config"]) == {
        "enabled": True, "agent_id": "helper", "agnoUrl": "https://agents.example.com/runs", "stream": False,
        "model": None,
    }  # fmt: skip
    assert (row["auth_status"], row["whatsapp_state"], row["memory_status"]) == (
        "client_ready",
        "READY",
        "client_ready",
    )
    assert (row["account"], row["token"], row["status"]) == ("+49 151 00000001", None, "running")


async def test_one_that_has_little_shows_little(furnished: House) -> None:
    engine = furnished.storage.database
    (row,) = [each for each in await rows(engine, "telegram_instances") if each["id"] == SHOP]
    assert (row["api_key"], row["token"], row["bot_token"]) == (SHOP, "***", "***")
    assert (row["account"], row["bot_username"], row["whatsapp_state"]) == (None, None, None)
    assert read(row["type_instance"]) == ["api"]
    assert [read(row[name]) for name in ("api_webhook_schema", "mcp_schema", "agno_config")] == [{}, {}, {}]
    assert (row["auth_status"], row["memory_status"]) == ("pending", "start")
    await furnished.storage.instances.set_account(SHOP, "@shop_bot")
    (row,) = [each for each in await rows(engine, "telegram_instances") if each["id"] == SHOP]
    assert (row["account"], row["bot_username"]) == ("@shop_bot", "shop_bot")


async def test_each_network_has_a_view_of_its_own(furnished: House) -> None:
    engine = furnished.storage.database
    for view, (wire_name, _) in NETWORKS.items():
        made = instance(InstanceId(f"one of {view}"), OURS)
        await furnished.storage.instances.create(made, Credentials(), None)
        await Instances.update({Instances.provider: wire_name}).where(Instances.id == made.id)
    everything = {row["id"]: row["provider"] for row in await rows(engine, "message_instances")}
    assert {SHOP, CAFE, ELSEWHERE, LINKED} < everything.keys()
    shown = {row["id"]: row["provider"] for view in NETWORKS for row in await rows(engine, view)}
    assert shown == everything
    sourced = await rows(engine, "all_instances")
    assert {row["id"]: row["table_source"] for row in sourced} == everything
    assert len(sourced) == len(everything)
    for view, (wire_name, columns) in NETWORKS.items():
        found = await rows(engine, view)
        assert {row["provider"] for row in found} == {wire_name}
        assert {*COMMON, *columns} <= found[0].keys()


async def test_no_view_shows_a_secret(furnished: House) -> None:
    engine = furnished.storage.database
    shown = str([await rows(engine, view) for view in VIEWS])
    secrets = {CANARY, digest(CANARY)}
    for table, column in SEALED:
        name = table._meta.tablename
        secrets |= {row["kept"] for row in await engine.execute(f"SELECT {column} AS kept FROM {name}", ())}
    secrets -= {"", None}
    assert len(secrets) >= 5, "there is nothing sealed to be found"
    assert [each for each in secrets if each in shown] == []
    # And the tables behind the views do hold it, or all of this would show nothing.
    raw = str(await Instances.select()) + str(await engine.execute("SELECT url FROM endpoints", ()))
    assert raw.count(CANARY) >= 4


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(
    "statement", ["UPDATE {view} SET company_id = 'x'", "DELETE FROM {view}", "INSERT INTO {view} (id) VALUES ('x')"]
)
async def test_nobody_writes_through_a_view(house: House, view: str, statement: str) -> None:
    engine = house.storage.database
    before = await Instances.select()
    with pytest.raises((sqlite3.OperationalError, asyncpg.ObjectNotInPrerequisiteStateError)):
        await engine.execute(statement.format(view=view), ())
    assert await Instances.select() == before


async def test_what_made_them_can_be_taken_back_and_done_again(house: House) -> None:
    engine = house.storage.database
    event = received("1")
    new = NewMessage(tenant_id=OURS, instance_id=SHOP, message=event.message)
    await house.storage.messages.insert_new([new], NOON)
    bind(engine, (Migration, *ALL_TABLES))
    with engine_of_piccolo(engine), contextlib.redirect_stdout(io.StringIO()):
        back = BackwardsMigrationManager(app_name=APP_NAME, migration_id=FIRST_OF_OURS, auto_agree=True)
        result = await back.run_migrations_backwards(APP_CONFIG)
    assert result.success
    for view in VIEWS:
        with pytest.raises((sqlite3.OperationalError, asyncpg.UndefinedTableError)):
            await engine.execute(f"SELECT * FROM {view}", ())
    (kept,) = await engine.execute("SELECT * FROM messages", ())
    assert "source" not in kept
    assert len(await pending(engine)) == len(await migrate(engine)) >= 2
    assert [row["id"] for row in await rows(engine, "all_instances")] == sorted([SHOP, CAFE, ELSEWHERE])
    stored = await house.storage.messages.find(
        OWNER, SHOP, Address(event.message.chat.address), event.message.network_id
    )
    assert stored is not None
    assert stored.source.value == "user"
