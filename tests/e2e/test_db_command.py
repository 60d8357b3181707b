"""`python -m gateway db`: a gateway goes on in another database, and out of a backup made while it worked."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.shop import Shop, Until, answer, open_shop
from tests.postgres import PostgresServer, fresh_database
from tests.process import environment, gateway_process, run_command
from tests.simulators.receiver import Receiver
from tests.simulators.telegram import TelegramSimulator

pytestmark = pytest.mark.slow

WORDS = "nobody else knows this sentence"
PASSWORD = "hunter2hunter2"
SAME = ("id", "name", "createdAt")
KEYS = {
    "ENCRYPTION_KEYS": "k1:" + base64.b64encode(bytes(range(32))).decode(),
    "JWT_SECRET": "j" * 20 + "0123456789abcdef",
    "GATEWAY_EXPORT_PASSPHRASE": WORDS,
}


async def command(folder: Path, database_url: str, *words: str, **env: str) -> tuple[int, str]:
    """`python -m gateway db ...` with a gateway's settings: the exit status and what was printed."""
    status, out = await run_command(folder, environment(folder, database_url, **(KEYS | env)), "db", *words)
    assert "Traceback" not in out
    assert PASSWORD not in out
    return status, out


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


@pytest.fixture(params=["sqlite to postgres", "postgres to sqlite"])
async def urls(
    request: pytest.FixtureRequest, postgres_server: PostgresServer, tmp_path: Path
) -> AsyncIterator[tuple[str, str]]:
    """Where the gateway is, and another, empty database, whose URL has a password if it can have one."""
    sqlite = f"sqlite:///{tmp_path / 'one.db'}"
    async with fresh_database(postgres_server) as url:
        name = url.partition("?")[0].rpartition("/")[2]
        postgres = postgres_server.tcp_url(name).replace("postgres@", f"postgres:{PASSWORD}@")
        yield (sqlite, postgres) if request.param == "sqlite to postgres" else (postgres, sqlite)


async def is_answered(shop: Shop, text: str, until: Until) -> None:
    """Somebody writes and the endpoint hears it; somebody is written to and reads it."""
    shop.writes(text)
    await until(lambda: text in shop.heard())
    await answer(shop.send(f"{text}, too"))
    assert shop.said[-1] == f"{text}, too"


async def test_a_copy_is_served_with_the_same_keys_instances_and_messages(
    tmp_path: Path, urls: tuple[str, str], telegram: TelegramSimulator, receiver: Receiver, until: Until
) -> None:
    here, there = urls
    async with (
        gateway_process(tmp_path, here, TELEGRAM_API_BASE=telegram.base_url, **KEYS) as gateway,
        open_shop(gateway, telegram, receiver, until) as shop,
    ):
        await is_answered(shop, "Привет 👋", until)
        status, out = await command(tmp_path, here, "copy", "--to", there)
        assert (status, out) == (1, "A gateway is running on the configured database; stop it first.\n")
        shown, messages = await shop.show(), await shop.messages()
        await gateway.stop()

    status, out = await command(tmp_path, here, "copy", "--to", there)
    assert status == 0, out
    rows = dict(line.split() for line in out.splitlines() if len(line.split()) == 2)
    assert (rows["instances"], rows["messages"]) == ("1", str(len(messages)))
    assert ("DATABASE_PROVIDER=postgres" in out) == there.startswith("postgresql")
    assert ("SQLITE_DATABASE_URL=file:/" in out) == there.startswith("sqlite")

    async with (
        gateway_process(tmp_path, there, TELEGRAM_API_BASE=telegram.base_url, **KEYS) as gateway,
        gateway.client() as api,
    ):
        moved = Shop(api, shop.id, telegram, shop.bot, shop.ann, receiver, shop.hook)
        await until(lambda: moved.is_in("connected"))
        assert await moved.messages() == messages
        after = await moved.show()
        assert [after[key] for key in ("id", "name", "createdAt")] == [
            shown[key] for key in ("id", "name", "createdAt")
        ]
        await is_answered(moved, "here as well", until)
        status, out = await command(tmp_path, here, "copy", "--to", there)
        assert status == 1
        assert out.startswith("A gateway is running on ")
    status, out = await command(tmp_path, here, "copy", "--to", there)
    assert status == 1
    assert "is not empty" in out


async def everything_said(shop: Shop) -> list[str]:
    """The words of every message that is kept, oldest first."""
    found: list[str] = []
    while page := await shop.messages(skip=len(found)):
        found += [each["content"] for each in page]
    return found[::-1]


async def writing(shop: Shop, acknowledged: list[str], enough: asyncio.Event) -> None:
    """Send one message after the other until told to stop; the acknowledged ones are in the list at once."""
    while not enough.is_set():
        text = f"message {len(acknowledged)}"
        await answer(shop.send(text))
        acknowledged.append(text)


async def test_a_backup_beside_a_busy_gateway_is_restored_and_served_elsewhere(
    tmp_path: Path, urls: tuple[str, str], telegram: TelegramSimulator, receiver: Receiver, until: Until
) -> None:
    here, there = urls
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    acknowledged: list[str] = []
    enough = asyncio.Event()
    async with (
        gateway_process(tmp_path, here, TELEGRAM_API_BASE=telegram.base_url, **KEYS) as gateway,
        open_shop(gateway, telegram, receiver, until) as shop,
    ):
        busy = asyncio.create_task(writing(shop, acknowledged, enough))
        await until(lambda: len(acknowledged) >= 20)
        surely = len(acknowledged)
        status, out = await command(tmp_path, here, "backup", "night.backup")
        assert status == 0, out
        assert "ENCRYPTION_KEYS" in out
        at_most = len(acknowledged)
        await until(lambda: len(acknowledged) > at_most)
        enough.set()
        await busy
        assert at_most > surely, "nothing was written while the backup was made"
        status, out = await command(tmp_path, here, "backup", "night.backup")
        assert status == 1
        assert "is there already" in out
        status, out = await command(tmp_path, here, "restore", "night.backup")
        assert status == 1
        assert "running" in out
        await gateway.stop()

    file = tmp_path / "night.backup"
    assert file.stat().st_mode & 0o777 == 0o600
    assert b"message 1" not in file.read_bytes()
    status, out = await command(tmp_path, here, "restore", str(file))
    assert status == 1
    assert "not empty" in out

    status, out = await command(elsewhere, there, "restore", str(file))
    assert status == 0, out
    assert "others than it was sealed with" not in out
    other_keys = KEYS | {"ENCRYPTION_KEYS": "k1:" + base64.b64encode(bytes(range(32, 64))).decode()}
    (tmp_path / "trial").mkdir()
    status, out = await command(
        tmp_path / "trial", f"sqlite:///{tmp_path}/trial.db", "restore", str(file), **other_keys
    )
    assert status == 0, out
    assert "others than it was sealed with" in out
    async with (
        gateway_process(elsewhere, there, TELEGRAM_API_BASE=telegram.base_url, **KEYS) as gateway,
        gateway.client() as api,
    ):
        again = Shop(api, shop.id, telegram, shop.bot, shop.ann, receiver, shop.hook)
        await until(lambda: again.is_in("connected"))
        kept = await everything_said(again)
        assert surely <= len(kept) <= at_most + 1
        # A moment of the gateway's: what came before it, whole and in order, and nothing of what came after.
        assert kept == [f"message {number}" for number in range(len(kept))]
        await is_answered(again, "out of the backup", until)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("copy", "--to", f"postgresql://gw:{PASSWORD}@127.0.0.1:1/gateway"), "does not answer"),
        (("copy", "--to", f"postgresql://gw:{PASSWORD}/x@127.0.0.1/gateway"), "cannot be read"),
        (("copy", "--to", f"postgresql://gw:{PASSWORD}@127.0.0.1/gateway?sslmode={PASSWORD}"), "correct it"),
        (("copy", "--to", "mysql://localhost/gateway"), "Unknown kind of database"),
        (("copy", "--to", "sqlite:///one.db"), "same database"),
        (("backup", "no/such/folder.backup"), "cannot be written"),
        (("restore", "missing.backup"), "There is no file missing.backup"),
    ],
)
async def test_what_cannot_be_done_is_said_in_one_sentence_without_a_password(
    tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    here = f"sqlite:///{tmp_path / 'one.db'}"
    assert (await run_command(tmp_path, environment(tmp_path, here, **KEYS), "migrate"))[0] == 0
    status, out = await command(tmp_path, here, *words)
    assert status == 1
    assert says in out.splitlines()[-1]


async def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    for words in (("copy", "--to", f"sqlite:///{tmp_path}/two.db"), ("backup", "night.backup")):
        status, out = await command(tmp_path, f"sqlite:///{tmp_path / 'one.db'}", *words)
        assert status == 1
        assert "There is no database" in out
    assert {path.name for path in files_in(tmp_path)} <= {"data"}
