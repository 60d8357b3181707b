"""Doing the last step of something even though the task was told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

T = TypeVar("T")


async def finish(step: Coroutine[object, object, T]) -> T:
    """Run `step` to its end even if the caller is cancelled meanwhile, then let the cancellation go on.

    For commits, rollbacks and giving connections back: abandoned half way they would leak a lock or a
    pool slot for ever. A cancelled caller gets `CancelledError` although the step was done, so nobody can
    tell from it whether a commit happened; idempotency keys are the answer to that, not this function.
    """
    task = asyncio.ensure_future(step)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait((task,))  # unlike `await task`, being cancelled here leaves the task alone
        except asyncio.CancelledError as cancel:
            cancelled = cancel
    if cancelled is None:
        return task.result()
    if not task.cancelled():
        task.exception()  # looked at, so that asyncio does not report it as never retrieved
    raise cancelled
