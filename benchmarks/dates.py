"""The passing of time, played by script: dates come, and runs that wait for one are woken as the sweep wakes them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread
from typing import Final

from benchmarks.installation import Installation
from complaints.adapters.sweeping import sweep

MOVE_SECONDS: Final = 1.0
"""How often time is moved at most: by an hour, so that no limit of a case that is just open comes near."""


class Dates:
    """The dates of one installation, a demo."""

    def __init__(self, redress: Installation) -> None:
        self.store = redress.store
        self._asleep: set[str] = set()
        self._came: set[str] = set()
        self._stop = Event()

    def sleeps(self, reference: str) -> None:
        """Note that the run of a case waits for its date."""
        self._asleep.add(reference)

    def woke(self, reference: str) -> None:
        """Note that it goes on."""
        self._asleep.discard(reference)

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Let time pass as long as the block lasts."""
        self._stop.clear()
        thread = Thread(target=self._pass, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def _pass(self) -> None:
        from flows.runs import prefect_client
        from flows.watch_deadlines import wake_sleepers

        with prefect_client() as client:
            while not self._stop.wait(MOVE_SECONDS):
                asleep = set(self._asleep)
                if asleep - self._came:
                    self.store.move_time(self.store.now() + timedelta(minutes=61))
                    self._came.update(struck.reference for struck in sweep(self.store))
                if asleep:
                    wake_sleepers(client)
