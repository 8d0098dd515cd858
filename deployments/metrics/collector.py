"""The figures of the case database as metrics, read anew only every few seconds however often they are asked for."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from typing import Final, Generic, TypeVar

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from complaints.adapters.figures import Figures, Queue, count, count_endings
from complaints.adapters.store import Store
from complaints.answers import Question
from complaints.moves import OPEN
from complaints.words import Stage

FRESH_SECONDS: Final = 15.0
"""For which figures of open cases are told again as they were read."""
ENDED_SECONDS: Final = 600.0
"""The same for what has ended: counting it reads much."""
PATIENCE_SECONDS: Final = 3.0
"""For which a scrape waits for the database; Prometheus waits ten for the whole."""

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """Something that is read in a thread of its own and kept for a while.

    Args:
        read: Reads it.
        seconds: For which it is kept, or that it could not be read.
    """

    def __init__(self, read: Callable[[], Value], seconds: float) -> None:
        self._read, self._seconds = read, seconds
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="figures")
        self._asked: Future[Value] | None = None
        self._until = 0.0

    def value(self, patience_seconds: float) -> Value | None:
        """Return it, or None where it cannot be read or not in this time; then reading goes on."""
        if self._asked is None or (self._asked.done() and time.monotonic() >= self._until):
            self._until = time.monotonic() + self._seconds
            self._asked = self._thread.submit(self._read)
        try:
            return self._asked.result(patience_seconds)
        except (SQLAlchemyError, OSError, NotInTime):
            return None


class CaseFigures(Collector):
    """Tells Prometheus what there is to do.

    Args:
        store: Returns the case database.
    """

    def __init__(self, store: Callable[[], Store]) -> None:
        self._figures = Kept(lambda: count(store()), FRESH_SECONDS)
        self._endings = Kept(lambda: count_endings(store()), ENDED_SECONDS)

    def describe(self) -> Iterable[Metric]:
        """Name nothing beforehand: the names could be told only by reading."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield what is known; of a database that does not answer, only that."""
        figures, endings = self._figures.value(PATIENCE_SECONDS), self._endings.value(PATIENCE_SECONDS)
        is_up = figures is not None
        yield _gauge("redress_case_database_up", "Whether the case database answers.", [((), is_up)])
        if figures:
            yield from _of(figures)
        if endings:
            ended = [((one,), endings.ended.get(one, 0)) for one in Stage if one not in OPEN]
            yield _gauge("redress_cases_ended", "Cases that have ended; counted every ten minutes.", ended, "stage")
            dead = [((name,), number) for name, number in endings.dead.items()]
            text = "What a receiver was not told and is not told any more; counted every ten minutes."
            yield _gauge("redress_webhooks_dead", text, dead, "receiver")


def _of(figures: Figures) -> Iterator[Metric]:
    stages = [((one,), figures.open.get(one, 0)) for one in Stage if one in OPEN]
    yield _gauge("redress_cases_open", "Open cases.", stages, "stage")
    asking = [((one,), figures.asking.get(one, 0)) for one in Question]
    yield _gauge(
        "redress_cases_asking",
        "Open cases that wait for a person, by the question; delivery: a letter that could not be delivered.",
        asking,
        "question",
    )
    yield _gauge("redress_deadlines_missed", "Open duties whose time has run out.", [((), figures.missed)])
    near = [((str(days),), number) for days, number in figures.near.items()]
    yield _gauge("redress_deadlines_near", "Open duties whose time runs out within so many days.", near, "days")
    yield _gauge("redress_workers_alive", "Workers, on any machine, that live.", [((), figures.workers)])
    yield from _queue("redress_outbox_runs", "Cases that owe a run", [((), figures.starts)])
    yield from _queue("redress_alerts_untold", "Alerts that people should have been told of", [((), figures.alerts)])
    waiting = [((name,), queue) for name, queue in figures.dispatches.items()]
    yield from _queue("redress_webhooks_waiting", "What a receiver was not told yet", waiting, "receiver")


def _queue(name: str, text: str, queues: Sequence[tuple[tuple[str, ...], Queue]], *labels: str) -> Iterator[Metric]:
    yield _gauge(name, f"{text}.", [(key, queue.number) for key, queue in queues], *labels)
    oldest = [(key, queue.seconds) for key, queue in queues]
    yield _gauge(f"{name}_oldest_seconds", f"{text}: for how long the oldest has waited.", oldest, *labels)


def _gauge(name: str, text: str, values: Iterable[tuple[tuple[str, ...], float]], *labels: str) -> Metric:
    made = GaugeMetricFamily(name, text, labels=labels)
    for key, value in values:
        made.add_metric(key, float(value))
    return made
