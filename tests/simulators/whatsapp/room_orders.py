"""The control port's words for groups, channels and calls: `name {json}` in, JSON out. People are phone numbers."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from tests.simulators.whatsapp.calls import Call
from tests.simulators.whatsapp.directory import User
from tests.simulators.whatsapp.features import Features
from tests.simulators.whatsapp.group_state import Group
from tests.simulators.whatsapp.jid import JID
from tests.simulators.whatsapp.newsletter_state import Newsletter
from tests.simulators.whatsapp.world import World

Order = Mapping[str, Any]
Command = Callable[[Order], Any]


def find_person(world: World, phone: str) -> User:
    """The account of a number; raises KeyError if there is none."""
    user = world.directory.find(JID(phone))
    if user is None:
        raise KeyError(f"no account {phone}")
    return user


class RoomOrders:
    """Orders about places where several people meet."""

    def __init__(self, world: World, features: Features) -> None:
        self._world = world
        self._features = features
        self.commands: Mapping[str, Command] = {
            "groups.create": self._create_group,
            "groups.show": lambda order: show_group(self._group(order)),
            "groups.add": lambda order: self._features.groups.add(*self._act(order)),
            "groups.remove": lambda order: self._features.groups.remove(*self._act(order)),
            "groups.promote": lambda order: self._features.groups.rank(*self._act(order), "promote"),
            "groups.demote": lambda order: self._features.groups.rank(*self._act(order), "demote"),
            "groups.rename": self._rename_group,
            "groups.describe": self._describe_group,
            "groups.switch": self._switch_group,
            "groups.renew_invite": lambda order: self._features.groups.renew_invite(
                self._group(order), self._person(order["by"])
            ),
            "groups.close_to_strangers": self._close_to_strangers,
            "groups.picture": self._set_group_picture,
            "newsletters.create": self._create_newsletter,
            "newsletters.show": lambda order: show_newsletter(self._newsletter(order)),
            "newsletters.follow": lambda order: self._features.newsletters.follow(
                self._newsletter(order), self._person(order["person"])
            ),
            "newsletters.post": self._post,
            "calls.offer": self._offer_call,
            "calls.terminate": self._terminate_call,
            "calls.show": lambda order: show_call(self._features.calls.all[order["call"]]),
        }

    def _person(self, phone: str) -> User:
        return find_person(self._world, phone)

    def _group(self, order: Order) -> Group:
        group = self._features.groups.find(order["group"])
        if group is None:
            raise KeyError(f"no group {order['group']}")
        return group

    def _act(self, order: Order) -> tuple[Group, User, list[User]]:
        people = [self._person(phone) for phone in order["people"]]
        return self._group(order), self._person(order["by"]), people

    def _newsletter(self, order: Order) -> Newsletter:
        newsletter = self._features.newsletters.find(order["newsletter"])
        if newsletter is None:
            raise KeyError(f"no newsletter {order['newsletter']}")
        return newsletter

    def _create_group(self, order: Order) -> Any:
        members = [self._person(phone) for phone in order["members"]]
        creator, quiet = self._person(order["creator"]), bool(order.get("quiet"))
        return show_group(self._features.groups.create(order["subject"], creator, members, quiet=quiet))

    def _rename_group(self, order: Order) -> None:
        self._features.groups.rename(self._group(order), self._person(order["by"]), order["subject"])

    def _describe_group(self, order: Order) -> None:
        self._features.groups.describe(self._group(order), self._person(order["by"]), order["text"])

    def _switch_group(self, order: Order) -> None:
        self._features.groups.switch(self._group(order), self._person(order["by"]), order["to"])

    def _close_to_strangers(self, order: Order) -> None:
        self._features.groups.closed_to_strangers.add(order["person"])

    def _set_group_picture(self, order: Order) -> str:
        image = base64.b64decode(order["image"])
        return self._features.pictures.set(self._group(order), image, by=self._person(order["by"])).id

    def _create_newsletter(self, order: Order) -> Any:
        newsletter = self._features.newsletters.create(
            order["name"], self._person(order["owner"]), order.get("description", "")
        )
        for phone in order.get("followers", ()):
            newsletter.roles.setdefault(phone, "subscriber")
        return show_newsletter(newsletter)

    def _post(self, order: Order) -> Any:
        post = self._features.newsletters.post(self._newsletter(order), order["text"])
        return {"id": post.id, "server_id": post.server_id}

    def _offer_call(self, order: Order) -> Any:
        caller, callee = self._person(order["caller"]), self._person(order["callee"])
        return show_call(self._features.calls.offer(caller, callee, video=bool(order.get("video"))))

    def _terminate_call(self, order: Order) -> None:
        call = self._features.calls.all[order["call"]]
        self._features.calls.terminate(call, order.get("reason", "timeout"))


def show_group(group: Group) -> Any:
    return {
        "id": group.id,
        "jid": str(group.jid),
        "subject": group.subject,
        "description": group.description.text if group.description is not None else "",
        "members": dict(group.ranks),
        "announcement": group.settings.announcement,
        "locked": group.settings.locked,
        "ephemeral": group.settings.ephemeral,
        "invite": group.invite,
    }


def show_newsletter(newsletter: Newsletter) -> Any:
    posts = [
        {
            "id": post.id,
            "server_id": post.server_id,
            "text": post.message.conversation or post.message.extendedTextMessage.text,
            "viewers": sorted(post.viewers),
            "reactions": dict(post.reactions),
        }
        for post in newsletter.posts
    ]
    return {
        "id": newsletter.id,
        "jid": str(newsletter.jid),
        "name": newsletter.name,
        "invite": newsletter.invite,
        "roles": dict(newsletter.roles),
        "muted": sorted(newsletter.muted),
        "posts": posts,
    }


def show_call(call: Call) -> Any:
    return {"id": call.id, "state": call.state, "reason": call.reason, "caller": str(call.caller.lid)}
