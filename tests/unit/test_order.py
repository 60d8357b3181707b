"""Every worker begins with its share of the long tests, and nothing is lost on the way."""

from __future__ import annotations

import pytest

from tests.order import dealt


@pytest.mark.parametrize("workers", [1, 2, 3, 7])
@pytest.mark.parametrize("long", [0, 1, 5, 40])
def test_every_run_begins_with_long_tests(request: pytest.FixtureRequest, workers: int, long: int) -> None:
    items = [_test(request, f"t{n}", slow=n % 2 == 0 and n < long * 2) for n in range(100)]
    order = dealt(items, workers)
    assert sorted(order, key=id) == sorted(items, key=id)
    begin = 0
    for number in range(workers):
        length = (100 - begin) // (workers - number)
        slow = [each.get_closest_marker("slow") is not None for each in order[begin : begin + length]]
        assert slow == sorted(slow, reverse=True)
        assert long // workers <= sum(slow) <= long // workers + 1
        begin += length


def test_tests_that_share_a_loop_stay_together(request: pytest.FixtureRequest) -> None:
    shared = [_test(request, f"s{n}", slow=True, loop_scope="module") for n in range(4)]
    items = [*shared, *(_test(request, f"t{n}", slow=n < 4) for n in range(8))]
    order = dealt(items, 3)
    at = order.index(shared[0])
    assert order[at : at + 4] == shared


def _test(request: pytest.FixtureRequest, name: str, *, slow: bool, loop_scope: str = "function") -> pytest.Item:
    item = pytest.Function.from_parent(request.node.parent, name=name, callobj=lambda: None)
    item.add_marker(pytest.mark.asyncio(loop_scope=loop_scope))
    if slow:
        item.add_marker(pytest.mark.slow)
    return item
