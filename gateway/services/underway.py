"""Which sends are between the network's yes and our record of it.

A network may tell that a message was delivered before the call that sent it has been answered here. Told in that order,
a receiver would hear of the delivery of a message that it does not know yet. So news about sent messages wait until the
sends that were under way when they came are on record.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from gateway.domain.ids import InstanceId

PATIENCE: Final = 2.0
"""Seconds after which the news goes ahead all the same: a send may wait for a silent network much longer."""


class Underway:
    """The sends of each instance that are not on record yet."""

    def __init__(self) -> None:
        self._sends: dict[InstanceId, set[asyncio.Future[None]]] = {}

    @contextmanager
    def sending(self, instance_id: InstanceId) -> Iterator[None]:
        """Around a send and its record."""
        recorded: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        sends = self._sends.setdefault(instance_id, set())
        sends.add(recorded)
        try:
            yield
        finally:
            recorded.set_result(None)
            sends.discard(recorded)
            if not sends and self._sends.get(instance_id) is sends:
                del self._sends[instance_id]

    async def settled(self, instance_id: InstanceId) -> None:
        """Return when the sends that are under way now are on record, or after some seconds."""
        sends = self._sends.get(instance_id)
        if sends:
            await asyncio.wait(set(sends), timeout=PATIENCE)
