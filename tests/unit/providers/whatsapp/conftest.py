"""Loads neonize once for this folder's tests."""

from __future__ import annotations

import gc
import subprocess
import warnings

with warnings.catch_warnings():
    # It asks `uname` through os.popen when it is imported, and leaves child and pipe to the garbage collector, which
    # would complain in the middle of some test.
    warnings.simplefilter("ignore", ResourceWarning)
    import neonize  # noqa: F401  # for the side effect alone

    gc.collect()
    abandoned: list[subprocess.Popen[str]] = getattr(subprocess, "_active", [])
    for child in list(abandoned):
        child.wait()
    abandoned.clear()
    gc.collect()
