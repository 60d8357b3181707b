from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gateway.domain.histories import KeyRecord, Overview, StateSummary, Vitals
from gateway.domain.ids import InstanceId, TenantId, UserId
from gateway.domain.instances import Instance, ProviderName, SessionState, SessionStateKind
from gateway.domain.usage import Counters

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def an_instance(kind: SessionStateKind, *, flows: bool = False, id_: str = "i") -> Instance:
    return Instance(
        id=InstanceId(id_), tenant_id=TenantId("t"), user_id=UserId("u"), name="n", description="",
        provider=ProviderName.TELEGRAM, wanted=True, sent_messages=0, received_messages=0, last_activity_at=None,
        created_at=NOW, updated_at=NOW, flows=flows,
        state=SessionState(kind=kind, code="c", sentence="s", at=NOW),
    )  # fmt: skip


def vitals(kind: SessionStateKind, *, flows: bool = False, errors: int = 0, errors_in_a_row: int = 0) -> Vitals:
    return Vitals(
        instance=an_instance(kind, flows=flows), errors=(), restart_reason=None, today=Counters(), last_sent_at=None,
        last_received_at=None, key=KeyRecord(mask="m", created_at=NOW), login=None, checks=0, last_check_at=None,
        now=NOW,
        states=StateSummary(connected_at=NOW - timedelta(hours=2), errors=errors, errors_in_a_row=errors_in_a_row),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "errors", "in_a_row", "score"),
    [
        (SessionStateKind.CONNECTED, 0, 0, 100),
        (SessionStateKind.CONNECTED, 2, 0, 90),
        (SessionStateKind.RECONNECTING, 1, 1, 85),
        (SessionStateKind.FAILED, 1, 1, 35),
        (SessionStateKind.CONNECTED, 100, 0, 70),
        (SessionStateKind.LOGGED_OUT, 100, 9, 0),
    ],
)
def test_the_score_falls_with_what_goes_wrong_and_never_below_nothing(
    kind: SessionStateKind, errors: int, in_a_row: int, score: int
) -> None:
    assert vitals(kind, errors=errors, errors_in_a_row=in_a_row).health_score == score


def test_up_is_only_what_flows() -> None:
    assert vitals(SessionStateKind.CONNECTED, flows=True).uptime == timedelta(hours=2)
    assert vitals(SessionStateKind.RECONNECTING).uptime == timedelta()


def test_the_mean_is_over_those_that_flow() -> None:
    rows = [an_instance(SessionStateKind.CONNECTED, flows=True, id_=each) for each in ("a", "b")]
    since = {InstanceId("a"): NOW - timedelta(hours=1), InstanceId("b"): NOW - timedelta(hours=3)}
    stopped = an_instance(SessionStateKind.STOPPED, id_="c")

    def seen(*instances: Instance) -> Overview:
        return Overview(
            instances=instances, errors={}, connected_since=since | {stopped.id: NOW}, login_at={}, today={}, now=NOW
        )

    assert seen(*rows, stopped).mean_uptime == timedelta(hours=2)
    assert seen(stopped).mean_uptime == timedelta()
