"""Which database a URL means."""

from __future__ import annotations

import pytest

from gateway.storage.engine import SafePostgresEngine, SafeSqliteEngine, make_engine


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///data/x.db", "data/x.db"),
        ("sqlite:////var/lib/x.db", "/var/lib/x.db"),
        ("file:./data/x.db", "data/x.db"),
        ("file:/var/lib/x.db", "/var/lib/x.db"),
        ("file:///var/lib/x.db", "/var/lib/x.db"),
        ("file:./data/x.db?connection_limit=1", "data/x.db"),
        ("data/x.db", "data/x.db"),
        ("/var/lib/with space.db", "/var/lib/with space.db"),
        ("sqlite:///with%20space.db", "with space.db"),
    ],
)
def test_every_spelling_of_a_sqlite_file_is_understood(url: str, path: str) -> None:
    engine = make_engine(url)
    assert isinstance(engine, SafeSqliteEngine)
    assert str(engine.file) == path


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_both_spellings_of_postgresql_are_understood(scheme: str) -> None:
    assert isinstance(make_engine(f"{scheme}://user:secret@host/name"), SafePostgresEngine)


@pytest.mark.parametrize(
    "url", ["", "sqlite://", "sqlite:///:memory:", "data/", "mysql://u:secret@h/d", "sqlite://x/y"]
)
def test_anything_else_is_refused_with_a_sentence_that_keeps_the_password(url: str) -> None:
    with pytest.raises(ValueError, match="sqlite:///") as problem:
        make_engine(url)
    assert "secret" not in str(problem.value)
