"""Why a call gave no answer, as a tree.

ClientError
├── Refused             the gateway said no: `status`, `code`, `retry_after`, `field`
│   ├── InvalidRequest  the request itself is wrong (400, 405, 413, 415, 422, 501)
│   ├── Unauthenticated no valid credential (401)
│   ├── Forbidden       a valid credential that lacks the right (403)
│   ├── NotFound        no such thing for this caller (404)
│   ├── Conflict        it clashes with what is there (409)
│   ├── TooManyRequests over a rate or quota (429)
│   ├── NotConnected    the instance has no live session (500 under `/api`, 503 under `/api/v1`)
│   ├── NetworkRefused  the messenger network said no (502)
│   └── Unavailable     not right now, or our fault (every other 5xx)
├── Unreachable         there was no answer
└── UnexpectedAnswer    there was one, and it is not of a gateway this client knows
"""

from __future__ import annotations

from typing import Any

import httpx
import msgspec
from msgspec import Struct, field


class ClientError(Exception):
    """Base of everything this client raises."""


class Refused(ClientError):
    """The gateway said no. `str()` is its sentence for a person."""

    def __init__(
        self,
        sentence: str,
        *,
        status: int,
        code: str = "",
        retry_after: float | None = None,
        culprit: str | None = None,
        details: Any = None,
    ) -> None:
        super().__init__(sentence)
        self.status = status
        self.code = code
        """Stable, for a program: `instance_not_found`, `INVALID_INPUT`, ... Each dialect has its own spelling."""
        self.retry_after = retry_after
        """Seconds until it makes sense to try again; None where the gateway does not say."""
        self.field = culprit
        """The part of the request that is to blame."""
        self.details = details


class InvalidRequest(Refused):
    """The request is wrong; nothing was changed."""


class Unauthenticated(Refused):
    """No valid credential came with the request."""


class Forbidden(Refused):
    """The credential is valid and lacks the right."""


class NotFound(Refused):
    """There is no such thing within the caller's reach."""


class Conflict(Refused):
    """It clashes with the present state. `idempotency_unknown`: nobody knows whether a message left; look first."""


class TooManyRequests(Refused):
    """Over a rate or quota; `retry_after` says when to come back."""


class NotConnected(Refused):
    """The instance has no live session right now."""


class NetworkRefused(Refused):
    """The messenger network refused this; repeating it unchanged will not help."""


class Unavailable(Refused):
    """The gateway, or the network behind it, cannot right now."""


class Unreachable(ClientError):
    """No answer came."""

    def __init__(self, sentence: str, *, maybe_done: bool) -> None:
        super().__init__(sentence)
        self.maybe_done = maybe_done
        """False when the request surely never arrived."""


class UnexpectedAnswer(ClientError):
    """An answer that no gateway of this version gives; perhaps something else listens at that address."""


class _Body(Struct, frozen=True):
    """What both dialects write into a refusal."""

    error: str = ""
    code: str = ""
    culprit: str | None = field(default=None, name="field")
    details: Any = None


_BY_STATUS: dict[int, type[Refused]] = {
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    429: TooManyRequests,
    501: InvalidRequest,
    502: NetworkRefused,
}


def refusal_of(answer: httpx.Response) -> Refused:
    """The exception for an answer of 400 or above, whoever gave it: a proxy's HTML is told by its status alone."""
    status = answer.status_code
    try:
        body = msgspec.json.decode(answer.content, type=_Body)
    except msgspec.DecodeError:
        body = _Body()
    kind = _BY_STATUS.get(status) or (InvalidRequest if status < 500 else Unavailable)
    if body.code.lower() == "not_connected":
        kind = NotConnected
    inner = body.details.get("field") if isinstance(body.details, dict) else None
    return kind(
        body.error or f"{status} {answer.reason_phrase}",
        status=status,
        code=body.code,
        retry_after=_seconds(answer.headers.get("retry-after")),
        culprit=body.culprit or inner,
        details=body.details,
    )


def _seconds(text: str | None) -> float | None:
    """A Retry-After in seconds. Its other form, a date, is a proxy's and is not understood."""
    return float(text) if text is not None and text.isascii() and text.isdigit() else None
