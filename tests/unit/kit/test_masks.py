from __future__ import annotations

import pytest

from gateway.kit.masks import masked


@pytest.mark.parametrize(
    ("secret", "shown"),
    [
        ("gwi_a1b2c3d4_" + "k" * 43, "gwi_a1b2c3d4…(56)"),
        ("4eaa7463-28ae-4ed8-b207-eaf11d26528b", "4eaa7463-…(36)"),
        ("ABCD-EFG", "AB…(8)"),
        ("abc", "…(3)"),
        ("", "…(0)"),
    ],
)
def test_a_mask_shows_at_most_a_quarter_and_the_length(secret: str, shown: str) -> None:
    assert masked(secret) == shown
