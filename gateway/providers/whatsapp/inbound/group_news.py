"""What happens to groups (neonize's events 21, 22 and 23): members, settings, pictures. Pure.

These carry no id, so their dedupe key is a digest of the payload, which holds the moment and the members' version.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from msgspec.structs import replace
from neonize.proto.Neonize_pb2 import (
    JID,
    GroupInfo,
    GroupInfoEvent,
    GroupLinkChange,
    GroupParticipant,
    JoinedGroup,
    Picture,
)

from gateway.domain.events import ChatChanged, ContactsUpdated, MemberChanged
from gateway.providers.whatsapp import who
from gateway.providers.whatsapp.context import Context, Converted, Note
from gateway.providers.whatsapp.jids import address_of, is_group

MEMBER = "member"
ADMINISTRATOR = "administrator"
LEFT = "left"
KICKED = "kicked"


def digest_of(payload: bytes) -> str:
    """A short name for a payload; the same one when it is read again."""
    return hashlib.sha256(payload).hexdigest()[:24]


def joined(news: JoinedGroup, context: Context, payload: bytes) -> Converted:
    """The account became a member: it was added, joined by a link, or made the group."""
    info = news.GroupInfo
    address = address_of(info.JID)
    if address is None:
        return (Note("WhatsApp told of a joined group without saying which.", level="warning"),)
    by = (address_of(news.Sender), address_of(news.SenderPN))
    return (
        MemberChanged(
            instance_id=context.instance_id,
            at=context.now,
            dedupe_key=f"joined:{digest_of(payload)}",
            chat=who.chat(context, address, title=info.GroupName.Name),
            member=who.me(context),
            before=LEFT,
            after=_own_standing(info, context),
            by=who.person(context, *by) if any(by) else None,
            is_me=True,
        ),
    )


def changed(news: GroupInfoEvent, context: Context, payload: bytes) -> Converted:
    """Somebody changed the group: an event for each member concerned, and one for all settings together."""
    address = address_of(news.JID)
    if address is None:
        return (Note("WhatsApp told of a changed group without saying which.", level="warning"),)
    chat = who.chat(context, address, title=news.Name.Name)
    sender = address_of(news.Sender)
    by = who.person(context, sender) if sender else None
    at = context.at(news.Timestamp)
    key = f"group:{digest_of(payload)}"

    def members(jids: Iterable[JID], what: str, before: str, after: str) -> Iterable[MemberChanged]:
        for jid in jids:
            member = who.person(context, address_of(jid))
            # Whoever goes by themselves left; whoever goes by another's hand was removed.
            gone = after == LEFT and by is not None and by.address != member.address
            yield MemberChanged(
                instance_id=context.instance_id,
                at=at,
                dedupe_key=f"{key}:{what}:{jid.User}@{jid.Server}",
                chat=chat,
                member=member,
                before=before,
                after=KICKED if gone else after,
                by=by,
                is_me=context.is_me(member.pn) or context.is_me(member.lid),
            )

    return (
        *members(news.Join, "join", LEFT, MEMBER),
        *members(news.Leave, "leave", MEMBER, LEFT),
        *members(news.Promote, "promote", MEMBER, ADMINISTRATOR),
        *members(news.Demote, "demote", ADMINISTRATOR, MEMBER),
        *_settings(
            news,
            ChatChanged(instance_id=context.instance_id, at=at, dedupe_key=f"{key}:settings", chat=chat, by=by),
        ),
        *_links(news, address),
    )


def pictured(news: Picture, context: Context, payload: bytes) -> Converted:
    """A picture was set or removed: a group's, or somebody's own. The account's own is no news."""
    address = address_of(news.JID)
    if address is None or context.is_me(address):
        return ()
    at, key = context.at(news.Timestamp), f"picture:{digest_of(payload)}"
    if not is_group(address):
        person = who.person(context, address)
        return (ContactsUpdated(instance_id=context.instance_id, at=at, dedupe_key=key, people=(person,)),)
    author = address_of(news.Author)
    return (
        ChatChanged(
            instance_id=context.instance_id,
            at=at,
            dedupe_key=key,
            chat=who.chat(context, address),
            by=who.person(context, author) if author else None,
            picture_changed=True,
        ),
    )


def _settings(news: GroupInfoEvent, nothing: ChatChanged) -> Converted:
    change = nothing
    if news.HasField("Name"):
        change = replace(change, title=news.Name.Name)
    if news.HasField("Topic"):
        change = replace(change, description="" if news.Topic.TopicDeleted else news.Topic.Topic)
    if news.HasField("Announce"):
        change = replace(change, only_admins_write=news.Announce.IsAnnounce)
    if news.HasField("Locked"):
        change = replace(change, only_admins_edit=news.Locked.isLocked)
    if news.HasField("Ephemeral"):
        seconds = news.Ephemeral.DisappearingTimer if news.Ephemeral.IsEphemeral else 0
        change = replace(change, disappearing_seconds=seconds)
    if news.NewInviteLink:
        change = replace(change, invite_link=news.NewInviteLink)
    if news.Delete.Deleted:
        change = replace(change, deleted=True)
    return (change,) if change != nothing else ()


def _links(news: GroupInfoEvent, address: str) -> Converted:
    notes: list[Note] = []
    for field, verb in (("Link", "linked to"), ("Unlink", "unlinked from")):
        if news.HasField(field):
            link: GroupLinkChange = getattr(news, field)
            other = address_of(link.Group.JID) or "a community"
            notes.append(Note(f"Group {address} was {verb} {other}."))
    if news.UnknownChanges:
        tags = ", ".join(sorted({node.Tag for node in news.UnknownChanges}))
        notes.append(Note(f"Group {address} changed in a way this version has no word for: {tags}."))
    return tuple(notes)


def _own_standing(info: GroupInfo, context: Context) -> str:
    administrator = any((each.IsAdmin or each.IsSuperAdmin) and _is_me(each, context) for each in info.Participants)
    return ADMINISTRATOR if administrator else MEMBER


def _is_me(participant: GroupParticipant, context: Context) -> bool:
    names = (participant.JID, participant.LID, participant.PhoneNumber)
    return any(context.is_me(address_of(each)) for each in names)
