"""Writes what is in the documentation and in the source as well: `python docs/generate.py`, or `make docs`.

docs/settings.md comes from the Settings Struct, the events in docs/webhooks.md from the contract's samples.
"""

from __future__ import annotations

import ast
import inspect
import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from gateway import settings
from gateway.domain.events import Event
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


MARKER = "<!-- From here on written by `make docs`, from gateway/domain/events.py and tests/contract/events. -->\n"


def render_webhooks(page: str) -> str:
    """The page about webhooks with everything below its marker made anew."""
    samples = Path(__file__).resolve().parent.parent / "tests" / "contract" / "events"
    parts = [page.partition(MARKER)[0] + MARKER]
    for kind in Event.__args__:
        name = str(kind.__struct_config__.tag)
        parts.append(f"\n### {name}\n\n{inspect.getdoc(kind)}\n")
        untold: list[str] = []
        for form in ("standard", "api", "api_v1", "legacy"):
            file = samples / f"{name}.{form}.json"
            if file.exists():
                body = json.dumps(json.loads(file.read_text(encoding="utf-8")), ensure_ascii=False, indent=2)
                parts.append(f"\n`{form}`\n\n```json\n{body}\n```\n")
            else:
                untold.append(_code(form))
        if untold:
            formats = "format does" if len(untold) == 1 else "formats do"
            parts.append(f"\nThe {' and '.join(untold)} {formats} not tell it.\n")
    return "".join(parts)


def _default(rule: Rule[Any], value: object) -> str:
    return "—" if value is None or value == () else _code(rule.show(value))


def _code(text: str) -> str:
    return f"`{text}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    webhooks = Path(__file__).with_name("webhooks.md")
    pages = {
        Path(__file__).with_name("settings.md"): render(),
        webhooks: render_webhooks(webhooks.read_text(encoding="utf-8")),
    }
    for page, text in pages.items():
        page.write_text(text, encoding="utf-8")
        print(f"Wrote {page}.")
