"""Imports neonize once for the test process, so that what it leaves behind complains in no test and slows none down.

When it is imported, it reads `uname` through a pipe that it never closes; warnings are errors here, and the garbage
collector would raise this one in the middle of some test, or when pytest ends. And it turns every library's logs up and
sends them to stderr: three lines would be written for each request that a test makes or a simulator answers.
"""

from __future__ import annotations

import gc
import logging
import subprocess
import warnings

_root = logging.getLogger()
_before = (_root.level, _root.handlers[:])

with warnings.catch_warnings():
    warnings.simplefilter("ignore", ResourceWarning)
    import neonize  # noqa: F401  # for the side effect alone

    gc.collect()
    subprocess.run(["true"], check=True)  # whoever starts a process collects those that were left
    gc.collect()

_root.setLevel(_before[0])
for _handler in set(_root.handlers) - set(_before[1]):
    _root.removeHandler(_handler)
