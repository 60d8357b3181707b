"""Receipts from phones to the author of a message, and the phone's way to ask for a message again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from tests.simulators.whatsapp.directory import Device, User
from tests.simulators.whatsapp.jid import JID
from tests.simulators.whatsapp.node import Node
from tests.simulators.whatsapp.prekeys import KEY_TYPE, bundle_nodes
from tests.simulators.whatsapp.world import World

DELIVERED = "delivered"


def send_receipt(world: World, person: User, author: User, ids: Sequence[str], kind: str, chat: JID | None) -> None:
    """`kind` is delivered, read or played; `chat` the group, or None in private. All devices of the author hear."""
    content = None
    if len(ids) > 1:
        content = [Node("list", {}, [Node("item", {"id": each}) for each in ids[1:]])]
    for device in list(author.devices.values()):
        attrs = _about(person, chat)
        attrs.update({"id": ids[0], "t": _now(), "type": kind if kind != DELIVERED else None})
        world.push(device, Node("receipt", attrs, content))


def ask_again(world: World, person: User, author: Device, message: Node, chat: JID | None) -> None:
    """The phone could not read a message; it sends fresh keys so that the author can open a new session."""
    world.stats["retry asked"] += 1
    message_id = message.get("id", "")
    count = next((enc.get("count") for enc in message.all("enc") if enc.get("count")), "0")
    number = str(int(count) + 1)
    registration, _, identity, *keys = bundle_nodes(person.handset.party.bundle())
    content = [
        Node("retry", {"count": number, "id": message_id, "t": _now(), "v": "1"}),
        registration,
        Node("keys", {}, [Node("type", {}, KEY_TYPE), identity, *keys]),
    ]
    attrs = {**_about(person, chat), "id": message_id, "t": _now(), "type": "retry"}
    world.push(author, Node("receipt", attrs, content))


def _about(person: User, chat: JID | None) -> dict[str, Any]:
    return {"from": person.lid} if chat is None else {"from": chat, "participant": person.lid}


def _now() -> str:
    return str(int(time.time()))
