"""Link previews: real pages of a real server, through the real guard."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web
from neonize.proto.waE2E import WAWebProtobufsE2E_pb2 as wa

from gateway.kit.egress import Egress, EgressPolicy
from gateway.providers.whatsapp.outbound.preview import PAGE_BYTES, add_preview, first_link, read_page
from tests.unit.providers.whatsapp.test_pictures import drawn

Page = Callable[[web.Request], Awaitable[web.Response]]


class Site:
    """A web server on this machine whose pages are what a test puts there."""

    def __init__(self) -> None:
        self.pages: dict[str, web.Response] = {}
        self.asked: list[str] = []
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        """One of the pages."""
        self.asked.append(request.path)
        page = self.pages.pop(request.path, None)
        return page if page is not None else web.Response(status=404)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    made = Site()
    app = web.Application()
    app.router.add_get("/{path:.*}", made.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield made
    finally:
        await runner.cleanup()


@pytest.fixture
async def egress() -> AsyncIterator[Egress]:
    policy = EgressPolicy(allow=(ipaddress.ip_network("127.0.0.0/8"),), allow_http=True)
    async with Egress(policy) as client:
        yield client


def html(text: str, kind: str = "text/html") -> web.Response:
    return web.Response(text=text, content_type=kind)


async def previewed(words: str, egress: Egress) -> wa.ExtendedTextMessage:
    text = wa.ExtendedTextMessage(text=words)
    await add_preview(text, egress)
    assert text.text == words
    return text


def is_bare(text: wa.ExtendedTextMessage) -> bool:
    return {field.name for field, _ in text.ListFields()} == {"text"}


async def test_a_page_tells_its_title_its_description_and_its_picture(site: Site, egress: Egress) -> None:
    site.pages["/a"] = html(
        '<head><title>Plain</title><meta property="og:title" content="Ann &amp; Bob">'
        '<meta name="Description" content="plain"><meta property="og:description" content=" Two\n people ">'
        '<meta property="og:image" content="/pictures/one.jpg"></head>'
    )
    site.pages["/pictures/one.jpg"] = web.Response(body=drawn("JPEG"), content_type="image/jpeg")
    text = await previewed(f"look: {site.url}/a.", egress)
    assert (text.matchedText, text.title, text.description) == (f"{site.url}/a", "Ann & Bob", "Two people")
    assert text.JPEGThumbnail.startswith(b"\xff\xd8")
    assert site.asked == ["/a", "/pictures/one.jpg"]


async def test_a_page_that_was_moved_is_followed(site: Site, egress: Egress) -> None:
    site.pages["/a"] = web.Response(status=302, headers={"Location": "/b"})
    site.pages["/b"] = html("<title>\n Moved </title>")
    text = await previewed(f"{site.url}/a", egress)
    assert (text.matchedText, text.title) == (f"{site.url}/a", "Moved")


@pytest.mark.parametrize(
    "page",
    [
        web.Response(status=404, text="<title>No</title>"),
        html("<title> </title><p>words"),
        html("<title>A file</title>", "application/pdf"),
        html('{"a": "<title>no</title>"}', "application/json"),
        web.Response(body=drawn("JPEG"), content_type="image/jpeg"),
        web.Response(body=bytes(range(256)) * 20, content_type="text/html"),
        web.Response(text="<title>Too long</title>" + "x" * PAGE_BYTES, content_type="text/html"),
        web.Response(status=302, headers={"Location": "http://10.0.0.1/"}),
        web.Response(status=302, headers={"Location": "/a"}),
    ],
    ids=["missing", "untitled", "pdf", "json", "picture", "noise", "endless", "inwards", "circle"],
)
async def test_what_tells_nothing_leaves_the_text_alone(site: Site, egress: Egress, page: web.Response) -> None:
    text = wa.ExtendedTextMessage(text=f"{site.url}/a")
    site.pages["/a"] = page
    await add_preview(text, egress)
    assert is_bare(text)


@pytest.mark.parametrize(
    "words",
    ["no link", "http://10.0.0.1/", "http://169.254.169.254/latest", "http://[::1", "https://", "http://127.0.0.1:1/"],
)
async def test_a_link_that_may_not_or_cannot_be_followed_leaves_the_text_alone(words: str, egress: Egress) -> None:
    assert is_bare(await previewed(words, egress))


@pytest.mark.parametrize(
    "picture", ["/none.jpg", "/words.jpg", "http://10.0.0.1/a.jpg", "http://[", "data:image/png;base64,AAAA", "//"]
)
async def test_a_bad_picture_leaves_the_words_of_a_preview(site: Site, egress: Egress, picture: str) -> None:
    site.pages["/a"] = html(f'<title>Words</title><meta property="og:image" content="{picture}">')
    site.pages["/words.jpg"] = web.Response(text="no picture", content_type="image/jpeg")
    text = await previewed(f"{site.url}/a", egress)
    assert text.title == "Words"
    assert not text.JPEGThumbnail


@pytest.mark.parametrize(
    ("words", "link"),
    [
        ("see https://example.org/a, and more", "https://example.org/a"),
        ("(https://example.org/a)", "https://example.org/a"),
        ("https://example.org/A_(b)", "https://example.org/A_(b)"),
        ("(https://example.org/A_(b))!", "https://example.org/A_(b)"),
        ("*https://example.org/a*", "https://example.org/a"),
        ("<https://example.org/a>", "https://example.org/a"),
        ("https://one.example https://two.example", "https://one.example"),
        ("ftp://example.org example.org", None),
        ("", None),
    ],
)
def test_a_link_ends_where_its_sentence_goes_on(words: str, link: str | None) -> None:
    assert first_link(words) == link


def test_a_page_is_read_in_its_own_letters() -> None:
    told = read_page("<title>Grüße</title>".encode("latin-1"), "text/html; charset=ISO-8859-1")
    assert told is not None
    assert told.title == "Grüße"
    assert read_page(b"<title>a</title>", "text/html; charset=nonsense") is not None


def test_the_title_of_a_drawing_in_the_page_is_not_the_pages() -> None:
    told = read_page(b"<title>Page</title><svg><title>Drawing</title></svg>", "text/html")
    assert told is not None
    assert told.title == "Page"


def test_a_long_title_and_description_are_cut() -> None:
    told = read_page(f'<title>{"t" * 999}</title><meta name=description content="{"d" * 9999}">'.encode(), "")
    assert told is not None
    assert (len(told.title), len(told.description)) == (300, 1000)


@pytest.mark.parametrize(
    "odd", ["<![odd[", "<!-- never closed", "<!DOCTYPE", "<?php", "</", "<a href='", "&#xffffffff;"]
)
def test_odd_markup_behind_the_title_does_no_harm(odd: str) -> None:
    told = read_page(f"<title>Page</title>{odd}".encode(), "text/html")
    assert told is not None
    assert told.title == "Page"
