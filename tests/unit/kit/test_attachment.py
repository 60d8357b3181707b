from __future__ import annotations

import pytest

from gateway.kit.attachment import UNKNOWN, attachment_headers, safe_mime_type


@pytest.mark.parametrize("mime_type", ["image/png", "application/vnd.ms-excel", "image/svg+xml"])
def test_a_type_that_can_stand_in_a_header_stays(mime_type: str) -> None:
    assert safe_mime_type(mime_type) == mime_type


@pytest.mark.parametrize(
    "mime_type", ["", "image", "image/png; charset=x", "image/png\r\nX-A: b", "имя/файла", "a/" + "b" * 129]
)
def test_any_other_is_that_of_any_file(mime_type: str) -> None:
    assert safe_mime_type(mime_type) == UNKNOWN


@pytest.mark.parametrize("name", ['a"b.txt', "a\r\nX-A: b", "Отчёт.txt", "../../etc/passwd", ""])
def test_a_name_cannot_leave_its_place(name: str) -> None:
    headers = attachment_headers(name)
    stated = headers["Content-Disposition"].removeprefix("attachment; filename*=UTF-8''")
    assert not set(stated) & set('"\r\n/; ')
    assert stated.isascii()
    assert headers["X-Content-Type-Options"] == "nosniff"
