"""What a receiver of the Instance Manager is told of a phone: its QR code, messages, acknowledgements, groups."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.whatsapp.town import ANN, BEN, OWN, Line, Town, until

pytestmark = pytest.mark.slow

EVENTS = ["message", "message_ack", "qr", "ready", "status_changed", "error"]


async def open_line(place: Town, **schema: Any) -> Line:
    """An instance made on that surface, linked to the shop's phone."""
    api = await place.stack.enter_async_context(place.gateway.client())
    hook = f"/hook/{OWN}"
    schema = {"url": place.receiver.url(hook), "events": EVENTS} | schema
    body = {"company_id": "acme", "provider": "whatsappweb", "api_webhook_schema": schema}
    answer = await api.post("/api/v1/instances", json=body)
    assert answer.status_code == 201, answer.text
    line = Line(api, place.whatsapp, place.receiver, answer.json()["instance_id"], OWN, hook)
    await line.link()
    return line


async def heard(line: Line, event: str, **wanted: Any) -> dict[str, Any]:
    """Wait for a body that holds all this, and take it."""

    def found() -> list[dict[str, Any]]:
        bodies = [each.json() for each in line.deliveries(event)]
        return [each for each in bodies if wanted.items() <= each.items()]

    await until(f"{event} {wanted}", found)
    return found()[0]


async def test_everything_about_a_phone_is_told_in_the_words_of_that_system(place: Town) -> None:
    line = await open_line(place)
    code = await heard(line, "qr")
    assert (code["provider"], code["status"], code["auth_status"]) == ("whatsappweb", "qr_ready", "qr_ready")
    assert code["qr_code"].count(",") >= 3
    ready = await heard(line, "ready")
    assert (ready["instance_id"], ready["status"]) == (line.id, "client_ready")

    said = await place.whatsapp.write_text(ANN, OWN, text="Are you open?")
    told = await heard(line, "message", message_id=said)
    assert (told["from"], told["to"], told["from_me"]) == (ANN, OWN, False)
    assert (told["contact"], told["contact_name"]) == (f"Ann (+{ANN})", "Ann")
    assert (told["message"]["chatId"], told["message"]["type"]) == (f"{ANN}@s.whatsapp.net", "text")

    sent = await line.send(ANN, "Until six.")
    own = await heard(line, "message", message_id=sent["id"])
    assert (own["from"], own["to"], own["fromMe"], own["body"]) == (OWN, ANN, True, "Until six.")
    ack = await heard(line, "message_ack", message_id=sent["id"], status="delivered")
    assert (ack["ack"], ack["chat_id"]) == (2, f"{ANN}@s.whatsapp.net")

    group = (await place.whatsapp.create_group("Choir", ANN, [OWN, BEN])).jid
    in_group = await place.whatsapp.write_text(BEN, text="Tonight?", group=group)
    told = await heard(line, "message", message_id=in_group)
    assert (told["is_group"], told["isGroup"], told["chat_id"], told["from"]) == (True, True, group, BEN)


async def test_the_oldest_shape_and_its_filters_hold_for_a_phone(place: Town) -> None:
    line = await open_line(place, format="legacy", filters={"allowedNumbers": [f"+{ANN}"], "allowGroups": False})
    await place.whatsapp.write_text(BEN, OWN, text="not for the receiver")
    group = (await place.whatsapp.create_group("Choir", ANN, [OWN, BEN])).jid
    await place.whatsapp.write_text(ANN, text="not either", group=group)
    number = await place.whatsapp.write_text(ANN, OWN, text="for the receiver")
    await until("Ann is heard", lambda: line.receiver.accepted(line.hook))
    (told,) = [each.json() for each in line.receiver.accepted(line.hook)]
    assert told == {
        "from": ANN,
        "name": "Ann",
        "message": "for the receiver",
        "isGroup": False,
        "timestamp": told["timestamp"],
        "messageId": number,
    }

    async def all_kept() -> bool:
        kept = [
            each["content"]
            for chat in (BEN, group, ANN)
            for each in (await line.get(f"/chats/{chat}/messages"))["messages"]
        ]
        return set(kept) >= {"not for the receiver", "not either", "for the receiver"}

    await until("all of it is stored", all_kept)
    assert len(line.receiver.accepted(line.hook)) == 1
