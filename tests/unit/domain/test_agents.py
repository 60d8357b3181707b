"""What an agent and the gateway call the same."""

from __future__ import annotations

import uuid

import pytest

from gateway.domain.agents import session_id_of
from gateway.domain.ids import Address

KNOWN = "7a7f8e49-600a-494a-a0c7-508ecac9a0a4"
"""As the Instance Manager computed it for this agent and chat."""


@pytest.mark.parametrize("chat", ["15550002222@c.us", "15550002222@s.whatsapp.net"])
def test_a_chat_has_the_session_it_had_under_either_of_its_names(chat: str) -> None:
    assert session_id_of("finance_agent1", Address(chat)) == KNOWN


def test_agents_and_chats_are_kept_apart() -> None:
    pairs = [("a", "1"), ("a", "2"), ("b", "1"), ("", "1"), ("a", "120363@g.us")]
    found = [session_id_of(agent, Address(chat)) for agent, chat in pairs]
    assert len(set(found)) == len(pairs)
    assert {uuid.UUID(each).version for each in found} == {4}
    assert {uuid.UUID(each).variant for each in found} == {uuid.RFC_4122}
