"""Recorded exchanges: what is asked, and the answer it must get, word for word where words matter.

A file is a story: steps that share names. In texts `{name}` stands for what an earlier step kept. In an answer a
string in angle brackets stands for anything of a kind: see `KINDS`. A list whose only element is `{"each": shape}`
holds any number of that shape, and at least one. Objects must have exactly the keys that are written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

KINDS: dict[str, Callable[[Any], bool]] = {
    "<id>": lambda value: isinstance(value, str) and _UUID.fullmatch(value) is not None,
    "<time>": lambda value: isinstance(value, str) and _TIME.fullmatch(value) is not None,
    "<text>": lambda value: isinstance(value, str) and value != "",
    "<number>": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "<yes or no>": lambda value: isinstance(value, bool),
    "<text or nothing>": lambda value: value is None or isinstance(value, str),
    "<time or nothing>": lambda value: value is None or KINDS["<time>"](value),
    "<anything>": lambda value: True,
}


class Step(Struct, kw_only=True, forbid_unknown_fields=True):
    """One request and its answer, or something that somebody on the network does (`act`)."""

    why: str = ""
    act: str | None = None
    request: str = ""
    """Method and path."""
    caller: str = "owner"
    """owner, stranger (of another tenant), instance (its key), login (a token), or nobody."""
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    text: str | None = None
    """A raw body, for bodies that are not JSON."""
    form: dict[str, Any] | None = None
    """multipart/form-data; a list is a file: [name, content]."""
    status: int = 200
    answer: Any = None
    answer_text: str | None = None
    answer_headers: dict[str, str] = field(default_factory=dict)
    keep: dict[str, str] = field(default_factory=dict)
    """Name to keep under, path in the answer (`a.0.b`)."""
    eventually: bool = False
    """Ask again until the answer is this."""


class Story(Struct, kw_only=True, forbid_unknown_fields=True):
    """Steps in order. `connected` gives the story an instance that has met Ann; `{instance}`, `{bot}`, `{ann}`."""

    title: str
    connected: bool = False
    steps: list[Step]


def stories(folder: Path) -> list[str]:
    """The names of the recorded files."""
    return sorted(path.stem for path in folder.glob("*.json"))


def read(folder: Path, name: str) -> Story:
    """One recorded file."""
    return msgspec.convert(json.loads((folder / f"{name}.json").read_text()), Story)


def unrecorded(folder: Path, routes: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The routes (method and path, with `{name}` for what varies) that no step of any recorded file asks."""
    recorded = {
        tuple(step.request.partition("?")[0].split(" ", 1))
        for name in stories(folder)
        for step in read(folder, name).steps
        if step.request
    }

    def asked(method: str, path: str) -> bool:
        parts = path.rstrip("/").split("/")
        return any(
            verb == method.upper()
            and len(given := said.rstrip("/").split("/")) == len(parts)
            and all(part.startswith("{") or part == one for part, one in zip(parts, given, strict=True))
            for verb, said in recorded
        )

    return [route for route in routes if not asked(*route)]


def filled(value: Any, names: dict[str, str]) -> Any:
    """The same with every `{name}` replaced, in keys as well."""
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda match: names.get(match[1], match[0]), value)
    if isinstance(value, list):
        return [filled(inner, names) for inner in value]
    if isinstance(value, dict):
        return {filled(key, names): filled(inner, names) for key, inner in value.items()}
    return value


def difference(expected: Any, actual: Any, where: str = "answer") -> str | None:
    """The first place where an answer is not what was recorded; None when it is."""
    if isinstance(expected, str) and expected in KINDS:
        return None if KINDS[expected](actual) else f"{where}: {actual!r} is no {expected}"
    if isinstance(expected, dict):
        if not isinstance(actual, dict):
            return f"{where}: {actual!r} is no object"
        if expected.keys() != actual.keys():
            missing, extra = sorted(expected.keys() - actual.keys()), sorted(actual.keys() - expected.keys())
            return f"{where}: missing {missing}, extra {extra}"
        pairs = [(expected[key], actual[key], f"{where}.{key}") for key in expected]
    elif isinstance(expected, list):
        if not isinstance(actual, list):
            return f"{where}: {actual!r} is no list"
        if len(expected) == 1 and isinstance(expected[0], dict) and expected[0].keys() == {"each"}:
            if not actual:
                return f"{where}: is empty"
            expected = [expected[0]["each"]] * len(actual)
        if len(expected) != len(actual):
            return f"{where}: {len(actual)} elements instead of {len(expected)}: {actual!r}"
        pairs = [
            (one, other, f"{where}[{place}]") for place, (one, other) in enumerate(zip(expected, actual, strict=True))
        ]
    else:
        same = type(expected) is type(actual) and expected == actual
        return None if same else f"{where}: {actual!r} instead of {expected!r}"
    return next((found for found in (difference(*pair) for pair in pairs) if found), None)


def at(value: Any, path: str) -> Any:
    """What lies at `a.0.b`."""
    for part in path.split("."):
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value
