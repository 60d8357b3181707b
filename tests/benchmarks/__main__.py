"""`python -m tests.benchmarks`: measure everything on both databases and print a table."""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import perf_counter

import msgspec
import uvloop

from gateway.kit import log as logs
from tests.benchmarks import accepting, delivering, latency, memory, requests, whatsapp
from tests.benchmarks.figure import Figure, table
from tests.benchmarks.place import KINDS, Kind, Place, place

Measure = Callable[[Place], Awaitable[list[Figure]]]
BENCHMARKS: dict[str, Measure] = {
    "requests": requests.measure,
    "accepting": accepting.measure,
    "delivering": delivering.measure,
    "latency": latency.measure,
    "memory": memory.measure,
    "whatsapp": whatsapp.measure,
}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=BENCHMARKS, metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--database", choices=KINDS, help="one of them; both when left out")
    parser.add_argument("--quick", action="store_true", help="shorter and rougher")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    return parser.parse_args()


def _run(measure: Measure, kind: Kind, *, quick: bool) -> list[Figure]:
    async def run() -> list[Figure]:
        with place(kind, quick=quick) as where:
            return await measure(where)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run())


def main() -> int:
    """Returns 0 also when figures are short of what is expected: they are no tests."""
    given = _arguments()
    logs.configure(level="error", json=False, stream=sys.stderr)
    began = perf_counter()
    figures: list[Figure] = []
    for name in given.only or BENCHMARKS:
        for kind in [given.database] if given.database else KINDS:
            print(f"{name} on {kind} ...", file=sys.stderr, flush=True)
            figures += _run(BENCHMARKS[name], kind, quick=given.quick)
    print(table(figures))
    print(f"\n{os.cpu_count()} cores, Python {platform.python_version()}, {perf_counter() - began:.0f} s")
    if given.json:
        rows = [msgspec.to_builtins(each) | {"ratio": each.ratio, "verdict": each.verdict} for each in figures]
        given.json.write_bytes(msgspec.json.format(msgspec.json.encode(rows), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
