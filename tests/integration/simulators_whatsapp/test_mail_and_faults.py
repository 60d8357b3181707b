"""What the network keeps for a device, and the troubles tests order, by themselves."""

from __future__ import annotations

import pytest

from tests.simulators.whatsapp.faults import Fault, Faults
from tests.simulators.whatsapp.jid import JID
from tests.simulators.whatsapp.mail import Mail, preview
from tests.simulators.whatsapp.node import Node

ALICE = JID("1", "lid")


def message(number: str) -> Node:
    return Node("message", {"id": number, "from": ALICE})


def test_mail_is_kept_until_it_is_acknowledged() -> None:
    mail = Mail()
    for node in (message("a"), message("b"), Node("receipt", {"id": "a", "from": ALICE, "type": "read"})):
        mail.add(node)
    mail.add(Node("presence", {"from": ALICE}))
    assert [node.tag for node in mail.waiting()] == ["message", "message", "receipt"]
    assert preview(mail.waiting()) == {
        "count": "3",
        "appdata": "0",
        "message": "2",
        "receipt": "1",
        "notification": "0",
    }
    mail.arrived(["a"])
    mail.acknowledge(Node("ack", {"class": "receipt", "id": "a", "to": ALICE, "type": "read"}))
    assert [node.get("id") for node in mail.waiting()] == ["b"]
    assert list(mail.delivered) == ["a"]


def test_an_unreadable_message_is_neither_waiting_nor_delivered() -> None:
    mail = Mail()
    mail.add(message("a"))
    mail.arrived(["a"], readable=False)
    assert (len(mail), list(mail.delivered)) == (0, [])
    mail.add(message("a"))
    mail.arrived(["a"])
    assert list(mail.delivered) == ["a"]


def test_a_fault_happens_as_often_as_ordered_and_to_whom() -> None:
    faults = Faults()
    faults.order(Fault(kind="slow_ack", phone="1", times=2, seconds=1.5))
    assert faults.take("slow_ack", "2") is None
    first = faults.take("slow_ack", "1")
    assert first is not None
    assert first.seconds == 1.5
    assert faults.take("slow_ack", "1") is not None
    assert faults.take("slow_ack", "1") is None

    faults.order(Fault(kind="lose_ack", times=None))
    assert all(faults.take("lose_ack", phone) is not None for phone in ("1", "2", "3"))
    faults.clear("slow_ack")
    assert faults.take("lose_ack", "1") is not None
    faults.clear()
    assert faults.take("lose_ack", "1") is None


def test_a_fault_of_a_namespace_leaves_the_others_alone() -> None:
    faults = Faults()
    faults.order(Fault(kind="refuse_iq", xmlns="w:g2", code=429))
    assert faults.take("refuse_iq", "1", "usync") is None
    assert faults.take("refuse_iq", "1", "w:g2") is not None


def test_an_unknown_fault_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no fault"):
        Faults().order(Fault(kind="refuse_everything"))
