from __future__ import annotations

from msgspec.structs import replace
from neonize.proto.waE2E import WAWebProtobufsE2E_pb2 as wa

from gateway.domain.events import MessageReceived
from gateway.domain.ids import Address
from gateway.providers.whatsapp.inbound.convert import convert
from gateway.providers.whatsapp.pairs import Pairs, missing
from tests.unit.providers.whatsapp.wire import (
    ANN_LID,
    ANN_PN,
    BOB_LID,
    BOB_PN,
    CONTEXT,
    arrived,
    info,
    source,
    text,
)

MENTIONING = wa.Message(
    extendedTextMessage=wa.ExtendedTextMessage(text="@Bob", contextInfo=wa.ContextInfo(mentionedJID=[BOB_LID]))
)


def test_what_an_event_tells_is_remembered_and_what_it_lacks_is_asked_for() -> None:
    pairs = Pairs()
    first = convert(17, arrived(text()).SerializeToString(), CONTEXT)
    assert missing(first) == frozenset()
    pairs.learn_from(first)
    assert (pairs.pns, pairs.lids) == ({ANN_LID: ANN_PN}, {ANN_PN: ANN_LID})

    hidden = arrived(MENTIONING, info(source(sender_alt=""))).SerializeToString()
    assert missing(convert(17, hidden, CONTEXT)) == {ANN_LID, BOB_LID}
    context = replace(CONTEXT, pns=pairs.pns, lids=pairs.lids)
    assert missing(convert(17, hidden, context)) == {BOB_LID}
    pairs.learn(BOB_LID, BOB_PN)
    [event] = convert(17, hidden, context)
    assert missing([event]) == frozenset()
    assert isinstance(event, MessageReceived)
    assert (event.message.chat.address, event.message.mentions) == (ANN_PN, (BOB_PN,))


def test_a_person_with_a_new_number_is_one_person_still() -> None:
    pairs = Pairs()
    pairs.learn(ANN_LID, ANN_PN)
    moved = Address("4915100000099@s.whatsapp.net")
    pairs.learn(ANN_LID, moved)
    assert (pairs.pns, pairs.lids) == ({ANN_LID: moved}, {moved: ANN_LID})


def test_memory_is_bounded() -> None:
    pairs = Pairs(capacity=2)
    for number in range(5):
        pairs.learn(Address(f"{number}@lid"), Address(f"49151{number}@s.whatsapp.net"))
    assert list(pairs.pns) == ["3@lid", "4@lid"]
    assert len(pairs.lids) == 2
