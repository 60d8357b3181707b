"""Requests about groups (`xmlns="w:g2"`): what a client may ask and do, and what WhatsApp refuses.

403 is for those outside a group and for members where an admin is needed, 401 for an invite link asked by a member,
404 for a group nobody knows, 406 for texts too long and invite codes that never existed, 410 for revoked ones,
409 for a description that somebody else changed in between. Source: whatsmeow's error values and group requests.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from tests.simulators.whatsapp.connection import Connection
from tests.simulators.whatsapp.directory import User
from tests.simulators.whatsapp.group_state import MAX_DESCRIPTION, MAX_SUBJECT, OWNER, Group, GroupSettings
from tests.simulators.whatsapp.node import Node
from tests.simulators.whatsapp.refusals import Refused, refusing

if TYPE_CHECKING:
    from tests.simulators.whatsapp.groups import Groups

_SWITCHES = ("announcement", "not_announcement", "locked", "unlocked")
_PARTICIPANT_CHANGES = ("add", "remove", "promote", "demote")
_INVITATION_SECONDS = 3 * 24 * 3600


class GroupRequests:
    """Turns stanzas into acts on groups, after asking whether the asker may."""

    def __init__(self, groups: Groups) -> None:
        self._groups = groups
        self._invitations: dict[str, tuple[Group, User]] = {}

    @refusing
    def handle(self, connection: Connection, request: Node) -> None:
        user = connection.require_device().user
        content = request.children
        if not content:
            raise Refused(400)
        if not request.jid("to").user:
            connection.result(request, self._outside(user, request, content[0]))
            return
        group = self._groups.find(request.jid("to"))
        if group is None:
            raise Refused(404)
        answer = self._invited(user, group, content[0])
        connection.result(request, answer if answer is not None else self._inside(user, group, request, content[0]))

    def _outside(self, user: User, request: Node, asked: Node) -> list[Node]:
        """Requests to the group server as a whole."""
        setting = request.get("type") == "set"
        match asked.tag:
            case "participating":
                return [Node("groups", {}, [group.node() for group in self._groups.all.values() if group.has(user)])]
            case "create" if setting:
                return self._create(user, asked)
            case "leave" if setting:
                return [Node("leave", {}, [self._leave(user, child) for child in asked.children])]
            case "invite":
                group = self._by_code(asked.get("code", ""))
                if not setting:
                    return [group.node()]
                if not group.has(user):
                    self._groups.add(group, user, [user], "invite")
                return [Node("group", {"jid": group.jid})]
        raise Refused(400)

    def _invited(self, user: User, group: Group, asked: Node) -> list[Node] | None:
        """Requests that somebody outside may make with an invitation message in hand."""
        invitation = asked if asked.tag == "accept" else asked.child("add_request") if asked.tag == "query" else None
        if invitation is None:
            return None
        if self._invitations.get(invitation.get("code", "")) != (group, user):
            raise Refused(404)
        if asked.tag == "query":
            return [group.node()]
        del self._invitations[invitation.get("code", "")]
        self._groups.add(group, user, [user], "invite")
        return [Node("group", {"jid": group.jid})]

    def _inside(self, user: User, group: Group, request: Node, asked: Node) -> list[Node]:
        """Requests to one group."""
        if not group.has(user):
            raise Refused(403)
        if asked.tag in _PARTICIPANT_CHANGES:
            return self._change_participants(user, group, asked)
        if asked.tag in _SWITCHES:
            self._only_admins(group, user)
            self._groups.switch(group, user, asked.tag)
            return []
        match asked.tag:
            case "query":
                return [group.node()]
            case "invite":
                if not group.is_admin(user):
                    raise Refused(401)
                if request.get("type") == "set":
                    self._groups.renew_invite(group, user)
                return [Node("invite", {"code": group.invite})]
            case "subject":
                self._set_subject(user, group, asked.data().decode())
            case "description":
                self._set_description(user, group, asked)
            case "ephemeral" | "not_ephemeral":
                self._only_admins(group, user, may=not group.settings.locked)
                group.settings.ephemeral = int(asked.get("expiration", "0"))
                self._groups.news.timed(group, user)
            case "member_add_mode":
                self._only_admins(group, user)
                group.settings.members_may_add = asked.data() == b"all_member_add"
            case "membership_approval_requests" | "sub_groups" | "linked_groups_participants":
                return [Node(asked.tag, {}, [])]
            case _:
                self._groups.world.fault("unknown request", f"about a group: {request}")
                raise Refused(400)
        return []

    def _create(self, user: User, asked: Node) -> list[Node]:
        subject = asked.get("subject", "")
        if not 0 < len(subject) <= MAX_SUBJECT:
            raise Refused(406)
        people = [self._known(child) for child in asked.all("participant")]
        welcome = [other for other in people if other is not None and self._groups.may_be_added(other)]
        group = self._groups.create(subject, user, welcome, key=asked.get("key"), settings=_settings(asked))
        node = group.node()
        assert isinstance(node.content, list)
        for child, other in zip(asked.all("participant"), people, strict=True):
            if other is None or not group.has(other):
                node.content.append(self._not_added(group, child, other))
        return [node]

    def _leave(self, user: User, child: Node) -> Node:
        named = child.get("id") or child.get("jid") or ""
        group = self._groups.find(named)
        if group is None or not group.has(user):
            return Node("group", {"id": named, "error": "404"})
        self._groups.remove(group, user, [user])
        return Node("group", {"id": group.jid})

    def _by_code(self, code: str) -> Group:
        for group in self._groups.all.values():
            if code == group.invite:
                return group
            if code in group.revoked_invites:
                raise Refused(410)
        raise Refused(406)

    def _change_participants(self, user: User, group: Group, asked: Node) -> list[Node]:
        self._only_admins(group, user, may=asked.tag == "add" and group.settings.members_may_add)
        changed: list[User] = []
        answers: list[Node] = []
        for child in asked.all("participant"):
            other = self._known(child)
            code = self._objection(group, other, asked.tag)
            if other is None or code == 403:
                answers.append(self._not_added(group, child, other))
            elif code:
                answers.append(Node("participant", {"jid": child.get("jid"), "error": str(code)}))
            else:
                changed.append(other)
                answers.append(Node("participant", {"jid": other.lid, "phone_number": other.pn}))
        if changed:
            act: Mapping[str, Callable[[], None]] = {
                "add": lambda: self._groups.add(group, user, changed),
                "remove": lambda: self._groups.remove(group, user, changed),
            }
            act.get(asked.tag, lambda: self._groups.rank(group, user, changed, asked.tag))()
        return [Node(asked.tag, {}, answers)]

    def _objection(self, group: Group, other: User | None, change: str) -> int:
        if other is None:
            return 404
        if change == "add":
            return 409 if group.has(other) else 0 if self._groups.may_be_added(other) else 403
        if not group.has(other):
            return 404
        return 406 if group.ranks[other.phone] == OWNER else 0

    def _not_added(self, group: Group, child: Node, other: User | None) -> Node:
        if other is None:
            return Node("participant", {"jid": child.get("jid"), "error": "404"})
        code = secrets.token_urlsafe(12)
        self._invitations[code] = (group, other)
        request = Node("add_request", {"code": code, "expiration": str(int(time.time()) + _INVITATION_SECONDS)})
        return Node("participant", {"jid": other.lid, "phone_number": other.pn, "error": "403"}, [request])

    def _set_subject(self, user: User, group: Group, subject: str) -> None:
        self._only_admins(group, user, may=not group.settings.locked)
        if not 0 < len(subject) <= MAX_SUBJECT:
            raise Refused(406)
        self._groups.rename(group, user, subject)

    def _set_description(self, user: User, group: Group, asked: Node) -> None:
        self._only_admins(group, user, may=not group.settings.locked)
        body = asked.child("body")
        text = body.data().decode() if body is not None else ""
        if len(text) > MAX_DESCRIPTION:
            raise Refused(406)
        current = group.description.id if group.description else None
        if asked.get("prev") != current:
            raise Refused(409)
        self._groups.describe(group, user, text, asked.get("id"))

    def _only_admins(self, group: Group, user: User, *, may: bool = False) -> None:
        if not may and not group.is_admin(user):
            raise Refused(403)

    def _known(self, child: Node) -> User | None:
        return self._groups.world.directory.find(child.jid("jid").bare())


def _settings(asked: Node) -> GroupSettings:
    """What a creation request says besides names."""
    timer, mode = asked.child("ephemeral"), asked.child("member_add_mode")
    return GroupSettings(
        announcement=asked.child("announcement") is not None,
        locked=asked.child("locked") is not None,
        ephemeral=int(timer.get("expiration", "0")) if timer is not None else 0,
        members_may_add=mode is None or mode.data() == b"all_member_add",
    )
