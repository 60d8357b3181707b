from __future__ import annotations

import pytest
from msgspec.structs import replace
from neonize.proto import Neonize_pb2 as neonize

from gateway.domain.events import MessageStatusChanged
from gateway.domain.messages import MessageStatus
from tests.unit.providers.whatsapp.wire import (
    ANN_LID,
    ANN_PN,
    BOB_LID,
    BOB_PN,
    CONTEXT,
    GROUP,
    SENT,
    from_my_phone,
    in_group,
    source,
    told,
)

Receipt = neonize.Receipt


def receipt(kind: int, where: neonize.MessageSource | None = None, *ids: str) -> neonize.Receipt:
    return Receipt(
        MessageSource=where or source(),
        MessageIDs=ids or ("3EB0AAAA",),
        Timestamp=int(SENT.timestamp()),
        Type=kind,
    )


def statuses(of: neonize.Receipt) -> list[tuple[str, MessageStatus, bool]]:
    events = told(18, of)
    assert all(isinstance(event, MessageStatusChanged) for event in events)
    return [(e.network_id, e.status, e.from_me) for e in events if isinstance(e, MessageStatusChanged)]


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (Receipt.DELIVERED, MessageStatus.DELIVERED),
        (Receipt.INACTIVE, MessageStatus.DELIVERED),
        (Receipt.READ, MessageStatus.READ),
        (Receipt.PLAYED, MessageStatus.PLAYED),
    ],
)
def test_another_persons_receipt_is_about_what_the_instance_sent(kind: int, status: MessageStatus) -> None:
    assert statuses(receipt(kind, None, "A", "B", "A")) == [("A", status, True), ("B", status, True)]


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (Receipt.READ, MessageStatus.READ),
        (Receipt.READ_SELF, MessageStatus.READ),
        (Receipt.PLAYED_SELF, MessageStatus.PLAYED),
        (Receipt.SERVER_ERROR, MessageStatus.PLAYED),
    ],
)
def test_the_own_phones_receipt_is_about_what_the_instance_received(kind: int, status: MessageStatus) -> None:
    assert statuses(receipt(kind, from_my_phone())) == [("3EB0AAAA", status, False)]


def test_what_devices_need_among_themselves_is_no_news() -> None:
    for kind in (
        Receipt.SENDER,
        Receipt.RETRY,
        Receipt.PEER_MSG,
        Receipt.HISTORY_SYNC,
        Receipt.READ_SELF,
        Receipt.SERVER_ERROR,
    ):
        assert statuses(receipt(kind)) == []
    assert statuses(receipt(Receipt.DELIVERED, from_my_phone())) == []
    unknown = receipt(Receipt.DELIVERED)
    unknown.ClearField("Type")
    assert statuses(unknown) == []


def test_a_receipt_by_lid_alone_finds_its_chat_once_the_pair_is_known() -> None:
    bare = receipt(Receipt.READ, source(sender_alt=""))
    [event] = told(18, bare, replace(CONTEXT, pns={ANN_LID: ANN_PN}))
    assert isinstance(event, MessageStatusChanged)
    assert (event.chat.address, event.at) == (ANN_PN, SENT)
    [unpaired] = told(18, bare)
    assert unpaired.dedupe_key == event.dedupe_key


def test_a_second_reader_in_a_group_has_the_first_ones_key() -> None:
    [ann] = told(18, receipt(Receipt.READ, in_group()))
    [bob] = told(18, receipt(Receipt.READ, in_group(BOB_LID, BOB_PN)))
    [delivered] = told(18, receipt(Receipt.DELIVERED, in_group()))
    assert ann.dedupe_key == bob.dedupe_key != delivered.dedupe_key
    assert isinstance(ann, MessageStatusChanged)
    assert ann.chat.address == GROUP
