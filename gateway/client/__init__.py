"""A client of this gateway for Python programs: both dialects, typed answers, repeats only where they are safe.

    async with ApiClient("https://gateway.example.com", api_key=KEY) as api:
        sent = await api.send(instance_id, "79001234567", "Hello")

`ApiClient` speaks `/api`, `ManagerClient` and `InstanceClient` speak `/api/v1`, `Blocking` is for programs without
asyncio, `genuine` tells real webhooks from forged ones. It uses nothing else of the gateway, only httpx and msgspec.
"""

from gateway.client.api import ApiClient
from gateway.client.blocking import Blocking
from gateway.client.errors import (
    ClientError,
    Conflict,
    Forbidden,
    InvalidRequest,
    NetworkRefused,
    NotConnected,
    NotFound,
    Refused,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    UnexpectedAnswer,
    Unreachable,
)
from gateway.client.instance import InstanceClient
from gateway.client.manager import ManagerClient
from gateway.client.multi_provider import MultiProviderClient
from gateway.client.signatures import genuine
from gateway.client.transport import Retries

__all__ = [
    "ApiClient",
    "Blocking",
    "ClientError",
    "Conflict",
    "Forbidden",
    "InstanceClient",
    "InvalidRequest",
    "ManagerClient",
    "MultiProviderClient",
    "NetworkRefused",
    "NotConnected",
    "NotFound",
    "Refused",
    "Retries",
    "TooManyRequests",
    "Unauthenticated",
    "Unavailable",
    "UnexpectedAnswer",
    "Unreachable",
    "genuine",
]
