"""Indexes that Piccolo's columns cannot say: composite and partial ones. Migrations run them on both
databases, after those that make their columns.

A partial index is only used when the query spells its condition the same way, with literals and not with values;
the queries in outbox.py do.
"""

from __future__ import annotations

DELIVERY_INDEXES: tuple[str, ...] = (
    # The claim: what is due at one endpoint, oldest first.
    "CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (endpoint_id, due, id) WHERE state = 'pending'",
    # Strict order: the head of a conversation.
    """CREATE INDEX IF NOT EXISTS deliveries_open ON deliveries (endpoint_id, conversation, id)
 WHERE state IN ('pending', 'leased')""",
    # Leases of a process that died, at the next start and every half minute.
    "CREATE INDEX IF NOT EXISTS deliveries_leased ON deliveries (lease_until) WHERE state = 'leased'",
    # Lists by endpoint, redelivery by range, and the cascade when an endpoint is deleted.
    "CREATE INDEX IF NOT EXISTS deliveries_endpoint ON deliveries (endpoint_id, id)",
    # Lists by tenant.
    "CREATE INDEX IF NOT EXISTS deliveries_tenant ON deliveries (tenant_id, id)",
    # Pruning, and dead letters.
    "CREATE INDEX IF NOT EXISTS deliveries_finished ON deliveries (state, finished_at) WHERE finished_at IS NOT NULL",
)

SEEN_INDEXES: tuple[str, ...] = (
    # A redelivered message stops here.
    "CREATE UNIQUE INDEX IF NOT EXISTS messages_once ON messages (instance_id, chat, network_id)",
    # A chat's history, newest first.
    "CREATE INDEX IF NOT EXISTS messages_history ON messages (instance_id, chat, created_at, id)",
    # A redelivered event of any other kind stops here.
    "CREATE UNIQUE INDEX IF NOT EXISTS events_once ON events (instance_id, dedupe_key) WHERE dedupe_key IS NOT NULL",
    # The log of one instance, by cursor.
    "CREATE INDEX IF NOT EXISTS events_log ON events (instance_id, position)",
    "CREATE UNIQUE INDEX IF NOT EXISTS contacts_once ON contacts (instance_id, address)",
    "CREATE UNIQUE INDEX IF NOT EXISTS chats_once ON chats (instance_id, address)",
    "CREATE INDEX IF NOT EXISTS activities_log ON activities (instance_id, id)",
)

FIRST_INDEXES: tuple[str, ...] = DELIVERY_INDEXES + SEEN_INDEXES
"""Those of the first migrations. Whatever comes later goes into a list of its own: its columns are not there yet."""

NAME_INDEXES: tuple[str, ...] = (
    # Who is behind WhatsApp's hidden name.
    "CREATE INDEX IF NOT EXISTS contacts_by_lid ON contacts (instance_id, lid) WHERE lid IS NOT NULL",
    # Presence is forgotten long before the rest of the log.
    "CREATE INDEX IF NOT EXISTS events_fleeting ON events (created_at) WHERE type = 'presence.changed'",
)

SIDE_INDEXES: tuple[str, ...] = (
    # The last message each way, of an instance among thousands.
    "CREATE INDEX IF NOT EXISTS messages_sides ON messages (instance_id, from_me, created_at)",
)

ALL_INDEXES: tuple[str, ...] = FIRST_INDEXES + NAME_INDEXES + SIDE_INDEXES
"""In an order in which they may be run; each may be run again."""
