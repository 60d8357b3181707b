"""No secret gets out: unique ones are pushed through every path, good and bad, and looked for wherever a trace is left.

The real process writes its log at its most talkative. What may show a secret is named where it is asked for.
"""

from __future__ import annotations

import base64
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # asyncpg ships no types
import pytest

from gateway.storage.views import VIEWS
from tests.conftest import Until
from tests.postgres import PostgresServer, running_server
from tests.process import GatewayProcess
from tests.security import journey
from tests.security.aviary import Aviary, Visitor
from tests.simulators.receiver import Receiver
from tests.simulators.telegram import TelegramSimulator

pytestmark = pytest.mark.slow


@pytest.fixture(params=["sqlite", "postgres"])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[str, PostgresServer | None]]:
    """The URL of a database, and its server where there is one to stop."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'gateway.db'}", None
        return
    with running_server(tcp=True) as server:  # its own, because it is stopped on the way
        yield server.url(), server


async def test_no_secret_gets_out(
    tmp_path: Path,
    house: tuple[str, PostgresServer | None],
    telegram: TelegramSimulator,
    receiver: Receiver,
    until: Until,
) -> None:
    url, server = house
    aviary = Aviary()
    gateway = _gateway(tmp_path, url, aviary, telegram)
    await gateway.start()
    visitor = Visitor(gateway, aviary)
    try:
        async with visitor.http:
            await journey.people(visitor)
            shop = await journey.shop(visitor, telegram, receiver, until)
            await journey.webhooks(visitor, shop, receiver, until)
            await journey.network_trouble(visitor, shop, telegram, receiver, until)
            await journey.look_around(visitor, shop)
            await _dump(aviary, url)
            await _break_the_database(visitor, shop, url, server)
        aviary.hear("printed", "" if await gateway.stop() == 0 else "did not stop")
    finally:
        await gateway.kill()
    aviary.hear("log", gateway.log())
    for received in receiver.requests:
        aviary.hear("webhooks", f"{received.path} {received.headers} {received.body!r}")
    for content in _files(tmp_path):
        aviary.hear("files", content)

    # The ways in which things can go wrong were really gone.
    wanted = {200, 201, 202, 400, 401, 403, 404, 409, 500, 502, 504} | ({503} if server else set())
    assert wanted <= visitor.statuses, wanted - visitor.statuses
    assert "Traceback" in gateway.log()
    # The control: the search finds what is no secret where it has to be.
    for place in ("answers", "webhooks", "database", *(() if server else ("files",))):
        assert journey.SHOWN in aviary.heard[place], place
    for place in ("log", "views"):
        assert shop["id"] in aviary.heard[place], place
    # Headers that a customer chose go to that customer's own endpoint.
    assert aviary["headervalue"] in aviary.heard["webhooks"]
    assert aviary.escaped(but={"headervalue": ["webhooks"]}) == []


async def test_the_search_finds_a_secret_that_got_out() -> None:
    aviary = Aviary()
    assert aviary.escaped() == []
    aviary.hear("log", f"... token={aviary['jwtsecret']} ...")
    aviary.hear("database", base64.b64encode(aviary["password"].encode()))
    assert aviary.escaped() == ["jwtsecret: log", "password: database"]
    assert aviary.escaped(but={"jwtsecret": ["log"]}) == ["password: database"]


def _files(folder: Path) -> list[bytes]:
    """Everything the process left on disk: its log, and its data with whatever a database keeps beside itself."""
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


def _gateway(folder: Path, url: str, aviary: Aviary, telegram: TelegramSimulator) -> GatewayProcess:
    if url.startswith("postgres"):
        # The server trusts whoever comes; the password is there to be leaked.
        url = url.replace("postgres:@", f"postgres:{aviary['databasepassword']}@")
    return GatewayProcess(
        folder,
        url,
        TELEGRAM_API_BASE=telegram.base_url,
        LOG_LEVEL="debug",
        ADMIN_PASSWORD=aviary["adminpassword"],
        ADMIN_API_KEY=aviary["adminkey"],
        JWT_SECRET=aviary["jwtsecret"],
        ENCRYPTION_KEYS=f"first:{aviary['sealingkey']}",
        METRICS_TOKEN=aviary["metricstoken"],
        INSTANCE_KEYS="secret",
        BASE_URL="http://127.0.0.1:9",
    )


async def _dump(aviary: Aviary, url: str) -> None:
    """Every row of every table and view, as text."""
    if url.startswith("sqlite"):
        with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
            aviary.hear("database", "\n".join(database.iterdump()))
            for view in VIEWS:
                aviary.hear("views", str(database.execute(f"SELECT * FROM {view}").fetchall()))
        return
    database = await asyncpg.connect(url)
    try:
        tables = await database.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in tables:
            for row in await database.fetch(f'SELECT t::text FROM "{table}" t'):
                aviary.hear("database", row[0])
        for view in VIEWS:
            aviary.hear("views", str(await database.fetch(f"SELECT * FROM {view}")))
    finally:
        await database.close()


async def _break_the_database(visitor: Visitor, shop: dict[str, str], url: str, server: PostgresServer | None) -> None:
    """What nobody foresaw: rows that make no sense, tables that are not there, a server that is gone."""
    ask, birds, key = visitor.ask, visitor.aviary, visitor.aviary["adminkey"]
    nonsense = f"UPDATE messages SET body = 'no JSON at all' WHERE instance_id = '{shop['id']}'"
    gone = "ALTER TABLE audit RENAME TO audit_elsewhere"
    back = "ALTER TABLE audit_elsewhere RENAME TO audit"
    path = f"/api/instances/{shop['id']}/chats/{shop['ann']}/messages"
    await _execute(url, nonsense)
    crashed = await ask("GET", path, key=key)
    assert crashed.status_code == 500, crashed.text
    await _execute(url, gone)
    for body in (
        {"email": "admin@example.com", "password": birds["adminpassword"]},
        {"email": "admin@example.com", "password": birds["wrongpassword"]},
    ):
        failed = await ask("POST", "/api/auth/login", json=body)
        assert failed.status_code >= 500, failed.text
    user = {"email": "eve@example.com", "password": birds["newpassword"]}
    assert (await ask("POST", "/api/users", key=key, json=user)).status_code >= 500
    await _execute(url, back)
    if server is None:
        return
    server.stop("immediate")
    requests: tuple[tuple[str, dict[str, Any]], ...] = (
        ("POST /api/auth/login", {"email": "admin@example.com", "password": birds["adminpassword"]}),
        ("POST /api/users", user),
        (f"PUT /api/instances/{shop['id']}", {"config": {"token": birds["bottoken"]}}),
        (f"PUT /api/instances/{shop['id']}", {"webhookSecret": birds["hooksecret"]}),
    )
    for request, body in requests:
        method, _, path = request.partition(" ")
        away = await ask(method, path, key=key, json=body)
        assert away.status_code == 503, away.text
    server.start()


async def _execute(url: str, sql: str) -> None:
    if url.startswith("sqlite"):
        with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=20)) as database:
            database.execute(sql)
            database.commit()
        return
    database = await asyncpg.connect(url)
    try:
        await database.execute(sql)
    finally:
        await database.close()
