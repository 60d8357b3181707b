"""From the text of environment variables to typed values, with one sentence when a value is bad.

A field of `gateway.settings.Settings` says how its variable is read by carrying a `Rule` in its annotation:
`port: Annotated[int, whole(1, 65535, example="3000")] = 3000`.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress
import os
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

T = TypeVar("T")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class SettingsError(Exception):
    """A variable is missing or bad. `str()` is one sentence: its name, what it must be, a good value, no secret."""


class Secret:
    """A text that does not show itself: `repr`, `str` and f-strings print `***`. Ask with `reveal()`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself. Call this where it is used, and keep the result out of names that are logged."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("A Secret is not pickled; pass on reveal() where it is needed.")


class EncryptionKey(msgspec.Struct, frozen=True, repr_omit_defaults=True):
    """One AES-256 key and the short id that sealed values carry to find it again."""

    id: str
    key: bytes

    def __repr__(self) -> str:
        return f"EncryptionKey(id={self.id!r}, key=***)"


class Rule(msgspec.Struct, Generic[T], frozen=True):
    """How one variable is read: `parse` raises ValueError for text it does not accept."""

    parse: Callable[[str], T]
    expects: str
    """Completes the sentence "X must be ..."."""
    example: str
    secret: bool = False
    """The text is never repeated in an error or in the documentation."""
    alias: str | None = None
    """An older or more common name of the variable, read when the first is unset."""
    show: Callable[[Any], str] = str
    """The value in the spelling of the environment, for the documentation."""

    def read(self, name: str, raw: str) -> T:
        """The typed value of variable `name`. Raises SettingsError with the one sentence that helps."""
        try:
            return self.parse(raw)
        except ValueError:
            got = "" if self.secret else f"; got {raw[:80]!r}"
            sentence = f"{name} must be {self.expects}, for example {name}={self.example}{got}."
            raise SettingsError(sentence) from None  # the cause would repeat the value


def refuse(condition: object) -> None:
    """Raise the ValueError a rule turns into its sentence, when `condition` holds."""
    if condition:
        raise ValueError


def _items(raw: str) -> list[str]:
    return [item.strip() for item in raw.split(",") if item.strip()]


def _joined(values: Iterable[object]) -> str:
    return ",".join(str(value) for value in values)


def text(example: str, expects: str = "a text", pattern: str = r".+") -> Rule[str]:
    """Any one line that matches `pattern` whole."""

    def parse(raw: str) -> str:
        refuse(not re.fullmatch(pattern, raw))
        return raw

    return Rule(parse, expects, example)


def choice(words: Mapping[str, str], *, alias: str | None = None) -> Rule[Any]:
    """One of a few words, each with the value it stands for; case does not matter."""

    def parse(raw: str) -> str:
        refuse(raw.lower() not in words)
        return words[raw.lower()]

    values = list(dict.fromkeys(words.values()))
    return Rule(parse, f"one of {', '.join(values)}", values[0], alias=alias)


def whole(low: int, high: int, *, example: str) -> Rule[int]:
    """A whole number between two bounds, both included."""

    def parse(raw: str) -> int:
        refuse(not re.fullmatch(r"[0-9]{1,15}", raw))
        refuse(not low <= int(raw) <= high)
        return int(raw)

    return Rule(parse, f"a whole number from {low} to {high}", example)


def share(example: str) -> Rule[float]:
    """A number from 0 to 1."""

    def parse(raw: str) -> float:
        refuse(not re.fullmatch(r"(0|1|0?\.[0-9]{1,6}|1\.0{1,6})", raw))
        return float(raw)

    return Rule(parse, "a number from 0 to 1", example)


def flag() -> Rule[bool]:
    """Yes or no, in the usual spellings."""
    words = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}

    def parse(raw: str) -> bool:
        refuse(raw.lower() not in words)
        return words[raw.lower()]

    return Rule(parse, "true or false", "true", show=lambda value: str(value).lower())


_UNITS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


def duration(low: float, high: float, *, example: str) -> Rule[float]:
    """A span such as `500ms`, `20s`, `15m`, `24h`, `7d`, or plain seconds; read as seconds, bounds included."""

    def parse(raw: str) -> float:
        match = re.fullmatch(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)\s*(ms|s|m|h|d|w|)", raw.lower())
        if match is None:
            raise ValueError
        seconds = float(match[1]) * _UNITS[match[2]]
        refuse(not low <= seconds <= high)
        return seconds

    def show(value: float) -> str:
        if value != int(value):
            return f"{value * 1000:g}ms"
        # Days begin at two: everybody says 24h.
        unit = next(u for u in ("d", "h", "m", "s") if value % _UNITS[u] == 0 and (u != "d" or value > 86400))
        return f"{value / _UNITS[unit]:g}{unit}"

    return Rule(parse, f"a duration from {show(low)} to {show(high)}", example, show=show)


def url(*schemes: str, example: str) -> Rule[str]:
    """An absolute URL without user, query and fragment; a final slash is dropped."""

    def parse(raw: str) -> str:
        parts = urlsplit(raw)
        refuse(parts.scheme not in schemes or not parts.hostname or parts.username is not None)
        refuse(parts.query or parts.fragment or re.search(r"[\s\x00-\x1f]", raw) or parts.port == 0)
        return raw.rstrip("/")

    return Rule(parse, f"an absolute URL starting with {' or '.join(s + '://' for s in schemes)}", example)


def origins() -> Rule[tuple[str, ...]]:
    """Web origins as a browser sends them in `Origin`, or `*`."""

    def parse(raw: str) -> tuple[str, ...]:
        found = tuple(item.rstrip("/") for item in _items(raw))
        refuse(any(not re.fullmatch(r"\*|https?://[A-Za-z0-9.\-_\[\]:]+", origin) for origin in found))
        return found

    return Rule(parse, "* or a comma-separated list of origins", "https://app.example.com", show=_joined)


def networks(example: str) -> Rule[tuple[Network, ...]]:
    """Addresses and CIDR ranges, comma separated; a range with host bits set is refused, it is usually a slip."""

    def parse(raw: str) -> tuple[Network, ...]:
        return tuple(ipaddress.ip_network(item) for item in _items(raw))

    return Rule(parse, "a comma-separated list of addresses or CIDR ranges", example, show=_joined)


_CRON_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_CRON_NAMES = re.compile(r"\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun)\b")
_CRON_PART = re.compile(r"(?:\*|([0-9]{1,2})(?:-([0-9]{1,2}))?)(?:/([0-9]{1,3}))?")


def cron(example: str) -> Rule[str]:
    """Five fields of a crontab line: minute, hour, day of month, month, day of week."""

    def parse(raw: str) -> str:
        fields = raw.lower().split()
        refuse(len(fields) != 5)
        for field, (low, high) in zip(fields, _CRON_BOUNDS, strict=True):
            numbers = _CRON_NAMES.sub(str(low), field) if high in (12, 7) else field
            for part in numbers.split(","):
                match = _CRON_PART.fullmatch(part)
                if match is None:
                    raise ValueError
                first, last, step = match.groups()
                refuse(any(number is not None and not low <= int(number) <= high for number in (first, last)))
                refuse(last is not None and int(first) > int(last))
                refuse(step is not None and int(step) == 0)
        return " ".join(raw.split())

    return Rule(parse, "a cron line of five fields (minute hour day month weekday)", f'"{example}"')


def zone() -> Rule[ZoneInfo]:
    """A time zone by its name in the IANA database."""

    def parse(raw: str) -> ZoneInfo:
        try:
            return ZoneInfo(raw)
        except (ZoneInfoNotFoundError, OSError) as unknown:  # a folder of zones is an OSError
            raise ValueError from unknown

    return Rule(parse, "the name of a time zone", "Europe/Berlin")


def secret(expects: str, example: str, pattern: str = r".+") -> Rule[Secret]:
    """A text that never shows."""

    def parse(raw: str) -> Secret:
        refuse(not re.fullmatch(pattern, raw))
        return Secret(raw)

    return Rule(parse, expects, example, secret=True)


def secrets_list(least_bytes: int) -> Rule[tuple[Secret, ...]]:
    """Comma-separated secrets: the current one first, then previous ones that are still accepted."""

    def parse(raw: str) -> tuple[Secret, ...]:
        found = tuple(Secret(item) for item in _items(raw))
        refuse(not found or any(len(item.reveal().encode()) < least_bytes for item in found))
        return found

    expects = f"one or more secrets of at least {least_bytes} bytes each, comma separated, current first"
    return Rule(parse, expects, '"$(openssl rand -base64 48)"', secret=True)


def encryption_keys() -> Rule[tuple[EncryptionKey, ...]]:
    """`id:base64` pairs, comma separated; 32 bytes each, ids unique."""

    def parse(raw: str) -> tuple[EncryptionKey, ...]:
        found: list[EncryptionKey] = []
        for item in _items(raw):
            key_id, colon, encoded = item.partition(":")
            refuse(not colon or not re.fullmatch(r"[A-Za-z0-9_-]{1,16}", key_id))
            altchars = b"-_" if re.search(r"[-_]", encoded) else None  # both alphabets of base64 are in use
            try:
                key = base64.b64decode(encoded.rstrip("=") + "=", altchars=altchars, validate=True)
            except binascii.Error:
                raise ValueError from None
            refuse(len(key) != 32 or any(key_id == other.id for other in found))
            found.append(EncryptionKey(key_id, key))
        refuse(not found)
        return tuple(found)

    expects = "one or more id:key pairs, comma separated, each key 32 random bytes in base64, first encrypts"
    return Rule(parse, expects, '"k1:$(openssl rand -base64 32)"', secret=True)


def sqlite_file() -> Rule[Path]:
    """A file, as a path, as `file:path` or as `sqlite:///path`."""

    def parse(raw: str) -> Path:
        path = re.sub(r"^(sqlite:///|file:(//(?=/))?)", "", raw)
        refuse(not path or "://" in path or ":memory:" in path or "?" in path)
        return Path(path)

    return Rule(parse, "the path of a file", "file:./data/gateway.db")


def kept(path: Path, make: Callable[[], str]) -> str:
    """The text of `path`, made once by `make` and kept with mode 0600: how development survives restarts without setup.

    Two processes that start together get the same text. Raises SettingsError when the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(make())
            try:
                os.link(draft, path)  # atomic, and unlike rename it never replaces the other process's text
            except FileExistsError:
                pass  # the other process was first: its text is read below
            finally:
                draft.unlink()
        return path.read_text().strip()
    except OSError as problem:
        where = f"{path.parent}: {problem.strerror}"
        raise SettingsError(
            f"DATA_DIR must be a folder this process can write, for example DATA_DIR=./data; {where}."
        ) from problem
