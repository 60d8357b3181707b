"""Imports neonize once for the test process, so that what it leaves behind complains in no test.

When it is imported, it reads `uname` through a pipe that it never closes; warnings are errors here, and the garbage
collector would raise this one in the middle of some test, or when pytest ends.
"""

from __future__ import annotations

import gc
import subprocess
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", ResourceWarning)
    import neonize  # noqa: F401  # for the side effect alone

    gc.collect()
    subprocess.run(["true"], check=True)  # whoever starts a process collects those that were left
    gc.collect()
