"""Pick one webhook, or one message at the other end, out of many: tests that share a line do not count each other's."""

from __future__ import annotations

from typing import Any

from tests.e2e.whatsapp.town import Line, until
from tests.simulators.whatsapp.remote_types import RemoteSeen


async def hear(line: Line, event: str, **matching: Any) -> dict[str, Any]:
    """The first webhook of an event whose data has these values, once it has come."""

    def found() -> list[dict[str, Any]]:
        return [each for each in line.told(event) if all(each.get(key) == value for key, value in matching.items())]

    await until(f"{event} with {matching}", found)
    return found()[0]


async def find_seen(line: Line, person: str, **matching: Any) -> RemoteSeen:
    """The first message with these values that a person's phone decrypted, once it has."""
    found: list[RemoteSeen] = []

    async def came() -> bool:
        nonlocal found
        seen = await line.whatsapp.seen(person)
        found = [each for each in seen if all(getattr(each, key) == value for key, value in matching.items())]
        return bool(found)

    await until(f"{person} sees {matching}", came)
    return found[0]
