from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.ids import InstanceId
from gateway.services.pacer import Pace, Pacer, read_pace
from tests.clock import ManualClock

SHOP, CAFE = InstanceId("shop"), InstanceId("cafe")


def pacer(clock: ManualClock, chance: float = 0.0, capacity: int = 100) -> Pacer:
    return Pacer(clock, uniform=lambda: chance, capacity=capacity)


def test_without_figures_nothing_waits_and_nothing_is_remembered() -> None:
    paced = pacer(ManualClock())
    assert [paced.take(SHOP, Pace(), known_chat=False) for _ in range(100)] == [None] * 100
    assert len(paced) == 0


async def test_a_message_waits_for_its_share_of_the_minute() -> None:
    clock = ManualClock()
    paced, pace = pacer(clock), Pace(messages_per_minute=20)
    assert paced.take(SHOP, pace, known_chat=True) is None
    assert paced.take(SHOP, pace, known_chat=True) == 3.0
    assert paced.take(CAFE, pace, known_chat=True) is None
    await clock.advance(seconds=3)
    assert paced.take(SHOP, pace, known_chat=True) is None


def test_jitter_lengthens_a_pause_and_never_shortens_it() -> None:
    paced, pace = pacer(ManualClock(), chance=0.5), Pace(messages_per_minute=60, jitter=0.4)
    paced.take(SHOP, pace, known_chat=True)
    assert paced.take(SHOP, pace, known_chat=True) == 1.2


async def test_first_contacts_wait_longer_and_replies_do_not_wait_for_them() -> None:
    clock = ManualClock()
    paced, pace = pacer(clock), Pace(messages_per_minute=60, first_contacts_per_minute=2)
    assert paced.take(SHOP, pace, known_chat=False) is None
    await clock.advance(seconds=1)
    assert paced.take(SHOP, pace, known_chat=False) == 29.0
    assert paced.take(SHOP, pace, known_chat=True) is None


def test_memory_is_bounded() -> None:
    paced, pace = pacer(ManualClock(), capacity=8), Pace(messages_per_minute=1)
    for number in range(100):
        paced.take(InstanceId(str(number)), pace, known_chat=True)
        assert len(paced) <= 8


def test_an_instances_own_figures_come_before_the_deployments() -> None:
    default = Pace(messages_per_minute=30, first_contacts_per_minute=3, jitter=0.2)
    assert read_pace({}, default) == default
    own = read_pace({"paceMessagesPerMinute": "12.0", "paceJitter": "0.0"}, default)
    assert own == Pace(messages_per_minute=12, first_contacts_per_minute=3, jitter=0.0)


@given(
    figure=st.integers(1, 120),
    pauses=st.lists(st.floats(0, 30), max_size=150),
    chances=st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=10),
)
def test_no_minute_has_more_than_its_figure_and_one_at_the_edge(
    figure: int, pauses: list[float], chances: list[float]
) -> None:
    now, turn = [0.0], [0]

    class Hands(ManualClock):
        def monotonic(self) -> float:
            return now[0]

    def uniform() -> float:
        turn[0] += 1
        return chances[turn[0] % len(chances)]

    paced, pace = Pacer(Hands(), uniform=uniform), Pace(messages_per_minute=figure)
    left: list[float] = []
    for pause in pauses:
        now[0] += pause
        if paced.take(SHOP, pace, known_chat=True) is None:
            left.append(now[0])
    for start in left:
        assert sum(start <= each < start + 60 for each in left) <= figure + 1
