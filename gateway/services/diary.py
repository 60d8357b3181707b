"""Which events are worth a line in an instance's activity, and what it says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import structs

from gateway.domain.events import (
    AcceptedEvent,
    CallReceived,
    EndpointDisabled,
    EndpointUpdated,
    Event,
    SessionConnected,
    SessionDisconnected,
    SessionLoginRequired,
    SessionRestricted,
    SessionStalled,
    UsageLimitExceeded,
    type_of,
)
from gateway.domain.instances import Instance
from gateway.domain.tenants import Principal
from gateway.storage.activity import NewActivity
from gateway.webhooks.formats.fragments import camel


def line_by(
    who: Principal, instance: Instance, action: str, at: datetime, details: dict[str, object] | None = None
) -> NewActivity:
    """The line for what somebody did to an instance."""
    return NewActivity(
        tenant_id=instance.tenant_id,
        instance_id=instance.id,
        user_id=who.user_id,
        action=action,
        details=details or {},
        at=at,
    )


def lines_of(accepted: Sequence[AcceptedEvent], now: datetime) -> list[NewActivity]:
    """A line for each event that people look for in the log."""
    return [
        NewActivity(
            tenant_id=each.tenant_id,
            instance_id=each.event.instance_id,
            action=type_of(each.event),
            at=now,
            details=details,
        )
        for each in accepted
        if (details := _details(each.event)) is not None
    ]


def _details(event: Event) -> dict[str, object] | None:
    match event:
        case SessionConnected() | SessionLoginRequired():
            return {}
        case SessionDisconnected():
            return {"reason": event.reason, "willReconnect": event.will_reconnect}
        case SessionStalled():
            return {"reason": event.state.code}
        case SessionRestricted():
            until = event.state.until
            return {"reason": event.state.code, "until": until.isoformat() if until else None}
        case CallReceived():
            return {
                "callId": event.call_id,
                "from": event.sender.address,
                "video": event.video,
                "rejected": event.rejected,
            }
        case UsageLimitExceeded():
            return {
                "exceededLimits": [camel(each.limit) for each in event.exceeded],
                "usage": {camel(name): value for name, value in structs.asdict(event.used).items()},
                "limits": {camel(each.limit): each.most for each in event.exceeded},
                "timeWindowHours": event.limits.window_hours,
            }
        case EndpointUpdated():
            return {"endpointId": event.endpoint_id}
        case EndpointDisabled():
            return {"endpointId": event.endpoint_id, "reason": event.reason}
        case _:
            return None
