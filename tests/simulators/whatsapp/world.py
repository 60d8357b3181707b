"""What the parts of the simulated network share.

`World` holds the accounts (`directory`), what phones send to clients (`messages`), the troubles ordered by tests
(`faults`), counters (`stats`), and two lists: `log` lines for people, and `problems`, which a test can assert to be
empty: requests nobody answers, rules a client broke, mistakes of the simulator itself.

A `Feature` is a class that takes the world. It may have
- `iq`: from the namespace of a request to a handler (connection, request); the handler answers by
  `connection.result(...)`, or refuses by raising `Refused` under the `refusing` decorator;
- `stanzas`: from the tag of any other stanza to a handler.
Whatever a feature wants to tell a linked device later goes through `world.push`, which keeps it until the device
acknowledges it.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from tests.simulators.whatsapp.directory import Device, Directory
from tests.simulators.whatsapp.faults import Faults
from tests.simulators.whatsapp.messages import Messages
from tests.simulators.whatsapp.node import Node

if TYPE_CHECKING:
    from tests.simulators.whatsapp.refusals import Handler

_LOG_LINES = 5000
_PROBLEMS = 1000


class HttpAnswer(NamedTuple):
    """What the media host says."""

    status: int
    content_type: str
    body: bytes


@dataclass(frozen=True)
class Problem:
    """Something that should not have happened.

    `kind` is `unknown request`, `unknown stanza`, `rule` (what WhatsApp would not accept), `unreadable` (a message or
    frame that could not be decrypted) or `simulator` (a mistake in here).
    """

    kind: str
    text: str


class World:
    """One simulated network."""

    def __init__(self, *, open_door: bool = False) -> None:
        self.stats: Counter[str] = Counter()
        self.tracing = False
        self.lines: deque[str] = deque(maxlen=_LOG_LINES)
        self.problems: deque[Problem] = deque(maxlen=_PROBLEMS)
        self.faults = Faults()
        self.directory = Directory(open_door=open_door)
        self.messages = Messages(self)

    def log(self, *what: object) -> None:
        self.lines.append(f"{time.time():.3f} {' '.join(map(str, what))}")

    def fault(self, kind: str, text: str) -> None:
        """Write down a problem."""
        self.stats[f"problem: {kind}"] += 1
        self.problems.append(Problem(kind, text))
        self.log(f"{kind}:", text)

    def push(self, device: Device, node: Node) -> None:
        """Send to a linked device, now or when it comes back; again after a reconnect if it did not acknowledge."""
        device.mail.add(node)
        if device.connection is not None:
            device.connection.send(node)


class Feature:
    """A part of the network; see the top of this module."""

    iq: Mapping[str, Handler] = {}
    stanzas: Mapping[str, Handler] = {}

    def __init__(self, world: World) -> None:
        self.world = world
