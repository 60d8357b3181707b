"""`user`: letting people in and out, also while a gateway runs on the same database."""

from __future__ import annotations

import argparse
import getpass
import secrets
import sys

from gateway.domain.errors import NotFound
from gateway.domain.ids import TenantId
from gateway.domain.tenants import Role, User
from gateway.kit.clock import SystemClock
from gateway.kit.secrets import PasswordHasher
from gateway.runtime import make_auth, opened_storage
from gateway.services.api_keys import ApiKeys
from gateway.services.principals import OPERATOR
from gateway.services.tenants import NewUser, Tenants, UserChanges
from gateway.settings import Settings

_PAGE = 500


async def run(settings: Settings, options: argparse.Namespace) -> int:
    """Do one deed. A running gateway notices within five seconds."""
    clock, hasher = SystemClock(), PasswordHasher()
    async with opened_storage(settings) as storage:
        auth = make_auth(storage, settings, clock, hasher)
        tenants = Tenants(storage, auth=auth, hasher=hasher, clock=clock)
        match options.deed:
            case "add":
                await _add(tenants, options)
            case "list":
                await _list(tenants)
            case "disable" | "enable":
                user = await _find(tenants, options.email)
                changes = UserChanges(is_active=options.deed == "enable")
                await tenants.update_user(OPERATOR, user.id, changes, ip=None)
                print(f"{user.email} is {options.deed}d.")
            case "rotate-key":
                user = await _find(tenants, options.email)
                keys = ApiKeys(storage, auth=auth, clock=clock)
                issued = await keys.rotate_primary_of(OPERATOR, user.id, ip=None)
                print(f"API key of {user.email}, shown this once: {issued.text}")
            case "set-password":
                user = await _find(tenants, options.email)
                await tenants.set_password(OPERATOR, user.id, _password(options), ip=None)
                print(f"The password of {user.email} is set; every login token ended.")
    return 0


async def _add(tenants: Tenants, options: argparse.Namespace) -> None:
    generated = None if options.password_stdin else secrets.token_urlsafe(18)
    created = await tenants.create_user(
        OPERATOR,
        NewUser(
            email=options.email,
            password=generated or _password(options),
            first_name=options.first_name,
            last_name=options.last_name,
            role=Role(options.role) if options.role else None,
            tenant_id=TenantId(options.tenant) if options.tenant else None,
        ),
    )
    print(f"id        {created.user.id}")
    print(f"tenant    {created.user.tenant_id}")
    print(f"role      {created.user.role}")
    if generated:
        print(f"password  {generated}")
    print(f"API key   {created.api_key}")


async def _list(tenants: Tenants) -> None:
    skip = 0
    while True:
        users, total = await tenants.list_users(OPERATOR, limit=_PAGE, skip=skip)
        for user in users:
            state = "active" if user.is_active else "disabled"
            print(f"{user.id}  {user.role:<6}  {state:<8}  {user.tenant_id}  {user.email}")
        skip += len(users)
        if not users or skip >= total:
            return


async def _find(tenants: Tenants, email: str) -> User:
    user = await tenants.find_user(OPERATOR, email)
    if user is None:
        raise NotFound(f"There is no user {email}.")
    return user


def _password(options: argparse.Namespace) -> str:
    if options.password_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return getpass.getpass("New password: ")
