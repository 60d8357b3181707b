"""How busy the machine under this process is, and how much of that is the process: shares in percent."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from gateway.kit import process

PROC = Path("/proc")
LEAST_SPAN = 1.0
"""Seconds. Processor time is counted in hundredths of a second: over a shorter span a share would be a guess."""


class Figures(Struct, frozen=True, kw_only=True):
    """Shares in percent of the whole machine: all its processors, all its memory."""

    cpu: float
    """Where the system does not tell about the machine (a service under ProcSubset=pid), the process's own share."""
    memory: float
    uptime: float
    """Seconds since the machine was started."""
    process_cpu: float
    process_memory: int
    """Bytes, resident."""
    process_uptime: float


class _Times(Struct, frozen=True):
    """Seconds of processor time until a moment."""

    at: float
    own: float
    busy: float | None
    total: float | None


class Meter:
    """Processor shares are means over the time since the last look, of a second at least; the first is since the start.

    `monotonic` gives seconds; `proc` is where the system tells about itself.
    """

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic, proc: Path = PROC) -> None:
        self._monotonic = monotonic
        self._proc = proc
        self._last = self._times()
        own, busy, total = self._last.own, self._last.busy, self._last.total
        self._own = _percent(own, process.uptime() * _processors())
        self._cpu = self._own if busy is None or total is None else _percent(busy, total)

    def look(self) -> Figures:
        """Now."""
        now, last = self._times(), self._last
        if now.at - last.at >= LEAST_SPAN:
            self._last = now
            self._own = _percent(now.own - last.own, (now.at - last.at) * _processors())
            if now.busy is None or last.busy is None or now.total is None or last.total is None:
                self._cpu = self._own
            else:
                self._cpu = _percent(now.busy - last.busy, now.total - last.total)
        return Figures(
            cpu=self._cpu,
            memory=self._memory(),
            uptime=_uptime(),
            process_cpu=self._own,
            process_memory=process.sample().memory,
            process_uptime=process.uptime(),
        )

    def _times(self) -> _Times:
        times = os.times()
        own = times.user + times.system
        try:
            # proc_stat(5): user nice system idle iowait irq softirq steal; what guests took is within user and nice.
            fields = [int(word) for word in (self._proc / "stat").read_text().split("\n", 1)[0].split()[1:9]]
            total, idle = sum(fields), fields[3] + fields[4]
        except (OSError, ValueError, IndexError):
            return _Times(self._monotonic(), own, None, None)
        return _Times(self._monotonic(), own, total - idle, total)

    def _memory(self) -> float:
        try:
            rows = dict(line.split(":", 1) for line in (self._proc / "meminfo").read_text().splitlines())
            total, free = (int(rows[name].split()[0]) for name in ("MemTotal", "MemAvailable"))
        except (OSError, ValueError, KeyError, IndexError):
            # Without what could be freed of caches, so this says rather too much than too little.
            total, free = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_AVPHYS_PAGES")
        return _percent(total - free, total)


def _processors() -> int:
    return os.cpu_count() or 1


def _percent(part: float, whole: float) -> float:
    return round(min(100.0, max(0.0, 100.0 * part / whole)), 1) if whole > 0 else 0.0


def _uptime() -> float:
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
