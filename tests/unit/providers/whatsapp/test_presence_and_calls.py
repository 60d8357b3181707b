from __future__ import annotations

from neonize.proto import Neonize_pb2 as neonize

from gateway.domain.events import CallEnded, CallReceived, PresenceChanged
from tests.unit.providers.whatsapp.wire import (
    ANN_LID,
    ANN_PN,
    GROUP,
    ME_LID,
    NOW,
    SENT,
    from_my_phone,
    in_group,
    jid,
    noted,
    source,
    told,
)

Chatting = neonize.ChatPresence


def test_somebody_types_records_and_stops() -> None:
    for state, media, word in (
        (Chatting.COMPOSING, Chatting.TEXT, "typing"),
        (Chatting.COMPOSING, Chatting.AUDIO, "recording"),
        (Chatting.PAUSED, Chatting.TEXT, "paused"),
    ):
        [event] = told(19, Chatting(MessageSource=in_group(), State=state, Media=media))
        assert isinstance(event, PresenceChanged)
        assert (event.presence, event.person.address, event.conversation, event.at) == (word, ANN_PN, GROUP, NOW)
    assert told(19, Chatting(MessageSource=from_my_phone(), State=Chatting.PAUSED, Media=Chatting.TEXT)) == []


def test_somebody_comes_and_goes() -> None:
    [event] = told(20, neonize.Presence(From=jid(ANN_PN), Unavailable=True, LastSeen=int(SENT.timestamp())))
    assert isinstance(event, PresenceChanged)
    assert (event.presence, event.person.address, event.last_seen_at) == ("unavailable", ANN_PN, SENT)
    hidden = neonize.Presence(From=jid(ANN_PN), Unavailable=False, LastSeen=-62135596800)
    [event] = told(20, hidden)
    assert isinstance(event, PresenceChanged)
    assert (event.presence, event.last_seen_at) == ("available", None)


def meta(creator: str = ANN_LID, alternative: str = ANN_PN) -> neonize.BasicCallMeta:
    call = neonize.BasicCallMeta(
        timestamp=int(SENT.timestamp()), callCreator=jid(creator), callCreatorAlt=jid(alternative), callID="CALL1"
    )
    getattr(call, "from").CopyFrom(jid(creator))
    return call


def offer(*tags: str) -> neonize.CallOffer:
    data = neonize.Node(Tag="offer", Nodes=[neonize.Node(Tag=tag) for tag in tags])
    return neonize.CallOffer(
        basicCallMeta=meta(), callRemoteMeta=neonize.CallRemoteMeta(remotePlatform="", remoteVersion=""), data=data
    )


def test_a_call_rings_in_the_callers_chat_and_ends() -> None:
    for tags, video in ((("audio",), False), (("audio", "video"), True)):
        [event] = told(36, offer(*tags))
        assert isinstance(event, CallReceived)
        assert (event.call_id, event.sender.address, event.conversation) == ("CALL1", ANN_PN, ANN_PN)
        assert (event.video, event.sender.lid, event.at) == (video, ANN_LID, SENT)
    [end] = told(42, neonize.CallTerminate(basicCallMeta=meta(), reason="timeout", data=neonize.Node(Tag="terminate")))
    assert isinstance(end, CallEnded)
    assert (end.call_id, end.reason, end.sender.address) == ("CALL1", "timeout", ANN_PN)


def test_a_groups_call_rings_in_the_group_and_is_told_once() -> None:
    group = neonize.NodeAttrs(name="group-jid", jid=jid(GROUP))
    notice = neonize.CallOfferNotice(
        basicCallMeta=meta(), media="video", type="group", data=neonize.Node(Tag="offer_notice", Attrs=[group])
    )
    [event] = told(40, notice)
    assert isinstance(event, CallReceived)
    assert (event.conversation, event.video) == (GROUP, True)
    [same] = told(36, offer())
    assert same.dedupe_key == event.dedupe_key


def test_the_own_call_from_another_device_is_no_news() -> None:
    own = offer()
    own.basicCallMeta.CopyFrom(meta(ME_LID, ""))
    assert told(36, own) == []


def test_blocks_and_new_keys_are_lines_of_the_journal() -> None:
    change = neonize.BlocklistChange(JID=jid(ANN_PN), BlockAction=neonize.BlocklistChange.BLOCK)
    several = neonize.BlocklistEvent(
        Action=neonize.BlocklistEvent.MODIFY, DHASH="", PrevDHash="", Changes=[change, change]
    )
    assert [note.text for note in noted(31, change)] == [f"{ANN_PN} was blocked."]
    assert len(noted(30, several)) == 2
    assert len(noted(24, neonize.IdentityChange(JID=jid(ANN_PN), Timestamp=1, Implicit=False))) == 1
    assert told(24, neonize.IdentityChange(JID=jid(ANN_PN), Timestamp=1, Implicit=False)) == []


def test_a_presence_in_private_is_in_that_persons_chat() -> None:
    [event] = told(19, Chatting(MessageSource=source(), State=Chatting.COMPOSING, Media=Chatting.TEXT))
    assert isinstance(event, PresenceChanged)
    assert event.conversation == ANN_PN
