"""The nursery: a process that has imported everything and only forks executors, each of which executes runs in turn.

Importing Prefect costs 3 to 5 seconds of CPU; a fork costs hundredths. Only a process without threads can be forked
safely, which a worker is not, so the nursery is one of its own. A run has an executor to itself while it is executed:
it can be ended without harm to others, and what it leaks goes when its executor is replaced.

When the worker dies, however it dies, the nursery sees its connection closed and ends, and with it every executor.
"""

import array
import contextlib
import ctypes
import gc
import importlib
import itertools
import logging
import os
import pkgutil
import signal
import socket
import sys
import threading
import time
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from prefect import Flow, Task
from prefect.client.schemas.objects import FlowRun
from prefect.flows import load_flow_from_entrypoint
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

import flows
from complaints.regimes.rulebook import packaged_rulebook
from flows.prefect_parts import execute, flush, one_client, say_less_of_tasks
from tasks import steps
from tasks.desk import forget_retried
from tasks.letters import prepare_letter

_PR_SET_PDEATHSIG: Final = 1  # <sys/prctl.h>
_AT_THE_FIRST_RUN: Final = ("anyio._backends._asyncio", "prefect.utilities.visualization")  # what Prefect imports then
_MEASURED: Final = 20  # memory is looked at after so many runs, as looking takes milliseconds


log = logging.getLogger("redress.worker")


@dataclass(frozen=True)
class Order:
    """A run to be executed.

    Attributes:
        entrypoint: Its flow, such as ``flows.handle_complaint.handle_complaint``.
        flow_run: The run.
        holder: The worker that has it.
    """

    entrypoint: str
    flow_run: FlowRun
    holder: str


@dataclass(frozen=True)
class Outcome:
    """How an executor got on with a run.

    Attributes:
        seconds: Wall time.
        state: In which state the run is now, in one word, such as ``completed`` or ``suspended``.
        retried: The steps that were tried again, by the names of their tasks.
        error: The type of what went wrong outside the flow, such as Prefect's server being away; None otherwise.
        memory: Bytes that are the executor's own, not shared with others, as they were measured last.
    """

    seconds: float
    state: str = ""
    retried: tuple[str, ...] = ()
    error: str | None = None
    memory: int = 0


def nurse(control: int) -> None:
    """Fork an executor each time the worker asks for one, until the worker is gone.

    Args:
        control: The file descriptor of a Unix socket. With each byte comes the executor's end of its connection;
            the answer is the process id, in 8 bytes; 0 where none could be forked.
    """
    for number in (signal.SIGTERM, signal.SIGINT):  # what they mean is decided by the worker
        signal.signal(number, signal.SIG_IGN)
    for name in (*(module.name for module in pkgutil.iter_modules(flows.__path__, "flows.")), *_AT_THE_FIRST_RUN):
        importlib.import_module(name)
    if threading.active_count() > 1:
        raise RuntimeError("Importing the flows has started a thread; what is forked from here could hang.")
    packaged_rulebook()
    say_less_of_tasks([*(one for one in vars(steps).values() if isinstance(one, Task)), prepare_letter])
    gc.collect()
    gc.freeze()  # what is shared stays shared: the collector would touch every object
    # Heartbeats cost a second of idle time at the end of every run; the worker shows that its runs live.
    with socket.socket(fileno=control) as worker, temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        while ancillary := worker.recvmsg(1, socket.CMSG_SPACE(4))[1]:
            file = array.array("i", ancillary[0][2])[0]
            try:
                pid = _fork(worker, file)
            except OSError:  # no memory, or too many processes, now
                pid = 0
            worker.send(pid.to_bytes(8, "big"))
            os.close(file)
            _bury()


def _fork(worker: socket.socket, file: int) -> int:
    """Fork an executor and return its process id."""
    parent = os.getpid()
    if pid := os.fork():
        return pid
    try:
        worker.close()
        _end_with(parent)
        _execute_in_turn(Connection(file))
    except BaseException:
        log.exception("executor failed", extra={"send_to_api": False})
    finally:
        os._exit(0)  # nothing of the nursery's is cleaned up here


def _end_with(parent: int) -> None:
    """Have the system kill this process when its parent ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended meanwhile
        os._exit(1)


def _bury() -> None:
    """Let the system forget executors that have ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _execute_in_turn(worker: Connection) -> None:
    """Execute what the worker orders, one run after the other, until it closes the connection."""
    known: dict[str, Flow[Any, Any]] = {}
    memory = 0
    with contextlib.suppress(EOFError, ConnectionError), one_client():
        for number in itertools.count():
            outcome = _execute(worker.recv(), known)
            memory = own_memory() if number % _MEASURED == 0 else memory
            worker.send(replace(outcome, memory=memory))
    flush()


def _execute(order: Order, known: dict[str, Flow[Any, Any]]) -> Outcome:
    began, state, error = time.monotonic(), "", None
    run = {"flow_run_id": str(order.flow_run.id), "flow_run_name": order.flow_run.name, "send_to_api": False}
    try:
        if order.entrypoint not in known:
            known[order.entrypoint] = load_flow_from_entrypoint(order.entrypoint, use_placeholder_flow=False)
        state = execute(known[order.entrypoint], order.flow_run, order.holder)
    except Exception as wrong:  # of Prefect's server, or a bug of ours outside flows; a failing flow says so itself
        log.exception("run not executed", extra=run)
        error = type(wrong).__name__
    seconds = time.monotonic() - began
    log.info("run executed", extra=run | {"state": state, "seconds": round(seconds, 3)})
    return Outcome(seconds, state, forget_retried(), error)


def own_memory() -> int:
    """Return the bytes of memory that this process shares with no other; 0 where the system does not tell."""
    with contextlib.suppress(FileNotFoundError):
        lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
        return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Private_"))
    return 0
