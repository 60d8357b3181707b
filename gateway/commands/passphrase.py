"""The passphrase of a sealed file: from a file, the environment, or whoever sits there."""

from __future__ import annotations

import argparse
import getpass
import os
from pathlib import Path

from gateway.domain.errors import InvalidInput

PASSPHRASE_VARIABLE = "GATEWAY_EXPORT_PASSPHRASE"  # noqa: S105 - a name, not a passphrase
SHORTEST = 12
"""Characters: the file can be tried offline for ever."""


def read_passphrase(options: argparse.Namespace, *, repeat: bool) -> str:
    """The words. `repeat` for a file that is being made: asked for twice, and not too short. Raises InvalidInput."""
    if options.passphrase_file:
        try:
            words = Path(options.passphrase_file).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError):
            raise InvalidInput(f"{options.passphrase_file} cannot be read as text.") from None
    elif not (words := os.environ.get(PASSPHRASE_VARIABLE, "")):
        words = getpass.getpass("Passphrase: ")
        if repeat and getpass.getpass("Again: ") != words:
            raise InvalidInput("The two passphrases differ.")
    if repeat and len(words) < SHORTEST:
        raise InvalidInput(f"The passphrase needs at least {SHORTEST} characters.")
    return words
