"""Wire format of groups, as one instance sees them."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct

from gateway.domain.errors import InvalidInput
from gateway.domain.groups import Group, Member, MemberResult, Role
from gateway.domain.messages import Person
from gateway.surfaces.http import maybe_iso

_NO_GROUP = "Name and array of participants are required"
_NOBODY = "Array of participants is required"

Participants = Annotated[
    list[str] | None, Meta(description="Required: phone numbers or ids.", examples=[["4915100000002"]])
]


class Participant(Struct, frozen=True, rename="camel", kw_only=True, omit_defaults=True):
    """Somebody in a group."""

    id: str
    number: str
    is_admin: bool
    name: str = ""
    pn: str | None = None
    lid: str | None = None
    """WhatsApp's two names of one person, where both are known."""

    @classmethod
    def of(cls, member: Member) -> "Participant":
        person = member.person
        both = person.pn is not None and person.lid is not None
        return cls(
            id=person.address,
            number=number_of(person),
            is_admin=member.role is not Role.MEMBER,
            name=person.name,
            pn=person.pn if both else None,
            lid=person.lid if both else None,
        )


class GroupItem(Struct, frozen=True, rename="camel", kw_only=True):
    """A group."""

    id: Annotated[str, Meta(description="The address to write to.")]
    name: str
    description: str
    participants: list[Participant]
    created_at: str | None

    @classmethod
    def of(cls, group: Group) -> "GroupItem":
        return cls(
            id=group.address,
            name=group.subject,
            description=group.description,
            participants=[Participant.of(each) for each in group.members],
            created_at=maybe_iso(group.created_at),
        )


class NewGroupBody(Struct, frozen=True):
    """A group to make."""

    name: Annotated[str | None, Meta(description="Required.")] = None
    participants: Participants = None

    def checked(self) -> tuple[str, list[str]]:
        """Its name, and who is to be in it. Raises InvalidInput."""
        if not (self.name or "").strip():
            raise InvalidInput(_NO_GROUP, field="name")
        if not self.participants:
            raise InvalidInput(_NO_GROUP, field="participants")
        return str(self.name), self.participants


class NewGroupReply(Struct, frozen=True, rename="camel", omit_defaults=True):
    """A group that was made."""

    group_id: str
    invite_code: Annotated[str | None, Meta(description="For those who could not be added.")] = None


class ParticipantsBody(Struct, frozen=True):
    """Whom to add."""

    participants: Participants = None

    def checked(self) -> list[str]:
        """Whom. Raises InvalidInput for nobody."""
        if not self.participants:
            raise InvalidInput(_NOBODY, field="participants")
        return self.participants


class NamedParticipantsBody(ParticipantsBody, frozen=True, rename="camel"):
    """Whom to add, and where."""

    group_id: Annotated[str | None, Meta(description="Required.")] = None


class FailedParticipant(Struct, frozen=True):
    """Somebody with whom it was not done, and why."""

    number: str
    reason: str

    @classmethod
    def all_of(cls, results: Sequence[MemberResult]) -> "list[FailedParticipant] | None":
        failed = [cls(number_of(each.person), each.sentence) for each in results if not each.ok]
        return failed or None


class AddedReply(Struct, frozen=True, omit_defaults=True):
    """Who was added. `success`: all of them."""

    success: bool
    added: list[str]
    failed: list[FailedParticipant] | None = None

    @classmethod
    def of(cls, results: Sequence[MemberResult]) -> "AddedReply":
        failed = FailedParticipant.all_of(results)
        return cls(failed is None, [number_of(each.person) for each in results if each.ok], failed)


class RemovedReply(Struct, frozen=True, omit_defaults=True):
    """Who was removed. `success`: it was done."""

    success: bool
    removed: list[str]
    failed: list[FailedParticipant] | None = None

    @classmethod
    def of(cls, results: Sequence[MemberResult]) -> "RemovedReply":
        failed = FailedParticipant.all_of(results)
        return cls(failed is None, [number_of(each.person) for each in results if each.ok], failed)


def number_of(person: Person) -> str:
    """The phone number; where it is hidden or there is none, the id."""
    return person.phone or person.address
