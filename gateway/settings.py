"""Everything that can be configured, read once from the environment into one frozen Struct.

The variable of a field is its name in capitals. The docstring under each field is its documentation: `make docs`
turns them into docs/settings.md. An unset or empty variable means the default.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self, get_type_hints
from zoneinfo import ZoneInfo

import msgspec

from gateway.database_choice import FILE, read_choice
from gateway.environment import (
    EncryptionKey,
    Network,
    Rule,
    Secret,
    SettingsError,
    choice,
    cron,
    duration,
    encryption_keys,
    flag,
    kept,
    networks,
    origins,
    secret,
    secrets_list,
    share,
    sqlite_file,
    text,
    url,
    whole,
    zone,
)

__all__ = ["EncryptionKey", "Secret", "Settings", "SettingsError"]

_PER_SECOND = whole(1, 1_000_000, example="100")
_PER_WINDOW = whole(0, 1_000_000, example="100")
_DAYS = whole(0, 36_500, example="30")
_WELL_KNOWN = (
    "your-",
    "changeme",
    "change-me",
    "change_me",
    "example",
    "default",
    "secretsecret",
    "password",
    "123456",
)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How this gateway runs. `Settings()` is a development gateway on SQLite; tests override by keyword."""

    host: Annotated[str, text("127.0.0.1", "an address or host name to listen on", r"[A-Za-z0-9.:\-_]+")] = "127.0.0.1"
    """Address to listen on. `0.0.0.0` or `::` opens it to the network: put TLS in front."""

    port: Annotated[int, whole(0, 65535, example="3000")] = 3000
    """Port to listen on. 0 lets the system choose one."""

    base_url: Annotated[str | None, url("https", "http", example="https://gateway.example.com")] = None
    """Public URL of this gateway, as messenger networks reach it. Needed for webhook mode of Telegram."""

    environment: Annotated[
        Literal["development", "production"],
        choice({"development": "development", "test": "development", "production": "production"}, alias="NODE_ENV"),
    ] = "development"
    """`production` refuses missing or weak secrets, logs JSON and lets outgoing calls use https only. `NODE_ENV` is
    read as well."""

    data_dir: Annotated[Path, Rule(Path, "a folder", "./data")] = Path("data")
    """Folder for the SQLite file, kept media, device stores and, in development, generated secrets."""

    # --- database

    database_provider: Annotated[
        Literal["sqlite", "postgres"], choice({"sqlite": "sqlite", "postgres": "postgres", "postgresql": "postgres"})
    ] = "sqlite"
    """Which database to use when both are configured. Unset: PostgreSQL if `DATABASE_URL` is set, else SQLite. A switch
    (`POST /api/db/switch`) outlives a restart: what it chose is kept in `database.json` in `DATA_DIR` and goes before
    this."""

    database_url: Annotated[
        Secret | None,
        secret("a PostgreSQL URL", "postgresql://gateway:...@localhost:5432/gateway", r"postgres(ql)?://\S+"),
    ] = None
    """The PostgreSQL database."""

    sqlite_database_url: Annotated[Path | None, sqlite_file()] = None
    """The SQLite file: a path, `file:path` or `sqlite:///path`. Default: `gateway.db` in `DATA_DIR`."""

    # --- who may

    jwt_secret: Annotated[tuple[Secret, ...], secrets_list(32)] = ()
    """Signs login tokens. For a rotation give `current,previous`: the first signs, all are accepted. Required in
    production; generated and kept in `DATA_DIR` in development."""

    jwt_expiration: Annotated[float, duration(60, 366 * 86400, example="24h")] = 86400
    """How long a login token is valid."""

    encryption_keys: Annotated[tuple[EncryptionKey, ...], encryption_keys()] = ()
    """Seal provider tokens and webhook secrets at rest. The first key encrypts, all decrypt. Losing them loses those
    secrets. Required in production; generated and kept in `DATA_DIR` in development."""

    instance_keys: Annotated[Literal["id", "secret"], choice({"id": "id", "secret": "secret"})] = "id"
    """What the bearer key of one instance is: its `id` (known from URLs), or a random `secret` shown once."""

    manager_open: Annotated[bool, flag()] = False
    """Let callers of `/api/v1` without a credential act for the first user's tenant, as old scripts expect. Programs
    only: what a browser sends needs a credential. Refused where others can reach the gateway."""

    manager_open_anyway: Annotated[bool, flag()] = False
    """Allow `MANAGER_OPEN` although `HOST` is no loopback address."""

    admin_email: Annotated[str | None, text("admin@example.com", "an e-mail address", r"[^@\s]+@[^@\s]+")] = None
    """E-mail of the admin made at the first start with an empty database. Unset: generated and printed once."""

    admin_password: Annotated[
        Secret | None, secret("8 to 1024 characters", "a-long-sentence-only-you-know", r".{8,1024}")
    ] = None
    """Password of that admin. Unset: generated and printed once."""

    admin_api_key: Annotated[
        Secret | None,
        secret("32 to 200 letters, digits, _ . or -", '"gw_$(openssl rand -hex 32)"', r"[A-Za-z0-9_.\-]{32,200}"),
    ] = None
    """API key of that admin. Unset: generated and printed once."""

    admin_first_name: Annotated[str | None, text("Ada")] = None
    """First name of that admin."""

    admin_last_name: Annotated[str | None, text("Lovelace")] = None
    """Last name of that admin."""

    cors_origin: Annotated[tuple[str, ...], origins()] = ()
    """Web origins whose pages may call the API, comma separated. `*` allows all, without cookies. Default: none."""

    trusted_proxies: Annotated[tuple[Network, ...], networks("10.0.0.0/8,127.0.0.1")] = ()
    """Proxies whose `X-Forwarded-For` is believed. Default: none, the peer address counts."""

    metrics_token: Annotated[
        Secret | None, secret("16 or more characters without spaces", '"$(openssl rand -hex 16)"', r"\S{16,}")
    ] = None
    """Bearer token that `GET /metrics` asks for. Unset: `/metrics` answers on loopback only."""

    docs_enabled: Annotated[bool, flag()] = True
    """Serve the OpenAPI document and its page at `/docs`."""

    # --- limits

    api_rate_limit: Annotated[int, _PER_SECOND] = 100
    """Requests per second that one credential may make; above it the answer is 429."""

    rate_limit_strict: Annotated[int, _PER_WINDOW] = 5
    """Requests a minute to each route of `/api/v1` that makes, processes or deletes instances, by one credential; above
    it the answer is 429. 0 is off, as in those below."""

    rate_limit_moderate: Annotated[int, _PER_WINDOW] = 30
    """The same for its routes that start, stop or clear something."""

    rate_limit_lenient: Annotated[int, _PER_WINDOW] = 100
    """The same for its routes that list or sum up."""

    rate_limit_company: Annotated[int, _PER_WINDOW] = 100
    """The same for its company routes."""

    rate_limit_stress: Annotated[int, _PER_WINDOW] = 1
    """The same for its stress test, in five minutes."""

    instance_limit: Annotated[int, whole(0, 1_000_000, example="10")] = 10
    """Instances a tenant may have when it makes one through `/api/v1`; above it the answer is 409. 0 is no limit."""

    manager_timeout: Annotated[float, duration(1, 600, example="30s")] = 30
    """How long `/api/v1` may take to make or delete an instance before it answers 503."""

    send_rate_limit: Annotated[int, _PER_SECOND] = 100
    """Messages per second that one instance may send; above it the answer is 429."""

    pace_messages_per_minute: Annotated[int, whole(0, 10_000, example="20")] = 0
    """Messages that one instance may send in a minute, evenly spread; above it the answer is 429 `paced`. 0 is off. An
    instance's own `paceMessagesPerMinute` comes before it."""

    pace_first_contacts_per_minute: Annotated[int, whole(0, 10_000, example="2")] = 0
    """The same for messages into chats in which nobody has said anything yet; replies do not wait for it. 0 is off. An
    instance's own `paceFirstContactsPerMinute` comes before it."""

    pace_jitter: Annotated[float, share("0.2")] = 0.2
    """The pauses between paced messages are longer by a random share of up to this. `paceJitter` of an instance."""

    max_upload_mb: Annotated[int, whole(1, 2048, example="50")] = 50
    """Largest file a caller may upload, in megabytes."""

    media_max_mb: Annotated[int, whole(1, 2048, example="50")] = 50
    """Largest file fetched from a URL or from a network, in megabytes."""

    shutdown_timeout: Annotated[float, duration(1, 600, example="15s")] = 15
    """How long a graceful stop may take before the rest is cut off."""

    # --- outgoing calls to URLs that customers choose (webhooks, media)

    egress_allow: Annotated[tuple[Network, ...], networks("127.0.0.0/8,10.1.2.0/24")] = ()
    """Private ranges that such URLs may reach. Default: none, public addresses only."""

    egress_http: Annotated[bool, flag()] = True
    """Allow plain `http://`. Default: true in development, false in production."""

    webhook_concurrency: Annotated[int, whole(1, 10_000, example="64")] = 64
    """Webhook deliveries in flight at once, all endpoints together."""

    webhook_endpoint_concurrency: Annotated[int, whole(1, 1000, example="4")] = 4
    """Webhook deliveries in flight at once to one endpoint, so that a slow one never takes all."""

    webhook_timeout: Annotated[float, duration(0.1, 300, example="20s")] = 20
    """How long one delivery attempt may take from connecting to the last byte of the answer."""

    # --- how long things are kept

    message_retention_days: Annotated[int, _DAYS] = 365
    """Days that messages are kept; 0 keeps them for ever, as in all of these."""

    activity_retention_days: Annotated[int, _DAYS] = 90
    """Days that the activity log is kept."""

    event_retention_days: Annotated[int, _DAYS] = 30
    """Days that events are kept. An event with an open delivery stays."""

    delivery_retention_days: Annotated[int, _DAYS] = 30
    """Days that finished deliveries are kept."""

    attempt_retention_days: Annotated[int, _DAYS] = 30
    """Days that the attempts of deliveries are kept."""

    dead_delivery_retention_days: Annotated[int, _DAYS] = 30
    """Days that given-up deliveries are kept and can be sent again."""

    # --- periodic jobs

    prune_cron: Annotated[str, cron("17 * * * *")] = "17 * * * *"
    """When what is older than its retention is deleted, in small batches."""

    socket_check_cron: Annotated[str, cron("*/5 * * * *")] = "*/5 * * * *"
    """When sessions are checked and dead ones started again."""

    auth_check_cron: Annotated[str, cron("0 12 * * *")] = "0 12 * * *"
    """When expired logins of instances are looked for."""

    usage_timezone: Annotated[ZoneInfo, zone()] = ZoneInfo("UTC")
    """The time zone whose days usage is counted in, for statistics and limits. Days counted before a change stay as
    they were."""

    usage_save_cron: Annotated[str, cron("*/15 * * * *")] = "*/15 * * * *"
    """When usage counters are summed up."""

    usage_limits_cron: Annotated[str, cron("0 * * * *")] = "0 * * * *"
    """When usage is compared with limits."""

    system_metrics_cron: Annotated[str, cron("*/5 * * * *")] = "*/5 * * * *"
    """When system metrics are sampled."""

    # --- networks

    telegram_api_base: Annotated[str, url("https", "http", example="https://api.telegram.org")] = (
        "https://api.telegram.org"
    )
    """The Bot API server; set it to use your own."""

    telegram_local: Annotated[bool, flag()] = False
    """Your own Bot API server runs with `--local`: files of up to 2 GB, handed over as paths on this machine."""

    whatsapp_device_name: Annotated[str, text("Messaging Gateway", "1 to 50 characters", r".{1,50}")] = (
        "Messaging Gateway"
    )
    """How the gateway is called in the phone's list of linked devices."""

    whatsapp_proxy: Annotated[str | None, url("http", "https", "socks5", example="socks5://127.0.0.1:1080")] = None
    """Proxy for everything WhatsApp. Unset: what `HTTPS_PROXY` says."""

    whatsapp_history_days: Annotated[int, _DAYS] = 30
    """How many days of messages from before the link are kept when the phone sends its history. 0 turns it off."""

    whatsapp_history_messages: Annotated[int, whole(0, 1_000_000, example="20000")] = 20_000
    """How many of those messages an instance keeps at most."""

    whatsapp_probe: Annotated[float, duration(5, 3600, example="90s")] = 90
    """How long a WhatsApp session may hear nothing before it asks the network whether the connection still works."""

    # --- logs

    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        choice({"debug": "debug", "info": "info", "warning": "warning", "warn": "warning", "error": "error"}),
    ] = "info"
    """How much is logged. `debug` includes the libraries underneath."""

    log_format: Annotated[
        Literal["auto", "json", "console"], choice({"auto": "auto", "json": "json", "console": "console"})
    ] = "auto"
    """`auto` is JSON in production and a readable console in development."""

    log_file: Annotated[str | None, text("/var/log/messaging-gateway.log", "the path of a file, or off")] = None
    """The file that also gets every line, always as JSON: 10 MB, with three older ones beside it. `GET /api/v1/logs`
    begins with its last lines after a restart. Unset: `logs/gateway.log` in `DATA_DIR`. `off`: no file."""

    @property
    def production(self) -> bool:
        """Whether the strict rules of production hold."""
        return self.environment == "production"

    @property
    def sqlite_path(self) -> Path:
        """The SQLite file, wherever it was configured."""
        return self.sqlite_database_url or self.data_dir / "gateway.db"

    @property
    def database(self) -> str:
        """Where the data lives: a PostgreSQL URL, with its password, or the path of the SQLite file."""
        if self.database_provider == "postgres" and self.database_url is not None:
            return self.database_url.reveal()
        return str(self.sqlite_path)

    @property
    def log_json(self) -> bool:
        """Whether logs are JSON lines."""
        return self.log_format == "json" or (self.log_format == "auto" and self.production)

    @property
    def log_path(self) -> Path | None:
        """The file that logs go to beside stdout; None for no file."""
        if self.log_file is None:
            return self.data_dir / "logs" / "gateway.log"
        return None if self.log_file.lower() == "off" else Path(self.log_file)

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read every variable of `env`, fill what development may generate, refuse what cannot work.

        Raises SettingsError, whose text is the one sentence to print before exiting with status 2.
        """
        given = _read(env)
        if "database_provider" not in given and "database_url" in given:
            given["database_provider"] = "postgres"
        if given.get("environment") == "production":
            given.setdefault("egress_http", False)
        data_dir = given.get("data_dir", cls().data_dir)
        assert isinstance(data_dir, Path)  # by the rule of its field
        chosen = read_choice(data_dir)
        if chosen is not None:
            given["database_provider"] = chosen.provider
        settings = cls(**given)  # type: ignore[arg-type]  # each value was typed by the rule of its own field
        if settings.database_provider == "postgres" and settings.database_url is None:
            why = (
                f"since a switch, which is kept in {FILE} in DATA_DIR" if chosen else "with DATABASE_PROVIDER=postgres"
            )
            raise SettingsError(
                f"DATABASE_URL is required {why}, "
                "for example DATABASE_URL=postgresql://gateway:...@localhost:5432/gateway."
            )
        if settings.manager_open and not settings.manager_open_anyway and not _is_loopback(settings.host):
            raise SettingsError(
                f"MANAGER_OPEN=true lets everybody who reaches HOST={settings.host} manage instances; "
                "set HOST=127.0.0.1, or MANAGER_OPEN_ANYWAY=true if the network in front keeps strangers out."
            )
        return settings._strict() if settings.production else settings._with_generated_secrets()

    def _strict(self) -> Self:
        for name, value in (("JWT_SECRET", self.jwt_secret), ("ENCRYPTION_KEYS", self.encryption_keys)):
            if not value:
                raise SettingsError(
                    f"{name} is required in production, for example {name}={rules()[name.lower()].example}."
                )
        for signing in self.jwt_secret:
            words = signing.reveal().lower()
            if len(set(words)) < 10 or any(known in words for known in _WELL_KNOWN):
                raise SettingsError(
                    "JWT_SECRET is weak or a well-known default; make a random one, "
                    f"for example JWT_SECRET={rules()['jwt_secret'].example}."
                )
        for sealing in self.encryption_keys:
            if len(set(sealing.key)) < 12:
                raise SettingsError(
                    f"ENCRYPTION_KEYS: key {sealing.id} is not random, "
                    f"make one, for example ENCRYPTION_KEYS={rules()['encryption_keys'].example}."
                )
        return self

    def _with_generated_secrets(self) -> Self:
        made: dict[str, object] = {}
        if not self.jwt_secret:
            kept_secret = kept(self.data_dir / "jwt_secret", lambda: secrets.token_urlsafe(48))
            made["jwt_secret"] = rules()["jwt_secret"].read("JWT_SECRET", kept_secret)
        if not self.encryption_keys:
            kept_keys = kept(
                self.data_dir / "encryption_keys", lambda: f"dev:{base64.b64encode(secrets.token_bytes(32)).decode()}"
            )
            made["encryption_keys"] = rules()["encryption_keys"].read("ENCRYPTION_KEYS", kept_keys)
        return msgspec.structs.replace(self, **made)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def rules() -> dict[str, Rule[object]]:
    """How each field is read, by field name."""
    hints = get_type_hints(Settings, include_extras=True)
    return {
        name: next(extra for extra in hints[name].__metadata__ if isinstance(extra, Rule))
        for name in Settings.__struct_fields__
    }


def _read(env: Mapping[str, str]) -> dict[str, object]:
    given: dict[str, object] = {}
    for field, rule in rules().items():
        for name in (field.upper(), rule.alias):
            raw = env.get(name, "") if name else ""
            if name and raw.strip():
                given[field] = rule.read(name, raw.rstrip("\r\n") if rule.secret else raw.strip())
                break
    return given
