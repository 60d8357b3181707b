"""What `POST /api/v1/send` takes for a text, and what for a file."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from gateway.domain.errors import InvalidInput
from gateway.domain.ids import Address
from gateway.domain.messages import MediaKind
from gateway.surfaces.api_v1.schemas.sending import FileToSend, SendBody

URL = "https://example.com/a.png"


def body(**said: Any) -> SendBody:
    return msgspec.convert({"number": "79001234567", **said}, SendBody)


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ({"message": "a"}, True),
        ({"message": "a", "mediaType": "text"}, True),
        ({"message": "a", "source": ""}, True),
        ({"message": "a", "mediaType": "image"}, False),
        ({"source": URL}, False),
        ({"source": URL, "mediaType": "text"}, False),
        ({"source": URL, "mediaType": "audio"}, False),
    ],
)
def test_it_is_a_text_unless_there_is_a_source_or_another_type(said: dict[str, Any], text: bool) -> None:
    assert body(**said).is_text is text


@pytest.mark.parametrize(
    ("said", "caption", "kind"),
    [
        ({}, "", None),
        ({"caption": "c"}, "c", None),
        ({"message": "m"}, "m", None),
        ({"caption": "c", "message": "m", "mediaType": "text"}, "c", None),
        ({"mediaType": "document"}, "", MediaKind.DOCUMENT),
        ({"mediaType": "audio"}, "", MediaKind.AUDIO),
        ({"mediaType": "video"}, "", MediaKind.VIDEO),
        ({"mediaType": "image"}, "", MediaKind.IMAGE),
    ],
)
def test_a_file_is_shown_as_asked_with_its_caption(said: dict[str, Any], caption: str, kind: MediaKind | None) -> None:
    assert body(source=URL, **said).to_file() == FileToSend(Address("79001234567"), URL, caption, kind)


def test_a_number_may_be_a_number() -> None:
    assert body(number=79001234567, message="a").to_text() == ("79001234567", "a")


@pytest.mark.parametrize("number", [None, "", " ", 0, "0"])
def test_nobody_is_no_recipient(number: Any) -> None:
    with pytest.raises(InvalidInput, match="Number and message are required"):
        body(number=number, message="a").to_text()
    with pytest.raises(InvalidInput, match="Number and source are required"):
        body(number=number, source=URL).to_file()
