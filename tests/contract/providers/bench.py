"""What the shared suite asks of a simulated network. A new provider joins the suite by writing one of these."""

from __future__ import annotations

from typing import Protocol

from gateway.domain.ids import Address
from gateway.domain.instances import Credentials, ProviderName
from gateway.domain.messages import MediaKind
from gateway.providers.contract import Provider, SessionEnded


class ProviderBench(Protocol):
    """One account of ours on a simulated network, and one person, Ann, who may write to it."""

    @property
    def name(self) -> ProviderName:
        """Which network this is."""

    @property
    def provider(self) -> Provider:
        """Ours, pointed at the simulated network."""

    @property
    def credentials(self) -> Credentials:
        """Of our account."""

    @property
    def wrong_credentials(self) -> Credentials:
        """Well-formed, and unknown to the network, once `revoke` was called."""

    async def revoke(self) -> type[SessionEnded]:
        """Make them so; answers how a session with them ends."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be seen in a state, a note, an event or an error."""

    @property
    def ann(self) -> Address:
        """Where a message to Ann goes."""

    @property
    def stranger(self) -> Address:
        """Well-formed; the network refuses to let us write there."""

    async def ann_writes(self, text: str) -> str:
        """A message to us; answers the network's id of it."""

    async def ann_sends(self, kind: MediaKind, data: bytes, caption: str) -> None:
        """A file to us."""

    async def texts_for_ann(self) -> list[str]:
        """What Ann sees of us, captions included, oldest first."""

    async def files_for_ann(self) -> list[bytes]:
        """The files Ann got from us, oldest first."""

    async def unplug(self) -> None:
        """The network is gone: connections break and new ones are refused."""

    async def plug_in(self) -> None:
        """The network is back."""

    async def slow_down(self, seconds: int) -> float:
        """The network will answer the next send with flood control; answers how long we shall wait then."""
