"""Status posts: messages to `status@broadcast` that a person's contacts see for a day.

They are the last corner of WhatsApp that addresses people by phone number. What a client posts arrives at its contacts'
phones like a group message; see `Handset.seen`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.simulators.whatsapp.directory import User
from tests.simulators.whatsapp.jid import STATUS
from tests.simulators.whatsapp.world import Feature


class Status(Feature):
    """What people post."""

    def post(self, person: User, message: Any, audience: Iterable[User] | None = None) -> str:
        """Returns the message id. Without an audience everybody else here counts as a contact."""
        everybody = self.world.directory.users
        people = audience if audience is not None else [user for user in everybody if user is not person]
        about: dict[str, Any] = {
            "participant": person.pn,
            "participant_pn": None,
            "participant_lid": person.lid,
            "addressing_mode": "pn",
        }
        return self.world.messages.write_in(person, STATUS, people, message, **about)
