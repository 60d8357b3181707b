"""Live sessions within a caller's reach: what every use case that talks to a network begins with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.domain.errors import InvalidInput
from gateway.domain.ids import Address, InstanceId
from gateway.domain.instances import Instance
from gateway.domain.tenants import Principal
from gateway.providers.contract import (
    AnswersButtons,
    BlocksPeople,
    DeletesMessages,
    EditsMessages,
    FetchesMedia,
    FollowsChannels,
    KnowsItself,
    KnowsPeople,
    LogsOut,
    ManagesGroups,
    MarksRead,
    PairsByCode,
    Pings,
    Profile,
    Reacts,
    RejectsCalls,
    RemembersItself,
    Session,
    ShowsActivity,
    ShowsGroups,
    WatchesPresence,
)
from gateway.services.addresses import Addresses
from gateway.sessions.registry import Registry
from gateway.storage.storage import Storage

CAPABILITIES: Mapping[str, type[Any]] = {
    "pairing_code": PairsByCode,
    "ping": Pings,
    "logout": LogsOut,
    "profile": KnowsItself,
    "edit": EditsMessages,
    "delete": DeletesMessages,
    "react": Reacts,
    "read": MarksRead,
    "activity": ShowsActivity,
    "buttons": AnswersButtons,
    "media": FetchesMedia,
    "people": KnowsPeople,
    "block": BlocksPeople,
    "presence": WatchesPresence,
    "group_info": ShowsGroups,
    "groups": ManagesGroups,
    "channels": FollowsChannels,
    "reject_calls": RejectsCalls,
}
"""A word for each optional protocol of a session."""

MOST_ADDRESSES = 1024
"""Addresses that one request may name; more than a WhatsApp group holds makes no sense."""


class Live:
    """Whose instance, then its session, then what may be asked of it. Raises NotFound, NotYours, NotConnected."""

    def __init__(self, storage: Storage, sessions: Registry, addresses: Addresses) -> None:
        self._storage = storage
        self._sessions = sessions
        self._addresses = addresses

    async def instance(self, who: Principal, instance_id: InstanceId) -> Instance:
        """The instance, connected or not."""
        return await self._storage.instances.get(who, instance_id)

    async def session(self, who: Principal, instance_id: InstanceId) -> Session:
        """The session, when messages flow."""
        await self._storage.instances.get(who, instance_id)
        return self._sessions.get(instance_id)

    def known_profile(self, instance: Instance) -> Profile | None:
        """Who an instance within reach is on its network, where its session remembers. Asks nobody."""
        session = self._sessions.find(instance.id)
        if session is None or not isinstance(session, RemembersItself):
            return None
        return session.known_profile()

    async def address(self, who: Principal, instance_id: InstanceId, text: str, field: str = "to") -> Address:
        """An address a caller wrote, in its one form. Raises InvalidInput naming `field`."""
        instance = await self._storage.instances.get(who, instance_id)
        try:
            return await self._addresses.of(instance, text)
        except InvalidInput as refusal:
            refusal.field = field
            raise

    async def addresses(
        self, who: Principal, instance_id: InstanceId, texts: Sequence[str], field: str
    ) -> tuple[Address, ...]:
        """Several of them, each once. Raises InvalidInput for none or too many."""
        check_count(texts, field)
        found = [await self.address(who, instance_id, text, field) for text in texts]
        return tuple(dict.fromkeys(found))

    async def capabilities(self, who: Principal, instance_id: InstanceId) -> tuple[str, ...]:
        """What its session can do beyond sending."""
        session = await self.session(who, instance_id)
        return tuple(word for word, protocol in CAPABILITIES.items() if isinstance(session, protocol))


def check_count(texts: Sequence[str], field: str) -> None:
    """Raises InvalidInput for an empty list, one that is too long, and blank entries."""
    if not texts or not all(text.strip() for text in texts):
        raise InvalidInput(f"{field} must name at least one, and nothing blank", field=field)
    if len(texts) > MOST_ADDRESSES:
        raise InvalidInput(f"{field} must have at most {MOST_ADDRESSES} entries", field=field)
