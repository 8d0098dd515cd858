"""Carries out a plan: kills processes with -9, or stops them and lets them go on."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from threading import Event, Thread

from benchmarks.chaos.plan import LONGEST_STALL, Strike
from benchmarks.chaos.recovery import Loss, identifier_of
from complaints.adapters.store import Store

Say = Callable[[str], None]


class Striker:
    """Strikes processes. Somebody else starts again what has ended.

    Args:
        store: The case database, which tells which worker a process is.
        processes: Returns the id of each process by name; None for one that is not there now.
        say: Is told what happens.

    Attributes:
        kills: How often each was killed.
        stalls: How often each was stopped.
        missed: How often each was not there, to be started again soon.
        killed: The workers that were killed.
        stopped: The workers that were stopped for longer than it takes to be taken for dead.
    """

    def __init__(self, store: Store, processes: Mapping[str, Callable[[], int | None]], say: Say) -> None:
        self._store, self._processes, self._say = store, processes, say
        self.kills: Counter[str] = Counter()
        self.stalls: Counter[str] = Counter()
        self.missed: Counter[str] = Counter()
        self.killed: list[Loss] = []
        self.stopped: list[Loss] = []
        self._stop = Event()
        self._stopped: list[Thread] = []

    def carry_out(self, plan: Sequence[Strike]) -> None:
        """Carry out a plan from now on; return when everything goes on that was stopped."""
        began = time.monotonic()
        for strike in plan:
            if self._stop.wait(max(0.0, began + strike.at - time.monotonic())):
                break
            self._strike(strike)
        for thread in self._stopped:
            thread.join()

    def stop(self) -> None:
        """Strike no more, and let everything go on."""
        self._stop.set()

    def _strike(self, strike: Strike) -> None:
        pid = self._processes[strike.victim]()
        if pid is None:
            self.missed[strike.victim] += 1
            self._say(f"{strike}: it is not there")
            return
        self._say(str(strike))
        worker = identifier_of(self._store, pid)
        if strike.stall:
            self.stalls[strike.victim] += 1
            if worker and strike.stall >= LONGEST_STALL:
                self.stopped.append(Loss(worker, datetime.now(UTC)))
            thread = Thread(target=self._stall, args=(pid, strike.stall), daemon=True)
            self._stopped.append(thread)
            thread.start()
            return
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)  # it alone: those that it has started must notice by themselves
        self.kills[strike.victim] += 1
        if worker:
            self.killed.append(Loss(worker, datetime.now(UTC)))

    def _stall(self, pid: int, seconds: float) -> None:
        """Stop a process and all that it has started, as a machine that hangs does."""
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGSTOP)
            self._stop.wait(seconds)
            os.killpg(pid, signal.SIGCONT)
