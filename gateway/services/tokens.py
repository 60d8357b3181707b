"""Login tokens: signed, short in words, and void the moment their user's token version moves on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

import jwt
import msgspec
from msgspec import Struct

from gateway.domain.errors import Unauthenticated
from gateway.domain.ids import UserId, new_id
from gateway.domain.tenants import User
from gateway.kit.clock import Clock
from gateway.settings import Secret

ALGORITHM = "HS256"
"""The one algorithm. Whatever a token's header says, no other is tried: `none` and HS512 are refused."""

ISSUER = "messaging-gateway"
AUDIENCE = "messaging-gateway-api"

_REQUIRED = ["exp", "iat", "sub", "jti", "aud", "iss"]  # PyJWT alone would accept a token that never expires
_LONGEST = 4096
_CLOCK_SKEW = 60  # seconds a token may come from the future, after a clock was set back


class Claims(Struct, frozen=True, kw_only=True):
    """What a genuine token says. Whether it still counts is for `Auth` to find out."""

    user_id: UserId
    token_id: str
    token_version: int
    expires_at: datetime


class IssuedToken(Struct, frozen=True, kw_only=True):
    """A token just made."""

    text: str
    claims: Claims

    def __repr__(self) -> str:
        return f"IssuedToken({self.claims.token_id})"


class _Payload(Struct, frozen=True):
    sub: str
    jti: str
    exp: int
    iat: int
    tv: int


class Tokens:
    """Makes and reads login tokens. The first secret signs, all of them verify, the `kid` header says which.

    `lifetime` in seconds. The payload carries `id` and `email` beside the registered claims, because clients of the
    earlier API read them, and `tv`, the token version of the user.
    """

    def __init__(self, secrets: Sequence[Secret], *, lifetime: float, clock: Clock) -> None:
        if not secrets:
            raise ValueError("Tokens need at least one secret; set JWT_SECRET.")
        self._keys = {_key_id(secret): secret.reveal().encode() for secret in secrets}
        self._signing = next(iter(self._keys))
        self._lifetime = int(lifetime)
        self._clock = clock
        # Times are checked below, by the clock that was handed in.
        self._reader = jwt.PyJWT({"require": _REQUIRED, "verify_exp": False, "verify_iat": False, "verify_nbf": False})

    def issue(self, user: User) -> IssuedToken:
        """A new token for this user."""
        issued = int(self._clock.now().timestamp())
        expires = issued + self._lifetime
        token_id = new_id()
        payload = {
            "id": user.id,
            "email": user.email,
            "sub": user.id,
            "jti": token_id,
            "tv": user.token_version,
            "iat": issued,
            "exp": expires,
            "iss": ISSUER,
            "aud": AUDIENCE,
        }
        text = jwt.encode(payload, self._keys[self._signing], algorithm=ALGORITHM, headers={"kid": self._signing})
        claims = Claims(
            user_id=user.id,
            token_id=token_id,
            token_version=user.token_version,
            expires_at=datetime.fromtimestamp(expires, UTC),
        )
        return IssuedToken(text=text, claims=claims)

    def read(self, text: str) -> Claims:
        """What a token says. Raises Unauthenticated when it is not ours, was altered, lacks a claim or has expired."""
        if len(text) > _LONGEST:
            raise Unauthenticated
        try:
            key = self._keys[jwt.get_unverified_header(text)["kid"]]
            decoded = self._reader.decode(text, key, algorithms=[ALGORITHM], audience=AUDIENCE, issuer=ISSUER)
            payload = msgspec.convert(decoded, _Payload)
        except (jwt.PyJWTError, msgspec.ValidationError, KeyError, TypeError, ValueError):
            # One answer for all of them: what exactly was wrong helps only somebody who is forging.
            raise Unauthenticated from None
        now = self._clock.now().timestamp()
        if payload.exp <= now or payload.iat > now + _CLOCK_SKEW:
            raise Unauthenticated
        return Claims(
            user_id=UserId(payload.sub),
            token_id=payload.jti,
            token_version=payload.tv,
            expires_at=datetime.fromtimestamp(payload.exp, UTC),
        )


def _key_id(secret: Secret) -> str:
    # Derived, so that an operator only ever sets the secrets themselves; 32 bits of a hash tell nothing of the key.
    return hashlib.sha256(b"kid:" + secret.reveal().encode()).hexdigest()[:8]
