from __future__ import annotations

import base64
import pickle
import re
import stat
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.environment import Secret, kept
from gateway.settings import Settings, SettingsError, rules

STRONG = "mU8yW1vJr0xk3Qe7Zt5Lb2Nc9Hd4Gf6As-PqRiTo"
KEY = base64.b64encode(bytes(range(32))).decode()
PRODUCTION = {"ENVIRONMENT": "production", "JWT_SECRET": STRONG, "ENCRYPTION_KEYS": f"k1:{KEY}"}


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"DATA_DIR": str(tmp_path / "data")}


def test_an_empty_environment_is_a_development_gateway_on_sqlite(env: dict[str, str]) -> None:
    settings = Settings.from_env(env)
    assert (settings.host, settings.port, settings.environment) == ("127.0.0.1", 3000, "development")
    assert settings.database_provider == "sqlite"
    assert settings.sqlite_path == Path(env["DATA_DIR"]) / "gateway.db"
    assert settings.jwt_expiration == 24 * 3600
    assert settings.egress_http
    assert not settings.log_json
    assert settings.egress_allow == settings.trusted_proxies == settings.cors_origin == ()


def test_development_makes_secrets_once_and_keeps_them_for_its_owner_only(env: dict[str, str]) -> None:
    first, second = Settings.from_env(env), Settings.from_env(env)
    assert first.jwt_secret == second.jwt_secret
    assert first.encryption_keys == second.encryption_keys
    assert len(first.jwt_secret[0].reveal()) >= 32
    for path in Path(env["DATA_DIR"]).iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {path.name for path in Path(env["DATA_DIR"]).iterdir()} == {"jwt_secret", "encryption_keys"}


def test_given_secrets_leave_the_data_folder_alone(env: dict[str, str]) -> None:
    Settings.from_env({**env, "JWT_SECRET": STRONG, "ENCRYPTION_KEYS": f"k1:{KEY}"})
    assert not Path(env["DATA_DIR"]).exists()


def test_who_comes_second_gets_the_text_of_who_came_first(tmp_path: Path) -> None:
    path = tmp_path / "made"

    def make_while_another_process_does() -> str:
        path.write_text("theirs")
        return "mine"

    assert kept(path, make_while_another_process_does) == "theirs"
    assert [each.name for each in tmp_path.iterdir()] == ["made"]


def test_a_data_folder_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match=r"DATA_DIR must be a folder this process can write, for example"):
        Settings.from_env({"DATA_DIR": str(tmp_path / "file" / "data")})


def test_production_is_strict_by_default() -> None:
    settings = Settings.from_env(PRODUCTION)
    assert settings.production
    assert settings.log_json
    assert not settings.egress_http
    assert Settings.from_env({**PRODUCTION, "EGRESS_HTTP": "true"}).egress_http
    assert not Settings.from_env({**PRODUCTION, "LOG_FORMAT": "console"}).log_json


@pytest.mark.parametrize("missing", ["JWT_SECRET", "ENCRYPTION_KEYS"])
def test_production_generates_nothing(missing: str) -> None:
    with pytest.raises(SettingsError, match=f"^{missing} is required in production, for example {missing}="):
        Settings.from_env({name: value for name, value in PRODUCTION.items() if name != missing})


@pytest.mark.parametrize(
    "weak",
    ["your-jwt-secret-key-here-your-jwt-secret", "x" * 40, "changeme" + STRONG, "abababababababababababababababababab"],
)
def test_production_refuses_a_weak_or_well_known_jwt_secret_wherever_it_stands_in_the_list(weak: str) -> None:
    with pytest.raises(SettingsError, match="JWT_SECRET is weak or a well-known default"):
        Settings.from_env({**PRODUCTION, "JWT_SECRET": f"{STRONG},{weak}"})


def test_production_refuses_an_encryption_key_that_is_not_random() -> None:
    zeros = base64.b64encode(bytes(32)).decode()
    with pytest.raises(SettingsError, match="ENCRYPTION_KEYS: key k0 is not random"):
        Settings.from_env({**PRODUCTION, "ENCRYPTION_KEYS": f"k1:{KEY},k0:{zeros}"})


def test_short_secrets_are_refused_everywhere_and_not_repeated(env: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="JWT_SECRET must be one or more secrets of at least 32 bytes") as caught:
        Settings.from_env({**env, "JWT_SECRET": "hunter2"})
    assert "hunter2" not in str(caught.value)


def test_lists_of_secrets_keep_their_order(env: dict[str, str]) -> None:
    other = base64.b64encode(bytes(reversed(range(32)))).decode()
    settings = Settings.from_env(
        {**env, "JWT_SECRET": f"{STRONG}, {STRONG}old", "ENCRYPTION_KEYS": f"new:{KEY}, k1:{other}"}
    )
    assert [secret.reveal() for secret in settings.jwt_secret] == [STRONG, STRONG + "old"]
    assert [key.id for key in settings.encryption_keys] == ["new", "k1"]
    assert settings.encryption_keys[0].key == bytes(range(32))


@pytest.mark.parametrize(
    ("given", "provider"),
    [
        ({}, "sqlite"),
        ({"DATABASE_URL": "postgresql://u:p@h/d"}, "postgres"),
        ({"DATABASE_URL": "postgres://u:p@h/d", "DATABASE_PROVIDER": "sqlite"}, "sqlite"),
        ({"DATABASE_URL": "postgres://u:p@h/d", "DATABASE_PROVIDER": "postgresql"}, "postgres"),
    ],
)
def test_the_database_is_chosen_by_what_is_configured(
    env: dict[str, str], given: dict[str, str], provider: str
) -> None:
    assert Settings.from_env({**env, **given}).database_provider == provider


def test_postgres_without_a_url_is_refused(env: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=r"^DATABASE_URL is required with .*, for example"):
        Settings.from_env({**env, "DATABASE_PROVIDER": "postgres"})


@pytest.mark.parametrize(
    ("given", "path"),
    [("file:./data/a.db", "data/a.db"), ("sqlite:///a.db", "a.db"), ("sqlite:////var/a.db", "/var/a.db"),
     ("file:///var/a.db", "/var/a.db"), ("/var/a.db", "/var/a.db")],
)  # fmt: skip
def test_the_sqlite_file_may_be_spelled_in_several_ways(env: dict[str, str], given: str, path: str) -> None:
    assert Settings.from_env({**env, "SQLITE_DATABASE_URL": given}).sqlite_path == Path(path)


def test_node_env_is_an_alias_that_the_proper_name_overrides(env: dict[str, str]) -> None:
    assert Settings.from_env({**PRODUCTION, "ENVIRONMENT": "", "NODE_ENV": "production"}).production
    assert not Settings.from_env({**env, "ENVIRONMENT": "development", "NODE_ENV": "production"}).production


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("15m", 900), ("24h", 86400), ("7d", 604800), ("3600", 3600), ("90s", 90), ("1.5h", 5400), ("2 H", 7200)],
)
def test_durations_have_units(env: dict[str, str], text: str, seconds: float) -> None:
    assert Settings.from_env({**env, "JWT_EXPIRATION": text}).jwt_expiration == seconds


def test_lists_and_flags_are_read_in_their_usual_spellings(env: dict[str, str]) -> None:
    settings = Settings.from_env(
        {
            **env,
            "CORS_ORIGIN": "https://a.example/, http://localhost:5173",
            "TRUSTED_PROXIES": "10.0.0.0/8, ::1",
            "EGRESS_ALLOW": "127.0.0.1",
            "DOCS_ENABLED": "Off",
            "LOG_LEVEL": "WARN",
            "BASE_URL": "https://gateway.example.com/",
            "PRUNE_CRON": "0  3 * * MON-FRI",
            "ADMIN_PASSWORD": "  spaces count  ",
        }
    )
    assert settings.cors_origin == ("https://a.example", "http://localhost:5173")
    assert settings.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("::1/128"))
    assert settings.egress_allow == (ip_network("127.0.0.1/32"),)
    assert not settings.docs_enabled
    assert settings.log_level == "warning"
    assert settings.base_url == "https://gateway.example.com"
    assert settings.prune_cron == "0 3 * * MON-FRI"
    assert settings.admin_password is not None
    assert settings.admin_password.reveal() == "  spaces count  "


BAD = {
    "HOST": ["a b", "http://x"],
    "PORT": ["abc", "-1", "65536", "3000.5", "１"],
    "BASE_URL": ["gateway.example.com", "ftp://x", "https://u:p@x", "https://x?y=1", "https://x:99999", "https://"],
    "ENVIRONMENT": ["prod"],
    "NODE_ENV": ["staging"],
    "DATABASE_PROVIDER": ["mongodb"],
    "DATABASE_URL": ["mongodb://u:p@h/d", "file:x.db"],
    "SQLITE_DATABASE_URL": [":memory:", "file:", "mysql://x", "file:x?mode=ro"],
    "JWT_EXPIRATION": ["soon", "24x", "0", "-5m", "9999d"],
    "ENCRYPTION_KEYS": ["abc", f"k1{KEY}", "k1:c2hvcnQ=", f"k1:{KEY},k1:{KEY}", f"bad id:{KEY}", "k1:ключ", ","],
    "JWT_SECRET": [","],
    "INSTANCE_KEYS": ["name"],
    "ADMIN_EMAIL": ["admin", "a@b@c"],
    "ADMIN_PASSWORD": ["short"],
    "ADMIN_API_KEY": ["short", "with spaces " * 4],
    "LOG_LEVEL": ["loud"],
    "LOG_FORMAT": ["xml"],
    "CORS_ORIGIN": ["app.example.com", "https://a.example/path", "null"],
    "TRUSTED_PROXIES": ["10.0.0.1/8", "localhost", "300.1.1.1"],
    "EGRESS_ALLOW": ["all"],
    "EGRESS_HTTP": ["maybe"],
    "METRICS_TOKEN": ["short"],
    "API_RATE_LIMIT": ["0", "many"],
    "SEND_RATE_LIMIT": ["0"],
    "MAX_UPLOAD_MB": ["0", "99999"],
    "WEBHOOK_TIMEOUT": ["0", "1h"],
    "MESSAGE_RETENTION_DAYS": ["-1", "forever"],
    "TELEGRAM_API_BASE": ["api.telegram.org"],
    "USAGE_TIMEZONE": ["Mars/Olympus", "UTC+3", "/etc/passwd", "Europe"],
    "PRUNE_CRON": [
        "daily",
        "* * * *",
        "60 * * * *",
        "* 24 * * *",
        "*/0 * * * *",
        "5-1 * * * *",
        "* * 0 * *",
        "* * * 13 *",
    ],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_a_bad_value_is_refused_with_one_sentence_naming_the_variable_and_an_example(
    env: dict[str, str], name: str, value: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({**env, name: value})
    sentence = str(caught.value)
    assert re.fullmatch(rf"{name} must be .+, for example {name}=.+\.", sentence)
    assert "\n" not in sentence
    # A long list may hold a secret anywhere in the chain of causes as well.
    assert caught.value.__cause__ is None
    field = "environment" if name == "NODE_ENV" else name.lower()
    assert rules()[field].secret or repr(value) in sentence


def test_every_example_that_is_shown_is_itself_accepted() -> None:
    for name, rule in rules().items():
        example = rule.example.strip('"')
        if "$(" not in example:
            rule.read(name.upper(), example)


def test_every_default_is_what_its_own_spelling_reads_as() -> None:
    defaults = Settings()
    for name, rule in rules().items():
        value = getattr(defaults, name)
        if value is not None and value != ():
            assert rule.read(name.upper(), rule.show(value)) == value


def test_no_secret_shows_in_repr() -> None:
    secrets = {
        **PRODUCTION,
        "DATABASE_URL": "postgresql://u:dbpassword@h/d",
        "ADMIN_PASSWORD": "adminpassword",
        "ADMIN_API_KEY": "a" * 40,
        "METRICS_TOKEN": "m" * 20,
    }
    settings = Settings.from_env(secrets)
    for shown in (repr(settings), str(settings), f"{settings.database_url} {settings.jwt_secret}"):
        for hidden in (STRONG, KEY, "dbpassword", "adminpassword", "a" * 40, "m" * 20, repr(bytes(range(32)))):
            assert hidden not in shown


def test_a_secret_is_equal_to_the_same_secret_and_is_not_pickled() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(Secret("a"))


@given(st.sampled_from(sorted(rules())), st.text(min_size=1, max_size=60))
def test_no_text_makes_a_rule_fail_in_any_other_way(name: str, text: str) -> None:
    try:
        rules()[name].read(name.upper(), text)
    except SettingsError:
        pass


def test_an_open_manager_is_refused_where_others_can_reach_it(env: dict[str, str]) -> None:
    assert Settings.from_env(env | {"MANAGER_OPEN": "true"}).manager_open
    assert Settings.from_env(env | {"MANAGER_OPEN": "true", "HOST": "::1"}).manager_open
    for host in ("0.0.0.0", "::", "192.0.2.1", "gateway.example.com"):
        with pytest.raises(SettingsError, match=f"^MANAGER_OPEN=true lets everybody who reaches HOST={host} manage"):
            Settings.from_env(env | {"MANAGER_OPEN": "true", "HOST": host})
    anyway = Settings.from_env(env | {"MANAGER_OPEN": "true", "MANAGER_OPEN_ANYWAY": "true", "HOST": "0.0.0.0"})
    assert anyway.host == "0.0.0.0"
