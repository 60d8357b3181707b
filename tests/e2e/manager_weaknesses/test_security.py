"""Security: who gets in, and what is told to them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

import httpx
import pytest

from tests.process import ROOT
from tests.running import running_gateway
from tests.served import SHARED, Served

INSTANCES = "/api/v1/instances"
TOKEN = re.compile(r"\b\d{8,10}:[A-Za-z0-9_-]{35}\b")
DATABASE = re.compile(r"postgres(?:ql)?://[^\s:/@<>{}$]+:(?P<password>[^\s@<>{}$]+)@(?P<host>[^\s:/]+)")
HARMLESS = re.compile(r"localhost|127\.0\.0\.1|db|host|.*\.example(\.com|\.org)?|.*\.internal")
UNVERIFIED = re.compile(
    r"verify\s*=\s*False|CERT_NONE|check_hostname\s*=\s*False|_create_unverified_context|ssl\s*=\s*False"
)


async def made(api: httpx.AsyncClient, token: str) -> str:
    answer = await api.post(INSTANCES, json={"company_id": "acme", "provider": "telegram", "token": token})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["instance_id"])


async def operations(api: httpx.AsyncClient) -> list[tuple[str, str, bool]]:
    """Every operation of this surface: its method, its path, and whether it asks for a credential."""
    document = (await api.get("/docs/openapi.json")).json()
    return [
        (method.upper(), path, bool(operation.get("security")))
        for path, item in document["paths"].items()
        if path == "/api/v1" or path.startswith("/api/v1/")
        for method, operation in item.items()
    ]


@SHARED
async def test_no_answer_about_an_instance_shows_its_token(served: Served) -> None:
    """W1: what is listed, shown and kept of an instance holds its token nowhere."""
    token = served.telegram.add_bot().token
    async with served.client() as api:
        instance_id = await made(api, token)
        paths = [path for method, path, _ in await operations(api) if method == "GET" and path.startswith(INSTANCES)]
        assert len(paths) > 10
        for path in paths:
            answer = await api.get(path.replace("{instance_id}", instance_id))
            assert token not in answer.text, path
            assert token.partition(":")[2] not in answer.text, path


@SHARED
async def test_a_bearer_that_is_no_key_opens_nothing(served: Served) -> None:
    """W2: whatever asks for a credential refuses one that is none, and so does whatever needs none to begin with."""
    async with served.client() as api, served.client(None, token="zzz") as anybody:
        instance_id = await made(api, served.telegram.add_bot().token)
        asked = 0
        for method, path, closed in await operations(api):
            if not closed:
                continue
            url = re.sub(r"\{\w+\}", instance_id, path)
            answer = await anybody.request(method, url, json={} if method in ("POST", "PUT") else None)
            assert answer.status_code == 401, f"{method} {path}: {answer.status_code} {answer.text}"
            asked += 1
        assert asked > 25
        assert (await api.get(f"{INSTANCES}/{instance_id}")).status_code == 200, "it is still there"


def credentials_in(files: Iterable[Path]) -> list[str]:
    """Where in these files somebody's token or the password of a reachable database stands."""
    found = []
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture
        found += [f"{file}: a token" for _ in TOKEN.finditer(text)]
        found += [f"{file}: {each['host']}" for each in DATABASE.finditer(text) if not HARMLESS.fullmatch(each["host"])]
    return found


def test_no_file_holds_a_token_or_the_password_of_a_database(tmp_path: Path) -> None:
    """W4: nothing that is shipped or documented holds a bot's token, or a database with its password."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    names = [name for name in listed.stdout.split("\0") if name and not name.startswith("tests/")]
    if not names:
        pytest.skip("not a git checkout")
    assert credentials_in(ROOT / name for name in names) == []
    shown = tmp_path / "env.production"
    shown.write_text("DATABASE_URL=postgresql://postgres:s3cret@db.abcdef.supabase.co:5432/postgres\n")
    token = tmp_path / "guide.md"
    token.write_text(f"token: 123456789:{'A' * 35}\n")
    assert len(credentials_in([shown, token])) == 2


async def test_a_webhook_leads_nowhere_inside(tmp_path: Path, sqlite_url: str) -> None:
    """W5: neither a new instance nor a changed one is told to call into our network."""
    async with running_gateway(tmp_path, sqlite_url, EGRESS_ALLOW="") as running, running.client() as api:
        for url in (
            "http://127.0.0.1/hook",
            "http://169.254.169.254/latest/meta-data",
            "http://[::1]/hook",
            "http://10.0.0.7/hook",
            "file:///etc/passwd",
        ):
            body = {"company_id": "acme", "provider": "telegram", "token": "test-token"}
            answer = await api.post(INSTANCES, json=body | {"api_webhook_schema": {"url": url}})
            assert answer.status_code == 400, f"{url}: {answer.text}"
            assert answer.json()["details"]["field"] == "api_webhook_schema.url"
        assert (await api.get(INSTANCES)).json()["total"] == 0


def test_the_container_has_no_rights_and_no_docker() -> None:
    """W9: the image runs as a user of its own, and nothing it is deployed with is privileged or reaches Docker."""
    image = (ROOT / "Containerfile").read_text()
    users = re.findall(r"^USER (\S+)$", image, re.MULTILINE)
    assert users
    assert not users[-1].startswith(("0", "root"))
    for file in [ROOT / "Containerfile", *(path for path in (ROOT / "deploy").iterdir() if path.is_file())]:
        text = file.read_text()
        assert "docker.sock" not in text, file
        assert not re.search(r"privileged:|--privileged|chmod .*666", text), file


def test_no_connection_goes_without_its_certificate_verified() -> None:
    """W9: no line of the program switches the verification of a certificate off."""
    lines = [
        f"{file.relative_to(ROOT)}: {line}"
        for file in (ROOT / "gateway").rglob("*.py")
        for line in file.read_text().splitlines()
        if UNVERIFIED.search(line)
    ]
    assert lines == []
    assert UNVERIFIED.search("httpx.AsyncClient(verify=False)")


@SHARED
async def test_a_refusal_tells_no_trace_of_the_program(served: Served) -> None:
    """W9: a body that is no JSON, an id that is none and a path that leads nowhere are refused in a sentence."""
    async with served.client() as api:
        headers = {"content-type": "application/json"}
        answers = [
            await api.post(INSTANCES, content="{not json", headers=headers),
            await api.post(INSTANCES, json={"provider": 7}),
            await api.get(f"{INSTANCES}/%00"),
            await api.get(f"{INSTANCES}/not-a-uuid"),
            await api.get("/api/v1/nowhere"),
            await api.post(f"{INSTANCES}/batch/status", json={"instance_ids": {}}),
        ]
    for answer in answers:
        assert 400 <= answer.status_code < 500, answer.text
        assert answer.json().keys() <= {"success", "error", "code", "details", "message"}
        for trace in ("Traceback", 'File "', ".py", "/gateway", "node_modules", "    at "):
            assert trace not in answer.text
