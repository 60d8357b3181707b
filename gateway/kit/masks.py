"""Secrets as they may stand in a list: enough to tell two apart, too little to use."""

from __future__ import annotations

_SHOWN = 12


def masked(secret: str) -> str:
    """The first characters of a secret, at most a quarter of it, and its length: `gwi_a1b2c3d4…(56)`."""
    return f"{secret[: min(_SHOWN, len(secret) // 4)]}…({len(secret)})"
