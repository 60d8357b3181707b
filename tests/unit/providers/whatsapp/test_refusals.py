"""Every text whatsmeow fails with becomes the refusal it means."""

from __future__ import annotations

from pathlib import Path

import neonize
import pytest
from neonize.exc import NeonizeError, SendMessageError

from gateway.domain.errors import (
    GatewayError,
    NetworkRefused,
    NetworkUnreachable,
    NotConnected,
    NotFound,
    TooManyRequests,
)
from gateway.providers.whatsapp.refusals import REACH_OUT_LOCK, refusal_of, refusals

NOT_SENT = (
    "websocket not connected",
    "the store doesn't contain a device JID",
    "client is nil",
    "no such host",
    "connection refused",
    "network is unreachable",
    "no route to host",
    "failed to refresh media connections",
)
MAYBE_SENT = (
    "websocket disconnected before",
    "timed out waiting for message send response",
    "info query timed out",
    "context deadline exceeded",
    "context canceled",
    "connection reset by peer",
    "broken pipe",
    "i/o timeout",
    "unexpected EOF",
    "use of closed network connection",
)
MEANT: dict[str, tuple[type[GatewayError], str]] = {
    "no LID found for %s from server": (NetworkRefused, "not_on_whatsapp"),
    "that group does not exist": (NotFound, "not_found"),
    "you're not participating in that group": (NotFound, "not_in_group"),
    "that group invite link is not valid": (NetworkRefused, "invite_invalid"),
    "that group invite link has been revoked": (NetworkRefused, "invite_revoked"),
    "you don't have the permission to get the group's invite link": (NetworkRefused, "not_allowed"),
    "the user has hidden their profile picture from you": (NetworkRefused, "hidden"),
    "can't send presence without PushName set": (NetworkRefused, "no_name_yet"),
    "the given data is not a valid image": (NetworkRefused, "bad_image"),
    "rate-overlimit": (TooManyRequests, "too_many_requests"),
}
SHAPES = ("server returned error", "info query returned status %d: %s", "download failed with status code %d")
PICTURELESS = "does not have a profile picture"


@pytest.fixture(scope="module")
def library() -> bytes:
    """The Go library as it is installed."""
    (found,) = Path(neonize.__file__).parent.glob("neonize-*.so")
    return found.read_bytes()


def test_the_texts_are_the_librarys_own(library: bytes) -> None:
    missing = [text for text in (*NOT_SENT, *MAYBE_SENT, *MEANT, *SHAPES, PICTURELESS) if text.encode() not in library]
    assert missing == []


@pytest.mark.parametrize("text", NOT_SENT)
def test_what_never_left_may_be_repeated(text: str) -> None:
    refused = refusal_of(f"failed to send message: {text}", "take the message")
    assert isinstance(refused, NetworkUnreachable)
    assert not refused.maybe_sent


@pytest.mark.parametrize("text", MAYBE_SENT)
def test_what_may_have_left_says_so(text: str) -> None:
    refused = refusal_of(f"failed to send message node: {text}", "take the message")
    assert isinstance(refused, NetworkUnreachable)
    assert refused.maybe_sent
    assert refused.sentence == "WhatsApp did not take the message in time; look before you repeat it."


@pytest.mark.parametrize("text", MEANT)
def test_a_refusal_in_words_is_understood(text: str) -> None:
    kind, code = MEANT[text]
    refused = refusal_of(f"failed: {text}", "do it")
    assert (type(refused), refused.code) == (kind, code)


@pytest.mark.parametrize(
    ("text", "kind", "code"),
    [
        ("server returned error 463", NetworkRefused, REACH_OUT_LOCK),
        ("server returned error 420", NetworkRefused, "not_on_whatsapp"),
        ("server returned error 479", NetworkRefused, "network_refused"),
        ("server returned error 429", TooManyRequests, "too_many_requests"),
        ("server returned error 503", NetworkUnreachable, "network_unreachable"),
        ("info query returned status 401: not-authorized", NetworkRefused, "not_allowed"),
        ("info query returned status 403: forbidden", NetworkRefused, "not_allowed"),
        ("info query returned status 404: item-not-found", NotFound, "not_found"),
        ("info query returned status 406: not-acceptable", NetworkRefused, "not_acceptable"),
        ("info query returned status 410: gone", NotFound, "gone"),
        ("info query returned status 419: resource-limit", NetworkRefused, "limit_reached"),
        ("info query returned status 429: rate-overlimit", TooManyRequests, "too_many_requests"),
        ("info query returned status 500: internal-server-error", NetworkUnreachable, "network_unreachable"),
        ("download failed with status code 404", NotFound, "not_found"),
        ("upload failed with status code 413", NetworkRefused, "network_refused"),
        ("server returned error updating app state", NetworkRefused, "network_refused"),
        ("something new", NetworkRefused, "network_refused"),
        ("", NetworkRefused, "network_refused"),
    ],
)
def test_a_status_is_understood(text: str, kind: type[GatewayError], code: str) -> None:
    refused = refusal_of(text, "do it")
    assert (type(refused), refused.code) == (kind, code)
    assert refused.sentence


def test_an_unknown_refusal_tells_its_status_and_nothing_else_of_the_text() -> None:
    refused = refusal_of("info query returned status 499: 4915100000002 secret", "take the message")
    assert refused.sentence == "WhatsApp did not take the message (499)."


def test_an_error_of_neonize_leaves_as_a_refusal_without_its_cause() -> None:
    with pytest.raises(NetworkRefused) as refused, refusals("take the message"):
        raise SendMessageError("server returned error 463")
    assert refused.value.code == REACH_OUT_LOCK
    assert refused.value.__cause__ is None


def test_an_error_that_is_not_the_networks_stays_what_it_is() -> None:
    with pytest.raises(NotConnected), refusals("do it"):
        raise NotConnected("instance-1")
    with pytest.raises(ZeroDivisionError), refusals("do it"):
        raise ZeroDivisionError
    assert not issubclass(GatewayError, NeonizeError)
