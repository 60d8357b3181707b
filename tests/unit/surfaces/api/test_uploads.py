from __future__ import annotations

import pytest

from gateway.surfaces.api.uploads import file_name_of, kind_by_extension


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.jpg", "image"),
        ("a.JPEG", "image"),
        ("a.webp", "image"),
        ("a.mp4", "video"),
        ("a.mkv", "video"),
        ("a.mp3", "document"),
        ("a.pdf", "document"),
        ("a", "document"),
        ("a.jpg.exe", "document"),
    ],
)
def test_the_extension_says_how_a_file_is_shown(name: str, kind: str) -> None:
    assert kind_by_extension(name) == kind


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Отчёт.pdf", "Отчёт.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\a\\b.txt", "b.txt"),
        ("a\r\nb.txt", "ab.txt"),
        ("", "file"),
        ("/", "file"),
    ],
)
def test_the_recipient_sees_the_name_without_folders(given: str, kept: str) -> None:
    assert file_name_of(given) == kept


def test_a_long_name_keeps_its_extension() -> None:
    assert file_name_of("a" * 400 + ".pdf").endswith("a.pdf")
    assert len(file_name_of("a" * 400)) == 255
