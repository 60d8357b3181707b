"""Writes docs/settings.md from the Settings Struct: `python docs/generate.py`, or `make docs`."""

from __future__ import annotations

import ast
import inspect
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from gateway import settings
from gateway.environment import Rule

HEAD = """# Settings

<!-- Written by `make docs` from the docstrings of gateway/settings.py. Edit there. -->

Every setting is an environment variable, read once at the start. An unset or empty one means the default. A missing or
bad value stops the process with exit status 2 and one sentence that names the variable. `python -m gateway check`
explains what is in effect.

| Variable | Default | Accepts | What it does |
| --- | --- | --- | --- |
"""


def docstrings() -> dict[str, str]:
    """The string under each field of Settings, on one line."""
    tree = ast.parse(inspect.getsource(settings))
    body = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Settings").body
    found = {}
    for field, below in pairwise(body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
        ):
            found[field.target.id] = " ".join(str(below.value.value).split())
    return found


def render() -> str:
    """The whole page."""
    told = docstrings()
    defaults = {field.name: field.default for field in msgspec.structs.fields(settings.Settings)}
    rows = []
    for name, rule in settings.rules().items():
        accepts = f"{rule.expects}; e.g. {_code(rule.example)}"
        rows.append(
            f"| `{name.upper()}` | {_default(rule, defaults[name])} | {_cell(accepts)} | {_cell(told[name])} |\n"
        )
    return HEAD + "".join(rows)


def _default(rule: Rule[Any], value: object) -> str:
    return "—" if value is None or value == () else _code(rule.show(value))


def _code(text: str) -> str:
    return f"`{text}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    page = Path(__file__).with_name("settings.md")
    page.write_text(render(), encoding="utf-8")
    print(f"Wrote {page}.")
