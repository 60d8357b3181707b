from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway.domain.instances import LoginCode
from gateway.surfaces.api.login import QrFormat, asked_form, shown
from gateway.surfaces.api.schemas.login import PairingCodeReply, QrPicture, QrReply

CODE = LoginCode(qr_code="2@abc,def,ghi", expires_at=datetime(2026, 1, 31, 12, tzinfo=UTC))


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", QrFormat.JSON),
        ("*/*", QrFormat.JSON),
        ("application/json, image/png", QrFormat.JSON),
        ("image/avif,image/webp,image/png,image/svg+xml;q=0.8", QrFormat.PNG),
        ("Image/SVG+XML; q=0.9, */*", QrFormat.SVG),
        ("text/plain", QrFormat.RAW),
        ("text/html,application/xhtml+xml,*/*;q=0.8", QrFormat.JSON),
    ],
)
def test_the_form_of_a_code_follows_accept(accept: str, form: QrFormat) -> None:
    assert asked_form(accept) is form


def test_a_code_is_shown_as_text_picture_or_both() -> None:
    assert shown(CODE, QrFormat.JSON).content == QrReply(qr_code="2@abc,def,ghi")
    assert shown(CODE, QrFormat.RAW).content == "2@abc,def,ghi"
    png = shown(CODE, QrFormat.PNG)
    assert png.content.startswith(b"\x89PNG\r\n")
    assert png.media_type == "image/png"
    svg = shown(CODE, QrFormat.SVG)
    assert svg.content.startswith(b'<svg xmlns="http://www.w3.org/2000/svg"')
    both = shown(CODE, QrFormat.DATAURL).content
    assert isinstance(both, QrPicture)
    assert both.qr_code == "2@abc,def,ghi"
    assert both.data_url.startswith("data:image/png;base64,")
    assert both.expires_at == "2026-01-31T12:00:00.000Z"


@pytest.mark.parametrize("form", QrFormat)
def test_no_form_of_a_code_is_kept_by_a_cache(form: QrFormat) -> None:
    assert shown(CODE, form).headers["Cache-Control"] == "no-store"


def test_a_pairing_code_says_how_long_it_is_good() -> None:
    code = LoginCode(pairing_code="ABCD-EFGH", expires_at=datetime(2026, 1, 31, 12, tzinfo=UTC))
    assert PairingCodeReply.of(code) == PairingCodeReply(
        pairing_code="ABCD-EFGH", expires_at="2026-01-31T12:00:00.000Z"
    )
