"""What may be configured for a bot."""

from __future__ import annotations

import subprocess
import sys

import pytest

from gateway.domain.errors import InvalidInput
from gateway.providers.telegram import TelegramProvider
from gateway.providers.telegram.config import UPDATE_KINDS, check_config, read_config
from gateway.settings import Settings

TOKEN = "123456789:AAF-abcdefghij_klmnopqrstuvwxyz01234"


@pytest.mark.parametrize("name", ["token", "botToken", "bot_token", "telegramBotToken"])
def test_the_token_has_several_names(name: str) -> None:
    config = read_config(check_config({name: f" {TOKEN} "}))
    assert (config.token, config.mode, config.webhook_secret) == (TOKEN, "polling", None)
    assert config.allowed_updates == UPDATE_KINDS
    assert not config.drop_pending_updates


@pytest.mark.parametrize(
    "config", [{}, {"token": ""}, {"token": "abc"}, {"token": "1:short"}, {"token": 5}, {"token": None}]
)
def test_a_missing_or_odd_token_is_named(config: dict[str, object]) -> None:
    with pytest.raises(InvalidInput) as refused:
        TelegramProvider(Settings()).check(config)
    assert refused.value.field == "token"
    assert "BotFather" in refused.value.sentence


def test_webhook_mode_gets_a_secret_of_its_own() -> None:
    first, second = (read_config(check_config({"token": TOKEN, "mode": "webhook"})) for _ in range(2))
    assert first.webhook_secret != second.webhook_secret
    assert len(first.webhook_secret or "") >= 32
    given = read_config(check_config({"token": TOKEN, "mode": "webhook", "secretToken": "x" * 20}))
    assert given.webhook_secret == "x" * 20


@pytest.mark.parametrize("kinds", [["message", "poll_answer"], "message, poll_answer", '["message","poll_answer"]'])
def test_update_kinds_may_be_a_list_or_a_text(kinds: object) -> None:
    assert read_config(check_config({"token": TOKEN, "allowedUpdates": kinds})).allowed_updates == (
        "message",
        "poll_answer",
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("mode", "carrier pigeon"),
        ("webhookSecret", "too short"),
        ("dropPendingUpdates", "maybe"),
        ("allowedUpdates", ["message", "telepathy"]),
        ("allowedUpdates", 7),
        ("allowedUpdates", "[1"),
    ],
)
def test_other_mistakes_are_named_too(field: str, value: object) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_config({"token": TOKEN, "mode": "webhook", field: value})
    assert refused.value.field == field


def test_words_for_true_and_false_are_read() -> None:
    assert read_config(check_config({"token": TOKEN, "dropPendingUpdates": "yes"})).drop_pending_updates
    assert not read_config(check_config({"token": TOKEN, "drop_pending_updates": "0"})).drop_pending_updates


def test_nothing_shows_the_token() -> None:
    credentials = check_config({"token": TOKEN})
    assert TOKEN not in f"{credentials!r} {read_config(credentials)!r}"


def test_the_sdk_stays_unloaded_until_a_session_runs() -> None:
    program = (
        "import sys; from gateway.domain.instances import ProviderName; from gateway.providers import make_providers; "
        "from gateway.kit.egress import Egress, EgressPolicy; from gateway.settings import Settings; "
        "providers = make_providers(Settings(), Egress(EgressPolicy())); "
        f"providers[ProviderName.TELEGRAM].check({{'token': '{TOKEN}'}}); "
        "sys.exit('aiogram' in sys.modules or 'pydantic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
