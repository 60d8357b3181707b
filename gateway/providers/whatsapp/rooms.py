"""Groups, asked for and changed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from gateway.domain.errors import InvalidInput
from gateway.domain.groups import Group, GroupChange, Member, MemberChange, MemberResult, Role
from gateway.domain.ids import Address
from gateway.domain.messages import Person
from gateway.providers.whatsapp import who
from gateway.providers.whatsapp.context import Context
from gateway.providers.whatsapp.jids import address_of, is_group, normalise, to_jid
from gateway.providers.whatsapp.refusals import refusals

if TYPE_CHECKING:
    from neonize.aioze.client import NewAClient
    from neonize.proto.Neonize_pb2 import JID, GroupInfo, GroupParticipant

MAX_SUBJECT: Final = 100
"""Characters of a group's name."""

_INVITE: Final = re.compile(r"[A-Za-z0-9_-]+")

_FATES: Final = {
    401: ("blocked", "This person has blocked the account."),
    403: ("invite_needed", "This person's privacy settings ask for an invitation; send them the invite link."),
    404: ("not_on_whatsapp", "This number is not on WhatsApp, or not in the group."),
    406: ("not_allowed", "WhatsApp does not allow this for this person."),
    408: ("left_recently", "This person left the group recently; send them the invite link."),
    409: ("already", "This person is in the group already."),
    417: ("not_allowed", "This would need a newer WhatsApp on their side."),
    419: ("group_full", "The group is full."),
    500: ("group_full", "The group is full."),
}


async def groups(client: NewAClient, about: Context) -> Sequence[Group]:
    """The groups the account is in."""
    with refusals("list the groups"):
        found = await client.get_joined_groups()
    return [_group(each, about) for each in found]


async def group(client: NewAClient, address: Address, about: Context) -> Group:
    """One group with its members."""
    jid = _jid(address)
    with refusals("tell about the group"):
        return _group(await client.get_group_info(jid), about)


async def create(client: NewAClient, subject: str, members: Sequence[Address], about: Context) -> Group:
    """Make a group."""
    jids = [to_jid(each, field="members") for each in members]
    with refusals("make the group"):
        return _group(await client.create_group(_subject(subject), jids), about)


async def change(client: NewAClient, address: Address, wish: GroupChange) -> None:
    """Change its settings, one after the other; what was done before a refusal stays done."""
    jid = _jid(address)
    with refusals("change the group"):
        if wish.subject is not None:
            await client.set_group_name(jid, _subject(wish.subject))
        if wish.description is not None:
            before = (await client.get_group_info(jid)).GroupTopic.TopicID
            # WhatsApp wants to know which description is replaced; the new one's id is ours to choose.
            await client.set_group_topic(jid, before, await client.generate_message_id(), wish.description)
        if wish.only_admins_write is not None:
            await client.set_group_announce(jid, wish.only_admins_write)
        if wish.only_admins_edit is not None:
            await client.set_group_locked(jid, wish.only_admins_edit)


async def change_members(
    client: NewAClient, address: Address, wish: MemberChange, members: Sequence[Address], about: Context
) -> Sequence[MemberResult]:
    """Add, remove, promote or demote; each member has a fate of its own."""
    from neonize.utils.enum import ParticipantChange

    jid, jids = _jid(address), [to_jid(each, field="members") for each in members]
    with refusals("change the members"):
        told = await client.update_group_participants(jid, jids, ParticipantChange[wish.name])
    return [_fate(each, about) for each in told]


async def leave(client: NewAClient, address: Address) -> None:
    """Leave."""
    with refusals("leave the group"):
        await client.leave_group(_jid(address))


async def invite_link(client: NewAClient, address: Address, *, reset: bool) -> str:
    """The link others can join with."""
    with refusals("give the invite link"):
        return str(await client.get_group_invite_link(_jid(address), revoke=reset))


async def join(client: NewAClient, link: str) -> Address:
    """Join by a link or its code."""
    code = _code(link)
    with refusals("let this account join"):
        joined = address_of(await client.join_group_with_link(code))
    if joined is None:
        raise InvalidInput("This invite link leads nowhere.", field="link")
    return joined


def _code(link: str) -> str:
    code = link.strip().partition("?")[0].partition("#")[0].rstrip("/").rpartition("/")[2]
    if not _INVITE.fullmatch(code):
        raise InvalidInput("An invite link, or its code, is required.", field="link")
    return code


def _group(info: GroupInfo, about: Context) -> Group:
    owner = _person(about, info.OwnerJID, info.OwnerPN)
    members = tuple(_member(each, about) for each in info.Participants)
    return Group(
        address=address_of(info.JID) or Address(""),
        subject=info.GroupName.Name,
        description=info.GroupTopic.Topic,
        owner=owner if owner.address else None,
        created_at=datetime.fromtimestamp(info.GroupCreated, UTC) if info.GroupCreated > 0 else None,
        only_admins_write=info.GroupAnnounce.IsAnnounce,
        only_admins_edit=info.GroupLocked.isLocked,
        disappearing_seconds=info.GroupEphemeral.DisappearingTimer if info.GroupEphemeral.IsEphemeral else 0,
        members=members,
        size=len(members),
    )


def _member(told: GroupParticipant, about: Context) -> Member:
    role = Role.OWNER if told.IsSuperAdmin else Role.ADMIN if told.IsAdmin else Role.MEMBER
    return Member(person=_person(about, told.JID, told.PhoneNumber, told.LID, name=told.DisplayName), role=role)


def _fate(told: GroupParticipant, about: Context) -> MemberResult:
    person = _person(about, told.JID, told.PhoneNumber, told.LID)
    if not told.Error or told.Error == 200:
        return MemberResult(person=person)
    code, sentence = _FATES.get(told.Error, ("refused", f"WhatsApp refused this person ({told.Error})."))
    return MemberResult(person=person, code=code, sentence=sentence)


def _person(about: Context, *jids: JID, name: str = "") -> Person:
    return who.person(about, *(address_of(jid) for jid in jids), name=name)


def _jid(address: Address) -> JID:
    found = normalise(address, field="groupId")
    if not is_group(found):
        raise InvalidInput("This is no group; a group's id ends in @g.us.", field="groupId")
    return to_jid(found)


def _subject(text: str) -> str:
    subject = text.strip()
    if not 1 <= len(subject) <= MAX_SUBJECT:
        raise InvalidInput(f"A group's name has 1 to {MAX_SUBJECT} characters.", field="subject")
    return subject
