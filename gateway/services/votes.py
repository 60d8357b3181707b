"""Votes that a network tells by digest, as positions in the poll that is stored here."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from msgspec.structs import replace

from gateway.domain.events import Event, PollAnswered
from gateway.domain.messages import Poll
from gateway.storage.messages import MessageStore


async def with_positions(events: Sequence[Event], messages: MessageStore) -> list[Event]:
    """The same events with each vote's options filled in. One for a poll we never had keeps its digests alone."""
    asked = [
        (event.instance_id, event.chat.address, event.poll_ref)
        for event in events
        if isinstance(event, PollAnswered) and event.digests and event.chat
    ]
    if not asked:
        return list(events)
    polls = await messages.polls(asked)
    told: list[Event] = []
    for event in events:
        if isinstance(event, PollAnswered) and event.digests and event.chat:
            poll = polls.get((event.instance_id, event.chat.address, event.poll_ref))
            told.append(replace(event, options=positions(poll, event.digests)) if poll else event)
        else:
            told.append(event)
    return told


def positions(poll: Poll, digests: Sequence[str]) -> tuple[int, ...]:
    """The options whose words have these SHA-256 digests (lower-case hex), in the poll's order."""
    chosen = set(digests)
    return tuple(
        place for place, words in enumerate(poll.options) if hashlib.sha256(words.encode()).hexdigest() in chosen
    )
