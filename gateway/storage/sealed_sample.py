"""Whether the keys at hand are those a database was sealed with, before somebody finds out the hard way."""

from __future__ import annotations

from gateway.kit.secrets import Sealer, SealError
from gateway.storage.engine import Engine
from gateway.storage.reseal import SEALED


async def can_be_opened(engine: Engine, sealer: Sealer) -> bool:
    """Try one value of each sealed column; True also when there is none."""
    for table, name in SEALED:
        tablename, key = table._meta.tablename, table._meta.primary_key._meta.db_column_name
        rows = await engine.execute(
            f'SELECT "{key}" AS row, "{name}" AS sealed FROM {tablename} WHERE "{name}" <> \'\' LIMIT 1',  # noqa: S608 - names are ours
            (),
        )
        for each in rows:
            try:
                sealer.open(each["sealed"], table=tablename, row=each["row"], column=name)
            except SealError:
                return False
    return True
