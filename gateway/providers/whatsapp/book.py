"""People: who is known, who is on WhatsApp, pictures, the block list, presence."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from gateway.domain.contacts import NumberCheck, Picture
from gateway.domain.ids import Address
from gateway.domain.messages import ChatKind, Person
from gateway.providers.whatsapp import who
from gateway.providers.whatsapp.config import phone_digits
from gateway.providers.whatsapp.context import Context
from gateway.providers.whatsapp.jids import address_of, kind_of, to_jid
from gateway.providers.whatsapp.refusals import refusals

if TYPE_CHECKING:
    from neonize.aioze.client import NewAClient
    from neonize.proto.Neonize_pb2 import Contact, IsOnWhatsAppResponse


async def people(client: NewAClient, about: Context) -> tuple[Sequence[Person], Sequence[Person]]:
    """The phone's address book, and everybody else met, with the names they gave themselves."""
    with refusals("tell the contacts"):
        found = await client.contact.get_all_contacts()
    return _parted(found, about)


def _parted(found: Iterable[Contact], about: Context) -> tuple[Sequence[Person], Sequence[Person]]:
    book: dict[Address, Person] = {}
    met: dict[Address, Person] = {}
    for each in found:
        address = address_of(each.JID)
        if address is None or kind_of(address) is not ChatKind.PRIVATE or about.is_me(address):
            continue
        saved = each.Info.FullName or each.Info.FirstName
        name = saved or each.Info.PushName or each.Info.BusinessName
        person = who.person(about, address, name=name)
        if not name:
            continue
        if saved:
            book[person.address] = person
        else:
            met.setdefault(person.address, person)
    return list(book.values()), [person for address, person in met.items() if address not in book]


def digest(people: Sequence[Person]) -> str:
    """What tells one list of people from another."""
    named = "\n".join(f"{each.pn} {each.lid} {each.name}" for each in people)
    return hashlib.sha256(named.encode(errors="replace")).hexdigest()[:24]


async def check_numbers(client: NewAClient, numbers: Sequence[str], about: Context) -> Sequence[NumberCheck]:
    """Whether these numbers are on WhatsApp, in the order asked."""
    asked = {number: phone_digits(number, field="phones") for number in numbers}
    with refusals("check the numbers"):
        told = await client.is_on_whatsapp(*(f"+{digits}" for digits in dict.fromkeys(asked.values())))
    return _checks(numbers, asked, told, about)


def _checks(
    numbers: Sequence[str], asked: Mapping[str, str], told: Iterable[IsOnWhatsAppResponse], about: Context
) -> Sequence[NumberCheck]:
    answers = {each.Query.lstrip("+"): each for each in told}
    checks: list[NumberCheck] = []
    for number in numbers:
        answer = answers.get(asked[number])
        if answer is None or not answer.IsIn:
            checks.append(NumberCheck(number=number, exists=False))
            continue
        person = who.person(about, address_of(answer.JID))
        checks.append(
            NumberCheck(
                number=number,
                exists=True,
                address=person.address,
                lid=person.lid,
                business_name=answer.VerifiedName.Details.verifiedName or None,
            )
        )
    return checks


async def picture(client: NewAClient, address: Address, *, preview: bool) -> Picture | None:
    """A profile picture; None when there is none."""
    from neonize.exc import GetProfilePictureError
    from neonize.proto.Neonize_pb2 import GetProfilePictureParams

    jid = to_jid(address)
    try:
        with refusals("show the picture"):
            try:
                found = await client.get_profile_picture(jid, GetProfilePictureParams(Preview=preview))
            except GetProfilePictureError as error:
                if "does not have a profile picture" in str(error):
                    return None
                raise
    except AttributeError:
        return None  # neonize builds its answer from nothing when there is no picture
    return Picture(url=found.URL, id=found.ID) if found.URL else None


async def about_text(client: NewAClient, address: Address) -> str:
    """What a person says about themselves."""
    with refusals("tell about the person"):
        told = await client.get_user_info(to_jid(address))
    return told[0].UserInfo.Status if told else ""


async def blocked(client: NewAClient, about: Context) -> Sequence[Person]:
    """Who is blocked."""
    with refusals("tell the block list"):
        told = await client.get_blocklist()
    return [who.person(about, address_of(jid)) for jid in told.JIDs]


async def set_blocked(client: NewAClient, address: Address, blocked_: bool) -> None:
    """Block or unblock somebody."""
    from neonize.utils.enum import BlocklistAction

    with refusals("change the block list"):
        await client.update_blocklist(to_jid(address), BlocklistAction.BLOCK if blocked_ else BlocklistAction.UNBLOCK)


async def watch_presence(client: NewAClient, address: Address) -> None:
    """Be told whether somebody is online, until the connection ends."""
    with refusals("watch this person"):
        await client.subscribe_presence(to_jid(address))


async def set_presence(client: NewAClient, available: bool) -> None:
    """Be seen as online, or not."""
    from neonize.utils.enum import Presence

    with refusals("change the presence"):
        await client.send_presence(Presence.AVAILABLE if available else Presence.UNAVAILABLE)


async def show_activity(client: NewAClient, chat: Address, activity: str) -> None:
    """Show typing or recording, or stop showing it. Everything else is shown as typing: WhatsApp has no word for it."""
    from neonize.utils.enum import ChatPresence, ChatPresenceMedia

    composing = ChatPresence.CHAT_PRESENCE_PAUSED if activity == "paused" else ChatPresence.CHAT_PRESENCE_COMPOSING
    sound = activity in ("recording", "record_voice", "recording_voice", "uploading_voice")
    media = ChatPresenceMedia.CHAT_PRESENCE_MEDIA_AUDIO if sound else ChatPresenceMedia.CHAT_PRESENCE_MEDIA_TEXT
    with refusals("show the activity"):
        await client.send_chat_presence(to_jid(chat), composing, media)
