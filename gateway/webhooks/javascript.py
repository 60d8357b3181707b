"""JSON exactly as JavaScript's `JSON.stringify` prints it.

Receivers of surface A verify a signature by parsing the body and printing it again (its documentation shows that),
so the bytes have to be the ones their own printer makes: no blanks, no escapes beyond the necessary, and numbers in
JavaScript's form (ECMA-262, Number::toString): `55`, not `55.0`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec


def stringify(value: Any) -> str:
    """Compact JSON of builtin values; keys keep their order."""
    return msgspec.json.encode(_with_numbers(value)).decode()


def number(value: float) -> str:
    """A finite number as JavaScript writes it; `null` for the others, as JSON.stringify does."""
    if value != value or value in (float("inf"), float("-inf")):
        return "null"
    if value == 0:
        return "0"
    shortest = Decimal(repr(value))
    exponent = shortest.adjusted()
    if -6 <= exponent < 21:
        text = format(shortest, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    sign, digits, _ = shortest.normalize().as_tuple()
    head, *tail = (str(digit) for digit in digits)
    mantissa = head + ("." + "".join(tail) if tail else "")
    return f"{'-' if sign else ''}{mantissa}e{exponent:+d}"


def _with_numbers(value: Any) -> Any:
    match value:
        case dict():
            return {key: _with_numbers(each) for key, each in value.items()}
        case list() | tuple():
            return [_with_numbers(each) for each in value]
        case float():
            return msgspec.Raw(number(value).encode())
        case _:
            return value
