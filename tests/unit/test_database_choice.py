"""What a switch chose is remembered, goes before DATABASE_PROVIDER, and is never half written."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.database_choice import FILE, DatabaseChoice, read_choice, write_choice
from gateway.environment import SettingsError
from gateway.settings import Settings

CHOICE = DatabaseChoice(
    provider="postgres", since=datetime(2026, 1, 2, tzinfo=UTC), copies={"sqlite": [{"tenants": "ab"}]}
)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    assert read_choice(tmp_path) is None
    write_choice(tmp_path, DatabaseChoice(provider="sqlite"))
    write_choice(tmp_path, CHOICE)
    assert read_choice(tmp_path) == CHOICE
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / FILE / "in the way").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        write_choice(tmp_path, CHOICE)
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize("text", ["", "{}", '{"provider":"mongodb"}', "[1"])
def test_a_damaged_file_is_a_sentence_that_says_what_to_do(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(SettingsError, match="remove it to let DATABASE_PROVIDER decide"):
        read_choice(tmp_path)


def test_the_choice_goes_before_the_setting(tmp_path: Path) -> None:
    env = {"DATA_DIR": str(tmp_path), "DATABASE_URL": "postgresql://u:p@h/d", "DATABASE_PROVIDER": "sqlite"}
    assert Settings.from_env(env).database_provider == "sqlite"
    write_choice(tmp_path, CHOICE)
    assert Settings.from_env(env).database == "postgresql://u:p@h/d"
    write_choice(tmp_path, DatabaseChoice(provider="sqlite"))
    assert Settings.from_env({**env, "DATABASE_PROVIDER": "postgres"}).database == str(tmp_path / "gateway.db")


def test_a_choice_without_its_url_is_refused_and_names_the_file(tmp_path: Path) -> None:
    write_choice(tmp_path, CHOICE)
    with pytest.raises(SettingsError, match=r"is required since a switch, which is kept in database\.json"):
        Settings.from_env({"DATA_DIR": str(tmp_path)})
