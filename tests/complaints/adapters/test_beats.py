"""The beats of workers, on SQLite and PostgreSQL."""

from datetime import timedelta

import pytest

from complaints.adapters import beats
from complaints.adapters.store import Store
from complaints.adapters.tables import WorkerRow


def arrive(store: Store, *names: str) -> None:
    for name in names:
        beats.arrive(store, f"host:{name}", "host", name)


def let_pass(store: Store, name: str, time: timedelta) -> None:
    """Let a worker's last beat be so long ago."""
    with store.write() as session:
        row = session.get_one(WorkerRow, f"host:{name}")
        row.beat_at -= time


def fall_silent(store: Store, name: str) -> None:
    let_pass(store, name, beats.SILENCE + timedelta(seconds=1))


def names(store: Store) -> list[str]:
    return [name for _, name in beats.living(store)]


def test_a_worker_lives_while_it_beats_and_ends_when_it_says_so_or_falls_silent(store: Store) -> None:
    arrive(store, "a", "b", "c")
    fall_silent(store, "b")
    beats.leave(store, "host:c")

    assert names(store) == ["a"]
    assert [beats.is_silent(store, f"host:{name}") for name in ("a", "b", "c", "unknown")] == [False, True, True, True]


def test_a_worker_that_was_silent_lives_again_with_its_next_beat(store: Store) -> None:
    arrive(store, "a")
    fall_silent(store, "a")

    assert beats.beat(store, "host:a")
    assert names(store) == ["a"]


def test_one_worker_alone_takes_over_the_runs_of_a_dead_one(store: Store) -> None:
    arrive(store, "dead", "b", "c")
    fall_silent(store, "dead")

    assert beats.inherit(store, "host:dead", "host:b") == "dead"
    assert beats.inherit(store, "host:dead", "host:c") is None
    assert beats.inherit(store, "host:dead", "host:b") == "dead"


def test_where_the_heir_dies_too_another_takes_over(store: Store) -> None:
    arrive(store, "dead", "b", "c")
    fall_silent(store, "dead")
    beats.inherit(store, "host:dead", "host:b")
    fall_silent(store, "b")

    assert beats.inherit(store, "host:dead", "host:c") == "dead"


def test_a_worker_that_beats_again_after_it_was_found_silent_keeps_its_runs(store: Store) -> None:
    arrive(store, "frozen", "b")
    fall_silent(store, "frozen")
    assert beats.is_silent(store, "host:frozen")

    assert beats.beat(store, "host:frozen")

    assert beats.inherit(store, "host:frozen", "host:b") is None
    assert beats.beat(store, "host:frozen")


def test_of_a_worker_whose_death_is_certain_no_silence_is_asked(store: Store) -> None:
    arrive(store, "dead", "b", "c")

    assert beats.inherit(store, "host:dead", "host:b", is_proven=True) == "dead"
    assert beats.inherit(store, "host:dead", "host:c", is_proven=True) is None
    assert beats.inherit(store, "host:dead", "host:b") == "dead"


def test_a_worker_that_ended_in_order_is_taken_over_at_once(store: Store) -> None:
    arrive(store, "ended", "b")
    beats.leave(store, "host:ended")

    assert beats.inherit(store, "host:ended", "host:b") == "ended"


def test_a_worker_whose_runs_were_taken_over_is_told_at_its_next_beat(store: Store) -> None:
    arrive(store, "stalled", "b")
    fall_silent(store, "stalled")
    beats.inherit(store, "host:stalled", "host:b")

    assert not beats.beat(store, "host:stalled")
    assert names(store) == ["b"]


def test_a_worker_that_nobody_knows_any_more_begins_afresh(store: Store) -> None:
    assert not beats.beat(store, "host:forgotten")
    assert beats.inherit(store, "host:forgotten", "host:b") == "host:forgotten"


@pytest.mark.parametrize("days", [6, 8])
def test_a_worker_is_forgotten_a_week_after_its_last_beat(store: Store, days: int) -> None:
    arrive(store, "old")
    let_pass(store, "old", timedelta(days=days))
    arrive(store, "new")

    with store.read() as session:
        assert (session.get(WorkerRow, "host:old") is None) == (days > 7)
