from __future__ import annotations

import pytest

from gateway.commands.database_urls import engine_at, environment_for, shown
from gateway.domain.errors import InvalidInput

SECRET = "s3cret"


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        (f"postgresql://gw:{SECRET}@db:5432/gateway", "postgresql://gw:...@db:5432/gateway"),
        (f"postgres://gw:{SECRET}%40%2F@db/gateway", "postgres://gw:...@db/gateway"),
        (f"postgresql://gw@db/gateway?password={SECRET}&sslmode=require",
         "postgresql://gw@db/gateway?password=...&sslmode=require"),
        (f"postgresql://gw:{SECRET}@/gateway?host=/run/postgresql", "postgresql://gw:...@/gateway?host=/run/postgresql"),
        ("postgresql://db/gateway", "postgresql://db/gateway"),
        ("sqlite:////data/gateway.db", "/data/gateway.db"),
        ("file:./data/gateway.db", "data/gateway.db"),
    ],
)  # fmt: skip
def test_a_url_is_shown_without_its_password(url: str, seen: str) -> None:
    assert shown(url) == seen
    assert SECRET not in "".join(environment_for(url))


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://gw:1/{SECRET}@db/gateway",
        f"postgresql://gw:a/{SECRET}@db/gateway",
        f"postgresql://gw:a?{SECRET}@db/gateway",
        f"postgresql://gw:a#{SECRET}@db/gateway",
        f"postgresql://gw:[{SECRET}@db/gateway",
        f"postgresql://gw:{SECRET}@db",
    ],
)
def test_a_password_that_falls_apart_is_not_in_the_refusal(url: str) -> None:
    for use in (engine_at, shown, environment_for):
        with pytest.raises(InvalidInput) as refused:
            use(url)
        assert SECRET not in refused.value.sentence


def test_the_settings_of_a_copy_name_its_kind() -> None:
    assert environment_for("sqlite:////data/two.db") == (
        "DATABASE_PROVIDER=sqlite",
        "SQLITE_DATABASE_URL=file:/data/two.db",
    )
    assert environment_for("postgresql://gw@db/two")[0] == "DATABASE_PROVIDER=postgres"
