"""Everything WhatsApp does besides carrying messages, put together for one world."""

from __future__ import annotations

from tests.simulators.whatsapp.app_state import AppState
from tests.simulators.whatsapp.calls import Calls
from tests.simulators.whatsapp.directory import Device
from tests.simulators.whatsapp.groups import Groups
from tests.simulators.whatsapp.history import History
from tests.simulators.whatsapp.media import Media
from tests.simulators.whatsapp.media_retry import MediaRetry
from tests.simulators.whatsapp.mex import Graphql
from tests.simulators.whatsapp.newsletters import Newsletters
from tests.simulators.whatsapp.pictures import Pictures
from tests.simulators.whatsapp.presence import Presence
from tests.simulators.whatsapp.privacy import Privacy
from tests.simulators.whatsapp.status import Status
from tests.simulators.whatsapp.world import Feature, World


class Features:
    """The features of one simulated network, by name."""

    def __init__(self, world: World) -> None:
        self.media = Media(world)
        self.media_retry = MediaRetry(world, self.media)
        self.groups = Groups(world)
        self.pictures = Pictures(world, self.media, self.groups)
        self.privacy = Privacy(world)
        self.presence = Presence(world)
        self.calls = Calls(world)
        self.app_state = AppState(world, self.media)
        self.history = History(world, self.media)
        self.graphql = Graphql(world)
        self.newsletters = Newsletters(world, self.graphql)
        self.status = Status(world)

    @property
    def all(self) -> tuple[Feature, ...]:
        return (
            self.media,
            self.groups,
            self.pictures,
            self.privacy,
            self.presence,
            self.calls,
            self.app_state,
            self.history,
            self.graphql,
            self.newsletters,
            self.status,
        )

    def linked(self, device: Device) -> None:
        """The first login of a new companion: its phone hands over the keys and the past."""
        self.app_state.linked(device)
        self.history.linked(device)
