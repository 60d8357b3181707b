"""Every refusal the gateway can give, as a tree.

A refusal has a name, a stable `code` a program can switch on, and a sentence that tells the
reader what to do next. Surfaces decide the HTTP status and the dialect from the class alone:

    GatewayError
    ├── InvalidInput        the request itself is wrong; `field` names the culprit
    │   └── Unsupported     this provider cannot do that
    ├── Unauthenticated     we do not know who is asking
    ├── Forbidden           we know, and they may not
    ├── NotFound            no such thing for this caller
    │   ├── InstanceNotFound
    │   └── NotYours        it exists in another tenant (one dialect says 403, the other 404)
    ├── Conflict            it clashes with what is already there
    ├── TooLarge            over a size limit
    ├── TooManyRequests     over a rate or quota; `retry_after` in seconds
    ├── NotConnected        the instance has no live session
    ├── NetworkRefused      the messenger network said no to this request
    ├── NetworkUnreachable  the messenger network did not answer
    └── Unavailable         the gateway itself cannot serve right now
        ├── StorageUnavailable
        └── StorageFull

Messages never carry a secret, a path of this machine, or text of a database driver.
"""

from __future__ import annotations


class GatewayError(Exception):
    """Base of every refusal; catch this to handle all of them alike."""

    code = "error"

    def __init__(self, sentence: str, *, code: str | None = None) -> None:
        super().__init__(sentence)
        if code is not None:
            self.code = code

    @property
    def sentence(self) -> str:
        """What happened and what to do next, in words for a person."""
        return str(self.args[0])


class InvalidInput(GatewayError):
    """The request is wrong; nothing was changed."""

    code = "invalid_input"

    def __init__(self, sentence: str, *, field: str | None = None, code: str | None = None) -> None:
        super().__init__(sentence, code=code)
        self.field = field


class Unsupported(InvalidInput):
    """The instance's provider has no such capability."""

    code = "unsupported"


class Unauthenticated(GatewayError):
    """No valid credential came with the request."""

    code = "unauthenticated"

    def __init__(self, sentence: str = "Unauthorized") -> None:
        super().__init__(sentence)


class Forbidden(GatewayError):
    """The caller is known and lacks the right."""

    code = "forbidden"


class NotFound(GatewayError):
    """There is no such thing within the caller's reach."""

    code = "not_found"


class InstanceNotFound(NotFound):
    """There is no such instance."""

    def __init__(self, instance_id: str) -> None:
        super().__init__(f"Instance {instance_id} not found")


class NotYours(NotFound):
    """It exists in another tenant. Surfaces that hide existence treat it as `NotFound`."""

    code = "not_yours"


class Conflict(GatewayError):
    """It clashes with the present state; the sentence says with what."""

    code = "conflict"


class TooLarge(GatewayError):
    """Over a size limit; the sentence names the limit."""

    code = "too_large"


class TooManyRequests(GatewayError):
    """Over a rate; try again after `retry_after` seconds."""

    code = "too_many_requests"

    def __init__(self, sentence: str, *, retry_after: float, code: str | None = None) -> None:
        super().__init__(sentence, code=code)
        self.retry_after = retry_after


class NotConnected(GatewayError):
    """The instance has no live session right now."""

    code = "not_connected"

    def __init__(self, instance_id: str) -> None:
        super().__init__(f"Instance {instance_id} not ready")


class NetworkRefused(GatewayError):
    """The messenger network refused this one request; repeating it unchanged will not help."""

    code = "network_refused"


class NetworkUnreachable(GatewayError):
    """The messenger network did not answer; the request may be repeated."""

    code = "network_unreachable"

    def __init__(self, sentence: str, *, code: str | None = None, maybe_sent: bool = True) -> None:
        super().__init__(sentence, code=code)
        self.maybe_sent = maybe_sent
        """False when the request surely never left, so that repeating it cannot say anything twice."""


class Unavailable(GatewayError):
    """The gateway cannot serve right now; try again after `retry_after` seconds."""

    code = "unavailable"

    def __init__(self, sentence: str, *, retry_after: float = 1.0, code: str | None = None) -> None:
        super().__init__(sentence, code=code)
        self.retry_after = retry_after


class StorageUnavailable(Unavailable):
    """The database is away, busy beyond the acquire timeout, or the outcome of a commit is unknown."""

    code = "storage_unavailable"


class StorageFull(Unavailable):
    """The database's disk is full; reads go on, writes are refused whole."""

    code = "storage_full"


class AlreadyExists(Conflict):
    """A unique value is taken."""

    code = "already_exists"
