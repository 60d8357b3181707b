"""Who was recognised a moment ago, so that a busy key costs a dictionary look-up and not a query."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from msgspec import Struct

from gateway.domain.ids import TenantId, UserId
from gateway.domain.tenants import CredentialKind, Principal, Role
from gateway.kit.proxies import Network, parse, within
from gateway.kit.tally import Tally

TTL = 5.0
"""Seconds. Another process (the command line) may disable a user or revoke a key; it takes at most this long here."""

OPERATOR = Principal(
    tenant_id=TenantId("operator"),
    user_id=UserId("operator"),
    role=Role.ADMIN,
    credential=CredentialKind.API_KEY,
    credential_id="operator",
)
"""Whoever runs commands on this machine: `python -m gateway user ...`, and the first start."""


class Recognised(Struct, frozen=True, kw_only=True):
    """A principal with where from and until when its credential counts."""

    principal: Principal
    allowed: tuple[Network, ...]
    """Networks it may be used from; empty means anywhere."""
    seconds: float
    """How long the credential itself still counts."""


class PrincipalCache:
    """Recognised credentials by digest, for at most `TTL` seconds; refusals are never remembered.

    What changes in this process takes effect at once: `forget` drops the entries and makes sure that look-ups which
    began before it do not put them back. `clock` gives monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float], *, ttl: float = TTL, capacity: int = 10_000) -> None:
        self._clock = clock
        self._ttl = ttl
        self._capacity = capacity
        self._entries: dict[bytes, tuple[float, Principal, tuple[Network, ...]]] = {}
        self.generation = 0
        """Counts changes; read it before a look-up and hand it to `put`."""
        self.tally = Tally()
        """How often somebody was recognised."""

    def get(self, digest: bytes, ip: str | None) -> Principal | None:
        """Who this is, if that was found out a moment ago and holds for this address."""
        entry = self._entries.get(digest)
        if entry is None:
            self.tally.misses += 1
            return None
        until, principal, allowed = entry
        if self._clock() >= until:
            del self._entries[digest]
            self.tally.misses += 1
            return None
        self.tally.hits += 1
        if allowed and not may_come_from(ip, allowed):
            return None
        return principal

    def put(self, digest: bytes, found: Recognised, *, generation: int) -> None:
        """Remember a recognised credential, unless something changed since `generation`."""
        if generation != self.generation:
            return
        now = self._clock()
        if len(self._entries) >= self._capacity:
            self._entries = {key: entry for key, entry in self._entries.items() if entry[0] > now}
            if len(self._entries) >= self._capacity:
                self._entries.clear()  # rare, and costs one query for each key in use
        self._entries[digest] = (now + min(self._ttl, found.seconds), found.principal, found.allowed)

    def forget(self, changed: str) -> None:
        """Something about this user, key, token or instance (by id) changed."""
        self.generation += 1
        self._entries = {
            key: entry
            for key, entry in self._entries.items()
            if changed not in (entry[1].user_id, entry[1].credential_id, entry[1].instance_id)
        }

    @property
    def remembered(self) -> int:
        """How many credentials are remembered."""
        return len(self._entries)

    def forget_all(self) -> None:
        """Look everybody up anew."""
        self.generation += 1
        self._entries.clear()


def digest_of(credential: str, kind: bytes) -> bytes:
    """The cache key of a credential. `kind` keeps a bearer and an API key of the same text apart."""
    return hashlib.sha256(kind + credential.encode("utf-8", "surrogatepass")).digest()


def may_come_from(ip: str | None, allowed: Sequence[Network]) -> bool:
    """Whether an address lies in an allow-list. An unknown address does not."""
    address = parse(ip) if ip else None
    return address is not None and within(address, allowed)
