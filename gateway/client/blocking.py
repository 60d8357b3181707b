"""For programs without asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from gateway.client.transport import Client

C = TypeVar("C", bound=Client)
T = TypeVar("T")


class Blocking(Generic[C]):
    """Runs a client's calls one by one, each to its end.

        with Blocking(ApiClient(url, api_key=key)) as call:
            sent = call(call.client.send(instance_id, "79001234567", "Hello"))

    Not for use inside a running event loop, and by one thread at a time.
    """

    def __init__(self, client: C) -> None:
        self.client = client
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.run(self.client.aclose())
        self._runner.close()

    def __call__(self, call: Coroutine[Any, Any, T]) -> T:
        """The answer of a call. Raises what the call raises."""
        return self._runner.run(call)
