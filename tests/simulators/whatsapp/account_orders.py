"""The control port's words for accounts: their files, their past, their pictures, what they share and decide."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from google.protobuf.json_format import MessageToDict

from tests.simulators.whatsapp.directory import User
from tests.simulators.whatsapp.features import Features
from tests.simulators.whatsapp.jid import JID
from tests.simulators.whatsapp.room_orders import Command, Order, find_person
from tests.simulators.whatsapp.syncd import Collection
from tests.simulators.whatsapp.world import World


class AccountOrders:
    """Orders about one account, named by its phone number."""

    def __init__(self, world: World, features: Features) -> None:
        self._world = world
        self._features = features
        self.commands: Mapping[str, Command] = {
            "media.store": self._store,
            "media.read": self._read,
            "media.lose": lambda order: self._features.media.lose(order["path"], order.get("status", 404)),
            "media.restore": lambda order: self._features.media.restore(order["path"]),
            "media.refuse_uploads": self._refuse_uploads,
            "contacts.save": self._save_contacts,
            "account.rename": lambda order: self._features.app_state.rename(
                self._who(order), order["name"], quiet=bool(order.get("quiet"))
            ),
            "account.show": self._show_account,
            "chats.mute": self._mute,
            "chats.archive": self._archive,
            "chats.pin": self._pin,
            "history.remember": self._remember,
            "pictures.set": self._set_picture,
            "pictures.remove": lambda order: self._features.pictures.remove(self._who(order)),
            "pictures.hide": lambda order: self._features.pictures.hidden.add(order["person"]),
            "pictures.show": self._show_picture,
            "privacy.block": self._block,
            "privacy.choose": self._choose,
            "presence.online": lambda order: self._features.presence.comes_online(self._who(order)),
            "presence.offline": self._go_offline,
            "presence.types": self._type,
        }

    def _who(self, order: Order, field: str = "person") -> User:
        return find_person(self._world, order[field])

    def _store(self, order: Order) -> Any:
        file = self._features.media.store(base64.b64decode(order["data"]), order["kind"])
        return {
            "url": file.url,
            "path": file.direct_path,
            "key": _text(file.key),
            "sha256": _text(file.sha256),
            "encrypted_sha256": _text(file.encrypted_sha256),
            "length": file.length,
        }

    def _read(self, order: Order) -> str:
        return _text(self._features.media.read(order["path"], order["kind"], base64.b64decode(order["key"])))

    def _refuse_uploads(self, order: Order) -> None:
        self._features.media.refuse_uploads = order.get("times", 1)

    def _save_contacts(self, order: Order) -> None:
        people = {name: find_person(self._world, phone) for name, phone in order["people"].items()}
        self._features.app_state.save_contacts(self._who(order), people)

    def _show_account(self, order: Order) -> Any:
        user = self._who(order)
        collections = self._features.app_state.of(user).collections
        choices = self._features.privacy.of(user)
        presence = self._features.presence
        return {
            "name": user.name,
            "about": user.status,
            "app_state": {
                name: {
                    "version": each.version,
                    "entries": {index: MessageToDict(v) for index, v in each.entries.items()},
                }
                for name, each in collections.items()
            },
            "blocked": sorted(choices.blocked),
            "privacy": dict(choices.settings),
            "trusted": sorted(choices.trusted),
            "disappearing": choices.disappearing,
            "available": any(presence.available.get(device.pn, False) for device in user.devices.values()),
            "typing": [
                {"chat": str(typing.chat), "state": typing.state}
                for typing in presence.typing
                if typing.device.user is user
            ],
        }

    def _mute(self, order: Order) -> None:
        self._features.app_state.mute(self._who(order), JID.parse(order["chat"]), muted=order["on"])

    def _archive(self, order: Order) -> None:
        self._features.app_state.archive(self._who(order), JID.parse(order["chat"]), archived=order["on"])

    def _pin(self, order: Order) -> None:
        self._features.app_state.pin(self._who(order), JID.parse(order["chat"]), pinned=order["on"])

    def _remember(self, order: Order) -> list[str]:
        """`texts` are oldest first, a minute apart, the last at `at`; `sender` is a phone number or null for own."""
        user, chat = self._who(order), JID.parse(order["chat"])
        sender = find_person(self._world, order["sender"]) if order.get("sender") else None
        texts, at = order["texts"], int(order["at"])
        past = [
            self._features.history.remember_text(user, chat, sender, text, at - 60 * (len(texts) - 1 - place))
            for place, text in enumerate(texts)
        ]
        return [each.id for each in past]

    def _set_picture(self, order: Order) -> str:
        preview = base64.b64decode(order["preview"]) if "preview" in order else None
        return self._features.pictures.set(self._who(order), base64.b64decode(order["image"]), preview).id

    def _show_picture(self, order: Order) -> str | None:
        picture = self._features.pictures.of(self._who(order))
        return picture.id if picture is not None else None

    def _block(self, order: Order) -> None:
        self._features.privacy.block(self._who(order), self._who(order, "other"), blocked=order.get("on", True))

    def _choose(self, order: Order) -> None:
        self._features.privacy.choose(self._who(order), order["name"], order["value"])

    def _go_offline(self, order: Order) -> None:
        self._features.presence.goes_offline(self._who(order), order.get("last_seen"))

    def _type(self, order: Order) -> int:
        group = self._features.groups.find(order["group"]) if order.get("group") else None
        state = order.get("state", "composing")
        return self._features.presence.types(self._who(order), self._who(order, "to"), state, group)


def _show_entries(collection: Collection) -> dict[str, Any]:
    return {index: MessageToDict(value) for index, value in collection.entries.items()}


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
