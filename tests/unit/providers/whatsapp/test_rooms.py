"""Groups as WhatsApp tells them, in the gateway's words."""

from __future__ import annotations

import pytest
from neonize.proto import Neonize_pb2 as neonize

from gateway.domain.errors import InvalidInput
from gateway.domain.groups import Role
from gateway.domain.ids import Address
from gateway.providers.whatsapp import rooms
from tests.unit.providers.whatsapp.wire import ANN_LID, ANN_PN, BOB_LID, BOB_PN, CONTEXT, GROUP, ME_LID, ME_PN, jid


def member(pn: str, lid: str, *, admin: bool = False, owner: bool = False, error: int = 0) -> neonize.GroupParticipant:
    return neonize.GroupParticipant(
        JID=jid(lid or pn), LID=jid(lid), PhoneNumber=jid(pn), IsAdmin=admin or owner, IsSuperAdmin=owner,
        DisplayName="", Error=error,
    )  # fmt: skip


def test_a_group_has_its_settings_and_everybody_under_both_names() -> None:
    info = neonize.GroupInfo(
        JID=jid(GROUP),
        OwnerJID=jid(ANN_LID),
        OwnerPN=jid(ANN_PN),
        GroupName=neonize.GroupName(Name="Friends"),
        GroupTopic=neonize.GroupTopic(Topic="Us", TopicID="1"),
        GroupLocked=neonize.GroupLocked(isLocked=True),
        GroupAnnounce=neonize.GroupAnnounce(IsAnnounce=False),
        GroupEphemeral=neonize.GroupEphemeral(IsEphemeral=True, DisappearingTimer=86_400),
        GroupCreated=1_700_000_000.0,
        Participants=[
            member(ANN_PN, ANN_LID, owner=True),
            member(BOB_PN, BOB_LID, admin=True),
            member("", ME_LID),
        ],
    )
    group = rooms._group(info, CONTEXT)
    assert (group.address, group.subject, group.description) == (GROUP, "Friends", "Us")
    assert (group.only_admins_edit, group.only_admins_write, group.disappearing_seconds) == (True, False, 86_400)
    assert group.owner is not None
    assert (group.owner.pn, group.owner.lid) == (ANN_PN, ANN_LID)
    assert group.created_at is not None
    assert group.created_at.timestamp() == 1_700_000_000
    assert [(each.person.address, each.role) for each in group.members] == [
        (ANN_PN, Role.OWNER),
        (BOB_PN, Role.ADMIN),
        (ME_PN, Role.MEMBER),
    ]
    assert group.members[1].person.phone == "4915100000003"
    assert group.size == 3


def test_a_group_of_which_little_is_told_has_no_owner_and_no_age() -> None:
    group = rooms._group(neonize.GroupInfo(JID=jid(GROUP)), CONTEXT)
    assert (group.owner, group.created_at, group.disappearing_seconds, group.size) == (None, None, 0, 0)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (0, "ok"), (200, "ok"), (401, "blocked"), (403, "invite_needed"), (404, "not_on_whatsapp"),
        (408, "left_recently"),
        (409, "already"), (419, "group_full"), (500, "group_full"), (599, "refused"),
    ],
)  # fmt: skip
def test_each_member_of_a_change_has_a_fate(error: int, code: str) -> None:
    fate = rooms._fate(member(ANN_PN, ANN_LID, error=error), CONTEXT)
    assert (fate.person.address, fate.code, fate.ok) == (ANN_PN, code, code == "ok")
    assert bool(fate.sentence) != fate.ok


@pytest.mark.parametrize(
    "link",
    [
        "AbCdEfGhIjKlMnOpQrStUv",
        " https://chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv\n",
        "https://chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv?mode=ac_t&from=a/b",
        "https://chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv/?x=1",
        "chat.whatsapp.com/invite/AbCdEfGhIjKlMnOpQrStUv#top",
    ],
)
def test_a_link_is_joined_by_the_code_in_it(link: str) -> None:
    assert rooms._code(link) == "AbCdEfGhIjKlMnOpQrStUv"


@pytest.mark.parametrize(
    "link", ["", " ", "https://chat.whatsapp.com/", "https://chat.whatsapp.com/?x=AbC", "two words", "é"]
)
def test_a_link_without_a_code_is_refused(link: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        rooms._code(link)
    assert refused.value.field == "link"


@pytest.mark.parametrize("address", [ANN_PN, ANN_LID, "120363000000000009@newsletter", "4915100000002"])
def test_only_a_group_is_a_group(address: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        rooms._jid(Address(address))
    assert refused.value.field == "groupId"


def test_a_groups_name_is_trimmed_and_has_a_bound() -> None:
    assert rooms._subject(" Friends ") == "Friends"
    assert rooms._subject("x" * 100)
    for wrong in ("", " ", "x" * 101):
        with pytest.raises(InvalidInput):
            rooms._subject(wrong)
