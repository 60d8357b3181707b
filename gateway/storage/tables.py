"""The tables, one class a noun. The engine is bound at start by `engine.bind`, not at import.

Types are chosen to mean the same on SQLite and PostgreSQL: JSON is kept as text (PostgreSQL's JSONB would
reorder the keys of frozen bytes), machine times that are compared in SQL are integers of milliseconds since
1970, times that people read are `Timestamptz`. Lengths and formats are checked before they get here, because
SQLite checks neither.
"""

from piccolo.columns import BigInt, BigSerial, Boolean, Date, ForeignKey, Integer, Text, Timestamptz, Varchar
from piccolo.columns.base import OnDelete
from piccolo.table import Table


class Tenants(Table, tablename="tenants"):
    """The boundary nothing crosses."""

    id = Varchar(length=64, primary_key=True)
    name = Varchar(length=255)
    created_at = Timestamptz()


class Users(Table, tablename="users"):
    """People. The primary API key is also kept sealed, so that its owner can be shown it again at login."""

    id = Varchar(length=64, primary_key=True)
    tenant_id = ForeignKey(Tenants, null=False, on_delete=OnDelete.cascade, index=True)
    email = Varchar(length=320, unique=True)
    password_hash = Text()
    first_name = Varchar(length=255, default="")
    last_name = Varchar(length=255, default="")
    role = Varchar(length=16)
    api_key_sealed = Text(default="")
    token_version = Integer(default=0)
    is_active = Boolean(default=True)
    created_at = Timestamptz()
    updated_at = Timestamptz()


class ApiKeys(Table, tablename="api_keys"):
    """Keys by prefix and digest; never the key itself."""

    id = Varchar(length=64, primary_key=True)
    tenant_id = ForeignKey(Tenants, null=False, on_delete=OnDelete.cascade, index=True)
    user_id = ForeignKey(Users, null=False, on_delete=OnDelete.cascade, index=True)
    name = Varchar(length=255, default="")
    prefix = Varchar(length=32, index=True)
    digest = Varchar(length=64, unique=True)
    is_primary = Boolean(default=False)
    allowed_ips = Text(default="[]")
    created_at = Timestamptz()
    expires_at = Timestamptz(null=True, default=None)
    revoked_at = Timestamptz(null=True, default=None)


class RevokedTokens(Table, tablename="revoked_tokens"):
    """JWT ids that were logged out, until they would have expired anyway."""

    jti = Varchar(length=64, primary_key=True)
    expires_at = Timestamptz(index=True)


class Instances(Table, tablename="instances"):
    """A tenant's presence on a provider. `credentials` is a sealed JSON object."""

    id = Varchar(length=64, primary_key=True)
    tenant_id = ForeignKey(Tenants, null=False, on_delete=OnDelete.cascade, index=True)
    user_id = ForeignKey(Users, null=False, on_delete=OnDelete.cascade)
    name = Varchar(length=255)
    description = Text(default="")
    label = Varchar(length=255, default="")
    provider = Varchar(length=32)
    credentials = Text(default="")
    key_digest = Varchar(length=64, null=True, default=None, index=True)
    wanted = Boolean(default=True)
    state = Varchar(length=32)
    state_code = Varchar(length=64, default="")
    state_sentence = Text(default="")
    state_at = Timestamptz()
    state_until = Timestamptz(null=True, default=None)
    account = Varchar(length=255, default="")
    options = Text(default="{}")
    token_digest = Varchar(length=64, null=True, default=None, index=True)
    errors_seen = BigInt(default=0)  # errors up to this row of state_changes were cleared by a person
    created_at = Timestamptz(index=True)
    updated_at = Timestamptz()


class InstanceKeys(Table, tablename="instance_keys"):
    """The keys an instance had, masked, and how often each was used. The one without an end is in use."""

    id = BigSerial(primary_key=True)
    tenant_id = Varchar(length=64)
    instance_id = ForeignKey(Instances, null=False, on_delete=OnDelete.cascade, index=True)
    mask = Varchar(length=64)
    uses = BigInt(default=0)
    first_used_at = BigInt(null=True, default=None)
    last_used_at = BigInt(null=True, default=None)
    created_at = BigInt()
    retired_at = BigInt(null=True, default=None)


class StateChanges(Table, tablename="state_changes"):
    """Where a session has stood, for as long as the activity log. A login code is kept masked."""

    id = BigSerial(primary_key=True)
    tenant_id = Varchar(length=64)
    instance_id = ForeignKey(Instances, null=False, on_delete=OnDelete.cascade, index=True)
    state = Varchar(length=32)
    code = Varchar(length=64, default="")
    sentence = Text(default="")
    is_error = Boolean(default=False)
    login_mask = Varchar(length=64, null=True, default=None)
    login_expires_at = BigInt(null=True, default=None)
    created_at = BigInt(index=True)


class Endpoints(Table, tablename="endpoints"):
    """URLs that want events. `secrets` is a sealed JSON list, newest first."""

    id = Varchar(length=64, primary_key=True)
    tenant_id = ForeignKey(Tenants, null=False, on_delete=OnDelete.cascade, index=True)
    instance_id = ForeignKey(Instances, null=True, default=None, on_delete=OnDelete.cascade, index=True)
    url = Text()
    enabled = Boolean(default=True)
    is_first = Boolean(default=False)
    format = Varchar(length=16)
    filter = Text(default="{}")
    headers = Text(default="")
    secrets = Text(default="")
    max_retries = Integer()
    retry_interval_ms = BigInt(null=True, default=None)
    ordering = Varchar(length=16)
    concurrency = Integer()
    rate_limit = Integer(null=True, default=None)
    disabled_reason = Text(null=True, default=None)
    disabled_at = Timestamptz(null=True, default=None)
    failing_since = BigInt(null=True, default=None)
    last_failure_at = BigInt(null=True, default=None)
    failures = Integer(default=0)
    created_at = Timestamptz()
    updated_at = Timestamptz()


class Sequences(Table, tablename="sequences"):
    """The last number given to an event of a conversation. `key` is `<instance>|<conversation>`."""

    key = Varchar(length=512, primary_key=True)
    instance_id = ForeignKey(Instances, null=False, on_delete=OnDelete.cascade, index=True)
    value = BigInt(default=0)


class Events(Table, tablename="events"):
    """The log. `position` grows in commit order, because one task commits; see `EventStore.append` for its value."""

    position = BigInt(primary_key=True)
    id = Varchar(length=64, unique=True)
    tenant_id = Varchar(length=64)
    instance_id = ForeignKey(Instances, null=False, on_delete=OnDelete.cascade)
    type = Varchar(length=48)
    conversation = Varchar(length=255, default="")
    sequence = BigInt()
    dedupe_key = Varchar(length=255, null=True, default=None)
    body = Text()
    at = BigInt()
    created_at = BigInt(index=True)


class Deliveries(Table, tablename="deliveries"):
    """The outbox: one row for each event owed to an endpoint. Times are milliseconds since 1970."""

    id = BigSerial(primary_key=True)
    tenant_id = Varchar(length=64)
    instance_id = ForeignKey(Instances, null=False, on_delete=OnDelete.cascade, index=True)
    endpoint_id = ForeignKey(Endpoints, null=False, on_delete=OnDelete.cascade)
    event_id = Varchar(length=64)
    event_type = Varchar(length=48)
    conversation = Varchar(length=255, default="")
    payload = Text()
    state = Varchar(length=16)
    trigger = Varchar(length=16, default="schedule")
    owner = Varchar(length=64, null=True, default=None)
    lease_until = BigInt(default=0)
    attempt = Integer(default=0)  # counts claims, so it fences: a completion names the claim it answers
    failures = Integer(default=0)  # counts failed tries of the schedule; a claim lost to a crash is not one
    resume_state = Varchar(length=16, null=True, default=None)  # where a failed manual try goes back to
    resume_due = BigInt(null=True, default=None)
    due = BigInt()
    created_at = BigInt(index=True)
    finished_at = BigInt(null=True, default=None)
    last_status = Integer(null=True, default=None)
    last_error = Text(null=True, default=None)


class Attempts(Table, tablename="attempts"):
    """Each HTTP try of a delivery, with what came back."""

    id = BigSerial(primary_key=True)
    delivery_id = ForeignKey(Deliveries, null=False, on_delete=OnDelete.cascade, index=True)
    number = Integer()
    trigger = Varchar(length=16)
    started_at = BigInt(index=True)
    duration_ms = Integer()
    address = Varchar(length=64, null=True, default=None)
    status = Integer(null=True, default=None)
    response = Text(default="")
    error = Text(null=True, default=None)
    next_attempt_at = BigInt(null=True, default=None)


class Messages(Table, tablename="messages"):
    """What was said. Unique by (instance, chat, network id): a redelivered message stops here."""

    id = Varchar(length=64, primary_key=True)
    tenant_id = Varchar(length=64)
    instance_id = ForeignKey(Instances, null=False, on_delete=OnDelete.cascade)
    chat = Varchar(length=255)
    network_id = Varchar(length=255)
    from_me = Boolean()
    kind = Varchar(length=32)
    text = Text(default="")
    body = Text()
    status = Varchar(length=16)
    status_rank = Integer()
    status_at = Timestamptz(null=True, default=None)
    media_url = Text(null=True, default=None)
    source = Varchar(length=16, default="")
    sent_at = BigInt()
    created_at = BigInt(index=True)
    updated_at = BigInt()
    edited_at = BigInt(null=True, default=None)
    deleted_at = BigInt(null=True, default=None)


class Contacts(Table, tablename="contacts"):
    """The address book. `name` is what our users call them, `book_name` what the linked phone's address book says,
    `push_name` what the network says. One row a person: `address` is the phone-number name once that is known, and
    `lid` is the other name.
    """

    id = Varchar(length=64, primary_key=True)
    tenant_id = Varchar(length=64)
    instance_id = ForeignKey(Instances, null=False, on_delete=OnDelete.cascade)
    address = Varchar(length=255)
    pn = Varchar(length=255, null=True, default=None)
    lid = Varchar(length=255, null=True, default=None)
    name = Text(default="")
    book_name = Text(default="")
    push_name = Text(default="")
    number = Varchar(length=64, default="")
    username = Varchar(length=255, null=True, default=None)
    is_group = Boolean(default=False)
    picture_url = Text(null=True, default=None)
    about = Text(null=True, default=None)
    last_activity_at = BigInt(null=True, default=None)
    created_at = BigInt()
    updated_at = BigInt()


class Chats(Table, tablename="chats"):
    """Conversations an instance has seen."""

    id = Varchar(length=64, primary_key=True)
    tenant_id = Varchar(length=64)
    instance_id = ForeignKey(Instances, null=False, on_delete=OnDelete.cascade)
    address = Varchar(length=255)
    kind = Varchar(length=16)
    title = Text(default="")
    username = Varchar(length=255, null=True, default=None)
    last_message_at = BigInt(null=True, default=None)


class UsageDays(Table, tablename="usage_days"):
    """Seven counters of an instance on a UTC day."""

    key = Varchar(length=128, primary_key=True)
    tenant_id = Varchar(length=64)
    instance_id = ForeignKey(Instances, null=False, on_delete=OnDelete.cascade, index=True)
    day = Date()
    messages_sent = BigInt(default=0)
    messages_received = BigInt(default=0)
    media_sent = BigInt(default=0)
    media_received = BigInt(default=0)
    total_media_size = BigInt(default=0)
    api_calls = BigInt(default=0)
    webhook_sent = BigInt(default=0)


class UsageLimits(Table, tablename="usage_limits"):
    """What may be done within a window. `key` names the owner: `default`, `user|<id>` or `instance|<id>`."""

    key = Varchar(length=128, primary_key=True)
    tenant_id = Varchar(length=64, null=True, default=None)
    user_id = ForeignKey(Users, null=True, default=None, on_delete=OnDelete.cascade, index=True)
    instance_id = ForeignKey(Instances, null=True, default=None, on_delete=OnDelete.cascade, index=True)
    limits = Text(default="{}")
    updated_at = Timestamptz()


class Activities(Table, tablename="activities"):
    """What happened, for people."""

    id = BigSerial(primary_key=True)
    tenant_id = Varchar(length=64)
    instance_id = ForeignKey(Instances, null=False, on_delete=OnDelete.cascade)
    user_id = Varchar(length=64, null=True, default=None)
    ip = Varchar(length=64, null=True, default=None)
    action = Varchar(length=64)
    details = Text(default="{}")
    created_at = BigInt(index=True)


class AuditLines(Table, tablename="audit"):
    """Who did what to the deployment: logins, users, keys. Append-only."""

    id = BigSerial(primary_key=True)
    tenant_id = Varchar(length=64, null=True, default=None)
    user_id = Varchar(length=64, null=True, default=None)
    action = Varchar(length=64)
    object = Varchar(length=255, default="")
    ip = Varchar(length=64, null=True, default=None)
    result = Varchar(length=32)
    created_at = BigInt(index=True)


class IdempotencyKeys(Table, tablename="idempotency_keys"):
    """Answers kept for a day, so that a repeated send is answered and not repeated."""

    key = Varchar(length=64, primary_key=True)
    tenant_id = Varchar(length=64)
    request_digest = Varchar(length=64)
    state = Varchar(length=16)
    answer = Text(default="")
    created_at = BigInt(index=True)


class Bulks(Table, tablename="bulks"):
    """Texts for many. `variables` is a JSON object; one without `finished_at` is taken up again at the next start."""

    id = Varchar(length=64, primary_key=True)
    tenant_id = Varchar(length=64)
    instance_id = ForeignKey(Instances, null=False, on_delete=OnDelete.cascade, index=True)
    state = Varchar(length=16)
    message = Text()
    variables = Text(default="{}")
    delay_ms = Integer()
    strategy = Varchar(length=16)
    attempts = Integer(default=1)
    total = Integer()
    created_at = BigInt()
    started_at = BigInt(null=True, default=None)
    finished_at = BigInt(null=True, default=None, index=True)


class BulkSends(Table, tablename="bulk_sends"):
    """The recipients of a bulk, in order. `sending` is committed before a message may leave."""

    id = BigSerial(primary_key=True)
    tenant_id = Varchar(length=64)
    instance_id = ForeignKey(Instances, null=False, on_delete=OnDelete.cascade, index=True)
    bulk_id = ForeignKey(Bulks, null=False, on_delete=OnDelete.cascade, index=True)
    place = Integer()
    recipient = Varchar(length=255)
    name = Text(default="")
    custom_message = Text(null=True, default=None)
    state = Varchar(length=16)
    attempts = Integer(default=0)
    message_id = Varchar(length=255, null=True, default=None)
    error = Text(null=True, default=None)
    changed_at = BigInt(null=True, default=None)


ALL_TABLES: tuple[type[Table], ...] = (
    Tenants,
    Users,
    ApiKeys,
    RevokedTokens,
    Instances,
    InstanceKeys,
    StateChanges,
    Endpoints,
    Sequences,
    Events,
    Deliveries,
    Attempts,
    Messages,
    Contacts,
    Chats,
    UsageDays,
    UsageLimits,
    Activities,
    AuditLines,
    IdempotencyKeys,
    Bulks,
    BulkSends,
)
"""In an order in which each comes after what it points to."""
