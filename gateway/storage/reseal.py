"""After a rotation of ENCRYPTION_KEYS: everything an older key sealed, sealed anew with the first one."""

from __future__ import annotations

from msgspec import Struct
from piccolo.columns import Column
from piccolo.table import Table

from gateway.kit.secrets import Sealer, SealError
from gateway.storage.tables import Endpoints, Instances, Users

SEALED: tuple[tuple[type[Table], str], ...] = (
    (Users, "api_key_sealed"),
    (Instances, "credentials"),
    (Endpoints, "headers"),
    (Endpoints, "secrets"),
)
"""Every sealed column. The place a value is bound to is (table name, row id, column name)."""

_PAGE = 500


class Resealed(Struct, frozen=True, kw_only=True):
    """How many values were sealed anew, and where a value could not be opened (`table.column of row`)."""

    count: int
    unreadable: tuple[str, ...]


async def reseal(sealer: Sealer) -> Resealed:
    """Go through every sealed value. May be interrupted and run again; a gateway may run meanwhile."""
    count = 0
    unreadable: list[str] = []
    for table, name in SEALED:
        key: Column = table._meta.primary_key
        column: Column = table._meta.get_column_by_name(name)
        last = ""
        while rows := await table.select(key, column).where(key > last).order_by(key).limit(_PAGE):
            last = rows[-1][key._meta.name]
            for row in rows:
                sealed, row_id = row[name], row[key._meta.name]
                if not sealed or not sealer.needs_reseal(sealed):
                    continue
                place = {"table": table._meta.tablename, "row": row_id, "column": name}
                try:
                    plain = sealer.open(sealed, **place)
                except SealError:
                    unreadable.append(f"{table._meta.tablename}.{name} of {row_id}")
                    continue
                # Only if nobody has replaced it since: the newer secret must win.
                await table.update({column: sealer.seal(plain, **place)}).where(key == row_id, column == sealed)
                count += 1
    return Resealed(count=count, unreadable=tuple(unreadable))
