"""What members are told when a group changes: `<notification type="w:gp2">`, to every linked device of every member."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable

from tests.simulators.whatsapp.directory import User
from tests.simulators.whatsapp.group_state import Group
from tests.simulators.whatsapp.node import Node
from tests.simulators.whatsapp.world import World


class GroupNews:
    """Announces changes after they were made (or, for those who leave, just before)."""

    def __init__(self, world: World) -> None:
        self._world = world

    def created(self, group: Group, by: User, key: str | None) -> None:
        create = Node("create", {"type": "new", "key": key}, [group.node()])
        self._tell(group.members, group, by, create)

    def joined(self, group: Group, by: User, people: list[User], reason: str | None = None) -> None:
        """The newcomers are given the whole group, the others learn who came. `reason` is "invite" for links."""
        before, after = group.next_version()
        self._tell(people, group, by, Node("create", {"reason": reason}, [group.node()]))
        others = [user for user in group.members if user not in people]
        self._tell(others, group, by, _participants("add", group, people, before, after, reason))

    def left(self, group: Group, by: User, people: list[User]) -> None:
        """Call this before the people are gone: they are told too."""
        before, after = group.next_version()
        self._tell(group.members, group, by, _participants("remove", group, people, before, after))

    def ranked(self, group: Group, by: User, people: list[User], change: str) -> None:
        """`change` is promote or demote."""
        before, after = group.next_version()
        self._tell(group.members, group, by, _participants(change, group, people, before, after))

    def renamed(self, group: Group, by: User) -> None:
        attrs = {"subject": group.subject, "s_t": str(group.subject_at), "s_o": by.lid, "s_o_pn": by.pn}
        self._tell(group.members, group, by, Node("subject", attrs))

    def described(self, group: Group, by: User, version: str) -> None:
        text = group.description
        body = Node("delete") if text is None else Node("body", {}, text.text.encode())
        self._tell(group.members, group, by, Node("description", {"id": version}, [body]))

    def set(self, group: Group, by: User, tag: str) -> None:
        """`tag` is announcement, not_announcement, locked or unlocked."""
        version = {"v_id": group.next_version()[1]} if tag.endswith("announcement") else {}
        self._tell(group.members, group, by, Node(tag, version))

    def invite_renewed(self, group: Group, by: User) -> None:
        self._tell(group.members, group, by, Node("invite", {"code": group.invite}))

    def timed(self, group: Group, by: User) -> None:
        """Disappearing messages were turned on or off."""
        tag = (
            Node("ephemeral", {"expiration": str(group.settings.ephemeral)})
            if group.settings.ephemeral
            else Node("not_ephemeral")
        )
        self._tell(group.members, group, by, tag)

    def _tell(self, people: Iterable[User], group: Group, by: User, change: Node) -> None:
        attrs = {
            "from": group.jid,
            "type": "w:gp2",
            "t": str(int(time.time())),
            "participant": by.lid,
            "participant_pn": by.pn,
            "notify": by.name,
            "addressing_mode": "lid",
        }
        for user in people:
            for device in list(user.devices.values()):
                node = Node("notification", {**attrs, "id": secrets.token_hex(5).upper()}, [change])
                self._world.push(device, node)


def _participants(
    tag: str, group: Group, people: list[User], before: str, after: str, reason: str | None = None
) -> Node:
    children = [group.participant(user) for user in people]
    return Node(tag, {"prev_v_id": before, "v_id": after, "reason": reason}, children)
