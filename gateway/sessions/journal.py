"""The diary of a session: its last lines and state changes, in memory, bounded."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from gateway.domain.instances import JournalLine, SessionState
from gateway.kit.clock import Clock
from gateway.kit.redact import redact_text


class Journal:
    """The last `limit` lines of one instance, oldest first. Secrets are masked before a line is kept."""

    __slots__ = ("_clock", "_lines")

    def __init__(self, clock: Clock, limit: int = 200) -> None:
        self._clock = clock
        self._lines: deque[JournalLine] = deque(maxlen=limit)

    def note(self, text: str, level: str = "info") -> None:
        """Write a line."""
        self._lines.append(JournalLine(at=self._clock.now(), level=level, text=redact_text(text)))

    def state(self, state: SessionState) -> None:
        """Write a change of state."""
        self._lines.append(JournalLine(at=state.at, level="info", text=redact_text(state.sentence), state=state.kind))

    def __iter__(self) -> Iterator[JournalLine]:
        return iter(tuple(self._lines))

    def __len__(self) -> int:
        return len(self._lines)
