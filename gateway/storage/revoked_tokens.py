"""Login tokens that were logged out before their time."""

from __future__ import annotations

from datetime import datetime

from gateway.storage.engine import AnyEngine
from gateway.storage.tables import RevokedTokens


class RevokedTokenStore:
    """The deny list, by `jti`. A line is needed until the token would have expired by itself."""

    def __init__(self, engine: AnyEngine) -> None:
        self._engine = engine

    async def add(self, token_id: str, expires_at: datetime) -> None:
        """Refuse this token from now on; doing it twice is once."""
        row = RevokedTokens(jti=token_id, expires_at=expires_at)
        await RevokedTokens.insert(row).on_conflict(RevokedTokens.jti, "DO NOTHING")

    async def has(self, token_id: str) -> bool:
        """Whether this token was logged out."""
        return await RevokedTokens.exists().where(RevokedTokens.jti == token_id)

    async def prune(self, now: datetime) -> int:
        """Forget the tokens that have expired by themselves; how many there were."""
        gone = await RevokedTokens.delete().where(RevokedTokens.expires_at < now).returning(RevokedTokens.jti)
        return len(gone)
