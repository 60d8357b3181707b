from __future__ import annotations

import pytest

from gateway.domain.errors import InvalidInput
from gateway.domain.events import EVENT_TYPES
from gateway.domain.instances import ProviderName, SessionStateKind
from gateway.surfaces.api.words import INSTANCE_ACTIONS, names_of, provider_of, status_of, word_of
from gateway.webhooks.formats import API_NAMES


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("stopped", "disconnected"),
        ("starting", "connecting"),
        ("login_required", "qr_received"),
        ("connected", "connected"),
        ("reconnecting", "connecting"),
        ("stalled", "connecting"),
        ("restricted", "error"),
        ("logged_out", "logged_out"),
        ("failed", "error"),
    ],
)
def test_every_state_has_the_word_that_clients_know(kind: str, word: str) -> None:
    assert status_of(SessionStateKind(kind)) == word


def test_a_restricted_account_is_connected_as_long_as_messages_flow() -> None:
    assert status_of(SessionStateKind.RESTRICTED, flows=True) == "connected"


def test_no_state_is_without_a_word() -> None:
    assert all(status_of(kind) for kind in SessionStateKind)


def test_polling_and_webhooks_call_an_event_the_same() -> None:
    told = {word_of(name) for name in EVENT_TYPES} - {"session_starting"}
    assert told == set(API_NAMES)


def test_what_people_do_is_called_as_ever() -> None:
    assert [word_of(name) for name in INSTANCE_ACTIONS] == [
        "instance_created",
        "instance_updated",
        "instance_reconnected",
        "instance_stopped",
        "instance_logout",
    ]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (None, None),
        ("", None),
        (" , ", None),
        ("connection_opened", ("session.connected",)),
        ("connected", ("session.connected",)),
        ("session.connected", ("session.connected",)),
        ("connection_closed, disconnected", ("session.disconnected",)),
        ("qr_received,instance_created", ("session.login_required", "instance.created")),
        ("message_status", ("message.status_changed",)),
        ("logout", ("instance.logged_out",)),
        ("limit_exceeded", ("usage.limit_exceeded",)),
        ("auth_expired", ()),
        ("auth_expired,test", ("endpoint.tested",)),
    ],
)
def test_a_filter_takes_new_words_old_words_and_our_own(words: str | None, names: tuple[str, ...] | None) -> None:
    assert names_of(words, "types") == names


def test_a_word_nobody_knows_is_refused_with_those_there_are() -> None:
    with pytest.raises(InvalidInput, match=r"'nonsense' is not one of .*connection_opened") as refusal:
        names_of("message_sent,nonsense", "types")
    assert refusal.value.field == "types"


def test_a_provider_is_found_whatever_its_case() -> None:
    assert provider_of(" Telegram ") is ProviderName.TELEGRAM


@pytest.mark.parametrize("word", [None, "", "whatsapp", "whatsappweb", "WhatsApp-Web"])
def test_whatsapp_has_several_names_and_is_meant_when_nobody_says(word: str | None) -> None:
    assert provider_of(word) is ProviderName.WHATSAPP


@pytest.mark.parametrize("word", ["icq", "whatsapp-official"])
def test_a_provider_that_is_not_here_is_refused_naming_those_that_are(word: str) -> None:
    with pytest.raises(InvalidInput, match='"provider": "telegram"') as refusal:
        provider_of(word)
    assert refusal.value.field == "provider"
