"""Read-only views for people who read the database with SQL, under the names the Instance Manager's tables had.

`message_instances` is every instance, `all_instances` the same with `table_source`, and each network has its own.
No view shows a secret: network tokens are masked, what is sealed or hashed is not looked at, of URLs only the part
before the query is told, and of an agent only what the gateway itself knows about it.

A migration that changes a column named here drops the views first and makes them anew: PostgreSQL refuses to change
what a view uses, and SQLite to change any table while a view cannot be read. These are the definitions of the first
version; changed ones go into statements of their own, because older migrations run before their columns are there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from gateway.storage.templates import Kind

EVERY, SOURCED = "message_instances", "all_instances"
MASK = "***"

_MASKED, _SEALED = f"'{MASK}'", "CAST(NULL AS TEXT)"
_SEALED_NUMBERS = "CAST(NULL AS INTEGER)"

NETWORKS: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = MappingProxyType(
    {
        "whatsappweb_instances": ("whatsappweb", {}),
        "telegram_instances": (
            "telegram",
            {
                "bot_token": _MASKED,
                "bot_username": "CASE WHEN account LIKE '@%' THEN substr(account, 2) END",
                "webhook_url": _SEALED,
                "webhook_secret": _SEALED,
            },
        ),
        "whatsapp_official_instances": (
            "whatsapp-official",
            {
                "phone_number_id": _SEALED,
                "access_token": _MASKED,
                "webhook_verify_token": _SEALED,
                "business_account_id": _SEALED,
                "api_version": _SEALED,
            },
        ),
        "facebook_messenger_instances": (
            "facebook-messenger",
            {
                "page_access_token": _MASKED,
                "page_id": _SEALED,
                "app_secret": _MASKED,
                "webhook_verify_token": _SEALED,
                "api_version": _SEALED,
            },
        ),
        "instagram_instances": (
            "instagram",
            {
                "access_token": _MASKED,
                "instagram_user_id": _SEALED,
                "app_secret": _SEALED,
                "webhook_verify_token": _SEALED,
            },
        ),
        "slack_instances": (
            "slack",
            {
                "bot_token": _MASKED,
                "app_token": _SEALED,
                "signing_secret": _MASKED,
                "team_id": _SEALED,
                "socket_mode": _SEALED,
                "webhook_url": _SEALED,
            },
        ),
        "discord_instances": (
            "discord",
            {
                "bot_token": _MASKED,
                "client_id": _SEALED,
                "guild_id": _SEALED,
                "application_id": _SEALED,
                "intents": _SEALED,
            },
        ),
    }
)
"""By view: the network's wire name, and the columns its table had beyond the common ones. What lies sealed with the
credentials cannot be read by SQL; a column stays for it, so that no query fails."""

VIEWS: Final[Sequence[str]] = (EVERY, SOURCED, *NETWORKS)
"""In the order in which each finds what it reads."""


def creating(kind: Kind) -> list[str]:
    """The statements that make the views."""
    return [
        f"CREATE VIEW {EVERY} AS {_every(kind)}",
        f"CREATE VIEW {SOURCED} AS SELECT m.*, m.provider AS table_source FROM {EVERY} m",  # noqa: S608 - names are ours
        *(f"CREATE VIEW {view} AS {_of_network(*parts)}" for view, parts in NETWORKS.items()),
    ]


def dropping() -> list[str]:
    """The statements that remove them."""
    return [f"DROP VIEW IF EXISTS {view}" for view in reversed(VIEWS)]


def _of_network(wire_name: str, columns: Mapping[str, str]) -> str:
    more = "".join(f", {expression} AS {name}" for name, expression in columns.items())
    return f"SELECT m.*{more} FROM {EVERY} m WHERE m.provider = '{wire_name}'"  # noqa: S608 - names are ours


def _every(kind: Kind) -> str:
    columns = {
        "id": "i.id",
        "company_id": "i.label",
        "user_id": "i.label",
        "provider": "i.provider",
        "type_instance": _SERVES[kind],
        "port_api": _SEALED_NUMBERS,  # the gateway's own, which the database does not know
        "port_mcp": _SEALED_NUMBERS,
        "api_key": f"CASE WHEN i.key_digest IS NULL THEN i.id ELSE ({_in_use('k.mask')}) END",
        "api_key_generated_at": f"COALESCE(({_in_use(_moment('k.created_at', kind))}), i.created_at)",
        "last_qr_generated_at": f"(SELECT {_moment('max(s.created_at)', kind)} FROM state_changes s"  # noqa: S608 - ours
        " WHERE s.instance_id = i.id AND s.state = 'login_required')",
        "api_webhook_schema": f"COALESCE((SELECT {_WEBHOOK[kind]} FROM endpoints e"  # noqa: S608 - names are ours
        f" WHERE e.instance_id = i.id AND e.is_first LIMIT 1), {_NO_OBJECT[kind]})",
        "mcp_schema": _NO_OBJECT[kind],  # anything may stand in it, keys as well
        "agno_config": _AGENT[kind],
        "created_at": "i.created_at",
        "updated_at": "i.updated_at",
        "auth_status": _cases(_AUTH_STATUSES),
        "account": "NULLIF(i.account, '')",
        "whatsapp_state": f"CASE WHEN i.provider = 'whatsappweb' THEN {_cases(_WHATSAPP_STATES)} END",
        "token": f"CASE WHEN i.provider = 'telegram' THEN {_MASKED} END",
        "name": "i.name",
        "status": "CASE WHEN i.state IN ('stopped', 'logged_out', 'failed') THEN 'stopped' ELSE 'running' END",
        "memory_status": _cases(_LIFE_CYCLES),
        "tenant_id": "t.id",
    }
    listed = ", ".join(f"{expression} AS {name}" for name, expression in columns.items())
    # A view of two tables: PostgreSQL would let people write through one of a single table.
    return f"SELECT {listed} FROM instances i JOIN tenants t ON t.id = i.tenant_id"  # noqa: S608 - names are ours


def _in_use(what: str) -> str:
    return (
        f"SELECT {what} FROM instance_keys k WHERE k.instance_id = i.id AND k.retired_at IS NULL"  # noqa: S608 - ours
        " ORDER BY k.id DESC LIMIT 1"
    )


def _moment(milliseconds: str, kind: Kind) -> str:
    if kind == "postgres":
        return f"to_timestamp({milliseconds} / 1000.0)"
    return f"strftime('%Y-%m-%d %H:%M:%f+00:00', {milliseconds} / 1000.0, 'unixepoch')"


def _cases(words: Mapping[str, str]) -> str:
    cases = " ".join(f"WHEN '{state}' THEN '{word}'" for state, word in words.items() if state)
    return f"CASE i.state {cases} ELSE '{words['']}' END"


_AUTH_STATUSES = {
    "starting": "pending",
    "login_required": "qr_ready",
    "connected": "client_ready",
    "logged_out": "failed",
    "failed": "failed",
    "": "disconnected",
}
_LIFE_CYCLES = {
    "stopped": "stopped",
    "login_required": "qr_ready",
    "connected": "client_ready",
    "restricted": "error",
    "logged_out": "error",
    "failed": "error",
    "": "start",
}
_WHATSAPP_STATES = {"login_required": "QR_READY", "connected": "READY", "": "DISCONNECTED"}
"""Words by session state; the one without a state is for all others. As the HTTP surface says them."""

_NO_OBJECT: Mapping[Kind, str] = {"sqlite": "json_object()", "postgres": "jsonb_build_object()"}
_SERVES: Mapping[Kind, str] = {
    "sqlite": "COALESCE(json_extract(i.options, '$.serves'), json_array('api'))",
    "postgres": (
        "COALESCE((SELECT array_agg(word) FROM json_array_elements_text(CAST(i.options AS json) -> 'serves') AS word),"
        " ARRAY['api'])"
    ),
}


def _yes_or_no(condition: str) -> str:
    """A JSON boolean for SQLite, which has none of its own."""
    return f"json(CASE {condition} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)"


def _bare(url: str, kind: Kind) -> str:
    """A URL up to its query or fragment, where credentials are wont to be."""
    for mark in "?#":
        if kind == "postgres":
            url = f"split_part({url}, '{mark}', 1)"
        else:
            url = f"substr({url}, 1, instr({url} || '{mark}', '{mark}') - 1)"
    return url


_WEBHOOK: Mapping[Kind, str] = {
    "sqlite": f"json_object('url', {_bare('e.url', 'sqlite')}, 'enabled', {_yes_or_no('e.enabled')})",
    "postgres": f"jsonb_build_object('url', {_bare('e.url', 'postgres')}, 'enabled', e.enabled)",
}


def _agent(kind: Kind) -> str:
    def of_sqlite(name: str) -> str:
        return f"json_extract(i.options, '$.agent.{name}')"

    def of_postgres(name: str) -> str:
        return f"CAST(i.options AS json) -> 'agent' -> '{name}'"

    if kind == "sqlite":
        there = "json_extract(i.options, '$.agent') IS NULL"
        parts = {
            "enabled": _yes_or_no(of_sqlite("enabled")),
            "agent_id": of_sqlite("agent_id"),
            "agnoUrl": _bare(of_sqlite("agnoUrl"), kind),
            "stream": _yes_or_no(of_sqlite("stream")),
            "model": of_sqlite("model"),
        }
        made = "json_object"
    else:
        there = "CAST(i.options AS json) -> 'agent' IS NULL"
        parts = {name: of_postgres(name) for name in ("enabled", "agent_id", "agnoUrl", "stream", "model")}
        parts["agnoUrl"] = _bare("(CAST(i.options AS json) -> 'agent' ->> 'agnoUrl')", kind)
        made = "jsonb_build_object"
    listed = ", ".join(f"'{name}', {expression}" for name, expression in parts.items())
    return f"CASE WHEN {there} THEN {_NO_OBJECT[kind]} ELSE {made}({listed}) END"


_AGENT: Mapping[Kind, str] = {"sqlite": _agent("sqlite"), "postgres": _agent("postgres")}
