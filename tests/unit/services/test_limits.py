"""Per-credential rates."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from gateway.domain.errors import TooManyRequests
from gateway.domain.ids import TenantId, UserId
from gateway.domain.tenants import CredentialKind, Principal, Role
from gateway.services.limits import Limiter
from tests.clock import ManualClock

KEY = Principal(
    tenant_id=TenantId("t"),
    user_id=UserId("u"),
    role=Role.OWNER,
    credential=CredentialKind.API_KEY,
    credential_id="k",
)


async def test_twice_the_rate_at_once_then_the_rate() -> None:
    clock = ManualClock()
    limiter = Limiter(10, clock)
    for _ in range(20):
        limiter.check(KEY)
    with pytest.raises(TooManyRequests) as refusal:
        limiter.check(KEY)
    assert refusal.value.retry_after == pytest.approx(0.1)
    await clock.advance(seconds=refusal.value.retry_after)
    limiter.check(KEY)


def test_keys_count_apart_and_tokens_of_one_user_together() -> None:
    limiter = Limiter(1, ManualClock())
    first = replace(KEY, credential=CredentialKind.JWT, credential_id="jti 1")
    second = replace(first, credential_id="jti 2")
    for who in (KEY, KEY, replace(KEY, credential_id="k2"), first, second):
        limiter.check(who)
    for who in (KEY, first, second):
        with pytest.raises(TooManyRequests):
            limiter.check(who)
