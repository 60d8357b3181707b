"""A group as WhatsApp keeps it: its members with their ranks, its texts, its settings, and how it looks in a stanza."""

from __future__ import annotations

import secrets
import string
import time
from dataclasses import dataclass, field

from tests.simulators.whatsapp.directory import User
from tests.simulators.whatsapp.jid import JID
from tests.simulators.whatsapp.node import Node

MAX_SUBJECT = 100
MAX_DESCRIPTION = 2048

MEMBER = "member"
ADMIN = "admin"
OWNER = "superadmin"

_INVITE_ALPHABET = string.ascii_letters + string.digits
_INVITE_LENGTH = 22  # as WhatsApp's own codes


def _new_invite() -> str:
    return "".join(secrets.choice(_INVITE_ALPHABET) for _ in range(_INVITE_LENGTH))


@dataclass(frozen=True)
class Description:
    """The text under a group's name. Its id names the version, so that two writers notice each other."""

    id: str
    text: str
    author: User
    at: int


@dataclass
class GroupSettings:
    """The switches of a group; `ephemeral` is the life of its messages in seconds, 0 for ever."""

    announcement: bool = False
    locked: bool = False
    ephemeral: int = 0
    members_may_add: bool = True


@dataclass
class Group:
    """One group. Phone numbers key the ranks, because an account is one account under number and LID."""

    id: str
    subject: str
    creator: User
    created: int = field(default_factory=lambda: int(time.time()))
    people: dict[str, User] = field(default_factory=dict)
    ranks: dict[str, str] = field(default_factory=dict)
    description: Description | None = None
    settings: GroupSettings = field(default_factory=GroupSettings)
    invite: str = field(default_factory=_new_invite)
    revoked_invites: set[str] = field(default_factory=set)
    version: int = 1
    subject_by: User | None = None
    subject_at: int = 0

    def __post_init__(self) -> None:
        self.subject_by = self.subject_by or self.creator
        self.subject_at = self.subject_at or self.created

    @property
    def jid(self) -> JID:
        return JID(self.id, "g.us")

    @property
    def members(self) -> list[User]:
        return list(self.people.values())

    def has(self, user: User) -> bool:
        return user.phone in self.people

    def is_admin(self, user: User) -> bool:
        return self.ranks.get(user.phone) in (ADMIN, OWNER)

    def may_write(self, user: User) -> bool:
        """Whether a message from this user is accepted (announcement groups take them from admins alone)."""
        return self.has(user) and (not self.settings.announcement or self.is_admin(user))

    def may_edit(self, user: User) -> bool:
        """Whether this user may change subject, description and picture."""
        return self.has(user) and (not self.settings.locked or self.is_admin(user))

    def admit(self, user: User, rank: str = MEMBER) -> None:
        self.people[user.phone] = user
        self.ranks[user.phone] = rank

    def expel(self, user: User) -> None:
        self.people.pop(user.phone, None)
        self.ranks.pop(user.phone, None)

    def next_version(self) -> tuple[str, str]:
        """The participant version before and after a change, as stanzas tell it."""
        self.version += 1
        return str(self.version - 1), str(self.version)

    def renew_invite(self) -> str:
        self.revoked_invites.add(self.invite)
        self.invite = _new_invite()
        return self.invite

    def participant(self, user: User) -> Node:
        rank = self.ranks.get(user.phone, MEMBER)
        return Node(
            "participant",
            {"jid": user.lid, "phone_number": user.pn, "type": rank if rank != MEMBER else None},
        )

    def node(self) -> Node:
        """The whole group, as `<group>` answers and create notifications carry it."""
        assert self.subject_by is not None
        children = [self.participant(user) for user in self.members]
        if self.description is not None:
            text = self.description
            attrs = {"id": text.id, "participant": text.author.lid, "participant_pn": text.author.pn, "t": str(text.at)}
            children.append(Node("description", attrs, [Node("body", {}, text.text.encode())]))
        if self.settings.announcement:
            children.append(Node("announcement"))
        if self.settings.locked:
            children.append(Node("locked"))
        if self.settings.ephemeral:
            children.append(Node("ephemeral", {"expiration": str(self.settings.ephemeral)}))
        adders = b"all_member_add" if self.settings.members_may_add else b"admin_add"
        children.append(Node("member_add_mode", {}, adders))
        return Node(
            "group",
            {
                "id": self.id,
                "subject": self.subject,
                "s_t": str(self.subject_at),
                "s_o": self.subject_by.lid,
                "s_o_pn": self.subject_by.pn,
                "creation": str(self.created),
                "creator": self.creator.lid,
                "creator_pn": self.creator.pn,
                "addressing_mode": "lid",
                "size": str(len(self.people)),
                "p_v_id": str(self.version),
                "a_v_id": str(self.version),
            },
            children,
        )
