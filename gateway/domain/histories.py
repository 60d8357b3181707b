"""What an instance has been through: where its session stood, which keys it had, and how it is doing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from gateway.domain.ids import InstanceId, TenantId
from gateway.domain.instances import Instance, LoginCode, SessionStateKind
from gateway.domain.usage import Counters


class StateChange(Struct, frozen=True, kw_only=True):
    """A session came to stand somewhere else. `login_mask` tells login codes apart and lets nobody log in."""

    tenant_id: TenantId
    instance_id: InstanceId
    state: SessionStateKind
    code: str
    sentence: str
    at: datetime
    is_error: bool = False
    """Whether messages stopped flowing though its owner wanted them to."""
    login_mask: str | None = None
    login_expires_at: datetime | None = None


class KeyRecord(Struct, frozen=True, kw_only=True):
    """A key of an instance and how it was used. `mask` tells keys apart; nobody gets in with it."""

    mask: str
    created_at: datetime
    uses: int = 0
    first_used_at: datetime | None = None
    last_used_at: datetime | None = None
    retired_at: datetime | None = None


class StateSummary(Struct, frozen=True, kw_only=True):
    """What can be counted in the states of a session."""

    starts: int = 0
    last_start_at: datetime | None = None
    login_at: datetime | None = None
    """When a person was last asked to log in."""
    connected_at: datetime | None = None
    errors: int = 0
    """Since they were last cleared."""
    errors_in_a_row: int = 0
    """Of those, since messages last flowed."""


class Vitals(Struct, frozen=True, kw_only=True):
    """How an instance is doing, at one moment."""

    instance: Instance
    states: StateSummary
    errors: Sequence[StateChange]
    """Newest first, the last few."""
    restart_reason: str | None
    """The code of the state that the session was last started from."""
    today: Counters
    last_sent_at: datetime | None
    last_received_at: datetime | None
    key: KeyRecord
    login: LoginCode | None
    checks: int
    """How often its connection was asked for a sign of life since the process began."""
    last_check_at: datetime | None
    now: datetime

    @property
    def uptime(self) -> timedelta:
        """How long messages have been flowing without a break; zero when they do not."""
        since = self.states.connected_at
        return self.now - since if self.instance.flows and since is not None else timedelta()

    @property
    def health_score(self) -> int:
        """100 for an instance nothing is wrong with, 0 for one that needs a person.

        50 less when it broke, 10 less for each failure in a row, 5 less for each error up to 30.
        """
        broken = self.instance.state.kind in {SessionStateKind.FAILED, SessionStateKind.LOGGED_OUT}
        score = 100 - 50 * broken - 10 * self.states.errors_in_a_row - min(5 * self.states.errors, 30)
        return max(0, score)


class Overview(Struct, frozen=True, kw_only=True):
    """How all instances within reach are doing together."""

    instances: Sequence[Instance]
    errors: dict[InstanceId, int]
    connected_since: dict[InstanceId, datetime]
    login_at: dict[InstanceId, datetime]
    today: dict[InstanceId, Counters]
    now: datetime

    @property
    def mean_uptime(self) -> timedelta:
        """Of those whose messages flow; zero when there are none."""
        running = [each.id for each in self.instances if each.flows]
        spans = [self.now - self.connected_since[each] for each in running if each in self.connected_since]
        return sum(spans, timedelta()) / len(spans) if spans else timedelta()
