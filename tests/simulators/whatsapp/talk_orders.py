"""The control port's words for people who write, read and are written to."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Mapping
from typing import Any

from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import Message

from tests.simulators.whatsapp.content import Writer
from tests.simulators.whatsapp.directory import User
from tests.simulators.whatsapp.features import Features
from tests.simulators.whatsapp.group_state import Group
from tests.simulators.whatsapp.handset import Seen
from tests.simulators.whatsapp.jid import STATUS
from tests.simulators.whatsapp.polls import open_vote
from tests.simulators.whatsapp.post import send_receipt
from tests.simulators.whatsapp.reading import describe
from tests.simulators.whatsapp.room_orders import Command, Order, find_person
from tests.simulators.whatsapp.world import World

_BREATH = 64  # messages of a flood between two looks at everything else


class TalkOrders:
    """Orders about messages; people are phone numbers."""

    def __init__(self, world: World, features: Features) -> None:
        self._world = world
        self._features = features
        self.commands: Mapping[str, Command] = {
            "talk.write": self._write,
            "talk.receipt": self._receipt,
            "talk.flood": self._flood,
            "talk.forget_session": self._forget_session,
            "talk.answers": self._set_answers,
            "talk.seen": self._seen,
            "talk.receipts": self._receipts,
        }

    def _write(self, order: Order) -> str:
        """`from` writes `to` a person, in a `group`, or a `status` for a list of people."""
        sender = self._world.directory.user(order["from"])
        message_id = order.get("id")
        if order.get("group"):
            group = self._group(order["group"])
            message = self._compose(sender, group.jid, order)
            return self._world.messages.write_in(sender, group.jid, group.members, message, message_id)
        if order.get("status"):
            people = [find_person(self._world, phone) for phone in order["status"]]
            return self._features.status.post(sender, self._compose(sender, STATUS, order), people)
        to = find_person(self._world, order["to"])
        return self._world.messages.write(sender, to, self._compose(sender, to.lid, order), message_id)

    def _compose(self, sender: User, chat: Any, order: Order) -> Any:
        def find(phone: str) -> User:
            return find_person(self._world, phone)

        return Writer(sender, chat, find, self._features.media).compose(order["content"])

    def _receipt(self, order: Order) -> None:
        """A person read or played messages of an account."""
        person, author = find_person(self._world, order["person"]), find_person(self._world, order["to"])
        chat = self._group(order["group"]).jid if order.get("group") else None
        send_receipt(self._world, person, author, order["ids"], order["type"], chat)

    async def _flood(self, order: Order) -> Any:
        """`count` texts from `contacts` people to each of `phones`, `rate` per second in all (0: at full speed)."""
        phones, rate, contacts = order["phones"], order.get("rate", 0), order.get("contacts", 1)
        accounts = [find_person(self._world, phone) for phone in phones]
        started, sent = time.monotonic(), 0
        ids: list[str] = []
        for number in range(order["count"]):
            for account in accounts:
                sender = self._world.directory.user(f"1555{account.phone[-6:]}{number % contacts:04d}")
                text = f"flood {sent} at {time.time():.6f}"
                ids.append(self._world.messages.write(sender, account, Message(conversation=text)))
                sent += 1
                ahead = started + sent / rate - time.monotonic() if rate else 0.0
                if ahead > 0:
                    await asyncio.sleep(ahead)
                elif sent % _BREATH == 0:
                    await asyncio.sleep(0)
        return {"sent": sent, "seconds": time.monotonic() - started, "ids": ids}

    def _forget_session(self, order: Order) -> None:
        """A person's phone loses its sessions with an account's devices: it will ask for the next message again."""
        person, account = find_person(self._world, order["person"]), find_person(self._world, order["account"])
        for device in account.devices.values():
            person.handset.party.forget(device.address)

    def _set_answers(self, order: Order) -> None:
        """Which receipts a phone sends by itself: any of delivered, read."""
        find_person(self._world, order["person"]).handset.answers = list(order["kinds"])

    def _seen(self, order: Order) -> Any:
        """What a phone decrypted, from place `since` on."""
        person = find_person(self._world, order["person"])
        return [self._tell(person, seen) for seen in person.handset.seen[order.get("since", 0) :]]

    def _receipts(self, order: Order) -> Any:
        person = find_person(self._world, order["person"])
        return [
            {"id": receipt.id, "type": receipt.type, "sender": receipt.sender_phone, "at": receipt.at}
            for receipt in person.handset.receipts
        ]

    def _tell(self, person: User, seen: Seen) -> Any:
        told = describe(seen.message)
        if told["kind"] == "vote":
            told["details"]["options"] = self._open_vote(person, seen)
        return {
            "id": seen.id,
            "sender": seen.sender_phone,
            "device": seen.sender.device,
            "chat": str(seen.chat),
            "at": seen.at,
            "stanza": seen.attrs,
            "raw": base64.b64encode(seen.message.SerializeToString()).decode(),
            **told,
        }

    def _open_vote(self, person: User, seen: Seen) -> list[str] | None:
        vote = seen.message.pollUpdateMessage
        poll_id = vote.pollCreationMessageKey.ID
        poll = person.handset.find(poll_id)
        voter = self._world.directory.find(seen.sender.bare())
        if poll is None or voter is None:
            return None
        author = person
        for earlier in person.handset.seen:
            if earlier.id == poll_id:
                author = find_person(self._world, earlier.sender_phone)
        return open_vote(poll, poll_id, [author.lid, author.pn], [voter.lid, voter.pn], vote.vote)

    def _group(self, name: str) -> Group:
        group = self._features.groups.find(name)
        if group is None:
            raise KeyError(f"no group {name}")
        return group
