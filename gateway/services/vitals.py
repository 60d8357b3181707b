"""How instances are doing: one of them in detail, or all within reach at a glance."""

from __future__ import annotations

from itertools import pairwise

from gateway.domain.histories import Overview, StateChange, Vitals
from gateway.domain.ids import InstanceId
from gateway.domain.instances import SessionStateKind
from gateway.domain.tenants import Principal
from gateway.domain.usage import Calendar, Counters
from gateway.kit.clock import Clock
from gateway.services.instances import Instances
from gateway.services.key_usage import KeyUsage
from gateway.services.pulses import Pulses
from gateway.sessions.registry import Registry
from gateway.storage.states import Kept
from gateway.storage.storage import Storage

LAST_ERRORS = 20
_RECENT = 100
"""States looked through for what the session was last started from."""


class LooksAfter:
    """Puts together what sessions, counters and histories know. Reading changes nothing."""

    def __init__(
        self,
        storage: Storage,
        instances: Instances,
        sessions: Registry,
        keys: KeyUsage,
        pulses: Pulses,
        clock: Clock,
        calendar: Calendar,
    ) -> None:
        self._calendar = calendar
        self._storage = storage
        self._instances = instances
        self._sessions = sessions
        self._keys = keys
        self._pulses = pulses
        self._clock = clock

    async def of(self, who: Principal, instance_id: InstanceId) -> Vitals:
        """One instance. Raises NotFound, NotYours."""
        instance = await self._instances.get(who, instance_id)
        now = self._clock.now()
        states, messages = self._storage.states, self._storage.messages
        days = await self._storage.usage.days(who, since=self._calendar.day_of(now), instance_id=instance_id)
        checks, last_check_at = self._pulses.taken(instance_id)
        return Vitals(
            instance=instance,
            states=await states.summary(who, instance_id),
            errors=await states.page(who, instance_id, limit=LAST_ERRORS, which=Kept.ERRORS),
            restart_reason=_restart_reason(await states.page(who, instance_id, limit=_RECENT)),
            today=days[-1].counters if days else Counters(),
            last_sent_at=await messages.last_at(who, instance_id, from_me=True),
            last_received_at=await messages.last_at(who, instance_id, from_me=False),
            key=await self._keys.current(who, instance),
            login=self._sessions.login_code(instance_id),
            checks=checks,
            last_check_at=last_check_at,
            now=now,
        )

    async def overview(self, who: Principal) -> Overview:
        """Every instance within reach."""
        now = self._clock.now()
        days = await self._storage.usage.days(who, since=self._calendar.day_of(now))
        return Overview(
            instances=await self._instances.list(who),
            errors=await self._storage.states.errors_by_instance(who),
            connected_since=await self._storage.states.last_by_instance(who, SessionStateKind.CONNECTED),
            login_at=await self._storage.states.last_by_instance(who, SessionStateKind.LOGIN_REQUIRED),
            today={day.instance_id: day.counters for day in days},
            now=now,
        )


def _restart_reason(newest_first: list[StateChange]) -> str | None:
    """The code of the state before the last start; None when it was started once."""
    for after, before in pairwise(newest_first):
        if after.state is SessionStateKind.STARTING:
            return before.code
    return None
