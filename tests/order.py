"""The order in which parallel workers begin: with the long tests, so that no worker ends on one while the others idle.

`--dist worksteal` gives each worker an equal run of the collected tests, and who is done takes from the end of the
longest. So every run begins with its share of the tests marked `slow`, and ends with short ones, good to be taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, islice

import pytest


def dealt(items: Sequence[pytest.Item], workers: int) -> list[pytest.Item]:
    """The same tests, dealt to so many runs. Those that share the event loop of their module stay together."""
    shares: list[list[pytest.Item]] = [[] for _ in range(workers)]
    for _, together in groupby((each for each in items if _is_slow(each)), key=_company):
        min(shares, key=len).extend(together)
    short = iter([each for each in items if not _is_slow(each)])
    order: list[pytest.Item] = []
    for number, share in enumerate(shares):
        room = (len(items) - len(order)) // (workers - number)  # the length xdist gives this run
        order += share
        order += islice(short, max(0, room - len(share)))
    return order


def _is_slow(item: pytest.Item) -> bool:
    return item.get_closest_marker("slow") is not None


def _company(item: pytest.Item) -> str:
    marker = item.get_closest_marker("asyncio")
    alone = marker is None or marker.kwargs.get("loop_scope") != "module"
    return item.nodeid if alone else item.nodeid.partition("::")[0]
