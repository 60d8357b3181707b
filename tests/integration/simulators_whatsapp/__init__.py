"""A real neonize against the simulated WhatsApp, feature by feature."""

from __future__ import annotations

import gc
import subprocess
import warnings

with warnings.catch_warnings():
    # neonize reads `uname` through a pipe that it never closes, and warnings are errors in our tests. So it is loaded
    # here, before anything else, and what it left is collected: finished processes by whoever starts the next one.
    warnings.simplefilter("ignore", ResourceWarning)
    import neonize  # noqa: F401

    gc.collect()
    subprocess.run(["true"], check=True)
