"""The printed examples, found in their documents and made to run here."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

FOLDER = Path(__file__).parent


def examples(document: str, language: str) -> list[str]:
    """Every example of one language in `<document>.md`, in order, as printed."""
    text = (FOLDER / f"{document}.md").read_text(encoding="utf-8")
    blocks = re.findall(rf"^ *```{language}\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(block) for block in blocks]


def placed(example: str, places: dict[str, str]) -> str:
    """The example with ours in the place of each printed address, key and id. What is not printed cannot be placed."""
    for printed, ours in places.items():
        assert printed in example, f"the example says nothing of {printed!r}"
        example = example.replace(printed, ours)
    return example
