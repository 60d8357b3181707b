"""Logging in, and who a credential turns out to be."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from gateway.domain.errors import Forbidden, InvalidInput, TooManyRequests, Unauthenticated
from gateway.domain.tenants import CredentialKind, Role
from gateway.kit.secrets import new_instance_key
from gateway.services import throttle
from gateway.services.principals import OPERATOR, TTL
from gateway.services.tenants import UserChanges
from gateway.settings import Secret, Settings
from gateway.storage.storage import Storage
from tests.clock import ManualClock
from tests.integration.services.conftest import PASSWORD, SEALING, SECRET, Gate, gate_over

IP = "192.0.2.1"


async def refused(gate: Gate, *, bearer: str | None = None, api_key: str | None = None) -> bool:
    try:
        await gate.auth.authenticate(bearer=bearer, api_key=api_key, ip=IP)
    except Unauthenticated:
        return True
    return False


async def test_a_login_answers_with_a_token_that_works_and_the_primary_key(gate: Gate) -> None:
    ada = await gate.let_in("Ada@Example.com ")
    login = await gate.auth.login(" ADA@example.com", PASSWORD, ip=IP)
    assert login.user == ada.user
    assert login.api_key == ada.api_key
    who = await gate.by_bearer(login.token)
    assert (who.user_id, who.tenant_id, who.role) == (ada.user.id, ada.user.tenant_id, Role.OWNER)
    assert who.credential is CredentialKind.JWT
    assert who.email == "ada@example.com"


@pytest.mark.parametrize(
    ("email", "password"),
    [("ada@example.com", "wrong"), ("nobody@example.com", PASSWORD), ("no e-mail", PASSWORD), ("a\x00@b", "x" * 5000)],
)
async def test_a_failed_login_says_the_same_whatever_was_wrong(gate: Gate, email: str, password: str) -> None:
    await gate.let_in("ada@example.com")
    with pytest.raises(Unauthenticated, match=r"^Invalid credentials$"):
        await gate.auth.login(email, password, ip=IP)


async def test_every_failed_login_costs_exactly_one_argon2_verification(gate: Gate) -> None:
    ada = await gate.let_in("ada@example.com")
    await gate.let_in("bob@example.com")
    await gate.tenants.update_user(OPERATOR, ada.user.id, UserChanges(is_active=False), ip=None)
    tries = [
        ("bob@example.com", "wrong"),
        ("nobody@example.com", PASSWORD),
        ("ada@example.com", PASSWORD),
        ("", PASSWORD),
        ("bob@example.com", "x" * 5000),
    ]
    for email, password in tries:
        before = gate.hasher.verifications
        with pytest.raises(Unauthenticated, match="Invalid credentials"):
            await gate.auth.login(email, password, ip=IP)
        assert gate.hasher.verifications == before + 1, email


async def test_after_five_failures_each_try_waits_longer_and_the_owner_gets_in_at_last(
    gate: Gate, clock: ManualClock
) -> None:
    await gate.let_in("ada@example.com")
    for _ in range(throttle.FREE_FAILURES - 1):
        with pytest.raises(Unauthenticated):
            await gate.auth.login("ada@example.com", "wrong", ip=None)
    for expected in (1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300):
        with pytest.raises(Unauthenticated):
            await gate.auth.login("ada@example.com", "wrong", ip=None)
        with pytest.raises(TooManyRequests) as wait:
            await gate.auth.login("ada@example.com", PASSWORD, ip=None)
        assert wait.value.retry_after == pytest.approx(expected)
        await clock.advance(seconds=expected)
    assert (await gate.auth.login("ada@example.com", PASSWORD, ip=None)).token


async def test_guessing_from_elsewhere_does_not_keep_the_owner_out(gate: Gate) -> None:
    await gate.let_in("ada@example.com")
    await gate.auth.login("ada@example.com", PASSWORD, ip=IP)
    for _ in range(throttle.FREE_FAILURES):
        with pytest.raises(Unauthenticated):
            await gate.auth.login("ada@example.com", "wrong", ip="198.51.100.9")
    with pytest.raises(TooManyRequests):
        await gate.auth.login("ada@example.com", "wrong", ip="198.51.100.9")
    assert (await gate.auth.login("ada@example.com", PASSWORD, ip=IP)).token


async def test_a_hundred_guesses_at_once_are_no_way_around_the_throttle(gate: Gate) -> None:
    await gate.let_in("ada@example.com")
    before = gate.hasher.verifications
    answers = await asyncio.gather(
        *(gate.auth.login("ada@example.com", f"guess {each}", ip=None) for each in range(100)), return_exceptions=True
    )
    assert gate.hasher.verifications - before == throttle.FREE_FAILURES
    assert sum(isinstance(answer, TooManyRequests) for answer in answers) == 100 - throttle.FREE_FAILURES


async def test_unknown_accounts_are_throttled_like_known_ones(gate: Gate) -> None:
    for _ in range(throttle.FREE_FAILURES):
        with pytest.raises(Unauthenticated):
            await gate.auth.login("nobody@example.com", PASSWORD, ip=None)
    with pytest.raises(TooManyRequests):
        await gate.auth.login("nobody@example.com", PASSWORD, ip=None)


async def test_an_old_hash_is_renewed_at_login(gate: Gate, storage: Storage) -> None:
    import argon2

    ada = await gate.let_in("ada@example.com")
    weak = argon2.PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    login = await storage.users.get_login(ada.user.id)
    await storage.users.rehash(ada.user.id, old=login.password_hash, new=weak)
    await gate.auth.login("ada@example.com", PASSWORD, ip=IP)
    assert not gate.hasher.needs_rehash((await storage.users.get_login(ada.user.id)).password_hash)
    await gate.auth.login("ada@example.com", PASSWORD, ip=IP)


async def test_a_bad_bearer_does_not_spoil_a_good_key_and_a_good_bearer_wins(gate: Gate) -> None:
    ada, bob = await gate.let_in("ada@example.com"), await gate.let_in("bob@example.com")
    token = (await gate.auth.login("bob@example.com", PASSWORD, ip=IP)).token
    by_key = await gate.auth.authenticate(bearer="a.b.c", api_key=ada.api_key, ip=IP)
    assert by_key.user_id == ada.user.id
    both = await gate.auth.authenticate(bearer=token, api_key=ada.api_key, ip=IP)
    assert both.user_id == bob.user.id
    assert await refused(gate, bearer="a.b.c", api_key="gw_unknown_key_of_somebody")
    assert await refused(gate, bearer=ada.api_key)
    assert await refused(gate)


async def test_logout_ends_one_token_and_leaves_the_other(gate: Gate) -> None:
    await gate.let_in("ada@example.com")
    first = (await gate.auth.login("ada@example.com", PASSWORD, ip=IP)).token
    second = (await gate.auth.login("ada@example.com", PASSWORD, ip=IP)).token
    await gate.auth.logout(await gate.by_bearer(first), first, ip=IP)
    assert await refused(gate, bearer=first)
    assert not await refused(gate, bearer=second)


async def test_an_api_key_cannot_be_logged_out(gate: Gate) -> None:
    ada = await gate.let_in("ada@example.com")
    with pytest.raises(InvalidInput):
        await gate.auth.logout(await gate.by_key(ada.api_key), ada.api_key, ip=IP)


async def test_forgotten_logouts_are_pruned_once_the_token_has_expired(gate: Gate, clock: ManualClock) -> None:
    await gate.let_in("ada@example.com")
    token = (await gate.auth.login("ada@example.com", PASSWORD, ip=IP)).token
    await gate.auth.logout(await gate.by_bearer(token), token, ip=IP)
    assert await gate.storage.revoked_tokens.prune(clock.now()) == 0
    assert await gate.storage.revoked_tokens.prune(clock.now() + timedelta(days=2)) == 1


async def test_a_disabled_user_is_refused_at_once_with_every_credential(gate: Gate) -> None:
    ada = await gate.let_in("ada@example.com")
    instance_id = await gate.instance_of(ada.user)
    token = (await gate.auth.login("ada@example.com", PASSWORD, ip=IP)).token
    for bearer, api_key in ((token, None), (None, ada.api_key), (instance_id, None)):
        assert not await refused(gate, bearer=bearer, api_key=api_key)
    await gate.tenants.update_user(OPERATOR, ada.user.id, UserChanges(is_active=False), ip=None)
    for bearer, api_key in ((token, None), (None, ada.api_key), (instance_id, None)):
        assert await refused(gate, bearer=bearer, api_key=api_key)
    await gate.tenants.update_user(OPERATOR, ada.user.id, UserChanges(is_active=True), ip=None)
    assert await refused(gate, bearer=token), "an old token does not come back to life"
    assert not await refused(gate, api_key=ada.api_key)


async def test_another_role_ends_tokens_at_once(gate: Gate) -> None:
    ada = await gate.let_in("ada@example.com", role=Role.ADMIN)
    await gate.let_in("bob@example.com", role=Role.ADMIN)
    token = (await gate.auth.login("ada@example.com", PASSWORD, ip=IP)).token
    assert (await gate.by_bearer(token)).is_admin
    await gate.tenants.update_user(OPERATOR, ada.user.id, UserChanges(role=Role.MEMBER), ip=None)
    assert await refused(gate, bearer=token)
    assert not (await gate.by_key(ada.api_key)).is_admin


async def test_what_another_process_changes_is_seen_within_seconds(gate: Gate, clock: ManualClock) -> None:
    ada = await gate.let_in("ada@example.com")
    token = (await gate.auth.login("ada@example.com", PASSWORD, ip=IP)).token
    await gate.by_bearer(token)
    await gate.by_key(ada.api_key)
    command_line = gate_over(gate.storage, clock, gate.settings)
    await command_line.tenants.update_user(OPERATOR, ada.user.id, UserChanges(is_active=False), ip=None)
    await clock.advance(seconds=TTL)
    assert await refused(gate, bearer=token)
    assert await refused(gate, api_key=ada.api_key)


async def test_a_hot_credential_asks_no_database(gate: Gate) -> None:
    ada = await gate.let_in("ada@example.com")
    before = await gate.by_key(ada.api_key)
    await gate.storage.close()
    assert await gate.by_key(ada.api_key) is before


async def test_a_look_up_under_way_during_a_change_is_not_remembered(gate: Gate, clock: ManualClock) -> None:
    ada = await gate.let_in("ada@example.com")
    looking = asyncio.create_task(gate.by_key(ada.api_key))
    await asyncio.sleep(0)
    await gate.tenants.update_user(OPERATOR, ada.user.id, UserChanges(is_active=False), ip=None)
    await asyncio.gather(looking, return_exceptions=True)
    assert await refused(gate, api_key=ada.api_key)


async def test_a_token_ends_when_it_says_even_when_it_is_hot(gate: Gate, clock: ManualClock) -> None:
    await gate.let_in("ada@example.com")
    token = (await gate.auth.login("ada@example.com", PASSWORD, ip=IP)).token
    await clock.advance(seconds=gate.settings.jwt_expiration - 1)
    assert not await refused(gate, bearer=token)
    await clock.advance(seconds=1)
    assert await refused(gate, bearer=token)


async def test_tokens_of_the_previous_secret_are_still_accepted(gate: Gate, clock: ManualClock) -> None:
    await gate.let_in("ada@example.com")
    token = (await gate.auth.login("ada@example.com", PASSWORD, ip=IP)).token
    new = Secret("Z9y8X7w6V5u4T3s2R1q0P9o8N7m6L5k4")
    rotated = Settings(jwt_secret=(new, Secret(SECRET)), encryption_keys=(SEALING,))
    assert not await refused(gate_over(gate.storage, clock, rotated), bearer=token)
    dropped = Settings(jwt_secret=(new,), encryption_keys=(SEALING,))
    assert await refused(gate_over(gate.storage, clock, dropped), bearer=token)


async def test_changing_the_password_ends_every_token_and_gives_a_new_one(gate: Gate) -> None:
    await gate.let_in("ada@example.com")
    old = (await gate.auth.login("ada@example.com", PASSWORD, ip=IP)).token
    who = await gate.by_bearer(old)
    new = "another sentence altogether"
    changed = await gate.auth.change_password(who, current=PASSWORD, new=new, ip=IP)
    assert await refused(gate, bearer=old)
    assert not await refused(gate, bearer=changed.token)
    with pytest.raises(Unauthenticated):
        await gate.auth.login("ada@example.com", PASSWORD, ip=IP)
    assert (await gate.auth.login("ada@example.com", new, ip=IP)).token


@pytest.mark.parametrize(
    ("current", "new", "code"),
    [("wrong", "another sentence altogether", "wrong_password"), (PASSWORD, "password1", "weak_password")],
)
async def test_a_password_is_not_changed_without_the_current_one_or_to_a_weak_one(
    gate: Gate, current: str, new: str, code: str
) -> None:
    ada = await gate.let_in("ada@example.com")
    with pytest.raises(InvalidInput) as refusal:
        await gate.auth.change_password(await gate.by_key(ada.api_key), current=current, new=new, ip=IP)
    assert refusal.value.code == code
    assert (await gate.auth.login("ada@example.com", PASSWORD, ip=IP)).token


async def test_the_current_password_cannot_be_guessed_through_a_borrowed_session(gate: Gate) -> None:
    ada = await gate.let_in("ada@example.com")
    who = await gate.by_key(ada.api_key)
    for _ in range(throttle.FREE_FAILURES):
        with pytest.raises(InvalidInput):
            await gate.auth.change_password(who, current="wrong", new="another sentence altogether", ip=None)
    with pytest.raises(TooManyRequests):
        await gate.auth.change_password(who, current="wrong", new="another sentence altogether", ip=None)


async def test_an_instance_id_is_its_key_and_reaches_that_instance_only(gate: Gate) -> None:
    ada = await gate.let_in("ada@example.com", role=Role.ADMIN)
    instance_id = await gate.instance_of(ada.user)
    who = await gate.by_bearer(instance_id)
    assert (who.instance_id, who.tenant_id, who.credential) == (
        instance_id,
        ada.user.tenant_id,
        CredentialKind.INSTANCE_KEY,
    )
    assert not who.is_admin
    assert who.role is Role.MEMBER
    with pytest.raises(Forbidden):
        await gate.auth.me(who)
    assert await refused(gate, api_key=instance_id)


async def test_with_secret_keys_an_instance_id_opens_nothing_and_its_key_does(gate: Gate, clock: ManualClock) -> None:
    settings = Settings(jwt_secret=(Secret(SECRET),), encryption_keys=(SEALING,), instance_keys="secret")
    gate = gate_over(gate.storage, clock, settings)
    ada = await gate.let_in("ada@example.com")
    key = new_instance_key()
    instance_id = await gate.instance_of(ada.user, key_digest=key.digest)
    assert await refused(gate, bearer=instance_id)
    assert (await gate.by_bearer(key.text)).instance_id == instance_id
    await gate.storage.instances.set_key_digest(instance_id, new_instance_key().digest)
    gate.auth.forget_instance(instance_id)
    assert await refused(gate, bearer=key.text)


async def test_a_deleted_instance_key_is_refused_once_forgotten(gate: Gate) -> None:
    ada = await gate.let_in("ada@example.com")
    instance_id = await gate.instance_of(ada.user)
    await gate.by_bearer(instance_id)
    await gate.storage.instances.delete(instance_id)
    gate.auth.forget_instance(instance_id)
    assert await refused(gate, bearer=instance_id)


async def test_the_audit_trail_tells_who_logged_in_and_who_failed_without_secrets(gate: Gate) -> None:
    ada = await gate.let_in("ada@example.com")
    await gate.auth.login("ada@example.com", PASSWORD, ip=IP)
    for email in ("ada@example.com", "hunter2-typed-in-the-wrong-field"):
        with pytest.raises(Unauthenticated):
            await gate.auth.login(email, "hunter2", ip=IP)
    lines = await gate.storage.audit.list(OPERATOR, limit=10)
    assert [(line.action, line.object, line.ip) for line in lines] == [
        ("user.login_failed", "unknown", IP),
        ("user.login_failed", ada.user.id, IP),
        ("user.logged_in", ada.user.id, IP),
        ("user.created", ada.user.id, None),
    ]
    assert "hunter2" not in repr(lines)


async def test_a_login_works_when_the_sealed_key_cannot_be_opened_any_more(gate: Gate, storage: Storage) -> None:
    from gateway.storage.tables import Users

    await gate.let_in("ada@example.com")
    await Users.update({Users.api_key_sealed: "gone.AAAA"}, force=True)
    login = await gate.auth.login("ada@example.com", PASSWORD, ip=IP)
    assert login.api_key == ""
    assert not await refused(gate, bearer=login.token)


async def test_texts_that_no_database_takes_are_simply_refused(gate: Gate) -> None:
    for text in ("\x00" * 20, "x\x00" * 20, "\udcff" * 20, "é" * 40, "x" * 100_000, "a.b.c" * 2000):
        assert await refused(gate, bearer=text, api_key=text)
