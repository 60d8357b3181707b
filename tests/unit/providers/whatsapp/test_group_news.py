from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from neonize.proto import Neonize_pb2 as neonize

from gateway.domain.events import ChatChanged, ContactsUpdated, MemberChanged
from tests.unit.providers.whatsapp.wire import (
    ANN_LID,
    ANN_PN,
    BOB_LID,
    BOB_PN,
    CONTEXT,
    GROUP,
    ME_LID,
    ME_PN,
    NOW,
    SENT,
    jid,
    noted,
    told,
)

KNOWN = replace(CONTEXT, pns={ANN_LID: ANN_PN, BOB_LID: BOB_PN}, lids={ANN_PN: ANN_LID, BOB_PN: BOB_LID})


def news(**fields: Any) -> neonize.GroupInfoEvent:
    return neonize.GroupInfoEvent(
        JID=jid(GROUP),
        Notify="",
        Timestamp=int(SENT.timestamp()),
        PrevParticipantsVersionID="1",
        ParticipantVersionID="2",
        JoinReason="",
        **({"Sender": jid(ANN_LID)} | fields),
    )


def members(change: neonize.GroupInfoEvent) -> list[tuple[str, str, str, bool]]:
    events = told(22, change, KNOWN)
    assert len({event.dedupe_key for event in events}) == len(events)
    return [(e.member.address, e.before, e.after, e.is_me) for e in events if isinstance(e, MemberChanged)]


def test_members_come_go_rise_and_fall() -> None:
    assert members(news(Join=[jid(BOB_LID), jid(ME_LID)])) == [
        (BOB_PN, "left", "member", False),
        (ME_PN, "left", "member", True),
    ]
    assert members(news(Promote=[jid(BOB_LID)])) == [(BOB_PN, "member", "administrator", False)]
    assert members(news(Demote=[jid(BOB_LID)])) == [(BOB_PN, "administrator", "member", False)]


def test_who_goes_by_themselves_left_and_who_is_removed_was_kicked() -> None:
    assert members(news(Leave=[jid(ANN_LID)])) == [(ANN_PN, "member", "left", False)]
    assert members(news(Leave=[jid(BOB_LID)])) == [(BOB_PN, "member", "kicked", False)]


def setting(**fields: Any) -> ChatChanged:
    [event] = told(22, news(**fields), KNOWN)
    assert isinstance(event, ChatChanged)
    assert event.dedupe_key
    assert (event.chat.address, event.at) == (GROUP, SENT)
    assert event.by is not None
    assert event.by.address == ANN_PN
    return event


def test_settings_that_changed_are_told_and_the_others_are_none() -> None:
    name = setting(Name=neonize.GroupName(Name="Friends", NameSetAt=1, NameSetBy=jid(ANN_PN)))
    assert (name.title, name.chat.title, name.description, name.only_admins_write) == ("Friends", "Friends", None, None)
    topic = neonize.GroupTopic(Topic="hi", TopicID="1", TopicSetAt=1, TopicSetBy=jid(ANN_PN), TopicDeleted=False)
    assert setting(Topic=topic).description == "hi"
    topic.TopicDeleted = True
    assert setting(Topic=topic).description == ""
    assert setting(Announce=neonize.GroupAnnounce(IsAnnounce=True, AnnounceVersionID="1")).only_admins_write is True
    assert setting(Locked=neonize.GroupLocked(isLocked=False)).only_admins_edit is False
    assert (
        setting(Ephemeral=neonize.GroupEphemeral(IsEphemeral=True, DisappearingTimer=86400)).disappearing_seconds
        == 86400
    )
    assert setting(Ephemeral=neonize.GroupEphemeral(IsEphemeral=False, DisappearingTimer=9)).disappearing_seconds == 0
    assert setting(NewInviteLink="https://chat.whatsapp.com/x").invite_link == "https://chat.whatsapp.com/x"
    assert setting(Delete=neonize.GroupDelete(Deleted=True, DeletedReason="")).deleted


def test_what_has_no_word_here_is_a_line_of_the_journal() -> None:
    target = neonize.GroupLinkTarget(
        JID=jid("120363000000000008@g.us"),
        GroupName=neonize.GroupName(Name="Town", NameSetAt=0, NameSetBy=jid()),
        GroupIsDefaultSub=neonize.GroupIsDefaultSub(IsDefaultSubGroup=False),
    )
    link = neonize.GroupLinkChange(Type=neonize.GroupLinkChange.PARENT, UnlinkReason="", Group=target)
    linked = news(Link=link, UnknownChanges=[neonize.Node(Tag="growth_locked")])
    assert told(22, linked) == []
    assert len(noted(22, linked)) == 2


def test_a_group_the_instance_is_in_now_is_told_with_its_name_and_its_standing() -> None:
    def joined(admin: bool) -> neonize.JoinedGroup:
        me = neonize.GroupParticipant(
            JID=jid(ME_LID),
            LID=jid(ME_LID),
            PhoneNumber=jid(ME_PN),
            IsAdmin=admin,
            IsSuperAdmin=False,
            DisplayName="",
            Error=0,
        )
        told = neonize.JoinedGroup(Reason="", Type="", CreateKey="", Sender=jid(ANN_LID), SenderPN=jid(ANN_PN))
        told.GroupInfo.JID.CopyFrom(jid(GROUP))
        told.GroupInfo.GroupName.Name = "Friends"
        told.GroupInfo.Participants.append(me)
        return told

    [event] = told(21, joined(admin=False))
    assert isinstance(event, MemberChanged)
    assert (event.is_me, event.member.address, event.after, event.chat.title) == (True, ME_PN, "member", "Friends")
    assert event.by is not None
    assert (event.by.pn, event.by.lid, event.at) == (ANN_PN, ANN_LID, NOW)
    [event] = told(21, joined(admin=True))
    assert isinstance(event, MemberChanged)
    assert event.after == "administrator"


def test_pictures_change_groups_and_people_but_not_oneself() -> None:
    def picture(of: str) -> neonize.Picture:
        return neonize.Picture(JID=jid(of), Author=jid(ANN_LID), Timestamp=int(SENT.timestamp()), Remove=False)

    [group] = told(23, picture(GROUP), KNOWN)
    assert isinstance(group, ChatChanged)
    assert group.picture_changed
    [person] = told(23, picture(BOB_LID), KNOWN)
    assert isinstance(person, ContactsUpdated)
    assert [(each.address, each.lid) for each in person.people] == [(BOB_PN, BOB_LID)]
    assert told(23, picture(ME_PN)) == []


def test_a_change_that_is_read_again_has_the_same_keys() -> None:
    change = news(Join=[jid(BOB_LID)], Name=neonize.GroupName(Name="x", NameSetAt=1, NameSetBy=jid()))
    keys = [event.dedupe_key for event in told(22, change)]
    assert keys == [event.dedupe_key for event in told(22, change, KNOWN)]
    assert len(set(keys)) == 2
