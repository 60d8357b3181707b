"""The audit trail: append, read, and nothing in between."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from gateway.domain.audit import AuditLine
from gateway.domain.ids import TenantId, UserId
from gateway.domain.tenants import Principal
from gateway.storage.engine import AnyEngine
from gateway.storage.scope import within
from gateway.storage.tables import AuditLines
from gateway.storage.times import from_ms, to_ms


class AuditStore:
    """Who did what to the deployment. There is no way to change a line, only to let old ones go."""

    def __init__(self, engine: AnyEngine) -> None:
        self._engine = engine

    async def add(self, line: AuditLine) -> None:
        """Append a line."""
        row = AuditLines(
            tenant_id=line.tenant_id,
            user_id=line.user_id,
            action=line.action,
            object=line.object,
            ip=line.ip,
            result=line.result,
            created_at=to_ms(line.at),
        )
        # A transaction, because the deed is done: a switch of the database at this moment must not refuse the line.
        async with self._engine.transaction():
            await AuditLines.insert(row)

    async def list(self, who: Principal, *, limit: int, skip: int = 0) -> list[AuditLine]:
        """A page of the lines within reach, newest first."""
        query = within(AuditLines.select(), who).order_by(AuditLines.id, ascending=False)
        return [_to_line(row) for row in await query.limit(limit).offset(skip)]

    async def prune(self, before: datetime, limit: int) -> int:
        """Let up to `limit` lines from before a moment go; how many went."""
        old = await AuditLines.select(AuditLines.id).where(AuditLines.created_at < to_ms(before)).limit(limit)
        if old:
            await AuditLines.delete().where(AuditLines.id.is_in([row["id"] for row in old]))
        return len(old)


def _to_line(row: dict[str, Any]) -> AuditLine:
    return AuditLine(
        action=row["action"],
        result=row["result"],
        at=from_ms(row["created_at"]),
        tenant_id=TenantId(row["tenant_id"]) if row["tenant_id"] else None,
        user_id=UserId(row["user_id"]) if row["user_id"] else None,
        object=row["object"],
        ip=row["ip"],
    )
