"""A webhook receiver that can misbehave in every way a customer's endpoint does; see ../README.md."""

from __future__ import annotations

from tests.simulators.receiver.behaviour import Behaviour
from tests.simulators.receiver.ledger import Received, Stats
from tests.simulators.receiver.remote import RemoteReceiver
from tests.simulators.receiver.server import Receiver

__all__ = ["Behaviour", "Received", "Receiver", "RemoteReceiver", "Stats"]
