"""What follows an answer: the runs of new cases are started, and those of changed cases look at them again.

Whoever sent something does not wait for Prefect, and a flood of complaints piles up no threads: one thread starts
runs, another wakes them, and each has at most one task ahead of it. What Prefect does not take now is made up for by
reconcile-runs.
"""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock
from typing import Final

from prefect.settings import temporary_settings

from flows.runs import SHORT, start_owed, wake_case

log = logging.getLogger("redress.door")


_REST_SECONDS: Final = 1.0  # a Prefect that is away is not asked with every complaint of a flood


class Errand:
    """Something that is done for all who asked for it since the last time, by one thread.

    Args:
        name: Of its thread.
        do: Does it for some cases.
        rest_seconds: Between two times; the first is done at once.
    """

    def __init__(self, name: str, do: Callable[[set[str]], None], rest_seconds: float = _REST_SECONDS) -> None:
        self._do, self._asked, self._lock, self._rest = do, set[str](), Lock(), rest_seconds
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)

    def ask(self, reference: str) -> None:
        """Have it done soon, for this case too; return at once."""
        with self._lock:
            is_first = not self._asked
            self._asked.add(reference)
        if is_first:
            self._thread.submit(self._run)

    def _run(self) -> None:
        with self._lock:
            references, self._asked = self._asked, set()
        try:
            self._do(references)
        except Exception as error:  # Prefect being away must not reach anybody: the cases are stored
            log.warning("runs were not told now (%s); reconcile-runs does it", type(error).__name__)
        Event().wait(self._rest)


def _start(references: set[str]) -> None:
    start_owed()


def _wake(references: set[str]) -> None:
    with temporary_settings(updates=SHORT):
        for reference in references:
            wake_case(reference)


_starting, _waking = Errand("start-runs", _start), Errand("wake-runs", _wake)


def filed(reference: str) -> None:
    """Let the run of a new case be started soon."""
    _starting.ask(reference)


def changed(reference: str) -> None:
    """Let the run of a case look at it again soon."""
    _waking.ask(reference)
