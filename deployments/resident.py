"""The resident worker: executes flow runs in a process that has already imported everything.

A fresh process costs 3 to 5 seconds of CPU for importing Prefect, at every start and every resume; here a run
costs tenths of a second. This module, like ``prefect_server`` and ``flows.waiting``, leans on Prefect's inner
parts: ``run_flow`` with an
existing run, the ``Pause`` and ``Abort`` exceptions by which it ends early, and the identifier that a worker
reports as a run's infrastructure.
"""

import contextlib
import fcntl
import heapq
import itertools
import math
import os
import signal
import socket
import time
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Final
from uuid import UUID

import anyio
import anyio.abc
import anyio.to_thread
from prefect import Flow
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.exceptions import Abort, Pause
from prefect.flow_engine import run_flow
from prefect.flows import load_flow_from_entrypoint
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.states import Scheduled
from prefect.workers.base import BaseJobConfiguration, BaseVariables, BaseWorker, BaseWorkerResult

from complaints.settings import settings
from flows.runs import URGENT

POOL: Final = "redress"
"""The work pool of all flows."""

LOOK_SECONDS: Final = 2.0
"""How often a worker looks for runs whose worker has died."""

PATIENCE: Final = timedelta(seconds=2)
"""How long two workers may be at the same run before it is certain which of them has it."""

LOST_SECONDS: Final = 600.0
"""How long a run that another worker got is left alone, should what this one said of it have been noted last."""

_ALIVE: Final = (StateType.RUNNING, StateType.PENDING)
"""States in which a run is in the hands of a worker."""


class ResidentWorkerResult(BaseWorkerResult):
    """How a run ended; a run that failed has said so itself."""


class ResidentWorker(BaseWorker[BaseJobConfiguration, BaseVariables, ResidentWorkerResult]):
    """Executes runs in threads of this process, several at a time."""

    type = "redress"
    job_configuration = BaseJobConfiguration
    _description = "Executes flow runs in a process that has already imported everything."
    _flows: ClassVar[dict[UUID, Flow[Any, Any]]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._case_threads = Slots(settings().worker_threads)
        self._own_threads = Slots(4)  # the sweep goes on while cases wait for a mail server
        self._any_threads = anyio.CapacityLimiter(math.inf)  # the slots limit them
        self._executing: set[UUID] = set()
        self._lost: dict[UUID, float] = {}  # runs that another worker got, and when
        self._next_look = 0.0
        self._lease = Lease(settings().home / "workers")

    async def get_and_submit_flow_runs(self) -> list[FlowRun]:
        """Look for runs to execute; every few seconds look for orphans too."""
        if time.monotonic() > self._next_look:
            self._next_look = time.monotonic() + LOOK_SECONDS
            await self.revive_orphans()
        return await super().get_and_submit_flow_runs()

    async def _submit_run(self, flow_run: FlowRun) -> None:
        """Take a run and execute it.

        Prefect's own way asks its server ten times before a run begins, for what only other infrastructure needs:
        half of the server's work. What remains: whose run it is, before anything else, so that it is taken up at
        once should this process die in its midst; and the state that keeps others from taking it too.
        """
        try:
            await self.client.update_flow_run(flow_run.id, infrastructure_pid=self._lease.identifier)
            self._executing.add(flow_run.id)
            if await self._propose_pending_state(flow_run):
                # Another worker that wanted it may have said that it is its own meanwhile.
                await self.client.update_flow_run(flow_run.id, infrastructure_pid=self._lease.identifier)
                await self.run(flow_run)
            else:
                self._lost[flow_run.id] = time.monotonic()
        except Exception as error:  # of Prefect's server, or of the import of a flow; a failing flow says so itself
            self._logger.exception("Run %s could not be executed.", flow_run.id)
            await self._propose_crashed_state(flow_run, f"It could not be executed: {type(error).__name__}.")
        finally:
            self._executing.discard(flow_run.id)
            self._submitting_flow_run_ids.discard(flow_run.id)
            self._release_limit_slot(flow_run.id)
            if self._cancelling_observer is not None:
                self._cancelling_observer.remove_in_flight_flow_run_id(flow_run.id)

    async def run(
        self,
        flow_run: FlowRun,
        configuration: BaseJobConfiguration | None = None,
        task_status: anyio.abc.TaskStatus[int] | None = None,
    ) -> ResidentWorkerResult:
        """Execute a run to its end or to where it waits."""
        flow = await self._flow(flow_run)
        slots = self._case_threads if flow.name == "handle-complaint" else self._own_threads
        async with slots.taken(urgent=flow_run.work_queue_name == URGENT):
            await anyio.to_thread.run_sync(partial(_execute, flow, flow_run), limiter=self._any_threads)
        return ResidentWorkerResult(identifier=self._lease.identifier, status_code=0)

    async def _flow(self, flow_run: FlowRun) -> Flow[Any, Any]:
        """Return the flow of a run's deployment, looked up and imported once."""
        if flow_run.deployment_id is None:
            raise ValueError(f"Run {flow_run.id} belongs to no deployment; Redress runs only its own.")
        if flow_run.deployment_id not in self._flows:
            deployment = await self.client.read_deployment(flow_run.deployment_id)
            flow: Flow[Any, Any] = load_flow_from_entrypoint(deployment.entrypoint or "", use_placeholder_flow=False)
            self._flows[flow_run.deployment_id] = flow
        return self._flows[flow_run.deployment_id]

    async def revive_orphans(self) -> int:
        """Put runs back into the queue whose worker on this machine is dead; return how many."""
        self._lost = {run: at for run, at in self._lost.items() if time.monotonic() - at < LOST_SECONDS}
        held = await self.client.read_flow_runs(
            flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(_ALIVE)))),
            work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[self._work_pool_name])),
            limit=200,
        )
        orphans = [run for run in held if self._is_orphan(run)]
        for run in orphans:
            state: State[Any] = Scheduled(
                name="AwaitingRetry", message="Its worker stopped; it goes on from the ledger."
            )
            now = (await self.client.read_flow_run(run.id)).state
            if run.state and now and now.id == run.state.id:
                await self.client.set_flow_run_state(run.id, state, force=True)
        return len(orphans)

    def _is_orphan(self, run: FlowRun) -> bool:
        """Whether a run that is said to be executed is executed by nobody."""
        if run.id in self._executing or run.state is None:
            return False
        if run.id in self._lost:
            return False
        holder, mine = run.infrastructure_pid, self._lease.identifier
        if run.state.type is StateType.RUNNING and holder and holder != mine:
            return self._lease.is_dead(holder)
        # Not running yet: of two workers that wanted it, the one that did not get it may have said so last.
        if datetime.now(UTC) - run.state.timestamp <= PATIENCE:
            return False
        return not holder or holder == mine or self._lease.is_dead(holder)


class Slots:
    """Room for some runs at a time. Who waits gets in by turn, urgent runs first.

    Prefect's queues have priorities only up to the worker, which takes all that is there.
    """

    def __init__(self, number: int) -> None:
        self._free = number
        self._waiting: list[tuple[bool, int, anyio.Event]] = []
        self._turn = itertools.count()

    @contextlib.asynccontextmanager
    async def taken(self, *, urgent: bool) -> AsyncIterator[None]:
        """Wait for a slot, and hold it."""
        if self._free:
            self._free -= 1
        else:
            await self._wait(urgent=urgent)
        try:
            yield
        finally:
            self._give_back()

    async def _wait(self, *, urgent: bool) -> None:
        ticket = (not urgent, next(self._turn), anyio.Event())
        heapq.heappush(self._waiting, ticket)
        try:
            await ticket[2].wait()
        except BaseException:  # cancelled: the slot that it was given meanwhile goes to the next
            if ticket[2].is_set():
                self._give_back()
            else:
                self._waiting.remove(ticket)
                heapq.heapify(self._waiting)
            raise

    def _give_back(self) -> None:
        if self._waiting:
            heapq.heappop(self._waiting)[2].set()
        else:
            self._free += 1


def _execute(flow: Flow[Any, Any], flow_run: FlowRun) -> None:
    """Run a flow; waiting for a person and losing the run to somebody else are ordinary ends."""
    with contextlib.suppress(Pause, Abort):
        run_flow(flow, flow_run=flow_run, return_type="state")


class Lease:
    """Proof that this process lives: a locked file, which the system unlocks when the process dies, however it dies.

    Attributes:
        identifier: ``host:token``; runs carry it as their infrastructure.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        token = uuid.uuid4().hex
        self.identifier = f"{socket.gethostname()}:{token}"
        self._file = (folder / token).open("w")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def is_dead(self, identifier: str) -> bool:
        """Whether ``identifier`` is of a process of this machine that has ended. Of other machines nothing is known."""
        host, _, token = identifier.rpartition(":")
        if host != socket.gethostname() or identifier == self.identifier or not token.isalnum():
            return False
        file = self._folder / token
        try:
            with file.open() as lease:
                fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except FileNotFoundError:
            return False  # of another home folder on a machine of the same name: nothing is known
        return True


def work() -> None:
    """Run a worker in this process until SIGTERM or SIGINT; running steps are finished first."""
    # Heartbeats cost a second of idle time at the end of every run; the lease shows that this process lives.
    with temporary_settings(updates={PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        anyio.run(_work)


async def _work() -> None:
    worker = ResidentWorker(work_pool_name=POOL, name=f"resident-{socket.gethostname()}-{os.getpid()}")
    async with anyio.create_task_group() as group:
        group.start_soon(_stop_on_signal, group.cancel_scope)
        await worker.start()
        group.cancel_scope.cancel()


async def _stop_on_signal(scope: anyio.CancelScope) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for _ in signals:
            scope.cancel()
            return
