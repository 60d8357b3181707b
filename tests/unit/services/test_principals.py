"""The cache of recognised credentials."""

from __future__ import annotations

from ipaddress import ip_network

from gateway.domain.ids import InstanceId, TenantId, UserId
from gateway.domain.tenants import CredentialKind, Principal, Role
from gateway.services.principals import TTL, PrincipalCache, Recognised, digest_of
from tests.clock import ManualClock

WHO = Principal(
    tenant_id=TenantId("t"),
    user_id=UserId("u"),
    role=Role.OWNER,
    credential=CredentialKind.API_KEY,
    credential_id="k",
    instance_id=InstanceId("i"),
)
KEY = digest_of("a key", b"k:")


def recognised(seconds: float = 1000.0, *allowed: str) -> Recognised:
    return Recognised(principal=WHO, allowed=tuple(ip_network(each) for each in allowed), seconds=seconds)


async def test_an_entry_lives_no_longer_than_its_credential_or_the_ttl() -> None:
    for seconds, lives in ((1000.0, TTL), (2.0, 2.0)):
        clock = ManualClock()
        cache = PrincipalCache(clock.monotonic)
        cache.put(KEY, recognised(seconds), generation=cache.generation)
        await clock.advance(seconds=lives - 0.01)
        assert cache.get(KEY, None) is WHO
        await clock.advance(seconds=0.01)
        assert cache.get(KEY, None) is None


def test_forgetting_by_any_of_its_ids_drops_an_entry() -> None:
    for changed, stays in (("u", False), ("k", False), ("i", False), ("x", True)):
        cache = PrincipalCache(ManualClock().monotonic)
        cache.put(KEY, recognised(), generation=cache.generation)
        cache.forget(changed)
        assert (cache.get(KEY, None) is WHO) is stays


def test_what_was_looked_up_before_a_change_is_not_remembered_after_it() -> None:
    cache = PrincipalCache(ManualClock().monotonic)
    generation = cache.generation
    cache.forget("somebody")
    cache.put(KEY, recognised(), generation=generation)
    assert cache.get(KEY, None) is None


def test_an_allow_list_is_asked_every_time() -> None:
    cache = PrincipalCache(ManualClock().monotonic)
    cache.put(KEY, recognised(1000.0, "10.0.0.0/8"), generation=cache.generation)
    assert cache.get(KEY, "10.0.0.1") is WHO
    assert cache.get(KEY, "192.0.2.1") is None
    assert cache.get(KEY, None) is None


def test_memory_is_bounded() -> None:
    cache = PrincipalCache(ManualClock().monotonic, capacity=10)
    for each in range(100):
        cache.put(digest_of(str(each), b"k:"), recognised(), generation=cache.generation)
    assert len(cache._entries) <= 10


def test_a_bearer_and_an_api_key_of_the_same_text_are_two_credentials() -> None:
    assert digest_of("same", b"b:") != digest_of("same", b"k:")
