"""Sends that happen once for one Idempotency-Key, whichever route they come by."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import msgspec
from litestar.params import HeaderParameter

from gateway.domain.ids import InstanceId
from gateway.domain.tenants import Principal
from gateway.surfaces.api_v1.shared import AnyRequest
from gateway.surfaces.http import services

T = TypeVar("T")

IdempotencyKey = Annotated[
    str | None, HeaderParameter(name="Idempotency-Key", description="At most one send for this key in 24 hours.")
]


async def once(
    request: AnyRequest,
    who: Principal,
    instance_id: InstanceId,
    key: str | None,
    asked: object,
    act: Callable[[], Awaitable[T]],
    answer: type[T],
) -> T:
    """What `act` answers, or answered to the same key. `asked` is everything that tells one send from another.

    Raises Conflict when the key was used for another request.
    """

    async def kept() -> str:
        return msgspec.json.encode(await act()).decode()

    told = await services(request).idempotency.once(who, f"send:{instance_id}", key, msgspec.json.encode(asked), kept)
    return msgspec.json.decode(told, type=answer)
