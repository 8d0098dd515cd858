"""The executors of a worker: processes that execute one run at a time, taken, given back and replaced."""

import array
import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Final

import anyio.to_thread

from deployments.resident.nursery import Order, Outcome, nurse

RUNS: Final = 1000
"""After so many runs an executor is replaced, whatever it leaks."""

MEMORY: Final = 300 * 2**20
"""Bytes of its own beyond which it is replaced earlier."""

log = logging.getLogger("redress.worker")

_threads = anyio.CapacityLimiter(100)  # each waits for one executor; how many run is limited before


class ExecutorDied(Exception):
    """The process that executed a run has ended, and the run with it."""


class NurseryGone(Exception):
    """The process that forks executors has ended, and every executor with it."""


@dataclass(eq=False)
class Executor:
    """One process."""

    pid: int
    connection: Connection
    runs: int = 0
    spent: str = ""
    """Why it is not to be used again, if so."""

    async def execute(self, order: Order) -> Outcome:
        """Execute a run.

        Raises:
            ExecutorDied: the process has ended.
        """
        try:
            outcome = await anyio.to_thread.run_sync(self._exchange, order, limiter=_threads)
        except (EOFError, OSError) as error:
            self.spent = self.spent or "died"
            raise ExecutorDied from error
        self.runs += 1
        if self.runs >= RUNS:
            self.spent = "runs"
        elif outcome.memory > MEMORY:
            self.spent = "memory"
        return outcome

    def _exchange(self, order: Order) -> Outcome:
        self.connection.send(order)
        outcome: Outcome = self.connection.recv()
        return outcome

    def end(self) -> None:
        """End it at once, with the run that it executes."""
        self.spent = "ended"
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def release(self) -> None:
        """Let it end once it has handed over its log lines."""
        self.connection.close()


class Executors:
    """All executors of a worker. Those used last are used next, so that the memory of the others stays shared."""

    def __init__(self, nursery: socket.socket, replaced: Callable[[str], None] = lambda _: None) -> None:
        """Take executors from a nursery.

        Args:
            nursery: The worker's end of the connection to it, as :func:`forked` or :func:`spawned` return it.
            replaced: Is told why, each time an executor is given up.
        """
        self._nursery, self._replaced = nursery, replaced
        self._idle: list[Executor] = []
        self._asking = threading.Lock()  # an answer of the nursery belongs to the question before it

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[Executor]:
        """Take an executor for one run; a new one where none is idle.

        Raises:
            OSError: there is no room for another process now.
            NurseryGone: there will be none any more.
        """
        while self._idle and self._idle[-1].spent:
            self._idle.pop().release()
        executor = self._idle.pop() if self._idle else await anyio.to_thread.run_sync(self._new)
        try:
            yield executor
        finally:
            if executor.spent:
                self._replaced(executor.spent)
                executor.release()
            else:
                self._idle.append(executor)

    def release(self) -> None:
        """Let all idle ones end."""
        while self._idle:
            self._idle.pop().release()

    def _new(self) -> Executor:
        mine, far = socket.socketpair()
        try:
            with far, self._asking:
                file = array.array("i", [far.fileno()])
                self._nursery.sendmsg([b"+"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, file)])
                answer = self._nursery.recv(8)
        except ConnectionError:
            answer = b""
        if not answer:
            mine.close()
            raise NurseryGone
        if not (pid := int.from_bytes(answer, "big")):
            mine.close()
            raise OSError("No further process can be forked now.")
        return Executor(pid, Connection(mine.detach()))


def forked() -> socket.socket:
    """Start the nursery as a fork of this process, which must have no threads yet and has imported Prefect already."""
    mine, far = socket.socketpair()
    if not os.fork():
        try:
            mine.close()
            nurse(far.detach())
        except BaseException:
            log.exception("nursery failed")
        finally:
            os._exit(1)  # nothing of the worker's is cleaned up here
    far.close()
    return mine


def spawned() -> socket.socket:
    """Start the nursery as a process that imports everything anew, which takes some seconds."""
    mine, far = socket.socketpair()
    with far:
        main = f"from deployments.resident.nursery import nurse; nurse({far.fileno()})"
        subprocess.Popen([sys.executable, "-c", main], pass_fds=[far.fileno()], stdin=subprocess.DEVNULL)
    return mine
