"""A stream of server-sent events that is followed over connections: where one ends the next goes on."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Any

import msgspec

from gateway.client.api_answers import Event
from gateway.client.errors import ClientError, Refused, UnexpectedAnswer, Unreachable
from gateway.client.transport import Transport


async def follow(transport: Transport, path: str, query: Mapping[str, Any], after: str) -> AsyncGenerator[Event, None]:
    """Every event after a cursor, for ever. Raises ClientError when it is refused or nobody is there for too long."""
    failed = 0
    while True:
        spoke, wait = False, None
        problem: ClientError = Unreachable("The stream ends before it says anything.", maybe_done=True)
        try:
            async with transport.stream(path, query=query, headers={"Last-Event-ID": after}) as answer:
                async for line in answer.aiter_lines():
                    spoke = True
                    name, _, value = line.partition(": ")
                    if name == "data":
                        event = _event(value)
                        # Where it is asked for next is where the caller was told last, not where the network was.
                        after = event.cursor or after
                        yield event
        except Unreachable as lost:
            problem = lost
        except Refused as refused:
            if refused.status not in (429, 503):
                raise
            problem, wait = refused, refused.retry_after
        failed = 0 if spoke else failed + 1
        if not await transport.pause(max(1, failed), wait) and not spoke:
            raise problem


def _event(text: str) -> Event:
    try:
        return msgspec.json.decode(text, type=Event)
    except msgspec.DecodeError as problem:
        raise UnexpectedAnswer(f"The stream tells something that is no event: {problem}") from None
