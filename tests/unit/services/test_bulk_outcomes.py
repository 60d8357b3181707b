"""What a refusal means for a recipient of a bulk."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway.domain.bulks import Bulk, BulkRecipient, BulkSend, BulkState, FailureStrategy, SendState
from gateway.domain.errors import (
    GatewayError,
    InvalidInput,
    NetworkRefused,
    NetworkUnreachable,
    NotConnected,
    StorageUnavailable,
    TooManyRequests,
    Unavailable,
)
from gateway.domain.ids import BulkId, InstanceId, TenantId
from gateway.services.bulk_outcomes import LONGEST_RETRY_PAUSE, PATIENCE, UNSURE, Outcome, after, sent

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def bulk(attempts: int = 1, total: int = 3) -> Bulk:
    return Bulk(
        id=BulkId("b"),
        tenant_id=TenantId("t"),
        instance_id=InstanceId("i"),
        state=BulkState.PROCESSING,
        message="hello",
        variables={},
        delay_ms=1500,
        strategy=FailureStrategy.CONTINUE,
        attempts=attempts,
        total=total,
        created_at=NOON,
    )


def send(attempts: int = 1, place: int = 0) -> BulkSend:
    return BulkSend(
        bulk_id=BulkId("b"),
        place=place,
        recipient=BulkRecipient(to="1"),
        state=SendState.SENDING,
        attempts=attempts,
    )


def outcome_of(refusal: GatewayError, *, waited: float = 0.0, comes_back: bool = True, attempts: int = 1) -> Outcome:
    return after(refusal, bulk(), send(attempts), NOON, comes_back=comes_back, waited=waited)


@pytest.mark.parametrize(
    ("refusal", "state", "pause"),
    [
        (InvalidInput("no such chat"), SendState.FAILED, 1.5),
        (NetworkRefused("blocked"), SendState.FAILED, 1.5),
        (NetworkUnreachable("silence"), SendState.UNKNOWN, 1.5),
        (NetworkUnreachable("no way", maybe_sent=False), SendState.FAILED, 1.5),
        (Unavailable("odd"), SendState.UNKNOWN, 1.5),
        (Unavailable("it left", code="sent_not_recorded"), SendState.SENT, 1.5),
        (TooManyRequests("used up", retry_after=60, code="limit_exceeded"), SendState.FAILED, 0.0),
        (TooManyRequests("wait", retry_after=7), SendState.WAITING, 7.0),
        (TooManyRequests("wait", retry_after=PATIENCE + 1), SendState.FAILED, 0.0),
        (TooManyRequests("paced", retry_after=PATIENCE + 1, code="paced"), SendState.WAITING, PATIENCE + 1),
        (NotConnected("i"), SendState.WAITING, 1.0),
        (StorageUnavailable("away", retry_after=3), SendState.WAITING, 3.0),
    ],
)
def test_each_refusal_has_its_outcome(refusal: GatewayError, state: SendState, pause: float) -> None:
    outcome = outcome_of(refusal)
    assert (outcome.send.state, outcome.pause) == (state, pause)
    assert (outcome.send.error or "").startswith(refusal.sentence)
    assert (state is SendState.UNKNOWN) == (outcome.send.error or "").endswith(UNSURE)


@pytest.mark.parametrize(
    "refusal", [NotConnected("i"), StorageUnavailable("away"), TooManyRequests("w", retry_after=1)]
)
def test_waiting_has_an_end_and_is_no_try(refusal: GatewayError) -> None:
    assert outcome_of(refusal, waited=PATIENCE).send.state is SendState.FAILED
    patient = outcome_of(refusal, waited=PATIENCE - 1, attempts=2)
    assert (patient.send.state, patient.send.attempts, patient.asked) == (SendState.WAITING, 1, False)


def test_an_instance_that_nobody_wants_connected_is_not_waited_for() -> None:
    assert outcome_of(NotConnected("i"), comes_back=False).send.state is SendState.FAILED


def test_what_surely_did_not_leave_is_tried_again_as_often_as_was_asked() -> None:
    refusal = NetworkUnreachable("no way", maybe_sent=False)
    outcomes = [
        after(refusal, bulk(attempts=10), send(attempts), NOON, comes_back=True, waited=0) for attempts in range(1, 11)
    ]
    assert [each.send.state for each in outcomes] == [SendState.WAITING] * 9 + [SendState.FAILED]
    assert [each.pause for each in outcomes[:4]] == [0.5, 1.0, 2.0, 4.0]
    assert max(each.pause for each in outcomes) == LONGEST_RETRY_PAUSE
    assert [each.send.attempts for each in outcomes] == list(range(1, 11))


def test_what_may_have_left_is_never_tried_again() -> None:
    refused = after(NetworkUnreachable("silence"), bulk(attempts=10), send(), NOON, comes_back=True, waited=0)
    assert refused.is_settled
    assert refused.is_failure


def test_nobody_waits_after_the_last_one() -> None:
    assert sent(bulk(), send(place=1), "7", NOON).pause == 1.5
    assert sent(bulk(), send(place=2), "7", NOON).pause == 0
