"""A file is fetched whole or not at all, and each redirect is checked like the first URL."""

from __future__ import annotations

import pytest

from gateway.kit.egress import Egress, EgressFailed, EgressRefused
from tests.simulators.receiver import Behaviour, Receiver


async def failure(egress: Egress, url: str, *, max_bytes: int = 100) -> EgressFailed:
    with pytest.raises(EgressFailed) as failed:
        await egress.fetch(url, max_bytes=max_bytes)
    return failed.value


async def test_a_file_comes_with_its_type_and_name(receiver: Receiver, egress: Egress) -> None:
    receiver.answer("/pictures/cat%20one.png", body=b"\x89PNG", headers={"Content-Type": "image/png"})
    fetched = await egress.fetch(receiver.url("/pictures/cat%20one.png?size=2"), max_bytes=4)
    assert (fetched.data, fetched.content_type, fetched.file_name) == (b"\x89PNG", "image/png", "cat one.png")
    assert fetched.final_url.path == "/pictures/cat one.png"


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('attachment; filename="report.pdf"', "report.pdf"),
        ("attachment; filename=report.pdf", "report.pdf"),
        ("attachment; filename*=UTF-8''%E2%82%AC.pdf", "€.pdf"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="..\\\\..\\\\boot.ini"', "boot.ini"),
        ("attachment; filename*=UTF-8''a%00b%0d%0ac.pdf", "abc.pdf"),
        ("attachment; filename*=UTF-8''%2e%2e", None),
        ("attachment; filename*=no-such-charset''x.pdf", "x.pdf"),
        ('attachment; filename="' + "a" * 300 + '"', "a" * 120),
        ("inline", "file"),
        (";;=", "file"),
    ],
)
async def test_a_file_name_is_a_bare_name(receiver: Receiver, egress: Egress, disposition: str, name: str) -> None:
    receiver.answer("/file", headers={"Content-Disposition": disposition})
    assert (await egress.fetch(receiver.url("/file"), max_bytes=100)).file_name == name


async def test_redirects_are_followed_to_the_file(receiver: Receiver, egress: Egress) -> None:
    receiver.redirect("/1", "/2", status=301)
    receiver.redirect("/2", receiver.url("/3"), status=307)
    receiver.redirect("/3", f"//127.0.0.1:{receiver.port}/file.txt", status=303)
    fetched = await egress.fetch(receiver.url("/1"), max_bytes=100)
    assert (fetched.data, fetched.file_name, str(fetched.final_url)) == (b"ok", "file.txt", receiver.url("/file.txt"))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_inward_is_refused_with_nothing_connected(
    receiver: Receiver, inside: Receiver, egress: Egress, status: int
) -> None:
    receiver.redirect("/1", inside.url("/latest/meta-data"), status=status)
    with pytest.raises(EgressRefused) as refused:
        await egress.fetch(receiver.url("/1"), max_bytes=100)
    assert refused.value.code == "address_refused"
    assert inside.stats.connections == 0


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "http://2130706433/",
        "http://u:p@127.0.0.1/",
        "http://[::1]/",
        "\\\\x\\y",
    ],
)
async def test_a_redirect_to_a_tricky_url_is_refused(receiver: Receiver, egress: Egress, location: str) -> None:
    receiver.redirect("/1", location)
    with pytest.raises(EgressRefused):
        await egress.fetch(receiver.url("/1"), max_bytes=100)
    assert receiver.stats.requests == 1


async def test_a_fourth_redirect_is_one_too_many(receiver: Receiver, egress: Egress) -> None:
    receiver.redirect("/loop", "/loop")
    assert (await failure(egress, receiver.url("/loop"))).reason == "redirects"
    assert receiver.stats.requests == 4


async def test_a_redirect_to_nowhere_ends_as_well(receiver: Receiver, egress: Egress) -> None:
    receiver.answer("/1", status=302)
    assert (await failure(egress, receiver.url("/1"))).reason == "redirects"


async def test_a_file_over_the_limit_is_refused_whether_or_not_it_says_so(receiver: Receiver, egress: Egress) -> None:
    receiver.answer("/announced", body=b"x" * 101)
    assert (await failure(egress, receiver.url("/announced"))).reason == "too_large"
    receiver.behave("/endless", Behaviour(kind="endless"))
    assert (await failure(egress, receiver.url("/endless"), max_bytes=1_000_000)).reason == "too_large"
    await receiver.wait_for(lambda r: not r._wires)
    receiver.answer("/exact", body=b"x" * 100)
    assert len((await egress.fetch(receiver.url("/exact"), max_bytes=100)).data) == 100


async def test_a_compressed_answer_is_refused_rather_than_inflated(receiver: Receiver, egress: Egress) -> None:
    receiver.behave("/file", Behaviour(kind="gzip_bomb"))
    assert (await failure(egress, receiver.url("/file"), max_bytes=1_000_000)).reason == "protocol"
    assert receiver.received("/file")[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("status", [204, 206, 404, 500])
async def test_anything_but_200_is_no_file(receiver: Receiver, egress: Egress, status: int) -> None:
    receiver.refuse("/file", status=status)
    failed = await failure(egress, receiver.url("/file"))
    assert (failed.reason, failed.status) == ("status", status)


async def test_a_drip_feed_hits_the_total_timeout(receiver: Receiver, egress: Egress) -> None:
    receiver.behave("/file", Behaviour(kind="drip"))
    with pytest.raises(EgressFailed) as failed:
        await egress.fetch(receiver.url("/file"), max_bytes=10_000_000, total_timeout=0.3)
    assert failed.value.reason == "timeout"


async def test_a_file_cut_short_is_no_file(receiver: Receiver, egress: Egress) -> None:
    receiver.behave("/file", Behaviour(kind="drop"))
    assert (await failure(egress, receiver.url("/file"), max_bytes=10_000)).reason == "disconnected"
