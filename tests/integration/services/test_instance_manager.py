"""The import from an Instance Manager, from a real PostgreSQL into a real database of each kind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import asyncpg  # type: ignore[import-untyped]  # asyncpg ships no type information
import pytest
from msgspec import structs

from gateway.domain.errors import Conflict, InvalidInput, NotFound, Unauthenticated
from gateway.domain.ids import Address, InstanceId, TenantId
from gateway.domain.instances import ProviderName
from gateway.domain.messages import Media, MediaKind, MessageSource, MessageStatus
from gateway.domain.tenants import Role
from gateway.kit.egress import Egress, EgressPolicy
from gateway.providers import make_providers
from gateway.providers.contract import Provider
from gateway.services.importing.webhooks import WebhookRules
from gateway.services.instance_manager.importing import Imported, Whose, import_instance_manager
from gateway.services.principals import OPERATOR
from gateway.settings import Settings
from gateway.storage.names import Pair
from gateway.storage.storage import Storage
from gateway.storage.tables import ALL_TABLES
from tests.clock import ManualClock
from tests.integration.services.conftest import Gate, gate_over
from tests.old_instance_manager import BORN, OldManager, old_manager
from tests.postgres import PostgresServer, fresh_database

SHOP = InstanceId("0f8fad5b-d9cb-469f-a165-70867728950e")
BOT = InstanceId("7c9e6679-7425-40de-944b-e07fc1f90ae7")
TOKEN = "123456789:AAF-a-token-that-nobody-may-see-here"
AUTH = "hidden-receiver-token"
CUSTOMER, GROUP = "79001234567@s.whatsapp.net", "120363000000000001@g.us"
SAID = datetime(2025, 7, 24, 9, 0, tzinfo=UTC)
EACH = Whose(each_its_own=True)


class Way:
    """The way in, with everything it needs."""

    def __init__(self, gate: Gate, providers: dict[ProviderName, Provider]) -> None:
        self.gate = gate
        self.storage: Storage = gate.storage
        self.providers = providers

    async def take(
        self,
        old: OldManager,
        *,
        whose: Whose = EACH,
        rehearse: bool = False,
        instance_keys: Literal["id", "secret"] = "id",
        schema: str | None = None,
    ) -> Imported:
        return await import_instance_manager(
            old.url,
            self.storage,
            providers=self.providers,
            hasher=self.gate.hasher,
            clock=self.gate.clock,
            rules=WebhookRules(policy=EgressPolicy(), concurrency=4),
            instance_keys=instance_keys,
            schema=schema,
            whose=whose,
            rehearse=rehearse,
        )

    async def everything(self) -> dict[str, list[dict[str, Any]]]:
        """Every row of every table."""
        return {table._meta.tablename: await table.select().order_by(table._meta.primary_key) for table in ALL_TABLES}

    async def messages(self, instance_id: InstanceId = SHOP, chat: str = CUSTOMER) -> list[Any]:
        found, _ = await self.storage.messages.page(OPERATOR, instance_id, Address(chat), limit=100, skip=0)
        return found[::-1]

    async def contacts(self, instance_id: InstanceId = SHOP) -> dict[str, tuple[str, str, bool]]:
        found, _ = await self.storage.contacts.contacts(OPERATOR, instance_id, limit=100, skip=0)
        return {each.address: (each.push_name, each.number, each.is_group) for each in found}


@pytest.fixture
async def way(storage: Storage, settings: Settings) -> AsyncIterator[Way]:
    gate = gate_over(storage, ManualClock(BORN.replace(tzinfo=UTC) + timedelta(days=40)), settings)
    await gate.let_in("root@example.com", role=Role.ADMIN)
    async with Egress(EgressPolicy()) as egress:
        yield Way(gate, make_providers(settings, egress))


@pytest.fixture
async def source(postgres_server: PostgresServer) -> AsyncIterator[str]:
    """A database beside the gateway's own."""
    async with fresh_database(postgres_server) as url:
        yield url


@pytest.fixture
async def old(source: str) -> OldManager:
    """Two companies: a shop on WhatsApp in which something was said, and a bot."""
    old = await old_manager(source)
    await old.instance(
        id=SHOP, company="acme", account="79990000001", auth_status="client_ready", whatsapp_state="READY",
        api_webhook_schema={
            "url": "https://hooks.example.com/in", "enabled": True, "authToken": AUTH, "headers": {"X-Team": "shop"},
            "filters": {"allowGroups": False, "allowedNumbers": ["+79001234567"]},
        },
        agno_config={"enabled": True, "agent_id": "sales", "agnoUrl": "https://agents.example.com/runs"},
    )  # fmt: skip
    await old.instance("telegram", id=BOT, company="globex", token=TOKEN, account="Робот (@globex_bot)")
    await old.message(
        SHOP, message_id="false_79001234567@c.us_3EB0A1", chat_id="79001234567@c.us", from_number="79001234567",
        message_body="Привет 👋", message_type="chat", contact_name="Иван", timestamp=int(SAID.timestamp()),
    )  # fmt: skip
    await old.message(
        SHOP, message_id="true_79001234567@c.us_3EB0A2", chat_id="79001234567@c.us", from_number="79990000001",
        message_body="кот", message_type="image", is_from_me=True, contact_name="Мы", message_source="api",
        timestamp=int((SAID + timedelta(minutes=1)).timestamp() * 1000),
    )  # fmt: skip
    await old.message(
        SHOP, message_id=f"false_{GROUP}_3EB0A3_79005550000@c.us", chat_id=GROUP, from_number="79005550000",
        message_body="all", message_type="chat", is_group=True, group_id=GROUP, contact_name="Пётр",
        timestamp=int(SAID.timestamp()),
    )  # fmt: skip
    await old.message(
        BOT, message_id="7", chat_id="4242", from_number="4242", message_body="/start", message_type="text",
        contact_name="Anna K (@anna)", timestamp=int(SAID.timestamp() * 1000),
    )  # fmt: skip
    return old


@asynccontextmanager
async def reader_of(old: OldManager) -> AsyncIterator[OldManager]:
    """The same as a user who may only read."""
    await old.run("CREATE ROLE reader LOGIN")
    try:
        await old.run("GRANT USAGE ON SCHEMA public TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
        yield OldManager(old.url.replace("postgres:@", "reader:@"), old.schema, old.layout)
    finally:
        await old.run("DROP OWNED BY reader; DROP ROLE reader")


async def test_everything_is_here_under_the_ids_and_dates_of_old(way: Way, old: OldManager) -> None:
    untouched = await old.everything()
    done = await way.take(old)
    report = done.report
    assert await old.everything() == untouched
    assert dict(+report.new) == {"companies": 2, "instances": 2, "webhooks": 1, "contacts": 4, "messages": 4}
    assert report.lines() == [f"instances {SHOP}: its agent (agno_config) is not taken over."]

    tables = await way.everything()
    tenants = {row["name"]: row["id"] for row in tables["tenants"]}
    assert {"acme", "globex"} <= tenants.keys()
    owners = {user.last_name: user for user in report.without_password}
    assert (owners["acme"].role, owners["acme"].tenant_id) == (Role.OWNER, tenants["acme"])
    assert owners["acme"].email.startswith("acme-")
    acme = await way.gate.by_key(await way.storage.users.api_key(owners["acme"].id))
    (shop,) = await way.storage.instances.list(acme)
    assert (shop.id, shop.provider, shop.name, shop.label) == (SHOP, ProviderName.WHATSAPP, "79990000001", "acme")
    assert (shop.state.kind.value, shop.wanted) == ("stopped", False)
    assert shop.created_at == BORN.replace(tzinfo=UTC)
    bot = await way.storage.instances.find(BOT)
    assert bot is not None
    assert (bot.provider, bot.name, bot.tenant_id) == (ProviderName.TELEGRAM, "Робот (@globex_bot)", tenants["globex"])
    assert (await way.storage.instances.credentials(BOT)).values == {"token": TOKEN, "mode": "polling"}

    (endpoint,) = await way.storage.endpoints.list(acme, SHOP)
    assert (endpoint.url, endpoint.enabled, endpoint.is_first) == ("https://hooks.example.com/in", True, True)
    assert endpoint.headers == {"X-Team": "shop", "Authorization": f"Bearer {AUTH}"}
    rules = endpoint.filter
    assert rules.types == ("message",)
    assert (rules.allow_groups, rules.allow_private, rules.allowed_numbers) == (False, True, ("+79001234567",))

    said, sent = await way.messages()
    assert (said.message.body, said.message.sender.name, said.message.network_id) == ("Привет 👋", "Иван", "3EB0A1")
    assert (said.message.sent_at, said.status) == (SAID, MessageStatus.DELIVERED)
    assert said.created_at == BORN.replace(tzinfo=UTC)
    assert isinstance(sent.message.content, Media)
    assert (sent.message.content.media, sent.message.body) == (MediaKind.IMAGE, "кот")
    assert (sent.message.from_me, sent.message.sent_at) == (True, SAID + timedelta(minutes=1))
    assert (said.source, sent.source) == (MessageSource.USER, MessageSource.API)
    (shouted,) = await way.messages(chat=GROUP)
    assert (shouted.message.sender.address, shouted.message.chat.kind) == ("79005550000@s.whatsapp.net", "group")
    (start,) = await way.messages(BOT, "4242")
    assert (start.message.body, start.message.network_id, start.message.sender.username) == ("/start", "7", "anna")

    assert await way.contacts() == {
        CUSTOMER: ("Иван", "79001234567", False), GROUP: ("", "", True),
        "79005550000@s.whatsapp.net": ("Пётр", "79005550000", False),
    }  # fmt: skip
    assert await way.contacts(BOT) == {"4242": ("Anna K", "", False)}
    assert (tables["events"], tables["deliveries"]) == ([], [])


async def test_no_secret_is_readable_in_the_database(way: Way, old: OldManager) -> None:
    await way.take(old)
    everything = str(await way.everything())
    assert SHOP in everything  # the control: what is no secret is found
    for secret in (TOKEN, AUTH):
        assert secret not in everything


async def test_a_second_import_changes_nothing_and_says_what_was_here(way: Way, old: OldManager) -> None:
    first = await way.take(old)
    before = await way.everything()
    second = await way.take(old)
    assert await way.everything() == before
    assert +second.report.known == +first.report.new
    assert (second.report.new.total(), second.report.lines(), second.without_key) == (0, [], [])


async def test_a_later_import_brings_what_came_meanwhile_and_leaves_what_was_changed_here(
    way: Way, old: OldManager
) -> None:
    await way.take(old)
    held = await way.storage.instances.find(SHOP)
    assert held is not None
    await way.storage.instances.update(structs.replace(held, name="Renamed", description="here"), now=SAID)
    await old.message(
        SHOP, message_id="false_79001234567@c.us_3EB0A9", chat_id="79001234567@c.us", message_body="later",
        timestamp=int((SAID + timedelta(hours=1)).timestamp()),
    )  # fmt: skip
    await old.instance(id="33333333-3333-4333-8333-333333333333", company="acme")
    report = (await way.take(old)).report
    assert dict(+report.new) == {"instances": 1, "messages": 1}
    assert [each.message.body for each in await way.messages()] == ["Привет 👋", "кот", "later"]
    shop = await way.storage.instances.find(SHOP)
    assert shop is not None
    assert (shop.name, shop.state.sentence) == ("Renamed", "Imported. Start it and scan its QR code to link it.")


async def test_a_rehearsal_says_the_same_and_changes_nothing(way: Way, old: OldManager) -> None:
    before = await way.everything()
    rehearsed = (await way.take(old, rehearse=True)).report
    assert await way.everything() == before
    real = (await way.take(old)).report
    assert (rehearsed.new, rehearsed.lines()) == (real.new, real.lines())
    assert await way.everything() != before


async def test_by_default_everything_joins_the_first_administrators_tenant(way: Way, old: OldManager) -> None:
    await way.take(old, whose=Whose())
    root = await way.storage.users.find_login("root@example.com")
    assert root is not None
    found = await way.storage.instances.list(OPERATOR)
    assert {(each.tenant_id, each.user_id) for each in found} == {(root.user.tenant_id, root.user.id)}
    assert {each.id: each.label for each in found} == {SHOP: "acme", BOT: "globex"}


async def test_with_a_tenant_everything_joins_that_one(way: Way, old: OldManager) -> None:
    with pytest.raises(NotFound):
        await way.take(old, whose=Whose(tenant_id=TenantId("nowhere")))
    here = await way.gate.let_in("owner@example.com")
    await way.take(old, whose=Whose(tenant_id=here.user.tenant_id))
    owner = await way.gate.by_key(here.api_key)
    assert {each.user_id for each in await way.storage.instances.list(owner)} == {here.user.id}


async def test_a_tenant_that_nobody_owns_is_refused_with_what_to_do(way: Way, old: OldManager) -> None:
    here = await way.gate.let_in("owner@example.com")
    await way.storage.users.update(OPERATOR, structs.replace(here.user, is_active=False))
    before = await way.everything()
    with pytest.raises(Conflict, match="user add EMAIL --role owner --tenant"):
        await way.take(old, whose=Whose(tenant_id=here.user.tenant_id))
    assert await way.everything() == before


async def test_what_is_in_another_tenant_by_now_is_not_touched(way: Way, old: OldManager) -> None:
    await way.take(old, whose=Whose())
    before = await way.everything()
    report = (await way.take(old)).report
    assert f"instances {SHOP}: left out. Another instance here has this id." in report.lines()
    after = await way.everything()
    assert (after["instances"], after["messages"]) == (before["instances"], before["messages"])


async def test_an_instance_without_a_company_is_told_and_comes_with_a_tenant(way: Way, old: OldManager) -> None:
    lost = await old.instance(company=None)
    report = (await way.take(old)).report
    assert f"instances {lost}: left out. It has no company; --tenant ID says whose it becomes." in report.lines()
    report = (await way.take(old, whose=Whose())).report
    assert report.new["instances"] == 1


async def test_the_id_opens_its_instance_where_ids_are_keys(way: Way, old: OldManager) -> None:
    done = await way.take(old)
    assert done.without_key == []
    who = await way.gate.by_bearer(SHOP)
    assert (who.instance_id, who.is_admin) == (SHOP, False)


async def test_where_keys_are_secrets_only_a_key_of_old_that_was_one_opens(
    storage: Storage, way: Way, old: OldManager, settings: Settings
) -> None:
    random = "8d7b6c5a4f3e2d1c0b9a8f7e6d5c4b3a"
    keyed = await old.instance(api_key=random)
    copied = await old.instance(api_key=random)
    done = await way.take(old, instance_keys="secret")
    assert set(done.without_key) < {SHOP, BOT, keyed, copied}
    assert len(done.without_key) == 3
    strict = Settings(jwt_secret=settings.jwt_secret, encryption_keys=settings.encryption_keys, instance_keys="secret")
    gate = gate_over(storage, way.gate.clock, strict)
    assert (await gate.by_bearer(random)).instance_id in (keyed, copied)
    with pytest.raises(Unauthenticated):
        await gate.by_bearer(SHOP)


async def test_a_random_key_of_old_is_told_where_ids_are_keys(way: Way, old: OldManager) -> None:
    keyed = await old.instance(api_key="8d7b6c5a4f3e2d1c0b9a8f7e6d5c4b3a")
    lines = (await way.take(old)).report.lines()
    assert f"instances {keyed}: its key is its id here (INSTANCE_KEYS=id); the key of old is not." in lines
    assert "8d7b6c5a" not in str(lines)


async def test_a_row_that_makes_no_sense_is_told_by_table_and_id_and_the_rest_is_taken(
    way: Way, old: OldManager
) -> None:
    slack = await old.instance("slack", token="xoxb-hidden")
    tokenless = await old.instance("telegram")
    spoilt = await old.instance("telegram", token="test-token-hidden")
    inside = await old.instance(api_webhook_schema={"url": "https://10.0.0.5/?key=hidden"})
    odd = await old.instance(api_webhook_schema={"url": "https://a.example.com", "filters": {"allowGroups": "hidden"}})
    await old.message(slack, chat_id="C1", message_body="hidden")
    await old.message(slack, chat_id="C1", message_body="hidden")
    rows: dict[str, dict[str, object]] = {
        "aaaaaaaa-0000-4000-8000-000000000001": {"chat_id": "somebody", "timestamp": 1753347600},
        "aaaaaaaa-0000-4000-8000-000000000002": {"chat_id": CUSTOMER, "created_at": None},
        "aaaaaaaa-0000-4000-8000-000000000003": {"chat_id": CUSTOMER, "created_at": BORN},
    }
    for row_id, values in rows.items():
        await old.message(SHOP, id=row_id, message_body="hidden", **values)
    await old.run("UPDATE messages SET created_at = 'infinity' WHERE id = $1", "aaaaaaaa-0000-4000-8000-000000000003")
    report = (await way.take(old)).report
    lines = report.lines()
    for told in (
        f"instances {slack}: left out. This gateway has no provider slack.",
        f"instances {tokenless}: left out. A Telegram bot needs its token",
        f"instances {spoilt}: left out. This is not a Telegram bot token",
        f"instances {inside}: its webhook is switched off. 10.0.0.5 is not a public address",
        f"webhooks {odd}: left out. allowGroups in api_webhook_schema is neither true nor false. Its instance is",
        "messages aaaaaaaa-0000-4000-8000-000000000001: left out. chat_id is no address on WhatsApp.",
        "messages aaaaaaaa-0000-4000-8000-000000000002: left out. Neither timestamp nor created_at says",
        "messages aaaaaaaa-0000-4000-8000-000000000003: left out. created_at is no moment",
        f"messages: 2 left out, because their instance {slack} was not imported.",
    ):
        assert [line for line in lines if line.startswith(told)], (told, lines)
    assert "hidden" not in str(lines)
    assert dict(+report.skipped) == {"instances": 3, "webhooks": 1, "messages": 5}
    assert dict(+report.new) == {"companies": 2, "instances": 4, "webhooks": 2, "contacts": 4, "messages": 4}


async def test_the_tables_after_its_first_migration_are_read_too(way: Way, source: str) -> None:
    old = await old_manager(source, layout="split")
    await old.instance(id=SHOP, company="acme", api_key=None)
    await old.instance("telegram", id=BOT, company="acme", bot_token=TOKEN, webhook_secret="unused")
    left_behind = "33333333-3333-4333-8333-333333333333"  # its migration did not move the bots out of the first table
    await old.add("whatsappweb_instances", id=left_behind, user_id="acme", provider="telegram", token=TOKEN)
    await old.instance("slack", company="acme", bot_token="xoxb", signing_secret="x")
    report = (await way.take(old)).report
    assert dict(+report.new) == {"companies": 1, "instances": 3}
    assert dict(+report.skipped) == {"instances": 1}
    assert (await way.storage.instances.credentials(BOT)).values == {"token": TOKEN, "mode": "polling"}
    moved = await way.storage.instances.find(InstanceId(left_behind))
    assert moved is not None
    assert (moved.provider, moved.label) == (ProviderName.TELEGRAM, "acme")


async def test_another_schema_is_named_and_a_wrong_one_says_where_the_tables_are(way: Way, source: str) -> None:
    old = await old_manager(source, schema="ai")
    await old.instance(id=SHOP)
    with pytest.raises(InvalidInput, match="in its schema public, but in ai: name that one with --schema"):
        await way.take(old)
    assert (await way.take(old, schema="ai")).report.new["instances"] == 1


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        ("DROP TABLE message_instances", "there is no table message_instances in its schema public."),
        ("ALTER TABLE messages DROP COLUMN chat_id", "its table messages has no chat_id"),
        ("ALTER TABLE message_instances DROP COLUMN api_webhook_schema", "message_instances has no api_webhook_schema"),
    ],
)
async def test_another_programs_database_changes_nothing(way: Way, old: OldManager, spoil: str, sentence: str) -> None:
    await old.run(spoil)
    before = await way.everything()
    with pytest.raises(InvalidInput, match=sentence):
        await way.take(old)
    assert await way.everything() == before


async def test_the_gateways_own_database_is_not_taken_for_one(way: Way, source: str) -> None:
    own = await old_manager(source)
    await own.run("DROP TABLE messages; DROP TABLE message_instances")
    await own.run("CREATE TABLE messages (id text, instance_id text, chat text)")
    await own.run(
        "CREATE VIEW message_instances AS SELECT id, 'x' AS provider, '{}' AS api_webhook_schema FROM messages"
    )
    with pytest.raises(InvalidInput, match="there is no table message_instances"):
        await way.take(own)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("postgresql://u:hidden@127.0.0.1:1/x", "it does not answer"),
        ("postgresql://u:hid/den@127.0.0.1/x", "The PostgreSQL URL cannot be read"),
        ("sqlite:///hidden.db", "The PostgreSQL URL cannot be read"),
        ("hidden", "The PostgreSQL URL cannot be read"),
    ],
)
async def test_a_database_out_of_reach_is_refused_without_its_password(way: Way, url: str, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence) as refused:
        await way.take(OldManager(url, "public", "current"))
    assert "hid" not in refused.value.sentence


async def test_a_database_that_is_not_there_or_not_readable_says_so(way: Way, old: OldManager) -> None:
    missing = OldManager(old.url.replace("/t_", "/nothing_"), "public", "current")
    with pytest.raises(InvalidInput, match="no database of this name"):
        await way.take(missing)
    async with reader_of(old) as poor:
        await old.run("REVOKE SELECT ON messages FROM reader")
        with pytest.raises(InvalidInput, match="grant it SELECT"):
            await way.take(poor)
        await old.run("GRANT SELECT ON messages TO reader")
        assert (await way.take(poor)).report.new["messages"] == 4  # reading is all it needs


async def test_a_moment_without_a_time_zone_is_the_databases_own(way: Way, old: OldManager) -> None:
    connection = await asyncpg.connect(old.url)
    name = await connection.fetchval("SELECT current_database()")
    await connection.close()
    await old.run(f"ALTER DATABASE {name} SET timezone TO 'Asia/Almaty'")
    await old.run(f"ALTER DATABASE {name} SET datestyle TO 'German'")
    await way.take(old)
    shop = await way.storage.instances.find(SHOP)
    assert shop is not None
    assert shop.created_at == BORN.replace(tzinfo=UTC) - timedelta(hours=5)


async def test_a_column_of_another_type_and_rows_that_were_locked_are_read(way: Way, old: OldManager) -> None:
    await old.run("ALTER TABLE message_instances ALTER COLUMN api_webhook_schema TYPE text")
    await old.run(
        "ALTER TABLE message_instances ALTER COLUMN created_at TYPE timestamptz USING created_at AT TIME ZONE 'UTC'"
    )
    writer = await asyncpg.connect(old.url)
    try:
        async with writer.transaction():
            await writer.execute("UPDATE messages SET message_body = 'not committed'")
            async with asyncio.timeout(30):
                report = (await way.take(old)).report
    finally:
        await writer.close()
    assert (report.new["webhooks"], report.new["messages"]) == (1, 4)
    assert (await way.messages())[0].message.body == "Привет 👋"


async def test_what_was_said_under_a_hidden_name_is_found_under_the_better_one(way: Way, old: OldManager) -> None:
    await old.message(
        SHOP, message_id="false_4711@lid_H1", chat_id="4711@lid", message_body="hidden", timestamp=1753347600
    )
    await way.take(old)
    assert [each.message.body for each in await way.messages(chat="4711@lid")] == ["hidden"]
    shop = await way.storage.instances.find(SHOP)
    assert shop is not None
    pair = Pair(tenant_id=shop.tenant_id, instance_id=SHOP, pn=Address(CUSTOMER), lid=Address("4711@lid"))
    async with way.storage.transaction():
        await way.storage.names.join([pair], way.gate.clock.now())
    assert (await way.take(old)).report.new.total() == 0
    assert sorted(each.message.body for each in await way.messages()) == ["hidden", "Привет 👋", "кот"]


async def test_many_rows_come_in_batches_and_the_latest_name_counts(way: Way, old: OldManager) -> None:
    await old.run(
        "INSERT INTO messages (instance_id, message_id, chat_id, message_body, message_type, contact_name, timestamp)"
        " SELECT $1, 'false_4915100000002@c.us_B' || n, '4915100000002@c.us', 'text ' || n, 'chat', 'Name ' || n,"
        " 1753347600 + n FROM generate_series(1, 1203) n ORDER BY n DESC",
        SHOP,
    )
    assert (await way.take(old)).report.new["messages"] == 1207
    assert (await way.contacts())["4915100000002@s.whatsapp.net"][0] == "Name 1203"


async def test_what_fails_in_the_middle_leaves_nothing_behind(way: Way, old: OldManager) -> None:
    await old.run(
        "INSERT INTO messages (instance_id, message_id, chat_id, message_body, timestamp, created_at)"
        " SELECT $1, 'B' || n, '4915100000002@c.us', 'text ' || n, n, $2 FROM generate_series(1, 1203) n ORDER BY n",
        SHOP,
        BORN,
    )
    async with reader_of(old) as poor:
        await old.run("ALTER TABLE messages ENABLE ROW LEVEL SECURITY")
        await old.run("CREATE POLICY breaks ON messages USING (1 / (timestamp - 1200) <> 7)")
        before = await way.everything()
        with pytest.raises(InvalidInput, match="PostgreSQL's error 22012"):
            await way.take(poor)
        assert await way.everything() == before
        await old.run("ALTER TABLE messages DISABLE ROW LEVEL SECURITY")
        assert (await way.take(poor)).report.new["messages"] == 1207


async def test_before_there_is_an_administrator_nothing_is_imported(
    storage: Storage, settings: Settings, old: OldManager
) -> None:
    way = Way(gate_over(storage, ManualClock(SAID), settings), {})
    with pytest.raises(Conflict, match="Start the gateway once"):
        await way.take(old)
