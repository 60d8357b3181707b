"""What this process takes of its machine."""

from __future__ import annotations

import os
import resource
import threading
import time
from pathlib import Path

from msgspec import Struct

_SELF = Path("/proc/self")
_STARTED = time.monotonic()


def uptime() -> float:
    """Seconds since the process loaded this."""
    return time.monotonic() - _STARTED


class ProcessSample(Struct, frozen=True, kw_only=True):
    """`memory` in bytes, resident; `descriptors` is None where the system does not tell."""

    memory: int
    cpu_seconds: float
    threads: int
    descriptors: int | None


def sample() -> ProcessSample:
    """Now. Where there is no /proc, memory is the greatest it has been, and threads are Python's own."""
    times = os.times()
    if _SELF.exists():
        pages = int((_SELF / "statm").read_text().split()[1])
        memory = pages * resource.getpagesize()
        threads = len(list((_SELF / "task").iterdir()))
        descriptors: int | None = len(list((_SELF / "fd").iterdir()))
    else:
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        threads, descriptors = threading.active_count(), None
    return ProcessSample(memory=memory, cpu_seconds=times.user + times.system, threads=threads, descriptors=descriptors)
