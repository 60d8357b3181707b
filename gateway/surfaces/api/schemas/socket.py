"""Wire format of the socket check."""

from typing import Annotated

from msgspec import Meta, Struct

from gateway.domain.instances import Instance
from gateway.services.pulses import Pulse
from gateway.surfaces.api.words import Status, status_of
from gateway.surfaces.http import maybe_iso


class SocketReply(Struct, frozen=True, rename="camel", kw_only=True, omit_defaults=True):
    """Whether the connection answered. `latency` in milliseconds; `reason` and `error` where it did not."""

    alive: bool
    state: Status
    last_activity: str | None
    latency: int | None = None
    reason: Annotated[str | None, Meta(examples=["no_socket", "ping_failed"])] = None
    error: str | None = None

    @classmethod
    def of(cls, instance: Instance, pulse: Pulse) -> "SocketReply":
        return cls(
            alive=pulse.alive,
            state=status_of(instance.state.kind, code=instance.state.code, flows=instance.flows),
            last_activity=maybe_iso(instance.last_activity_at),
            latency=round(pulse.latency * 1000) if pulse.latency is not None else None,
            reason=pulse.reason,
            error=pulse.error,
        )
