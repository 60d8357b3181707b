"""Calls that ring at an instance."""

from __future__ import annotations

from gateway.domain.errors import Unsupported
from gateway.domain.ids import InstanceId
from gateway.domain.tenants import Principal
from gateway.providers.contract import RejectsCalls
from gateway.services.checks import checked_line
from gateway.services.live import Live


class Calls:
    """A gateway cannot talk, but it can decline."""

    def __init__(self, live: Live) -> None:
        self._live = live

    async def reject(self, who: Principal, instance_id: InstanceId, call_id: str, caller: str) -> None:
        """Turn a ringing call down. Raises NotConnected, Unsupported, NetworkRefused, NetworkUnreachable."""
        session = await self._live.session(who, instance_id)
        if not isinstance(session, RejectsCalls):
            raise Unsupported("This provider has no calls to reject.")
        caller = checked_line(caller, "caller", required=True)
        await session.reject_call(call_id, await self._live.address(who, instance_id, caller, "caller"))
