"""What every answer carries, whichever route and however it ends; and what the documentation page may load."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest

from tests.process import ADMIN_KEY
from tests.running import RunningGateway, running_gateway

ALWAYS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
}
CLOSED = "default-src 'none'"
LISTED, UNLISTED = "https://crm.example.com", "https://evil.example.com"
_PLACE = re.compile(r"{\w+}")


@pytest.fixture
async def gateway(tmp_path: Path, sqlite_url: str) -> AsyncIterator[RunningGateway]:
    url = "https://gateway.example.com"
    async with running_gateway(tmp_path, sqlite_url, CORS_ORIGIN=LISTED, BASE_URL=url) as running:
        yield running


@pytest.fixture
async def http(gateway: RunningGateway) -> AsyncIterator[httpx.AsyncClient]:
    async with gateway.client(None) as client:
        yield client


def assert_protected(answer: httpx.Response, *, closed: bool = True) -> None:
    said = f"{answer.request.method} {answer.request.url.path} {answer.status_code}"
    for name, value in ALWAYS.items():
        assert answer.headers.get_list(name) == [value], f"{said}: {name}"
    assert answer.headers["strict-transport-security"].startswith("max-age="), said
    assert answer.headers["x-request-id"], said
    assert len(answer.headers.get_list("content-security-policy")) == 1, said
    policy = answer.headers["content-security-policy"]
    for part in ("object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
        assert part in policy, said
    if closed:
        assert policy.startswith(CLOSED), said
        assert answer.headers["cache-control"] == "no-store", said
    for name in ("server", "x-powered-by"):
        assert name not in answer.headers, said


async def operations(http: httpx.AsyncClient) -> list[tuple[str, str]]:
    """Method and path of everything in the document."""
    paths = (await http.get("/docs/openapi.json")).json()["paths"]
    return [(method.upper(), path) for path, item in paths.items() for method in item]


@pytest.mark.parametrize("headers", [{}, {"x-api-key": ADMIN_KEY}], ids=["nobody", "admin"])
async def test_every_answer_is_protected(http: httpx.AsyncClient, headers: dict[str, str]) -> None:
    asked = 0
    for method, path in await operations(http):
        body = None if method == "GET" else b"{"
        answer = await http.request(method, _PLACE.sub("0", path), headers=headers, content=body)
        assert_protected(answer)
        assert answer.status_code < 500, answer.text
        if answer.status_code >= 400:
            assert answer.headers["content-type"].startswith("application/json"), path
        if answer.status_code == 401:
            assert path == "/hooks/{provider}/{instance_id}" or answer.headers["www-authenticate"] == "Bearer"
        asked += 1
    assert asked > 60


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 302),
        ("GET", "/nothing/here", 404),
        ("GET", "/docs/nothing", 404),
        ("GET", "/docs/static/..%2f..%2fdocs.py", 404),
        ("GET", "/docs/static/nothing.js", 404),
        ("POST", "/health", 405),
        ("GET", "/api/instances/%00", 401),
        ("GET", "/api//instances", 401),
    ],
)
async def test_answers_beside_the_document_are_protected(
    http: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await http.request(method, path)
    assert answer.status_code == status, answer.text
    assert_protected(answer, closed=not path.startswith("/docs"))


async def test_an_answer_to_something_too_large_is_protected(http: httpx.AsyncClient) -> None:
    answer = await http.post("/api/auth/login", content=b"x" * (1024 * 1024 + 1))
    assert answer.status_code == 413
    assert_protected(answer)


async def test_a_method_that_is_not_there_is_405_and_says_which_are(http: httpx.AsyncClient) -> None:
    there: dict[str, set[str]] = {}
    for method, path in await operations(http):
        there.setdefault(path, set()).add(method)
    for path, methods in there.items():
        concrete = _PLACE.sub("0", path)
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND"):
            if method in methods or (method == "CONNECT"):
                continue
            answer = await http.request(method, concrete, headers={"x-api-key": ADMIN_KEY})
            if any(_matches(other, concrete) and method in there[other] for other in there):
                continue
            assert answer.status_code == 405, f"{method} {path}: {answer.status_code}"
            allowed = {each.strip() for each in answer.headers["allow"].split(",")}
            assert methods <= allowed, f"{method} {path}: {allowed}"
            assert method not in allowed
            assert_protected(answer, closed=False)


def _matches(template: str, path: str) -> bool:
    return re.fullmatch(_PLACE.sub("[^/]+", template), path) is not None


async def test_only_listed_origins_may_read_and_never_with_cookies(http: httpx.AsyncClient) -> None:
    preflight = {"access-control-request-method": "POST", "access-control-request-headers": "x-api-key,content-type"}
    for path in ("/api/instances", "/api/auth/login", "/api/webhooks"):
        listed = await http.options(path, headers=preflight | {"origin": LISTED})
        assert listed.status_code < 300, listed.text
        assert listed.headers["access-control-allow-origin"] == LISTED
        assert "x-api-key" in listed.headers["access-control-allow-headers"].lower()
        assert "access-control-allow-credentials" not in listed.headers
        for origin in (
            UNLISTED,
            "null",
            LISTED + ".evil.example.com",
            "http://crm.example.com",
            "https://CRM.example.co",
        ):
            refused = await http.options(path, headers=preflight | {"origin": origin})
            assert refused.headers.get("access-control-allow-origin") is None, origin
            assert "access-control-allow-credentials" not in refused.headers
    for origin, wanted in ((LISTED, LISTED), (UNLISTED, None)):
        answer = await http.get("/health", headers={"origin": origin})
        assert answer.headers.get("access-control-allow-origin") == wanted
        refusal = await http.get("/api/auth/me", headers={"origin": origin})
        assert (refusal.status_code, refusal.headers.get("access-control-allow-origin")) == (401, wanted)


@pytest.mark.parametrize(("setting", "allowed"), [("", None), ("*", "*")])
async def test_no_origin_by_default_and_a_star_without_cookies(
    tmp_path: Path, sqlite_url: str, setting: str, allowed: str | None
) -> None:
    async with running_gateway(tmp_path, sqlite_url, CORS_ORIGIN=setting) as gateway, gateway.client(None) as http:
        for answer in (
            await http.get("/health", headers={"origin": UNLISTED}),
            await http.options("/api/instances", headers={"origin": UNLISTED, "access-control-request-method": "GET"}),
        ):
            assert answer.headers.get("access-control-allow-origin") == allowed
            assert "access-control-allow-credentials" not in answer.headers


async def test_hsts_is_only_for_those_who_come_by_tls(tmp_path: Path, sqlite_url: str) -> None:
    async with running_gateway(tmp_path, sqlite_url) as gateway, gateway.client(None) as http:
        assert "strict-transport-security" not in (await http.get("/health")).headers


class _Loads(HTMLParser):
    """What a page loads, and the scripts and styles that stand in it."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.urls += [value for name in ("src", "href", "action", "data") if (value := given.get(name))]
        self.inline += [name for name in given if name.startswith("on") or name == "style"]
        if tag in ("style", "base", "iframe", "object", "embed") or (tag == "script" and "src" not in given):
            self.inline.append(tag)


async def test_the_documentation_loads_nothing_from_another_host(http: httpx.AsyncClient) -> None:
    page = await http.get("/docs")
    assert page.status_code == 200
    assert_protected(page, closed=False)
    policy = dict(part.strip().partition(" ")[::2] for part in page.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    for sources in policy.values():
        for source in sources.split():
            assert source in ("'none'", "'self'", "data:", "'unsafe-inline'"), source
    assert "'unsafe-inline'" not in policy["script-src"]
    parser = _Loads()
    parser.feed(page.text)
    assert parser.inline == []
    assert parser.urls
    for url in parser.urls:
        assert re.match(r"/(?!/)|data:", url), url
        if url.startswith("/"):
            loaded = await http.get(url)
            assert loaded.status_code == 200, url
            assert_protected(loaded, closed=False)
    own = (await http.get("/docs/static/docs.js")).text
    assert "//" not in re.sub(r"//[^\n]*|/\*.*?\*/", "", own, flags=re.DOTALL)
    style = (await http.get("/docs/static/swagger-ui.css")).text
    assert [each for each in re.findall(r"url\(\s*['\"]?(.{0,5})", style) if each != "data:"] == []


async def test_without_docs_there_is_no_document(tmp_path: Path, sqlite_url: str) -> None:
    async with running_gateway(tmp_path, sqlite_url, DOCS_ENABLED="false") as gateway, gateway.client(None) as http:
        for path in ("/docs", "/docs/openapi.json", "/docs/static/docs.js", "/schema", "/schema/openapi.json"):
            assert (await http.get(path)).status_code == 404, path
