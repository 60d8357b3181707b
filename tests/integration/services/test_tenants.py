"""Users, their tenants and their keys."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from gateway.domain.errors import AlreadyExists, Conflict, Forbidden, InvalidInput, NotFound, Unauthenticated
from gateway.domain.ids import ApiKeyId, TenantId, UserId
from gateway.domain.tenants import Role
from gateway.services.first_admin import ensure_first_admin
from gateway.services.principals import OPERATOR
from gateway.services.tenants import NewUser, UserChanges
from gateway.settings import Secret, Settings, SettingsError
from tests.clock import ManualClock
from tests.integration.services.conftest import PASSWORD, Gate


async def test_a_new_user_owns_a_new_tenant_and_another_may_join_it(gate: Gate) -> None:
    ada = await gate.let_in("ada@example.com")
    bob = await gate.let_in("bob@example.com", tenant_id=ada.user.tenant_id)
    eve = await gate.let_in("eve@example.com")
    assert (ada.user.role, bob.user.role, eve.user.role) == (Role.OWNER, Role.MEMBER, Role.OWNER)
    assert bob.user.tenant_id == ada.user.tenant_id != eve.user.tenant_id
    tenants = await gate.storage.tenants.list(OPERATOR, limit=10)
    assert {tenant.name for tenant in tenants} == {"ada@example.com", "eve@example.com"}


async def test_an_email_is_taken_in_any_spelling_and_nothing_is_left_behind(gate: Gate) -> None:
    await gate.let_in("ada@example.com")
    with pytest.raises(AlreadyExists, match="exists already"):
        await gate.let_in(" ADA@Example.COM")
    assert len(await gate.storage.tenants.list(OPERATOR, limit=10)) == 1


@pytest.mark.parametrize(
    ("new", "field"),
    [
        (NewUser(email="ada", password=PASSWORD), "email"),
        (NewUser(email="a@b@c", password=PASSWORD), "email"),
        (NewUser(email="a@b\x00", password=PASSWORD), "email"),
        (NewUser(email=f"{'a' * 320}@b", password=PASSWORD), "email"),
        (NewUser(email="ada@example.com", password="short"), "password"),
        (NewUser(email="ada@example.com", password=PASSWORD, first_name="A\x00"), "first_name"),
        (NewUser(email="ada@example.com", password=PASSWORD, last_name="x" * 256), "last_name"),
        (NewUser(email="ada@example.com", password=PASSWORD, tenant_id=TenantId("t\x00")), "tenant_id"),
    ],
)
async def test_bad_users_are_refused_naming_the_field(gate: Gate, new: NewUser, field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await gate.tenants.create_user(OPERATOR, new)
    assert refusal.value.field == field
    assert await gate.tenants.is_empty()


async def test_an_unknown_tenant_cannot_be_joined(gate: Gate) -> None:
    with pytest.raises(NotFound):
        await gate.let_in("ada@example.com", tenant_id=TenantId("nowhere"))
    assert await gate.tenants.is_empty()


async def test_only_an_administrator_administers_users(gate: Gate) -> None:
    ada = await gate.let_in("ada@example.com")
    who = await gate.by_key(ada.api_key)
    with pytest.raises(Forbidden):
        await gate.tenants.list_users(who, limit=10)
    with pytest.raises(Forbidden):
        await gate.tenants.create_user(who, NewUser(email="x@example.com", password=PASSWORD))
    with pytest.raises(Forbidden):
        await gate.tenants.update_user(who, ada.user.id, UserChanges(role=Role.ADMIN), ip=None)
    with pytest.raises(Forbidden):
        await gate.tenants.set_password(who, ada.user.id, "another sentence altogether", ip=None)
    with pytest.raises(Forbidden):
        await gate.tenants.get_user(who, ada.user.id)
    with pytest.raises(Forbidden):
        await gate.api_keys.rotate_primary_of(who, ada.user.id, ip=None)


async def test_users_are_listed_in_pages(gate: Gate) -> None:
    for name in ("a", "b", "c"):
        await gate.let_in(f"{name}@example.com")
    users, total = await gate.tenants.list_users(OPERATOR, limit=2, skip=1)
    assert len(users) == 2
    assert total == 3


async def test_the_last_active_administrator_stays(gate: Gate) -> None:
    ada = await gate.let_in("ada@example.com", role=Role.ADMIN)
    bob = await gate.let_in("bob@example.com", role=Role.ADMIN)
    await gate.tenants.update_user(OPERATOR, bob.user.id, UserChanges(is_active=False), ip=None)
    for changes in (UserChanges(is_active=False), UserChanges(role=Role.OWNER)):
        with pytest.raises(Conflict) as refusal:
            await gate.tenants.update_user(OPERATOR, ada.user.id, changes, ip=None)
        assert refusal.value.code == "last_admin"
    renamed = await gate.tenants.update_user(OPERATOR, ada.user.id, UserChanges(first_name="Ada"), ip=None)
    assert renamed.first_name == "Ada"
    assert renamed.token_version == ada.user.token_version, "a new name ends no login"


async def test_two_administrators_cannot_disable_each_other_at_once(gate: Gate) -> None:
    ada = await gate.let_in("ada@example.com", role=Role.ADMIN)
    bob = await gate.let_in("bob@example.com", role=Role.ADMIN)
    off = UserChanges(is_active=False)
    answers = await asyncio.gather(
        gate.tenants.update_user(OPERATOR, ada.user.id, off, ip=None),
        gate.tenants.update_user(OPERATOR, bob.user.id, off, ip=None),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, Conflict) for answer in answers) == 1


async def test_an_administrator_sets_a_password_and_old_tokens_end(gate: Gate) -> None:
    ada = await gate.let_in("ada@example.com")
    token = (await gate.auth.login("ada@example.com", PASSWORD, ip=None)).token
    await gate.by_bearer(token)
    await gate.tenants.set_password(OPERATOR, ada.user.id, "another sentence altogether", ip=None)
    with pytest.raises(Unauthenticated):
        await gate.by_bearer(token)
    assert (await gate.auth.login("ada@example.com", "another sentence altogether", ip=None)).user.id == ada.user.id
    with pytest.raises(NotFound):
        await gate.tenants.set_password(OPERATOR, UserId("nobody"), "another sentence altogether", ip=None)


async def test_rotating_the_primary_key_ends_the_old_one_at_once(gate: Gate) -> None:
    ada = await gate.let_in("ada@example.com")
    who = await gate.by_key(ada.api_key)
    issued = await gate.api_keys.rotate_primary(who, ip=None)
    with pytest.raises(Unauthenticated):
        await gate.by_key(ada.api_key)
    assert (await gate.by_key(issued.text)).user_id == ada.user.id
    assert (await gate.auth.login("ada@example.com", PASSWORD, ip=None)).api_key == issued.text
    assert [key.is_primary for key in await gate.api_keys.list(who)] == [True]


async def test_rotations_at_once_leave_one_primary_key(gate: Gate) -> None:
    ada = await gate.let_in("ada@example.com")
    who = await gate.by_key(ada.api_key)
    issued = await asyncio.gather(*(gate.api_keys.rotate_primary_of(OPERATOR, ada.user.id, ip=None) for _ in range(5)))
    assert len(await gate.api_keys.list(who)) == 1
    shown = (await gate.auth.login("ada@example.com", PASSWORD, ip=None)).api_key
    assert shown in {each.text for each in issued}
    assert (await gate.by_key(shown)).user_id == ada.user.id


async def test_a_further_key_works_until_it_is_revoked(gate: Gate) -> None:
    ada = await gate.let_in("ada@example.com")
    who = await gate.by_key(ada.api_key)
    issued = await gate.api_keys.create(who, name="CRM", ip=None)
    assert (await gate.by_key(issued.text)).credential_id == issued.key.id
    await gate.api_keys.revoke(who, issued.key.id, ip=None)
    with pytest.raises(Unauthenticated):
        await gate.by_key(issued.text)
    with pytest.raises(NotFound):
        await gate.api_keys.revoke(who, issued.key.id, ip=None)


async def test_the_key_itself_is_nowhere_in_the_database(gate: Gate) -> None:
    from gateway.storage.tables import ALL_TABLES

    ada = await gate.let_in("ada@example.com")
    issued = await gate.api_keys.create(await gate.by_key(ada.api_key), name="CRM", ip=None)
    everything = repr([await table.select() for table in ALL_TABLES])
    assert issued.key.prefix in everything, "the dump is not empty"
    for secret in (ada.api_key, issued.text, PASSWORD):
        assert secret not in everything


async def test_an_expired_key_is_refused(gate: Gate, clock: ManualClock) -> None:
    ada = await gate.let_in("ada@example.com")
    who = await gate.by_key(ada.api_key)
    issued = await gate.api_keys.create(who, name="CRM", expires_at=clock.now() + timedelta(seconds=3), ip=None)
    await gate.by_key(issued.text)
    await clock.advance(seconds=3)
    with pytest.raises(Unauthenticated):
        await gate.by_key(issued.text)


async def test_an_allow_list_holds_for_a_hot_key_too(gate: Gate) -> None:
    ada = await gate.let_in("ada@example.com")
    who = await gate.by_key(ada.api_key)
    issued = await gate.api_keys.create(who, name="CRM", allowed_ips=["10.0.0.7/8", "2001:db8::/32"], ip=None)
    assert issued.key.allowed_ips == ("10.0.0.0/8", "2001:db8::/32")
    for _ in range(2):
        for good in ("10.9.8.7", "::ffff:10.1.1.1", "2001:db8::1"):
            assert (await gate.by_key(issued.text, ip=good)).credential_id == issued.key.id
        for bad in ("192.0.2.1", "2001:db9::1", "unix:", "", None):
            with pytest.raises(Forbidden):
                await gate.by_key(issued.text, ip=bad)


async def test_a_key_that_was_lent_cannot_make_or_end_keys(gate: Gate) -> None:
    ada = await gate.let_in("ada@example.com")
    issued = await gate.api_keys.create(await gate.by_key(ada.api_key), name="lent", ip=None)
    lent = await gate.by_key(issued.text)
    with pytest.raises(Forbidden):
        await gate.api_keys.create(lent, name="successor", ip=None)
    with pytest.raises(Forbidden):
        await gate.api_keys.rotate_primary(lent, ip=None)
    with pytest.raises(Forbidden):
        await gate.api_keys.revoke(lent, issued.key.id, ip=None)
    token = (await gate.auth.login("ada@example.com", PASSWORD, ip=None)).token
    assert (await gate.api_keys.create(await gate.by_bearer(token), name="mine", ip=None)).key.name == "mine"


async def test_bad_keys_are_refused_naming_the_field(gate: Gate, clock: ManualClock) -> None:
    ada = await gate.let_in("ada@example.com")
    who = await gate.by_key(ada.api_key)
    with pytest.raises(InvalidInput, match="name"):
        await gate.api_keys.create(who, name="  ", ip=None)
    with pytest.raises(InvalidInput, match="allowed_ips"):
        await gate.api_keys.create(who, name="x", allowed_ips=["10.0.0.0/99"], ip=None)
    with pytest.raises(InvalidInput, match="expires_at"):
        await gate.api_keys.create(who, name="x", expires_at=clock.now(), ip=None)


async def test_nobody_ends_somebody_elses_key_nor_the_primary_one(gate: Gate) -> None:
    ada, bob = await gate.let_in("ada@example.com"), await gate.let_in("bob@example.com")
    issued = await gate.api_keys.create(await gate.by_key(ada.api_key), name="CRM", ip=None)
    bobs = await gate.by_key(bob.api_key)
    with pytest.raises(NotFound):
        await gate.api_keys.revoke(bobs, issued.key.id, ip=None)
    with pytest.raises(Conflict):
        await gate.api_keys.revoke(bobs, ApiKeyId(bobs.credential_id), ip=None)
    assert (await gate.by_key(bob.api_key)).user_id == bob.user.id
    assert (await gate.by_key(issued.text)).user_id == ada.user.id


async def test_the_first_start_makes_an_administrator_with_printed_secrets_and_the_second_does_not(gate: Gate) -> None:
    first = await ensure_first_admin(gate.tenants, gate.settings)
    assert first is not None
    assert first.password is not None
    assert first.api_key is not None
    assert first.user.role is Role.ADMIN
    assert first.password not in repr(first)
    login = await gate.auth.login(first.user.email, first.password, ip=None)
    assert login.api_key == first.api_key
    assert (await gate.by_key(first.api_key)).is_admin
    assert await ensure_first_admin(gate.tenants, gate.settings) is None


async def test_the_first_administrator_is_who_the_operator_says(gate: Gate) -> None:
    chosen = Settings(
        admin_email="Root@Example.com", admin_password=Secret(PASSWORD), admin_api_key=Secret("operators-own-key")
    )
    first = await ensure_first_admin(gate.tenants, chosen)
    assert first is not None
    assert (first.user.email, first.password, first.api_key) == ("root@example.com", None, None)
    assert (await gate.by_key("operators-own-key")).is_admin
    login = await gate.auth.login("root@example.com", PASSWORD, ip=None)
    assert login.api_key == "operators-own-key"
    [key] = await gate.api_keys.list(await gate.by_bearer(login.token))
    assert key.prefix not in "operators-own-key"


async def test_a_first_key_that_is_too_short_stops_the_start(gate: Gate) -> None:
    with pytest.raises(SettingsError, match="ADMIN_API_KEY"):
        await ensure_first_admin(gate.tenants, Settings(admin_api_key=Secret("fifteen-letters")))
    assert await gate.tenants.is_empty()
