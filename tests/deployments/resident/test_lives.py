"""Whether workers live, by their leases on this machine and their beats elsewhere."""

import multiprocessing
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from complaints.adapters import beats
from complaints.adapters.store import Store
from deployments.resident.lives import Life


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(f"sqlite:///{tmp_path / 'cases.db'}", tmp_path / "master.key")
    made.migrate()
    return made


def live(url: str, key_file: Path, folder: Path, says: Connection) -> None:
    life = Life(Store(url, key_file), folder, "other")
    life.begin()
    says.send(life.identifier)
    says.recv()


@pytest.fixture
def other(store: Store, tmp_path: Path) -> Iterator[tuple[multiprocessing.Process, str]]:
    """Another worker's process, and its identifier."""
    hears, says = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=live, args=(store.url, store.key_file, tmp_path / "workers", says)
    )
    process.start()
    says.close()
    yield process, hears.recv()  # type: ignore[misc] # a spawned process is one
    process.kill()
    process.join()


def test_another_worker_of_this_machine_is_dead_the_moment_it_is_killed(
    store: Store, tmp_path: Path, other: tuple[multiprocessing.Process, str]
) -> None:
    process, identifier = other
    mine = Life(store, tmp_path / "workers", "mine")
    assert not mine.is_dead(identifier)

    process.kill()
    process.join()

    assert mine.is_dead(identifier)
    assert mine.inherits(identifier) == "other"


def test_a_worker_elsewhere_is_dead_once_it_is_silent(store: Store, tmp_path: Path) -> None:
    beats.arrive(store, "elsewhere:1", "elsewhere", "far")
    mine = Life(store, tmp_path / "workers", "mine")
    assert not mine.is_dead("elsewhere:1")

    beats.leave(store, "elsewhere:1")
    assert mine.is_dead("elsewhere:1")
    assert mine.inherits("elsewhere:1") == "far"


def test_a_worker_that_lives_is_not_taken_over_whoever_took_it_for_dead(
    store: Store, tmp_path: Path, other: tuple[multiprocessing.Process, str]
) -> None:
    beats.arrive(store, "elsewhere:1", "elsewhere", "far")
    mine = Life(store, tmp_path / "workers", "mine")

    assert [mine.inherits(one) for one in ("elsewhere:1", other[1])] == [None, None]


def test_a_worker_is_never_dead_to_itself(store: Store, tmp_path: Path) -> None:
    mine = Life(store, tmp_path / "workers", "mine")
    assert not mine.is_dead(mine.identifier)


def test_who_ends_in_order_leaves_no_file_and_leases_of_the_dead_are_tidied_away(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "workers"
    ended = Life(store, folder, "ended")
    ended.begin()
    ended.end()
    (folder / "0123abcd").touch()  # of a worker that was killed, and that the database has forgotten

    Life(store, folder, "next").begin()

    assert len(list(folder.iterdir())) == 1
