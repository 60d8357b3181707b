"""People and an instance talk: every kind of message both ways, checked by what the other end decrypted."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import Message

from tests.e2e.whatsapp.hearing import find_seen, hear
from tests.e2e.whatsapp.town import ANN, BEN, CLEO, Line, Town, town, until

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
WEBP = base64.b64decode("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")
OGG = b"OggS\x00\x02" + bytes(20) + b"\x01\x13" + b"OpusHead\x01\x01\x38\x01\x80\xbb\x00\x00\x00\x00\x00"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """One town for all of them; a start costs seconds."""
    async with town(tmp_path_factory.mktemp("town")) as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def line(place: Town) -> Line:
    """The shop's instance, linked."""
    return await place.open_line()


async def test_a_text_travels_both_ways_and_its_receipts_are_told_in_order(place: Town, line: Line) -> None:
    sent = await line.send(ANN, "Good morning")
    (seen,) = await line.seen_by(ANN, 1)
    assert (seen.text, seen.id) == ("Good morning", sent["id"])
    await place.whatsapp.read(ANN, line.phone, [seen.id])
    assert [each["status"] for each in await line.heard(2, "message_status")] == ["delivered", "read"]
    order = [each.json()["event"] for each in line.deliveries() if each.json()["event"].startswith("message_")]
    assert order == ["message_sent", "message_status", "message_status"]

    await place.whatsapp.write_text(ANN, line.phone, "Are you open?")
    (told,) = await line.heard(1)
    assert (told["body"], told["pushName"]) == ("Are you open?", "Ann")
    assert told["fromPn"] == f"{ANN}@s.whatsapp.net"
    assert told["fromLid"].endswith("@lid")
    assert await place.problems() == []


async def test_replies_and_mentions_are_seen_as_such_at_both_ends(place: Town, line: Line) -> None:
    asked = await place.whatsapp.write_text(ANN, line.phone, "Which colour?")
    await hear(line, "message_received", messageId=asked)
    sent = await line.send(ANN, f"Blue, says @{BEN}", replyTo=asked, mentions=[BEN])
    seen = await find_seen(line, ANN, id=sent["id"])
    assert seen.context["reply_to"] == asked
    assert len(seen.context["mentions"]) == 1
    assert "Which colour?".encode() in base64.b64decode(seen.raw)  # noqa: UP012  # the quote, as bytes of the protobuf

    back = await place.whatsapp.write_text(ANN, line.phone, "Thanks", reply_to=sent["id"])
    assert (await hear(line, "message_received", messageId=back))["replyTo"] == sent["id"]
    assert await place.problems() == []


@pytest.mark.parametrize(
    ("kind", "name", "data"),
    [
        ("image", "a.png", PNG),
        ("video", "a.mp4", b"\x00\x00\x00\x18ftypmp42" + bytes(40)),
        ("audio", "a.mp3", b"ID3" + bytes(60)),
        ("voice", "a.ogg", OGG),
        ("document", "a.bin", bytes(range(200))),
        ("sticker", "a.webp", WEBP),
    ],
)
async def test_files_travel_both_ways_byte_for_byte(place: Town, line: Line, kind: str, name: str, data: bytes) -> None:
    caption = "look" if kind in ("image", "video", "document") else ""
    answer = await line.api.post(
        f"/api/whatsapp/{line.id}/send-file",
        data={"phone": ANN, "type": kind, "caption": caption},
        files={"file": (name, data)},
    )
    assert answer.status_code == 200, answer.text
    seen = await find_seen(line, ANN, id=answer.json()["id"])
    assert (seen.kind, seen.text) == (kind, caption)
    key = base64.b64decode(seen.details["key"])
    media = {"voice": "audio"}.get(kind, kind)
    stored = await place.whatsapp.read_file(seen.details["path"], media, key)
    assert stored[:4] == data[:4] if kind == "sticker" else stored == data  # the library re-encodes a sticker

    got = await place.whatsapp.send_file(ANN, line.phone, kind=kind, data=data, caption=caption, filename=name)
    told = await hear(line, "message_received", messageId=got)
    assert (told["hasMedia"], told["mediaType"]) == (True, kind)
    assert await line.get(f"/chats/{told['from']}/messages/{got}/media") == data
    assert await place.problems() == []


async def test_a_file_behind_a_url_is_what_it_is_and_not_what_its_header_says(place: Town, line: Line) -> None:
    place.receiver.answer("/picture", headers={"Content-Type": "text/plain"}, body=PNG)
    body = {"phone": ANN, "url": place.receiver.url("/picture"), "caption": "look"}
    answer = await line.api.post(f"/api/whatsapp/{line.id}/send-media", json=body)
    assert answer.status_code == 200, answer.text
    seen = await find_seen(line, ANN, id=answer.json()["id"])
    assert (seen.kind, seen.text) == ("image", "look")
    key = base64.b64decode(seen.details["key"])
    assert await place.whatsapp.read_file(seen.details["path"], "image", key) == PNG
    assert (await hear(line, "message_sent", messageId=seen.id))["mediaUrl"] == place.receiver.url("/picture")
    assert await place.problems() == []


async def test_a_link_is_shown_with_what_its_page_tells_unless_not_wanted(place: Town, line: Line) -> None:
    page = "<html><head><title>Löwenbäckerei</title><meta name='description' content='Fresh bread'></head></html>"
    place.receiver.answer("/page", headers={"Content-Type": "text/html; charset=utf-8"}, body=page.encode())
    link = place.receiver.url("/page")
    shown = Message.FromString(await _raw(line, f"See {link}."))
    assert (shown.extendedTextMessage.matchedText, shown.extendedTextMessage.title) == (link, "Löwenbäckerei")
    assert shown.extendedTextMessage.description == "Fresh bread"
    bare = Message.FromString(await _raw(line, f"See {link} again.", linkPreview=False))
    assert bare.extendedTextMessage.title == ""
    assert (bare.conversation or bare.extendedTextMessage.text) == f"See {link} again."
    unreachable = "http://127.0.0.1:9/nobody"
    lost = Message.FromString(await _raw(line, f"See {unreachable}"))
    assert (lost.conversation or lost.extendedTextMessage.text) == f"See {unreachable}"
    assert await place.problems() == []


async def _raw(line: Line, text: str, **more: bool) -> bytes:
    sent = await line.send(ANN, text, **more)
    return base64.b64decode((await find_seen(line, ANN, id=sent["id"])).raw)


async def test_a_file_that_whatsapp_has_lost_is_gone(place: Town, line: Line) -> None:
    kept = await place.whatsapp.store_file(b"short-lived", "document")
    message = Message()
    file = message.documentMessage
    file.URL, file.directPath, file.mediaKey = kept.url, kept.path, kept.key
    file.fileSHA256, file.fileEncSHA256, file.fileLength = kept.sha256, kept.encrypted_sha256, kept.length
    file.mimetype, file.fileName = "text/plain", "a.txt"
    raw = base64.b64encode(message.SerializeToString()).decode()
    got = await place.whatsapp.write(ANN, line.phone, kind="raw", message=raw)
    told = await hear(line, "message_received", messageId=got)
    path = f"/chats/{told['from']}/messages/{got}/media"
    assert await line.get(path) == b"short-lived"
    await place.whatsapp.lose_file(kept.path)
    answer = await line.api.get(f"/api/instances/{line.id}{path}")
    assert (answer.status_code >= 400, answer.json()["code"]) == (True, "media_gone")


async def test_places_cards_and_polls_are_understood_and_a_vote_names_the_position(place: Town, line: Line) -> None:
    spot = await line.post("/send", {"phone": ANN, "location": {"latitude": 52.5, "longitude": 13.4, "title": "Here"}})
    seen = await find_seen(line, ANN, id=spot["id"])
    assert (seen.kind, seen.text, seen.details["latitude"]) == ("location", "Here", 52.5)
    card = await line.post("/send", {"phone": ANN, "contact": {"name": "Ben", "phone": BEN}})
    assert (await find_seen(line, ANN, id=card["id"])).kind == "contact"
    poll = await line.post("/send", {"phone": ANN, "poll": {"question": "When?", "options": ["Mon", "Tue"]}})
    assert (await find_seen(line, ANN, id=poll["id"])).details["options"] == ["Mon", "Tue"]
    await place.whatsapp.vote(ANN, line.phone, poll["id"], ["Tue"])
    assert [each["options"] for each in await line.heard(1, "poll_answered")] == [[1]], line.told("poll_answered")

    place_id = await place.whatsapp.write(ANN, line.phone, kind="location", latitude=1.5, longitude=2.5, name="There")
    assert (await hear(line, "message_received", messageId=place_id))["location"]["latitude"] == 1.5
    card_id = await place.whatsapp.write(ANN, line.phone, kind="contact", name="Cleo", phone=CLEO)
    assert (await hear(line, "message_received", messageId=card_id))["contact"]["name"] == "Cleo"
    poll_id = await place.whatsapp.create_poll(ANN, line.phone, "Tea?", ["Yes", "No"])
    assert (await hear(line, "message_received", messageId=poll_id))["poll"]["options"] == ["Yes", "No"]
    assert await place.problems() == []


async def test_reactions_edits_and_revokes_reach_the_other_end_both_ways(place: Town, line: Line) -> None:
    sent = (await line.send(ANN, "Frist"))["id"]
    path = f"/chats/{ANN}/messages/{sent}"
    await line.ask("PUT", path, {"message": "First"})
    assert (await find_seen(line, ANN, kind="edit")).details["target"] == sent
    await place.whatsapp.react(ANN, line.phone, sent, "👍")
    assert (await hear(line, "message_reaction", messageId=sent))["emoji"] == ["👍"]
    await place.whatsapp.react(ANN, line.phone, sent, "")
    await hear(line, "message_reaction", messageId=sent, emoji=[])
    await line.ask("DELETE", path)
    assert (await find_seen(line, ANN, kind="revoke")).details["target"] == sent

    got = await place.whatsapp.write_text(ANN, line.phone, "Helo")
    await hear(line, "message_received", messageId=got)
    await line.post(f"/chats/{ANN}/messages/{got}/reaction", {"emoji": "❤️"})
    assert (await find_seen(line, ANN, kind="reaction", text="❤️")).details["target"] == got
    await line.post(f"/chats/{ANN}/messages/{got}/reaction", {})
    assert (await find_seen(line, ANN, kind="reaction", text="")).details["target"] == got
    await place.whatsapp.edit(ANN, line.phone, got, "Hello")
    assert (await hear(line, "message_edited", messageId=got))["body"] == "Hello"
    await line.post(f"/chats/{ANN}/messages/{got}/read")
    await until("Ann sees it was read", lambda: _has_receipt(place, got))
    await place.whatsapp.revoke(ANN, line.phone, got)
    assert (await hear(line, "message_deleted", messageId=got))["fromMe"] is False
    assert await place.problems() == []


async def _has_receipt(place: Town, message_id: str) -> bool:
    return any((each.id, each.type) == (message_id, "read") for each in await place.whatsapp.receipts(ANN))


async def test_what_the_own_phone_says_is_told_once_as_sent(place: Town, line: Line) -> None:
    own = await place.whatsapp.write_text(line.phone, BEN, "from my pocket")
    assert (await hear(line, "message_sent", messageId=own))["body"] == "from my pocket"
    sent = (await line.send(BEN, "from the desk"))["id"]
    await hear(line, "message_sent", messageId=sent)
    ids = [each["messageId"] for each in line.told("message_sent")]
    assert (ids.count(own), ids.count(sent)) == (1, 1)
    assert await place.problems() == []
