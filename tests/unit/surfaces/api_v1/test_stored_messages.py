"""Rows of stored messages, as the Instance Manager's clients know them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from gateway.domain.ids import Address, InstanceId, MessageId, TenantId, UserId
from gateway.domain.instances import Instance, InstanceOptions, ProviderName, SessionState, SessionStateKind
from gateway.domain.messages import Chat, ChatKind, Message, MessageSource, MessageStatus, Person, StoredMessage, Text
from gateway.domain.stored_messages import MessageCounts
from gateway.services.stored_messages import SeenMessage
from gateway.surfaces.api_v1.schemas.company import CompanyCounts
from gateway.surfaces.api_v1.schemas.stored_messages import InstanceCounts, StoredRow

NOON = datetime(2026, 1, 1, 12, 0, 0, 250_000, tzinfo=UTC)
SHOP = Instance(
    id=InstanceId("shop"),
    tenant_id=TenantId("t"),
    user_id=UserId("u"),
    name="shop",
    description="",
    provider=ProviderName.WHATSAPP,
    state=SessionState(kind=SessionStateKind.CONNECTED, code="connected", sentence="", at=NOON),
    wanted=True,
    sent_messages=0,
    received_messages=0,
    last_activity_at=None,
    created_at=NOON,
    updated_at=NOON,
    account="+49 151 00000001",
)
ANN = Person(address=Address("15550002222@s.whatsapp.net"), name="Ann")
WITH_ANN = Chat(address=ANN.address, kind=ChatKind.PRIVATE, title="Ann K")
GROUP = Chat(address=Address("120363@g.us"), kind=ChatKind.GROUP, title="Friends")
HIDDEN = Person(address=Address("998877@lid"), name="~bo", lid=Address("998877@lid"))


def row(
    sender: Person,
    chat: Chat = WITH_ANN,
    *,
    from_me: bool = False,
    source: MessageSource = MessageSource.USER,
    instance: Instance = SHOP,
) -> dict[str, Any]:
    message = Message(
        network_id="3EB0", chat=chat, sender=sender, content=Text(text="hi"), sent_at=NOON, from_me=from_me
    )
    stored = StoredMessage(
        id=MessageId("m"),
        instance_id=instance.id,
        message=message,
        status=MessageStatus.DELIVERED,
        status_at=None,
        media_url=None,
        created_at=NOON,
        updated_at=NOON,
        source=source,
    )
    shown: dict[str, Any] = msgspec.to_builtins(StoredRow.of(SeenMessage(stored, instance)))
    return shown


def test_somebody_wrote() -> None:
    assert row(ANN) == {
        "id": "m",
        "instance_id": "shop",
        "message_id": "3EB0",
        "chat_id": "15550002222@s.whatsapp.net",
        "from_number": "15550002222",
        "to_number": "4915100000001",
        "message_body": "hi",
        "message_type": "text",
        "is_from_me": False,
        "is_group": False,
        "group_id": None,
        "contact_name": "Ann",
        "agent_id": None,
        "session_id": None,
        "message_source": "user",
        "timestamp": "1767268800250",
        "created_at": "2026-01-01T12:00:00.250Z",
        "updated_at": "2026-01-01T12:00:00.250Z",
    }


@pytest.mark.parametrize("source", MessageSource)
def test_what_went_out_names_the_other_side(source: MessageSource) -> None:
    me = Person(address=Address("4915100000001@s.whatsapp.net"), name="Shop")
    shown = row(me, from_me=True, source=source)
    assert (shown["from_number"], shown["to_number"]) == ("4915100000001", "15550002222")
    assert (shown["contact_name"], shown["message_source"]) == ("Ann K", source.value)


def test_in_a_group_it_is_said_who_wrote_and_where() -> None:
    shown = row(HIDDEN, GROUP)
    assert (shown["from_number"], shown["to_number"]) == ("998877@lid", "120363")
    assert (shown["is_group"], shown["group_id"], shown["contact_name"]) == (True, GROUP.address, "~bo")
    known = replace(HIDDEN, pn=Address("15550003333@s.whatsapp.net"))
    assert row(known, GROUP)["from_number"] == "15550003333"


def test_what_is_not_known_is_null() -> None:
    nobody = Person(address=Address(""))
    shown = row(nobody, GROUP, instance=replace(SHOP, account=""))
    assert (shown["from_number"], shown["contact_name"]) == (None, None)
    assert row(ANN, instance=replace(SHOP, account=""))["to_number"] is None


@pytest.mark.parametrize(
    ("agent", "agent_id", "session_id"),
    [
        ({"enabled": True, "agent_id": "finance_agent1"}, "finance_agent1", "7a7f8e49-600a-494a-a0c7-508ecac9a0a4"),
        ({"enabled": False, "agent_id": "finance_agent1"}, None, None),
        ({"agent_id": "finance_agent1"}, None, None),
        ({"enabled": True}, None, None),
        ({"enabled": True, "agent_id": 7}, None, None),
        ({}, None, None),
    ],
)
def test_a_session_is_told_where_an_agent_answers(
    agent: dict[str, Any], agent_id: str | None, session_id: str | None
) -> None:
    shown = row(ANN, instance=replace(SHOP, options=InstanceOptions(agent=agent)))
    assert (shown["agent_id"], shown["session_id"]) == (agent_id, session_id)


def test_counts_have_both_names_of_what_has_two() -> None:
    counts = MessageCounts(total=7, text=4, media=2, group=3, today=1, this_week=2, this_month=5)
    company = {
        "total_messages": 7,
        "text_messages": 4,
        "media_messages": 2,
        "group_messages": 3,
        "private_messages": 4,
        "today_messages": 1,
        "this_week_messages": 2,
        "this_month_messages": 5,
    }
    assert msgspec.to_builtins(CompanyCounts.of(counts, 2)) == company | {"instances_count": 2}
    assert msgspec.to_builtins(InstanceCounts.of(counts)) == company | {
        "totalMessages": 7,
        "groupMessages": 3,
        "privateMessages": 4,
    }
