"""Only tokens that we made, unaltered and in time, are read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import jwt
import pytest

from gateway.domain.errors import Unauthenticated
from gateway.domain.ids import TenantId, UserId
from gateway.domain.tenants import Role, User
from gateway.services.tokens import Tokens
from gateway.settings import Secret
from tests.clock import ManualClock

SECRET = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6-and-more-to-suit-HS512-as-well-0123456789"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ADA = User(
    id=UserId("ada"),
    tenant_id=TenantId("t"),
    email="ada@example.com",
    first_name="Ada",
    last_name="",
    role=Role.OWNER,
    is_active=True,
    token_version=3,
    created_at=NOW,
    updated_at=NOW,
)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def tokens(clock: ManualClock) -> Tokens:
    return Tokens([Secret(SECRET)], lifetime=900, clock=clock)


def parts(tokens: Tokens) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and payload of a genuine token, to forge from."""
    text = tokens.issue(ADA).text
    return jwt.get_unverified_header(text), jwt.decode(text, options={"verify_signature": False})


def forged(tokens: Tokens, *, algorithm: str = "HS256", key: str = SECRET, drop: str = "", **changes: Any) -> str:
    header, payload = parts(tokens)
    payload |= changes
    payload.pop(drop, None)
    return jwt.encode(payload, key if algorithm != "none" else "", algorithm=algorithm, headers={"kid": header["kid"]})


def test_a_token_says_who_and_until_when(tokens: Tokens) -> None:
    issued = tokens.issue(ADA)
    assert tokens.read(issued.text) == issued.claims
    assert issued.claims.token_version == 3
    assert (issued.claims.expires_at - NOW).total_seconds() == 900
    header, payload = parts(tokens)
    assert header["alg"] == "HS256"
    assert {"id", "email", "iat", "exp", "sub", "jti", "aud", "iss", "tv"} == set(payload)
    assert (payload["id"], payload["email"]) == ("ada", "ada@example.com")
    assert issued.text not in repr(issued)


def test_the_forgery_helper_can_make_a_genuine_token(tokens: Tokens) -> None:
    assert tokens.read(forged(tokens)).user_id == "ada"


@pytest.mark.parametrize("algorithm", ["none", "HS384", "HS512"])
def test_other_algorithms_are_refused_even_with_the_right_secret(tokens: Tokens, algorithm: str) -> None:
    with pytest.raises(Unauthenticated):
        tokens.read(forged(tokens, algorithm=algorithm))


@pytest.mark.parametrize("claim", ["exp", "iat", "sub", "jti", "aud", "iss", "tv"])
def test_a_missing_claim_is_refused(tokens: Tokens, claim: str) -> None:
    with pytest.raises(Unauthenticated):
        tokens.read(forged(tokens, drop=claim))


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "somebody-else"},
        {"iss": "somebody-else"},
        {"exp": "never"},
        {"exp": None},
        {"exp": 1e400},
        {"sub": 7},
        {"jti": 7},
        {"tv": "3"},
        {"tv": True},
        {"iat": 4_000_000_000},
        {"exp": 1},
    ],
)
def test_a_wrong_claim_is_refused(tokens: Tokens, changes: dict[str, Any]) -> None:
    with pytest.raises(Unauthenticated):
        tokens.read(forged(tokens, **changes))


def test_another_key_and_an_unknown_kid_are_refused(tokens: Tokens) -> None:
    with pytest.raises(Unauthenticated):
        tokens.read(forged(tokens, key=SECRET[::-1]))
    _, payload = parts(tokens)
    for headers in ({"kid": "00000000"}, {"kid": 7}, {"kid": ["x"]}, {}):
        try:
            text = jwt.encode(payload, SECRET, algorithm="HS256", headers=headers)
        except jwt.InvalidTokenError:
            continue  # the library will not even write it
        with pytest.raises(Unauthenticated):
            tokens.read(text)


@pytest.mark.parametrize("text", ["", "a.b.c", "..", "e30.e30.e30", "é.é.é", "x" * 5000, "\x00.\x00.\x00"])
def test_what_is_no_token_is_refused(tokens: Tokens, text: str) -> None:
    with pytest.raises(Unauthenticated):
        tokens.read(text)


async def test_a_token_expires_to_the_second(tokens: Tokens, clock: ManualClock) -> None:
    text = tokens.issue(ADA).text
    await clock.advance(seconds=899)
    assert tokens.read(text).user_id == "ada"
    await clock.advance(seconds=1)
    with pytest.raises(Unauthenticated):
        tokens.read(text)


def test_after_a_rotation_the_new_secret_signs_and_the_old_still_verifies(tokens: Tokens, clock: ManualClock) -> None:
    rotated = Tokens([Secret("n" * 32), Secret(SECRET)], lifetime=900, clock=clock)
    assert rotated.read(tokens.issue(ADA).text).user_id == "ada"
    with pytest.raises(Unauthenticated):
        tokens.read(rotated.issue(ADA).text)
