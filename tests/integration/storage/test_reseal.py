"""A key rotation ends: everything is sealed with the new key, nothing is lost, and nothing newer is overwritten."""

from __future__ import annotations

import ast
import re
from datetime import UTC, datetime
from pathlib import Path

from gateway.kit.secrets import Sealer
from gateway.settings import EncryptionKey
from gateway.storage.engine import bind, make_engine
from gateway.storage.migrate import migrate
from gateway.storage.reseal import SEALED, reseal
from gateway.storage.tables import ALL_TABLES, Tenants, Users

OLD, NEW = EncryptionKey("old", b"o" * 32), EncryptionKey("new", b"n" * 32)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


async def test_what_an_older_key_sealed_is_sealed_anew(database_url: str) -> None:
    engine = make_engine(database_url)
    bind(engine, ALL_TABLES)
    await engine.open()
    try:
        await migrate(engine)
        await Tenants.insert(Tenants(id="t", name="t", created_at=NOW))
        place = {"table": "users", "column": "api_key_sealed"}
        before = Sealer([OLD])
        sealed = {f"u{n}": before.seal(f"key of u{n}", row=f"u{n}", **place) for n in range(3)}
        sealed["moved"] = before.seal("key of somebody else", row="u0", **place)
        sealed["empty"] = ""
        for name, text in sealed.items():
            await Users.insert(
                Users(
                    id=name,
                    tenant_id="t",
                    email=name,
                    password_hash="x",
                    role="owner",
                    api_key_sealed=text,
                    created_at=NOW,
                    updated_at=NOW,
                )
            )
        done = await reseal(Sealer([NEW, OLD]))
        assert (done.count, done.unreadable) == (3, ("users.api_key_sealed of moved",))
        after = Sealer([NEW])
        rows = {row["id"]: row["api_key_sealed"] for row in await Users.select(Users.id, Users.api_key_sealed)}
        assert [after.open(rows[f"u{n}"], row=f"u{n}", **place) for n in range(3)] == [f"key of u{n}" for n in range(3)]
        assert rows["empty"] == ""
        assert (await reseal(Sealer([NEW, OLD]))).count == 0
    finally:
        await engine.close()


def test_every_place_that_seals_is_resealed() -> None:
    """Reads the stores: a column that is sealed somewhere and missing in SEALED would be lost with its old key."""
    sealed = set()
    for path in Path("gateway/storage").glob("*.py"):
        source = path.read_text()
        if ".seal(" not in source or path.name == "reseal.py":
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call | ast.Dict):
                text = ast.unparse(node)
                table = re.search(r"table['\"]?[=:] ?'(\w+)'", text)
                column = re.search(r"column['\"]?[=:] ?'(\w+)'", text)
                if table and column:
                    sealed.add((table[1], column[1]))
    assert sealed == {(table._meta.tablename, name) for table, name in SEALED}
