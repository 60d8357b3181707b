"""The import from a WhatsApp Multi-Instance API, over a real database of each kind."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from gateway.domain.errors import Conflict, InvalidInput, NotFound, Unauthenticated
from gateway.domain.ids import Address, InstanceId, TenantId
from gateway.domain.instances import ProviderName
from gateway.domain.messages import Media, MediaKind, MessageStatus
from gateway.domain.tenants import Role
from gateway.kit.egress import Egress, EgressPolicy
from gateway.providers import make_providers
from gateway.providers.contract import WritesAddresses
from gateway.services.importing.report import Report
from gateway.services.importing.webhooks import WebhookRules
from gateway.services.multi_instance.importing import import_multi_instance
from gateway.services.principals import OPERATOR
from gateway.settings import Settings
from gateway.storage.names import Pair
from gateway.storage.storage import Storage
from gateway.storage.tables import ALL_TABLES
from tests.clock import ManualClock
from tests.integration.services.conftest import Gate, gate_over
from tests.old_system import BORN, MAPPED, UNMAPPED, OldSystem, ms

ANN_KEY = "0b5c2f6e-4a51-4c1b-9a39-0f9b7d7a4f01"
BEN_KEY = "0b5c2f6e-4a51-4c1b-9a39-0f9b7d7a4f02"
CUSTOMER = "79001234567@s.whatsapp.net"
SHOP = InstanceId("5f0e8a52-6a3a-4f56-9f44-1f1c6f6f0001")


class Way:
    """The way in, with everything it needs."""

    def __init__(self, gate: Gate, address_of: Any) -> None:
        self.gate = gate
        self.storage: Storage = gate.storage
        self._address_of = address_of

    async def take(self, path: Path, *, tenant: str | None = None, rehearse: bool = False) -> Report:
        return await import_multi_instance(
            path,
            self.storage,
            hasher=self.gate.hasher,
            clock=self.gate.clock,
            address_of=self._address_of,
            rules=WebhookRules(policy=EgressPolicy(), concurrency=4),
            tenant_id=TenantId(tenant) if tenant else None,
            rehearse=rehearse,
        )

    async def everything(self) -> dict[str, list[dict[str, Any]]]:
        """Every row of every table."""
        return {table._meta.tablename: await table.select().order_by(table._meta.primary_key) for table in ALL_TABLES}

    async def messages(self, instance_id: InstanceId = SHOP, chat: str = CUSTOMER) -> list[Any]:
        found, _ = await self.storage.messages.page(OPERATOR, instance_id, Address(chat), limit=100, skip=0)
        return found[::-1]


@pytest.fixture
async def way(storage: Storage, settings: Settings, tmp_path: Path) -> AsyncIterator[Way]:
    clock = ManualClock(BORN + timedelta(days=40))
    gate = gate_over(storage, clock, settings)
    await gate.let_in("root@example.com", role=Role.ADMIN)
    async with Egress(EgressPolicy()) as egress:
        whatsapp: object = make_providers(settings, egress)[ProviderName.WHATSAPP]
        assert isinstance(whatsapp, WritesAddresses)
        yield Way(gate, whatsapp.address_of)


@pytest.fixture(params=[UNMAPPED, MAPPED], ids=["unmapped", "mapped"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> OldSystem:
    return a_shop(tmp_path / "whatsapp-api.db", request.param)


def a_shop(path: Path, names: Mapping[str, str] = UNMAPPED) -> OldSystem:
    """Two users, one of them with a shop in which something was said."""
    old = OldSystem(path, names)
    ann = old.add("User", email="Ann@Example.com", firstName="Анна", apiKey=ANN_KEY)
    old.add("User", email="ben@example.com", lastName="Ben", apiKey=BEN_KEY, isAdmin=1, createdAt="2025-03-01 09:30:15")
    old.add(
        "Instance", id=SHOP, userId=ann, name="Магазин 🛒", status="connected",
        webhookUrl="https://hooks.example.com/in", webhookEnabled=1,
    )  # fmt: skip
    old.add(
        "WebhookSettings", instanceId=SHOP, notifySent=0, notifyDelivery=1, maxRetries=5, retryInterval=30000,
        secret="тайна", headers='{"X-Team": "shop"}',
    )  # fmt: skip
    old.add(
        "Contact", instanceId=SHOP, name="Иван Иванов", number="+7 900 123-45-67", remoteJid=CUSTOMER, pushName="Иван",
        about="hey", profilePicture="https://pps.example.com/1.jpg", lastActivity=ms(BORN + timedelta(hours=3)),
    )  # fmt: skip
    old.add("Contact", instanceId=SHOP, name="Рабочая группа", number="1", remoteJid="120363000000000001@g.us")
    old.add(
        "Message", instanceId=SHOP, remoteJid=CUSTOMER, content="Привет 👋", messageId="3EB0A1",
        metadata='{"pushName": "Иван", "timestamp": 1740821400}',
    )  # fmt: skip
    old.add(
        "Message", instanceId=SHOP, remoteJid=CUSTOMER, fromMe=1, messageType="image", content="", hasMedia=1,
        messageId="BAE5B2", mediaUrl="https://files.example.com/cat.jpg", caption="кот", mimeType="image/jpeg",
        fileName="cat.jpg", status="read", statusUpdatedAt="2025-03-02T10:00:00.000Z",
        createdAt=ms(BORN + timedelta(minutes=1)),
    )  # fmt: skip
    old.add("Message", instanceId=SHOP, remoteJid="120363000000000001@g.us", content="all", messageId="3EB0A3")
    old.add(
        "InstanceUsage", instanceId=SHOP, date=ms(datetime(2025, 2, 28, 21, tzinfo=UTC)), messagesSent=7, apiCalls=9
    )
    old.add("ActivityLog", instanceId=SHOP, action="connected")
    return old


async def test_everything_is_here_under_the_names_and_dates_of_old(way: Way, old: OldSystem) -> None:
    report = await way.take(old.path)
    assert dict(report.new) == {
        "users": 2, "instances": 1, "webhooks": 1, "contacts": 2, "messages": 3, "usage": 1
    }  # fmt: skip
    assert (report.lines(), report.left) == ([], {"activity log": 1})

    ann = await way.gate.by_key(ANN_KEY)
    user = await way.storage.users.get(OPERATOR, ann.user_id)
    assert (user.email, user.first_name, user.last_name, user.role) == ("ann@example.com", "Анна", "", Role.OWNER)
    assert user.created_at == BORN
    ben = await way.gate.by_key(BEN_KEY)
    assert (ben.role, ben.tenant_id == ann.tenant_id) == (Role.ADMIN, False)
    assert (await way.storage.users.get(OPERATOR, ben.user_id)).created_at == BORN.replace(microsecond=0)
    assert await way.storage.users.api_key(ann.user_id) == ANN_KEY

    (shop,) = await way.storage.instances.list(ann)
    assert (shop.id, shop.name, shop.description, shop.provider) == (SHOP, "Магазин 🛒", "", ProviderName.WHATSAPP)
    assert (shop.state.kind.value, shop.wanted, shop.created_at) == ("stopped", False, BORN)
    assert shop.last_activity_at == BORN + timedelta(minutes=1)

    (endpoint,) = await way.storage.endpoints.list(ann, SHOP)
    assert (endpoint.url, endpoint.enabled, endpoint.is_first) == ("https://hooks.example.com/in", True, True)
    assert (endpoint.max_retries, endpoint.retry_interval_ms, endpoint.headers) == (4, 30000, {"X-Team": "shop"})
    flags = endpoint.filter
    assert (flags.received, flags.sent, flags.delivery, flags.read) == (True, False, True, False)
    assert await way.storage.endpoints.signing_secrets(endpoint.id, BORN) == ("тайна",)

    contacts, _ = await way.storage.contacts.contacts(ann, SHOP, limit=10, skip=0)
    ivan, group = contacts
    assert (ivan.name, ivan.push_name, ivan.number, ivan.about) == ("Иван Иванов", "Иван", "+7 900 123-45-67", "hey")
    assert (ivan.last_activity_at, ivan.created_at) == (BORN + timedelta(hours=3), BORN)
    assert (group.address, group.is_group) == ("120363000000000001@g.us", True)

    said, sent = await way.messages()
    assert (said.message.body, said.message.sender.name, said.message.kind) == ("Привет 👋", "Иван", "text")
    assert said.message.sent_at == datetime.fromtimestamp(1740821400, UTC)
    assert (said.status, said.created_at) == (MessageStatus.SENT, BORN)
    content = sent.message.content
    assert isinstance(content, Media)
    assert (content.media, content.caption, content.file_name) == (MediaKind.IMAGE, "кот", "cat.jpg")
    assert (sent.message.from_me, sent.status, sent.media_url) == (
        True, MessageStatus.READ, "https://files.example.com/cat.jpg"
    )  # fmt: skip
    assert sent.status_at == datetime(2025, 3, 2, 10, tzinfo=UTC)

    chats, _ = await way.storage.contacts.chats(ann, SHOP, limit=10, skip=0)
    assert {chat.address: chat.title for chat in chats} == {CUSTOMER: "", "120363000000000001@g.us": "Рабочая группа"}
    (day,) = await way.storage.usage.days(ann, since=None)
    assert (day.day, day.counters.messages_sent, day.counters.api_calls) == (date(2025, 3, 1), 7, 9)
    tables = await way.everything()
    assert (tables["events"], tables["deliveries"]) == ([], [])


async def test_a_second_import_changes_nothing_and_says_what_was_here(way: Way, old: OldSystem) -> None:
    first = await way.take(old.path)
    before = await way.everything()
    second = await way.take(old.path)
    assert await way.everything() == before
    assert second.known == first.new
    assert (second.new.total(), second.lines(), second.without_password) == (0, [], [])


async def test_a_later_import_brings_what_came_meanwhile_and_leaves_what_was_changed_here(
    way: Way, old: OldSystem
) -> None:
    await way.take(old.path)
    shop = await way.storage.instances.find(SHOP)
    assert shop is not None
    await way.storage.instances.update(structs.replace(shop, name="Renamed", description="here"), now=BORN)
    old.add("Message", instanceId=SHOP, remoteJid=CUSTOMER, content="later", createdAt=ms(BORN + timedelta(hours=1)))
    report = await way.take(old.path)
    assert dict(+report.new) == {"messages": 1}
    assert [each.message.body for each in await way.messages()] == ["Привет 👋", "кот", "later"]
    shop = await way.storage.instances.find(SHOP)
    assert shop is not None
    assert shop.name == "Renamed"


async def test_a_rehearsal_says_the_same_and_changes_nothing(way: Way, old: OldSystem) -> None:
    before = await way.everything()
    rehearsed = await way.take(old.path, rehearse=True)
    assert await way.everything() == before
    real = await way.take(old.path)
    assert (rehearsed.new, rehearsed.lines()) == (real.new, real.lines())
    assert await way.everything() != before


def damaged(old: OldSystem) -> None:
    with closing(sqlite3.connect(old.path)) as db:
        size = db.execute("PRAGMA page_size").fetchone()[0]
        page = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'Message'").fetchone()[0]
    data = bytearray(old.path.read_bytes())
    data[(page - 1) * size : page * size] = b"\xa5" * size
    old.path.write_bytes(data)


def cut_short(old: OldSystem) -> None:
    data = old.path.read_bytes()
    old.path.write_bytes(data[: len(data) // 2])


def another(old: OldSystem) -> None:
    old.path.unlink()
    with closing(sqlite3.connect(old.path)) as db:
        db.execute("CREATE TABLE users (id TEXT, email TEXT, password_hash TEXT)")
        db.execute("CREATE TABLE instances (id TEXT, user_id TEXT, name TEXT)")


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (damaged, "is damaged"),
        (cut_short, "is damaged"),
        (another, "its table users has no apiKey"),
        (lambda old: old.path.write_bytes(b""), "there is no table of users"),
        (lambda old: old.path.write_bytes(b"no database at all\n" * 99), "it is no SQLite file"),
        (lambda old: old.path.unlink(), "There is no file"),
    ],
)
async def test_a_file_that_is_damaged_or_another_one_changes_nothing(
    way: Way, tmp_path: Path, spoil: Any, sentence: str
) -> None:
    old = a_shop(tmp_path / "whatsapp-api.db")
    spoil(old)
    before = await way.everything()
    with pytest.raises(InvalidInput, match=sentence):
        await way.take(old.path)
    assert await way.everything() == before


async def test_a_row_that_makes_no_sense_is_told_by_table_and_id_and_the_rest_is_taken(
    way: Way, old: OldSystem
) -> None:
    ann = old.add("User", id="second-ann", email="ann@example.com", apiKey="0b5c2f6e-4a51-4c1b-9a39-0f9b7d7a4f03")
    old.add("User", id="nobody", email="nobody", apiKey="0b5c2f6e-4a51-4c1b-9a39-0f9b7d7a4f04")
    old.add("User", id="short", email="short@example.com", apiKey="short")
    old.add("Instance", id="../etc", name="path", userId="short")
    old.add("Instance", id="lost", name="lost", userId=ann)
    old.add("Instance", id="blank", name=" ", userId="short", webhookUrl="https://127.0.0.1:9/hook", webhookEnabled=1)
    old.add("WebhookSettings", instanceId="blank", headers="[1]", secret="line\nbreak")
    old.add("Contact", id="c-odd", instanceId=SHOP, number="", remoteJid="somebody")
    old.add("Message", id="m-date", instanceId=SHOP, remoteJid=CUSTOMER, createdAt="soon")
    old.add("Message", id="m-late", instanceId=SHOP, remoteJid=CUSTOMER, createdAt=ms(datetime(2096, 1, 1, tzinfo=UTC)))
    old.add("Message", id="m-blob", instanceId=SHOP, remoteJid=CUSTOMER, content=b"\xff\x00")
    old.add("Message", id="m-who", instanceId=SHOP, remoteJid="\x1b[31m", content="x")
    old.add("Message", id="m-lost", instanceId="lost", remoteJid=CUSTOMER, content="x")
    old.add("Message", id="m-lost2", instanceId="lost", remoteJid=CUSTOMER, content="x")
    old.add("InstanceUsage", id="u-odd", instanceId=SHOP, date=ms(BORN + timedelta(days=3)), messagesSent=-1)
    report = await way.take(old.path)
    lines = report.lines()
    for told in (
        "users second-ann: left out. Another user of the file has the same e-mail",
        "users nobody: left out. email is no e-mail address.",
        "users short: its API key cannot be used here",
        "instances ../etc: left out. id is no id.",
        "instances lost: left out. Its user second-ann was not imported.",
        "instances blank: its webhook is switched off. 127.0.0.1 is not a public address",
        "instances blank: the headers of its webhook were left out.",
        "contacts c-odd: left out. remoteJid is no address on WhatsApp.",
        "messages m-date: left out. createdAt is no moment",
        "messages m-late: left out. createdAt is no moment",
        "messages m-blob: left out. content is no text.",
        "messages m-who: left out. remoteJid is no address on WhatsApp.",
        "messages: 2 left out, because their instance lost was not imported.",
        "usage u-odd: left out. One of its counters is negative",
    ):
        assert [line for line in lines if line.startswith(told)], told
    assert dict(report.skipped) == {"users": 2, "instances": 2, "contacts": 1, "messages": 6, "usage": 1}
    assert dict(report.new) == {
        "users": 3, "instances": 2, "webhooks": 2, "contacts": 2, "messages": 3, "usage": 1
    }  # fmt: skip
    (endpoint,) = await way.storage.endpoints.list(OPERATOR, InstanceId("blank"))
    assert (endpoint.enabled, endpoint.headers, endpoint.disabled_reason is None) == (False, {}, False)
    blank = await way.storage.instances.find(InstanceId("blank"))
    assert blank is not None
    assert blank.name == "blank"


async def test_an_odd_webhook_does_not_cost_the_instance(way: Way, tmp_path: Path) -> None:
    old = OldSystem(tmp_path / "old.db")
    ann = old.add("User", email="ann@example.com", apiKey=ANN_KEY)
    old.add("Instance", id=SHOP, name="Shop", userId=ann, webhookUrl="https://hooks.example.com/in", webhookEnabled=1)
    old.add("WebhookSettings", id="w-odd", instanceId=SHOP, maxRetries="often")
    report = await way.take(old.path)
    assert report.lines() == ["webhooks w-odd: left out. maxRetries is no number. Its instance is imported without it."]
    assert (report.new["instances"], await way.storage.endpoints.list(OPERATOR, SHOP)) == (1, [])


async def test_somebody_who_is_here_already_keeps_everything_and_their_old_key_works_too(
    way: Way, old: OldSystem
) -> None:
    here = await way.gate.let_in("ann@example.com")
    before = await way.storage.users.get_login(here.user.id)
    report = await way.take(old.path)
    assert (report.new["users"], report.known["users"]) == (1, 1)
    assert any("the old API key works beside the present one" in line for line in report.lines())
    assert await way.storage.users.get_login(here.user.id) == before
    for key in (here.api_key, ANN_KEY):
        assert (await way.gate.by_key(key)).user_id == here.user.id
    shop = await way.storage.instances.find(SHOP)
    assert shop is not None
    assert (shop.tenant_id, shop.user_id) == (here.user.tenant_id, here.user.id)


async def test_an_ordinary_user_of_old_does_not_become_the_administrator_of_here(way: Way, tmp_path: Path) -> None:
    old = OldSystem(tmp_path / "old.db")
    old.add("User", email="root@example.com", apiKey=ANN_KEY)
    report = await way.take(old.path)
    assert any("the old API key was not added" in line for line in report.lines())
    with pytest.raises(Unauthenticated):
        await way.gate.by_key(ANN_KEY)


async def test_the_administrator_of_old_is_the_one_of_here(way: Way, tmp_path: Path) -> None:
    old = OldSystem(tmp_path / "old.db")
    old.add("User", email="root@example.com", apiKey=ANN_KEY, isAdmin=1)
    await way.take(old.path)
    assert (await way.gate.by_key(ANN_KEY)).is_admin


async def test_with_a_tenant_everybody_joins_it(way: Way, old: OldSystem) -> None:
    with pytest.raises(NotFound):
        await way.take(old.path, tenant="nowhere")
    here = await way.gate.let_in("owner@example.com")
    await way.take(old.path, tenant=here.user.tenant_id)
    ann, ben = await way.gate.by_key(ANN_KEY), await way.gate.by_key(BEN_KEY)
    assert (ann.tenant_id, ann.role) == (here.user.tenant_id, Role.MEMBER)
    assert (ben.tenant_id, ben.role) == (here.user.tenant_id, Role.ADMIN)


async def test_an_instance_of_somebody_else_is_not_touched(way: Way, old: OldSystem) -> None:
    stranger = await way.gate.let_in("stranger@example.com")
    theirs = await way.gate.instance_of(stranger.user)
    other = old.add("User", email="eve@example.com", apiKey="0b5c2f6e-4a51-4c1b-9a39-0f9b7d7a4f09")
    old.add("Instance", id=theirs, name="mine now", userId=other)
    old.add("Message", instanceId=theirs, remoteJid=CUSTOMER, content="x")
    report = await way.take(old.path)
    assert f"instances {theirs}: left out. Another instance here has this id." in report.lines()
    assert await way.messages(theirs) == []


async def test_what_was_said_under_a_hidden_name_is_found_under_the_better_one(way: Way, tmp_path: Path) -> None:
    old = a_shop(tmp_path / "old.db")
    old.add("Message", instanceId=SHOP, remoteJid="4711@lid", content="hidden", messageId="H1")
    await way.take(old.path)
    assert [each.message.body for each in await way.messages(chat="4711@lid")] == ["hidden"]
    shop = await way.storage.instances.find(SHOP)
    assert shop is not None
    pair = Pair(tenant_id=shop.tenant_id, instance_id=SHOP, pn=Address(CUSTOMER), lid=Address("4711@lid"))
    async with way.storage.transaction():
        await way.storage.names.join([pair], way.gate.clock.now())
    assert (await way.take(old.path)).new.total() == 0
    assert sorted(each.message.body for each in await way.messages()) == ["hidden", "Привет 👋", "кот"]


async def test_before_there_is_an_administrator_nothing_is_imported(
    storage: Storage, settings: Settings, tmp_path: Path
) -> None:
    way = Way(gate_over(storage, ManualClock(BORN), settings), Address)
    with pytest.raises(Conflict, match="Start the gateway once"):
        await way.take(a_shop(tmp_path / "old.db").path)


async def test_many_rows_come_in_batches(way: Way, tmp_path: Path) -> None:
    old = a_shop(tmp_path / "old.db")
    with closing(sqlite3.connect(old.path)) as db, db:
        db.executemany(
            'INSERT INTO "Message" (id, instanceId, remoteJid, fromMe, messageType, content, messageId, status,'
            " createdAt, updatedAt) VALUES (?, ?, ?, 0, 'conversation', ?, ?, 'sent', ?, ?)",
            [
                (f"b{n}", SHOP, "4915100000002@s.whatsapp.net", f"text {n}", f"B{n % 1100}", ms(BORN), ms(BORN))
                for n in range(1203)
            ],
        )
    report = await way.take(old.path)
    assert (report.new["messages"], report.known["messages"]) == (1103, 103)


async def test_what_fails_in_the_middle_leaves_nothing_behind(way: Way, tmp_path: Path) -> None:
    def falls_over(text: str) -> Address:
        if text.endswith("@g.us"):
            raise RuntimeError("something nobody thought of")
        return Address(text)

    old = a_shop(tmp_path / "old.db")
    before = await way.everything()
    with pytest.raises(RuntimeError):
        await Way(way.gate, falls_over).take(old.path)
    assert await way.everything() == before
    assert (await way.take(old.path)).new["users"] == 2


async def test_rows_that_lie_in_a_write_ahead_log_are_read_too_and_the_file_stays_as_it_is(
    way: Way, tmp_path: Path
) -> None:
    old = a_shop(tmp_path / "old.db")
    with closing(sqlite3.connect(old.path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute('SELECT count(*) FROM "Message"').fetchone()  # from now on it holds the log, so nobody empties it
        old.add("Message", instanceId=SHOP, remoteJid=CUSTOMER, content="not yet in the file", messageId="W1")
        before = old.path.read_bytes()
        assert b"not yet in the file" not in before
        report = await way.take(old.path)
        assert report.new["messages"] == 4
        assert old.path.read_bytes() == before
