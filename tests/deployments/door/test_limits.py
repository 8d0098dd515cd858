"""How often somebody may come."""

import pytest

from deployments.door.limits import Buckets


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that stands."""
    return Clock()


def test_so_many_may_come_at_once_and_then_so_many_a_second(clock: Clock) -> None:
    buckets = Buckets(rate=2, burst=3, clock=clock)

    at_once = [buckets.take("a") for _ in range(5)]
    clock.now += 0.5
    after = [buckets.take("a") for _ in range(2)]

    assert (at_once, after) == ([0, 0, 0, 1, 1], [0, 1])


def test_nobody_is_kept_waiting_by_another(clock: Clock) -> None:
    buckets = Buckets(rate=1, burst=1, clock=clock)

    assert [buckets.take("a"), buckets.take("a"), buckets.take("b")] == [0, 1, 0]


def test_who_is_refused_is_not_counted_again(clock: Clock) -> None:
    buckets = Buckets(rate=1, burst=1, clock=clock)
    for _ in range(100):
        buckets.take("a")

    clock.now += 1

    assert buckets.take("a") == 0


def test_a_long_quiet_time_saves_up_no_more_than_the_burst(clock: Clock) -> None:
    buckets = Buckets(rate=10, burst=2, clock=clock)
    buckets.take("a")

    clock.now += 3600

    assert [buckets.take("a") for _ in range(3)] == [0, 0, 1]


def test_the_seconds_to_wait_are_told_without_counting(clock: Clock) -> None:
    buckets = Buckets(rate=0.1, burst=1, clock=clock)

    assert [buckets.wait("a") for _ in range(3)] == [0, 0, 0]
    buckets.take("a")
    assert [buckets.wait("a"), buckets.take("a")] == [10, 10]


def test_a_million_clients_take_no_more_memory_than_so_many(clock: Clock) -> None:
    buckets = Buckets(rate=1, burst=1, most=100, clock=clock)

    for number in range(10_000):
        buckets.take(str(number))

    assert len(buckets) == 100
    assert buckets.take("9999") == 1
