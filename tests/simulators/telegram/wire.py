"""The shape of JSON on the wire and the two clocks-and-keys helpers every module needs."""

from __future__ import annotations

import time
from typing import Any

# Any: JSON objects of the Bot API have some hundred shapes; the real client's models check them in the tests.
Wire = dict[str, Any]


def unix_now() -> int:
    """Seconds since 1970, as every `date` field of the Bot API carries them."""
    return int(time.time())


def without_nothing(**fields: Any) -> Wire:
    """The given fields except those that are None: the Bot API leaves absent fields out."""
    return {key: value for key, value in fields.items() if value is not None}
