"""Doing something once, however often it is asked."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from contextlib import suppress

from gateway.domain.errors import (
    Conflict,
    GatewayError,
    InvalidInput,
    NetworkUnreachable,
    StorageUnavailable,
    Unavailable,
)
from gateway.domain.tenants import Principal
from gateway.kit.clock import Clock
from gateway.storage.idempotency import KeyState
from gateway.storage.storage import Storage

MAX_KEY = 255


class Idempotency:
    """Keeps the answer of the first request with a key for 24 hours and gives it to every later one.

    The key is claimed durably before anything leaves. A crash in between leaves a claim without an answer: whether
    the message left is then unknown, and saying so beats sending twice.
    """

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock
        self._running: dict[str, asyncio.Future[str]] = {}

    async def once(
        self, who: Principal, scope: str, key: str | None, request: bytes, act: Callable[[], Awaitable[str]]
    ) -> str:
        """Run `act` unless this key has been used in `scope`; returns its answer, or the kept one.

        `request` is what was asked, in any stable form: the same key with another request is a Conflict.
        """
        if key is None:
            return await act()
        if not 0 < len(key) <= MAX_KEY or not key.isprintable():
            raise InvalidInput(f"Idempotency-Key must be 1 to {MAX_KEY} printable characters.", field="Idempotency-Key")
        digest = hashlib.sha256(request).hexdigest()
        slot = hashlib.sha256(f"{who.tenant_id}\0{scope}\0{key}".encode()).hexdigest()
        kept = await self._storage.idempotency.open(slot, who.tenant_id, digest, self._clock.now())
        if kept is None:
            return await self._act(slot, act)
        if kept.request_digest != digest:
            raise Conflict(
                "This Idempotency-Key was used for another request; use a new key.", code="idempotency_mismatch"
            )
        if kept.state is KeyState.DONE:
            return kept.answer
        if (running := self._running.get(slot)) is not None:
            return await asyncio.shield(running)
        raise Conflict(
            "The first request with this Idempotency-Key was interrupted and its outcome is unknown;"
            " look into the chat, then use a new key.",
            code="idempotency_unknown",
        )

    async def _act(self, slot: str, act: Callable[[], Awaitable[str]]) -> str:
        running: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        running.add_done_callback(lambda future: future.cancelled() or future.exception())
        self._running[slot] = running
        try:
            answer = await act()
            await self._storage.idempotency.finish(slot, answer)
        except GatewayError as error:
            running.set_exception(error)
            if not _may_have_happened(error):
                # Failing to forget leaves the key used up, which is safe; the caller needs the reason, not this.
                with suppress(StorageUnavailable):
                    await self._storage.idempotency.forget(slot)
            raise
        except BaseException:
            running.cancel()
            raise
        else:
            running.set_result(answer)
            return answer
        finally:
            self._running.pop(slot, None)


def _may_have_happened(error: GatewayError) -> bool:
    if isinstance(error, NetworkUnreachable):
        return error.maybe_sent
    return isinstance(error, Unavailable)  # `sent_not_recorded` is one: it did leave
