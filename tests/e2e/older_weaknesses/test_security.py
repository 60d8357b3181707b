"""Security: what strangers can do, and what is told to them."""

from __future__ import annotations

import asyncio
import base64
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.conftest import Until
from tests.e2e.shop import Shop, answer
from tests.process import ROOT, environment, run_command
from tests.served import SHARED, SPOOL, UPLOAD_LIMIT, Served
from tests.simulators.telegram import Fault

MARKUP = '<img src=x onerror="alert(1)"><script>alert(2)</script>'


@SHARED
async def test_strangers_and_failing_starts_do_not_end_the_process(
    served: Served, api: httpx.AsyncClient, until: Until
) -> None:
    """8.2, 8.3: a stranger switches nothing, and instances that cannot be opened hurt themselves alone."""
    process = served.gateway.process
    assert process is not None
    before = process.pid
    async with served.client(None) as nobody:
        for provider in ("sqlite", "mongodb", "postgres", "nonsense"):
            refused = await nobody.post("/api/db/switch", json={"provider": provider})
            assert refused.status_code in (401, 404), refused.text
        assert (await nobody.get("/api/db/status")).status_code in (401, 404)
    served.telegram.fault(Fault(method="getme", code=500, description="Internal Server Error", times=3))
    served.telegram.fault(Fault(method="getme", code=401, description="Unauthorized", times=3))
    served.telegram.fault(Fault(method="getme", drop="before", times=3))
    bodies = [
        {"name": f"{number}", "provider": "telegram", "token": served.telegram.add_bot().token} for number in range(9)
    ]
    made = await asyncio.gather(*(answer(api.post("/api/instances", json=body), 201) for body in bodies))

    async def settled() -> bool:
        shown = (await answer(api.get("/api/instances")))["instances"]
        return {each["status"] for each in shown} <= {"connected", "error", "logged_out"} and len(shown) == len(made)

    await until(settled)
    assert (process.returncode, process.pid) == (None, before)
    assert (await answer(api.get("/ready")))["status"] == "ready"


@SHARED
async def test_markup_of_strangers_is_served_as_json_or_as_a_download(shop: Shop, until: Until) -> None:
    """8.4: a message, a name and a file of a stranger reach a browser as data, never as a page."""
    shop.writes(MARKUP)
    shop.telegram.people.sends_media(
        shop.ann, shop.bot, "document", MARKUP.encode(), file_name=f"{MARKUP}.html", mime_type="text/html"
    )
    await until(lambda: len(shop.heard()) == 2)
    base = f"/api/instances/{shop.id}"
    await answer(shop.api.post(f"{base}/contacts/save", json={"number": shop.chat, "name": MARKUP, "about": MARKUP}))
    await answer(shop.api.put(base, json={"name": MARKUP, "description": MARKUP}))
    for path in (f"{base}/chats/{shop.chat}/messages", f"{base}/contacts/db", f"{base}/events", base, "/api/instances"):
        shown = await shop.api.get(path, headers={"accept": "text/html"})
        assert shown.headers["content-type"] == "application/json; charset=utf-8"
        assert shown.headers["x-content-type-options"] == "nosniff"
        assert shown.headers["content-security-policy"].startswith("default-src 'none'")
        assert MARKUP in str(shown.json()), "kept as it was written"
    (file,) = [each for each in await shop.messages() if each["hasMedia"]]
    given = await shop.api.get(file["mediaPath"])
    assert given.content == MARKUP.encode()
    assert given.headers["content-disposition"].startswith("attachment; filename*=UTF-8''")
    assert "<" not in given.headers["content-disposition"]
    assert given.headers["x-content-type-options"] == "nosniff"
    assert given.headers["content-security-policy"].startswith("default-src 'none'")


def test_a_qr_code_is_drawn_without_asking_anybody() -> None:
    """8.5: every form of a QR code is made by a process that may open no connection, and no service is named."""
    program = """
import sys
from gateway.kit.qr import qr_data_url, qr_png, qr_svg, qr_terminal

def watch(event, arguments):
    if event.startswith(("socket.", "subprocess.", "urllib.", "http.")):
        raise SystemExit(f"it tried {event} {arguments}")

sys.addaudithook(watch)
text = "2@" + "k" * 200
assert qr_png(text).startswith(b"\\x89PNG") and "<svg" in qr_svg(text) and qr_terminal(text)
assert qr_data_url(text).startswith("data:image/")
if "ask" in sys.argv:
    import socket
    socket.create_connection(("127.0.0.1", 9))
print("drawn")
"""
    drawn = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert drawn.stdout == "drawn\n", drawn.stderr
    ask = [sys.executable, "-c", program, "ask"]
    asked = subprocess.run(ask, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "it tried socket." in asked.stderr
    for file in [*(ROOT / "gateway").rglob("*.py"), *(ROOT / "gateway").rglob("docs.js")]:
        for service in ("qrserver", "chart.googleapis", "quickchart", "qrickit"):
            assert service not in file.read_text(), file


async def test_production_does_not_start_with_secrets_that_everybody_knows(tmp_path: Path) -> None:
    """8.7: the secrets of the older system's examples are refused, in one sentence that does not repeat them."""
    known = {"JWT_SECRET": "your-jwt-secret-key-here-your-jwt-secret", "ADMIN_PASSWORD": "admin123"}
    keys = f"k1:{base64.b64encode(os.urandom(32)).decode()}"
    database = f"sqlite:///{tmp_path / 'gateway.db'}"
    env = environment(tmp_path, database, ENVIRONMENT="production", ENCRYPTION_KEYS=keys)
    status, said = await run_command(tmp_path, env | known, "serve")
    assert status not in (0, None)
    assert "JWT_SECRET is weak or a well-known default" in said
    assert "Traceback" not in said
    assert not [secret for secret in known.values() if secret in said]
    assert not (tmp_path / "gateway.db").exists()


def test_what_is_shipped_holds_no_secret_to_start_with() -> None:
    """8.7: the files that are copied to a server name secrets and give none."""
    files = [path for path in (ROOT / "deploy").iterdir() if path.is_file()] + [ROOT / "Containerfile"]
    assert files
    for path in files:
        for line in path.read_text().splitlines():
            name, given, value = line.partition("=")
            if given and name.strip().endswith(("SECRET", "PASSWORD", "KEYS", "API_KEY", "TOKEN")):
                assert name.strip().startswith("#") or not value.strip(), f"{path.name}: {line}"


@SHARED
async def test_a_file_behind_a_url_needs_no_content_type_and_has_a_limit(shop: Shop) -> None:
    """8.8: an answer without Content-Type is judged by its bytes, and one that is too large is not read to its end."""
    picture, missing, large = (f"{shop.hook}/{name}" for name in ("picture", "missing", "large"))
    shop.receiver.answer(picture, body=b"\x89PNG\r\n\x1a\n" + bytes(64))
    path = f"/api/whatsapp/{shop.id}/send-media"
    sent = await answer(shop.api.post(path, json={"phone": shop.chat, "url": shop.receiver.url(picture)}))
    assert [(each["messageId"], each["messageType"]) for each in await shop.messages()] == [(sent["id"], "image")]
    shop.receiver.answer(large, body=bytes(51 * 1024 * 1024))
    shop.receiver.refuse(missing, status=404)
    for url, code in ((large, "too_large"), (missing, "media_unreachable")):
        refused = await shop.api.post(path, json={"phone": shop.chat, "url": shop.receiver.url(url)})
        assert refused.json()["code"] == code, refused.text
    assert len(await shop.messages()) == 1


@SHARED
async def test_guessing_a_password_is_slowed_down(served: Served) -> None:
    """8.9: after five wrong passwords the next try has to wait, the right one included."""
    someone = await served.new_user()
    login = {"email": someone["user"]["email"], "password": "of another tenant"}
    async with served.client(None) as nobody:
        for _ in range(5):
            wrong = await answer(nobody.post("/api/auth/login", json=login | {"password": "a guess"}), 401)
            assert wrong["error"] == "Invalid credentials"
        waiting = await nobody.post("/api/auth/login", json=login | {"password": "a guess"})
        assert waiting.status_code == 429
        assert int(waiting.headers["retry-after"]) >= 1


@SHARED
async def test_no_upload_stays_behind(served: Served, shop: Shop) -> None:
    """8.9: neither a file that was sent nor one that was refused is left on the disk."""
    path = f"/api/whatsapp/{shop.id}/send-file"
    sent = {"file": ("a.bin", bytes(UPLOAD_LIMIT))}
    await answer(shop.api.post(path, data={"phone": shop.chat}, files=sent))
    refused: tuple[tuple[dict[str, str], dict[str, tuple[str, bytes]], int], ...] = (
        ({"phone": shop.chat}, {"file": ("a.bin", bytes(UPLOAD_LIMIT + 1))}, 413),
        ({}, sent, 400),
        ({"phone": shop.chat}, {"photo": ("a.bin", bytes(UPLOAD_LIMIT))}, 400),
    )
    for form, files, status in refused:
        await answer(shop.api.post(path, data=form, files=files), status)
    async with served.client(None) as nobody:
        await answer(nobody.post(path, data={"phone": shop.chat}, files=sent), 401)
    assert list((served.gateway.folder / SPOOL).iterdir()) == []
    large = [each for each in served.gateway.folder.rglob("*") if each.is_file() and "gateway" not in each.name]
    assert [each for each in large if each.stat().st_size >= UPLOAD_LIMIT] == []


def _shipped() -> list[Path]:
    """Every file of the project, without what running and testing leave behind."""
    folders = ("gateway", "tests", "docs", "deploy", "migrations")
    return [
        *(path for path in ROOT.iterdir() if path.is_file()),
        *(path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()),
    ]


def _is_database(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(16) == b"SQLite format 3\0" or path.suffix in (".db", ".sqlite", ".sqlite3", ".dump")


def test_no_file_of_the_project_is_a_database(tmp_path: Path) -> None:
    """8.11: nobody's users, keys or messages lie among the files that are given to everybody."""
    files = [path for path in _shipped() if "__pycache__" not in path.parts]
    assert len(files) > 300
    assert [path for path in files if _is_database(path)] == []
    (tmp_path / "kept").write_bytes(b"SQLite format 3\0" + bytes(84))
    assert _is_database(tmp_path / "kept")


@pytest.mark.parametrize("ignored", ["data/", "*.db", ".env"])
def test_what_a_running_gateway_keeps_is_ignored_by_version_control(ignored: str) -> None:
    """8.11: the folder and the files that hold databases and secrets are not taken along by accident."""
    assert ignored in (ROOT / ".gitignore").read_text().splitlines()
