"""The statements of the outbox, as texts. `{}` stands where values go; which values is said at each.

Rows that belong together travel as one JSON argument (`json_each` on SQLite, `json_to_recordset` on PostgreSQL):
one text whatever their number, hence one prepared statement.
"""

from __future__ import annotations

from functools import lru_cache

from gateway.storage.templates import Kind, numbered_or_marked, rows_of

# Casts: SQLite keeps whatever was written into a column, and a converter that chokes on one row would lose the batch.
LEASED_COLUMNS = """id, tenant_id, instance_id, endpoint_id, event_id, payload, "trigger", resume_state,
 CAST(attempt AS INTEGER) AS attempt, CAST(failures AS INTEGER) AS failures,
 CAST(resume_due AS BIGINT) AS resume_due, CAST(created_at AS BIGINT) AS created_at"""


def due_sql(strict: bool) -> str:
    """The ids of up to so many deliveries of an endpoint that are due. Values: endpoint, now, limit."""
    # Ordered as the index is. In strict order, whatever is older in its conversation has to be over first.
    blocked = (
        " AND NOT EXISTS (SELECT 1 FROM deliveries b WHERE b.endpoint_id = d.endpoint_id"
        " AND b.conversation = d.conversation AND b.id < d.id AND b.state IN ('pending', 'leased')"
        " AND b.instance_id = d.instance_id)"
    )
    return (
        "SELECT d.id FROM deliveries d WHERE d.endpoint_id = {} AND d.state = 'pending' AND d.due <= {}"  # noqa: S608 - texts of ours
        f"{blocked if strict else ''} ORDER BY d.due, d.id LIMIT {{}}"
    )


@lru_cache(maxsize=1024)
def claim_sql(kind: Kind, plain: int, strict: int) -> str:
    """Lease what is due at so many endpoints. Values: owner, lease end, then endpoint, now, limit of each."""
    # The lock keeps PostgreSQL from waiting for a row that somebody else is deleting or editing.
    lock = " FOR UPDATE OF d SKIP LOCKED" if kind == "postgres" else ""
    terms = [due_sql(False)] * plain + [due_sql(True)] * strict
    union = " UNION ALL ".join(
        f"SELECT id FROM ({term}{lock}) AS c{place}"  # noqa: S608 - texts of ours
        for place, term in enumerate(terms)
    )
    template = (
        "UPDATE deliveries SET state = 'leased', owner = {}, lease_until = {}, attempt = attempt + 1"  # noqa: S608 - texts of ours
        f" WHERE id IN ({union}) RETURNING {LEASED_COLUMNS}"
    )
    return numbered_or_marked(template, kind)


_COMPLETION_FIELDS = (
    ("id", "bigint"),
    ("attempt", "integer"),
    ("state", "text"),
    ("due", "bigint"),
    ("failures", "integer"),
    ("finished_at", "bigint"),
    ("last_status", "integer"),
    ("last_error", "text"),
)
_TRIED_FIELDS = (
    ("delivery_id", "bigint"),
    ("number", "integer"),
    ("trigger", "text"),
    ("started_at", "bigint"),
    ("duration_ms", "integer"),
    ("address", "text"),
    ("status", "integer"),
    ("response", "text"),
    ("error", "text"),
    ("next_attempt_at", "bigint"),
)


@lru_cache(maxsize=2)
def complete_sql(kind: Kind) -> str:
    """End claims that are still the owner's. Values: completions as a JSON array, owner."""
    # Only a leased row has an owner. Asking for its state as well would invite PostgreSQL to go through the index of
    # leased rows, which is short but full of the dead entries of everything delivered since the last vacuum.
    return f"""UPDATE deliveries SET state = v.state, due = v.due, failures = v.failures, owner = NULL, lease_until = 0,
     finished_at = COALESCE(v.finished_at, deliveries.finished_at), last_status = v.last_status,
     last_error = v.last_error, "trigger" = 'schedule', resume_state = NULL, resume_due = NULL
     FROM {rows_of(kind, _COMPLETION_FIELDS)}
     WHERE deliveries.id = v.id AND deliveries.attempt = v.attempt AND deliveries.owner = {{}}
     RETURNING deliveries.id AS id"""  # noqa: S608 - names are ours


@lru_cache(maxsize=2)
def log_sql(kind: Kind) -> str:
    """Log tries. Value: a JSON array."""
    names = ", ".join(f'"{name}"' for name, _ in _TRIED_FIELDS)
    return f"INSERT INTO attempts ({names}) SELECT {names} FROM {rows_of(kind, _TRIED_FIELDS)}"  # noqa: S608 - names are ours


@lru_cache(maxsize=256)
def next_due_sql(count: int) -> str:
    """The earliest due time after a moment at each of so many endpoints. Values: endpoint, moment of each."""
    return " UNION ALL ".join(
        "SELECT * FROM (SELECT endpoint_id, due FROM deliveries WHERE endpoint_id = {} AND state = 'pending'"  # noqa: S608 - a counter is all that is put in
        f" AND due > {{}} ORDER BY due LIMIT 1) AS n{place}"
        for place in range(count)
    )
