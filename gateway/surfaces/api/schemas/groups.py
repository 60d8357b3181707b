"""Wire format of groups and their members."""

from typing import Annotated

from msgspec import Meta, Struct

from gateway.domain.groups import Group, GroupChange, Member, MemberChange, MemberResult, Role
from gateway.surfaces.http import maybe_iso

Members = Annotated[list[str], Meta(description="Phone numbers or addresses.", examples=[["4915100000002"]])]


class MemberItem(Struct, frozen=True, rename="camel", kw_only=True):
    """Somebody in a group."""

    id: str
    name: str
    number: str
    role: Role
    pn: str | None
    lid: str | None

    @classmethod
    def of(cls, member: Member) -> "MemberItem":
        person = member.person
        return cls(
            id=person.address,
            name=person.name,
            number=person.phone or "",
            role=member.role,
            pn=person.pn,
            lid=person.lid,
        )


class GroupItem(Struct, frozen=True, rename="camel", kw_only=True):
    """A group. In lists `members` may be empty while `size` counts them."""

    id: Annotated[str, Meta(description="The address to write to.")]
    subject: str
    description: str
    owner: str | None
    created_at: str | None
    only_admins_write: bool
    only_admins_edit: bool
    disappearing_seconds: Annotated[int, Meta(description="0: messages stay.")]
    size: int
    members: list[MemberItem]

    @classmethod
    def of(cls, group: Group) -> "GroupItem":
        return cls(
            id=group.address,
            subject=group.subject,
            description=group.description,
            owner=group.owner.address if group.owner else None,
            created_at=maybe_iso(group.created_at),
            only_admins_write=group.only_admins_write,
            only_admins_edit=group.only_admins_edit,
            disappearing_seconds=group.disappearing_seconds,
            size=group.size or len(group.members),
            members=[MemberItem.of(each) for each in group.members],
        )


class GroupList(Struct, frozen=True):
    """The groups an instance is in."""

    groups: list[GroupItem]


class NewGroupBody(Struct, frozen=True):
    """A group to make. Both are required."""

    subject: str = ""
    members: Members = []


class GroupChangesBody(Struct, frozen=True, rename="camel", kw_only=True):
    """What to change; absent or null keeps."""

    subject: str | None = None
    description: Annotated[str | None, Meta(description="Empty removes it.")] = None
    only_admins_write: bool | None = None
    only_admins_edit: bool | None = None

    def to_change(self) -> GroupChange:
        return GroupChange(
            subject=self.subject,
            description=self.description,
            only_admins_write=self.only_admins_write,
            only_admins_edit=self.only_admins_edit,
        )


class MembersBody(Struct, frozen=True):
    """Whom to add, remove, promote or demote."""

    action: MemberChange
    members: Members = []


class MemberFate(Struct, frozen=True, kw_only=True):
    """What became of one of them. `code` is `ok`, or a stable word for why not."""

    id: str
    success: bool
    code: str
    message: str

    @classmethod
    def of(cls, result: MemberResult) -> "MemberFate":
        return cls(id=result.person.address, success=result.ok, code=result.code, message=result.sentence)


class MemberFates(Struct, frozen=True):
    """Each member has a fate of its own."""

    results: list[MemberFate]


class InviteLink(Struct, frozen=True):
    """The link others can join with."""

    link: str


class JoinBody(Struct, frozen=True):
    """An invite link or its code. Required."""

    link: str = ""


class JoinedGroup(Struct, frozen=True):
    """The group that was joined."""

    id: str
