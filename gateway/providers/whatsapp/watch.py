"""Is this session alive? Says `connected` when traffic proves it, `stalled` when nothing does.

whatsmeow pings every 20 to 30 seconds and tells when a ping is not answered. On top of that, a session that has heard
nothing for a while asks the network something cheap: a connection that passes pings and nothing else has been seen to
stay "connected" for days.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from gateway.domain.errors import GatewayError
from gateway.kit.clock import Clock
from gateway.providers.contract import Interrupted, Report

PROBE_TIMEOUT = 15.0
"""Seconds the network has to answer a probe; no longer than the silence that led to it."""
SECOND_CHANCE = 10.0
"""Seconds after which a stalled session is asked once more before it is opened anew; at most that silence as well."""
GIVE_UP_AFTER = 300.0
"""Seconds without a connection after which whatsmeow's own reconnecting is not waited for any longer."""
LOCK_QUIET = 3600.0
"""Seconds without a refusal after which a reach-out lock counts as lifted: WhatsApp does not say when it ends."""

Probe = Callable[[], Awaitable[object]]


class Watch:
    """The pulse of one session."""

    def __init__(self, report: Report, clock: Clock, probe: Probe, *, silence: float) -> None:
        self._report = report
        self._clock = clock
        self._probe = probe
        self._silence = silence
        self._probe_timeout = min(PROBE_TIMEOUT, silence)
        self._second_chance = min(SECOND_CHANCE, silence)
        self._heard_at = clock.monotonic()
        self._lost_at: float | None = clock.monotonic()
        self._locked_at: float | None = None

    def heard(self) -> None:
        """Something came from the network."""
        self._heard_at = self._clock.monotonic()

    def connected(self) -> None:
        """The network answered a login, or a ping after missed ones."""
        self.heard()
        self._lost_at = None
        if self._locked_at is None:
            self._report.connected()
        else:
            self._tell_lock()

    def lost(self, code: str, sentence: str) -> None:
        """The connection is gone; whatsmeow dials again by itself."""
        if self._lost_at is None:
            self._lost_at = self._clock.monotonic()
        self._report.trouble(code, sentence)

    def silent(self) -> None:
        """A ping was not answered."""
        if self._lost_at is None:
            self._report.stalled("WhatsApp does not answer on this connection.")

    def locked(self) -> None:
        """The network refused a message to somebody new."""
        self._locked_at = self._clock.monotonic()
        self._tell_lock()

    @property
    def silence(self) -> float:
        """Seconds since the network was last heard."""
        return self._clock.monotonic() - self._heard_at

    async def run(self) -> None:
        """Watch until cancelled. Raises Interrupted when the session should be opened anew."""
        if self._lost_at is not None:
            self._lost_at = self._clock.monotonic()  # the minutes a person took to log in are no outage
        while True:
            await self._clock.sleep(self._silence / 3)
            if self._lost_at is not None:
                if self._clock.monotonic() - self._lost_at > GIVE_UP_AFTER:
                    raise Interrupted("disconnected", "WhatsApp was not reached for minutes; opening anew.")
                continue
            if self._locked_at is not None and self._clock.monotonic() - self._locked_at > LOCK_QUIET:
                self._locked_at = None
                self._report.connected("No message to somebody new was refused for an hour.")
            if self.silence < self._silence or await self._answers() or self._is_lost():
                continue
            self._report.stalled(f"WhatsApp has been silent for {self.silence:.0f} s on an open connection.")
            await self._clock.sleep(self._second_chance)
            if not self._is_lost() and not await self._answers() and not self._is_lost():
                raise Interrupted("stalled", "WhatsApp stayed silent; opening a new connection.", retry_after=0)
            if not self._is_lost():
                self.connected()

    def _is_lost(self) -> bool:
        return self._lost_at is not None

    async def _answers(self) -> bool:
        try:
            async with asyncio.timeout(self._probe_timeout):
                await self._probe()
        except (GatewayError, TimeoutError):
            return False
        except Exception as error:  # noqa: BLE001 - neonize's own errors are answers too: the network said no
            self._report.note(f"The probe was refused: {type(error).__name__}.")
        self.heard()
        return True

    def _tell_lock(self) -> None:
        self._report.restricted(
            "reach_out_lock",
            "WhatsApp lets this account answer, but not write to new people, for now; sending to chats that exist goes"
            " on. Send less to strangers (see the pacing settings) and wait.",
        )
