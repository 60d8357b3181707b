"""Wire format of people as their network knows them now."""

from typing import Annotated

from msgspec import Meta, Struct

from gateway.domain.contacts import NumberCheck, Picture
from gateway.domain.messages import Person


class PersonItem(Struct, frozen=True, rename="camel", kw_only=True):
    """Somebody."""

    id: Annotated[str, Meta(description="The address to write to.")]
    name: str
    number: str
    username: str | None
    pn: Annotated[str | None, Meta(description="The address with the phone number, when it is known.")]
    lid: Annotated[str | None, Meta(description="The address that hides the phone number, when it is known.")]

    @classmethod
    def of(cls, person: Person) -> "PersonItem":
        return cls(
            id=person.address,
            name=person.name,
            number=person.phone or "",
            username=person.username,
            pn=person.pn,
            lid=person.lid,
        )


class PersonList(Struct, frozen=True):
    """People."""

    contacts: list[PersonItem]


class CheckBody(Struct, frozen=True):
    """Phone numbers to look up."""

    phones: Annotated[list[str], Meta(description="With country code; at most 100.", examples=[["4915100000002"]])] = []


class CheckedNumber(Struct, frozen=True, rename="camel", kw_only=True):
    """One number and whether it is there."""

    phone: Annotated[str, Meta(description="As it was asked.")]
    exists: bool
    id: Annotated[str | None, Meta(description="The address to write to.")]
    lid: str | None
    business_name: str | None

    @classmethod
    def of(cls, checked: NumberCheck) -> "CheckedNumber":
        return cls(
            phone=checked.number,
            exists=checked.exists,
            id=checked.address,
            lid=checked.lid,
            business_name=checked.business_name,
        )


class CheckedNumbers(Struct, frozen=True):
    """In the order asked."""

    numbers: list[CheckedNumber]


class PictureReply(Struct, frozen=True):
    """A profile picture. The URL is the network's own and expires."""

    url: str
    id: str

    @classmethod
    def of(cls, picture: Picture) -> "PictureReply":
        return cls(url=picture.url, id=picture.id)


class AboutReply(Struct, frozen=True):
    """What somebody says about themselves; empty when nothing or hidden."""

    about: str


class PresenceBody(Struct, frozen=True):
    """How the instance is to be seen."""

    available: Annotated[bool, Meta(description="While online, the phone itself gets no notifications.")]


class RejectBody(Struct, frozen=True):
    """Whose call."""

    caller: Annotated[str, Meta(description="Required: who calls, as the event said.")] = ""
