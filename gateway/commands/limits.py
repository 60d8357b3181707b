"""`limits`: how much instances may do, also while a gateway runs on the same database."""

from __future__ import annotations

import argparse

from msgspec import structs

from gateway.domain.ids import InstanceId, UserId
from gateway.domain.usage_limits import COUNTERS, EVERYBODY, LimitOwner, UsageLimits
from gateway.kit.clock import SystemClock
from gateway.runtime import opened_storage
from gateway.services.limit_settings import LimitSettings
from gateway.services.principals import OPERATOR
from gateway.settings import Settings


async def run(settings: Settings, options: argparse.Namespace) -> int:
    """Do one deed. A running gateway notices within five seconds."""
    owner = _owner(options)
    async with opened_storage(settings) as storage:
        limits = LimitSettings(storage, SystemClock())
        match options.deed:
            case "show":
                _print(owner, await limits.get(OPERATOR, owner))
            case "set":
                before = await limits.get(OPERATOR, owner) or UsageLimits()
                given = {
                    name: value
                    for name in (*COUNTERS, "window_hours")
                    if (value := getattr(options, name, None)) is not None
                }
                _print(owner, await limits.put(OPERATOR, owner, structs.replace(before, **given)))
            case "remove":
                await limits.remove(OPERATOR, owner)
                _print(owner, None)
    return 0


def _owner(options: argparse.Namespace) -> LimitOwner:
    if options.instance:
        return LimitOwner(instance_id=InstanceId(options.instance))
    return LimitOwner(user_id=UserId(options.user)) if options.user else EVERYBODY


def _print(owner: LimitOwner, limits: UsageLimits | None) -> None:
    print(owner.key.replace("|", " "))
    if limits is None:
        print("  no limits of its own")
        return
    for name in COUNTERS:
        print(f"  {name:<22} {getattr(limits, name) or '-'}")
    print(f"  {'window_hours':<22} {limits.window_hours}")
