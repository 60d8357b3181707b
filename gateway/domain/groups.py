"""Groups: a chat with members, as far as the network lets an instance see and change it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from gateway.domain.ids import Address
from gateway.domain.messages import Person


class Role(StrEnum):
    """What a member may do in a group."""

    MEMBER = "member"
    ADMIN = "admin"
    OWNER = "owner"


class Member(Struct, frozen=True, kw_only=True):
    """Somebody in a group."""

    person: Person
    role: Role = Role.MEMBER


class Group(Struct, frozen=True, kw_only=True):
    """A group. `members` is empty in answers that only name it."""

    address: Address
    subject: str
    description: str = ""
    owner: Person | None = None
    created_at: datetime | None = None
    only_admins_write: bool = False
    only_admins_edit: bool = False
    disappearing_seconds: int = 0
    members: tuple[Member, ...] = ()
    size: int = 0
    network_kind: str = ""
    """The network's own word for what it is, where it has several: `group`, `supergroup`, `channel`."""


class MemberChange(StrEnum):
    """What to do with members of a group."""

    ADD = "add"
    REMOVE = "remove"
    PROMOTE = "promote"
    DEMOTE = "demote"


class MemberResult(Struct, frozen=True, kw_only=True):
    """What became of one member of a change. `code` is `ok`, or a stable word for why not; `sentence` explains it."""

    person: Person
    code: str = "ok"
    sentence: str = ""

    @property
    def ok(self) -> bool:
        """Whether it was done."""
        return self.code == "ok"


class GroupChange(Struct, frozen=True, kw_only=True):
    """What to change of a group's settings; None keeps."""

    subject: str | None = None
    description: str | None = None
    only_admins_write: bool | None = None
    only_admins_edit: bool | None = None


class Channel(Struct, frozen=True, kw_only=True):
    """A broadcast channel (WhatsApp calls it a newsletter) an instance follows."""

    address: Address
    name: str
    description: str = ""
    subscribers: int = 0
    role: str = "subscriber"
    invite_link: str | None = None
