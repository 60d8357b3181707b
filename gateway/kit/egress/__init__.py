"""The one HTTP client for URLs that customers choose: webhooks and media by URL.

    async with Egress(EgressPolicy()) as egress:
        reply = await egress.post("https://example.com/hook", body, {"content-type": "application/json"})
        file = await egress.fetch("https://example.com/cat.jpg", max_bytes=16_000_000)

Every connection goes to an address that was checked when the connection was made, and to no other: a URL is
parsed once, a host is resolved once, one bad address in the answer refuses the whole host, and the socket
itself is only created for an address that passes. A pooled connection is reused for its own host, port and
scheme only, so it leads where it led when it was checked. Environment proxies, cookies, redirects (of `post`)
and content decoding are off.

Bounds: every call has a total time, every answer a total size, and headers are limited as well. The number of
calls at once is the caller's to limit. Endings: a value, `EgressRefused` or `EgressFailed` (see `policy`).
"""

from __future__ import annotations

from gateway.kit.egress.answers import Fetched, Reply
from gateway.kit.egress.client import Egress
from gateway.kit.egress.lookup import Lookup, system_lookup
from gateway.kit.egress.policy import (
    EgressError,
    EgressFailed,
    EgressPolicy,
    EgressRefused,
    FailureReason,
    RefusalCode,
    check_url,
    check_user_headers,
)

__all__ = [
    "Egress",
    "EgressError",
    "EgressFailed",
    "EgressPolicy",
    "EgressRefused",
    "FailureReason",
    "Fetched",
    "Lookup",
    "RefusalCode",
    "Reply",
    "check_url",
    "check_user_headers",
    "system_lookup",
]
