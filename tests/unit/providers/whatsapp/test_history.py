from __future__ import annotations

from datetime import datetime, timedelta

from msgspec.structs import replace
from neonize.proto import Neonize_pb2 as neonize
from neonize.proto.waE2E import WAWebProtobufsE2E_pb2 as wa
from neonize.proto.waHistorySync import WAWebProtobufsHistorySync_pb2 as hs
from neonize.proto.waWeb.WAWebProtobufsWeb_pb2 import WebMessageInfo

from gateway.domain.events import ContactsUpdated, HistoryReceived
from gateway.domain.messages import ChatKind, Message, Text
from gateway.providers.whatsapp.context import Context
from tests.unit.providers.whatsapp.wire import (
    ANN_LID,
    ANN_PN,
    BOB_LID,
    BOB_PN,
    CONTEXT,
    GROUP,
    ME_PN,
    NOW,
    text,
    told,
)


def web(
    network_id: str,
    at: datetime,
    *,
    message: wa.Message | None = None,
    from_me: bool = False,
    participant: str = "",
    push_name: str = "",
) -> hs.HistorySyncMsg:
    info = WebMessageInfo(message=message or text(network_id), messageTimestamp=int(at.timestamp()), pushName=push_name)
    info.key.ID, info.key.fromMe, info.key.participant = network_id, from_me, participant
    return hs.HistorySyncMsg(message=info)


def minutes_ago(minutes: int) -> datetime:
    return NOW - timedelta(minutes=minutes)


def sync(*conversations: hs.Conversation, **fields: object) -> neonize.HistorySync:
    data = hs.HistorySync(syncType=hs.HistorySync.RECENT, conversations=conversations, **fields)
    return neonize.HistorySync(Data=data)


def batches(of: neonize.HistorySync, context: Context = CONTEXT) -> list[HistoryReceived]:
    return [event for event in told(13, of, context) if isinstance(event, HistoryReceived)]


def messages(of: neonize.HistorySync, context: Context = CONTEXT) -> list[Message]:
    return [message for batch in batches(of, context) for message in batch.messages]


def ann(*told: hs.HistorySyncMsg) -> hs.Conversation:
    return hs.Conversation(ID=ANN_LID, pnJID=ANN_PN, name="Ann Smith", messages=told)


def test_a_chat_is_told_oldest_first_with_who_wrote_what() -> None:
    found = messages(sync(ann(web("B", minutes_ago(1), from_me=True), web("A", minutes_ago(2)))))
    assert [(each.network_id, each.from_me, each.content) for each in found] == [
        ("A", False, Text(text="A")),
        ("B", True, Text(text="B")),
    ]
    assert {(each.chat.address, each.chat.lid) for each in found} == {(ANN_PN, ANN_LID)}
    assert [each.sender.address for each in found] == [ANN_PN, ME_PN]
    assert found[0].sent_at == minutes_ago(2)


def test_a_groups_senders_are_found_under_both_names() -> None:
    group = hs.Conversation(
        ID=GROUP, name="Friends", messages=[web("A", minutes_ago(1), participant=BOB_LID, push_name="Bob")]
    )
    mapping = hs.PhoneNumberToLIDMapping(pnJID=BOB_PN, lidJID=BOB_LID)
    [message] = messages(sync(group, phoneNumberToLidMappings=[mapping]))
    assert (message.chat.address, message.chat.kind, message.chat.title) == (GROUP, ChatKind.GROUP, "Friends")
    assert (message.sender.address, message.sender.lid, message.sender.name) == (BOB_PN, BOB_LID, "Bob")


def test_old_messages_and_more_than_the_limit_are_left_out_newest_kept() -> None:
    old = web("OLD", NOW - timedelta(days=31))
    conversation = ann(old, *(web(f"M{n}", minutes_ago(10 - n)) for n in range(5)))
    assert [each.network_id for each in messages(sync(conversation))] == ["M0", "M1", "M2", "M3", "M4"]
    fewer = replace(CONTEXT, history_messages=2)
    assert [each.network_id for each in messages(sync(conversation), fewer)] == ["M3", "M4"]
    assert messages(sync(conversation), replace(CONTEXT, history_messages=0)) == []
    assert messages(sync(conversation), replace(CONTEXT, history_days=0)) == []


def test_batches_are_bounded_and_named_by_what_is_in_them() -> None:
    many = ann(*(web(f"M{n}", minutes_ago(600 - n)) for n in range(450)))
    found = batches(sync(many, progress=40))
    assert [len(each.messages) for each in found] == [200, 200, 50]
    assert len({each.dedupe_key for each in found}) == 3
    assert {each.progress for each in found} == {40}
    later = replace(CONTEXT, now=NOW + timedelta(seconds=5))
    assert [each.dedupe_key for each in batches(sync(many), later)] == [each.dedupe_key for each in found]


def test_changes_of_messages_and_whatsapps_own_lines_are_no_history() -> None:
    revoke = wa.Message(protocolMessage=wa.ProtocolMessage(type=wa.ProtocolMessage.REVOKE))
    reaction = wa.Message(reactionMessage=wa.ReactionMessage(text="x"))
    line = web("C", minutes_ago(1))
    line.message.ClearField("message")
    assert (
        messages(sync(ann(web("A", minutes_ago(1), message=revoke), web("B", minutes_ago(1), message=reaction), line)))
        == []
    )


def test_people_come_first_once_each_and_with_both_names() -> None:
    pushnames = [
        hs.Pushname(ID=ANN_PN, pushname="ann"),
        hs.Pushname(ID=BOB_PN, pushname="Bob"),
        hs.Pushname(ID=ME_PN, pushname="Me"),
    ]
    mapping = hs.PhoneNumberToLIDMapping(pnJID=BOB_PN, lidJID=BOB_LID)
    events = told(13, sync(ann(web("A", minutes_ago(1))), pushnames=pushnames, phoneNumberToLidMappings=[mapping]))
    saved, known, history = events
    assert isinstance(saved, ContactsUpdated)
    assert isinstance(known, ContactsUpdated)
    assert isinstance(history, HistoryReceived)
    assert (saved.from_address_book, known.from_address_book) == (True, False)
    assert [(each.address, each.lid, each.name) for each in saved.people] == [(ANN_PN, ANN_LID, "Ann Smith")]
    assert [(each.address, each.lid, each.name) for each in known.people] == [
        (ANN_PN, ANN_LID, "ann"),
        (BOB_PN, BOB_LID, "Bob"),
    ]


def test_at_most_five_hundred_people_in_one_event() -> None:
    pushnames = [hs.Pushname(ID=f"49152{n:08}@s.whatsapp.net", pushname=f"P{n}") for n in range(1100)]
    events = told(13, sync(pushnames=pushnames))
    assert [len(each.people) for each in events if isinstance(each, ContactsUpdated)] == [500, 500, 100]


def test_statuses_are_history_of_the_status_chat() -> None:
    status = web("S", minutes_ago(3), participant=ANN_PN).message
    [message] = messages(sync(statusV3Messages=[status]))
    assert (message.chat.address, message.sender.address) == ("status@broadcast", ANN_PN)
