from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest

from gateway.settings import Settings, rules

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def generator() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "docs" / "generate.py"))


def test_every_setting_has_a_docstring(generator: dict[str, Any]) -> None:
    assert list(generator["docstrings"]()) == list(Settings.__struct_fields__)


def test_the_committed_table_of_settings_is_up_to_date(generator: dict[str, Any]) -> None:
    committed = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert committed == generator["render"](), "Run `make docs`."


def test_the_example_environment_names_only_settings_and_its_values_can_be_read() -> None:
    example = (ROOT / "deploy" / "gateway.env.example").read_text(encoding="utf-8")
    pairs = re.findall(r"^#?([A-Z_]+)=(.*)$", example, re.MULTILINE)
    assert {name.lower() for name, _ in pairs} <= set(Settings.__struct_fields__)
    for name, value in pairs:
        if value:
            rules()[name.lower()].read(name, value)
