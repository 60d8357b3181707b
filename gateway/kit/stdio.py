"""Whose stdout it is: ours. Libraries in C or Go print where nobody asked them to, between our JSON lines."""

from __future__ import annotations

import os
import sys


def keep_stdout_to_ourselves() -> None:
    """What Python prints goes where stdout went; what other code of this process writes to descriptor 1 goes nowhere.

    stderr is left alone: a crash of such a library is told there. Call before logs are configured.
    """
    sys.stdout.flush()
    ours = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    sys.stdout = os.fdopen(ours, "w", encoding="utf-8", errors="backslashreplace", buffering=1)
