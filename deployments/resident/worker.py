"""The resident worker: executes flow runs in processes that have already imported everything.

A fresh process costs 3 to 5 seconds of CPU for importing Prefect, at every start and every resume; here a run costs
tenths of a second. A run is taken only when there is room for it, so that several workers share what is there and
Prefect's queues keep their order of priority.
"""

import logging
import math
import os
import socket
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final
from uuid import UUID

import anyio
import anyio.abc
import anyio.to_thread
from httpx import HTTPError
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.responses import DeploymentResponse
from prefect.events.schemas.events import Event, Resource
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.states import Cancelled, Crashed, Scheduled
from sqlalchemy.exc import SQLAlchemyError

from complaints.adapters.beats import BEAT_SECONDS, SILENCE
from complaints.settings import settings
from deployments.metrics import worker as metrics
from deployments.resident.executors import Executor, ExecutorDied, Executors, NurseryGone, spawned
from deployments.resident.lives import Life
from deployments.resident.nursery import Order
from flows.installation import check_installation
from flows.prefect_parts import (
    BaseJobConfiguration,
    BaseVariables,
    BaseWorker,
    BaseWorkerResult,
    WorkerFlowRunResponse,
    holder_of,
    take,
)
from flows.runs import LONG, UPKEEP
from flows.transitions import move_async
from tasks.desk import store

UPKEEP_RUNS: Final = 4
"""Sweeps and other short runs of the upkeep's queue that a worker executes beside those of cases."""

LONG_RUNS: Final = 2
"""Runs that may take hours, such as archive, summary and import, that a worker executes beside those."""

CASES: Final = "cases"
"""What all other queues hold."""

SEEK_SECONDS: Final = 0.5
CALM_SECONDS: Final = 1.0
"""How often a worker asks for runs where there was none the last time, and once it has had none for a while; as long
as there are some, as often as Prefect's setting says."""

LOOK_SECONDS: Final = 2.0
"""How often a worker looks for runs whose worker has died, and for those that somebody cancels."""

PATIENCE: Final = timedelta(seconds=3)
"""How long a run that is cancelled may take to end by itself, and one that nobody has may be left."""

FENCE_SECONDS: Final = SILENCE.total_seconds() - BEAT_SECONDS
"""After so long without a beat a worker takes nothing more, and ends what it has: others may take it for dead."""

GRACE_SECONDS: Final = 10.0
"""How long running steps may take to finish when the worker is told to end."""

LIMITS: Final = {CASES: 15 * 60.0, UPKEEP: 60 * 60.0}
"""Seconds after which a run is taken to hang. Trying a mail server again takes some minutes at most."""

TRIES: Final = 3
"""How often a run whose process died is executed again at once."""

_HELD: Final = (StateType.RUNNING, StateType.PENDING, StateType.CANCELLING)
"""States in which a run is in the hands of a worker."""

_PASSING: Final = (SQLAlchemyError, HTTPError, PrefectHTTPStatusError, ObjectNotFound)
"""What one look may meet with and the next not: the case database or Prefect's server away, a run deleted."""

log = logging.getLogger("redress.worker")


@dataclass(eq=False)
class Hand:
    """A run that this worker executes."""

    flow_run: FlowRun
    kind: str
    since: float = field(default_factory=time.monotonic)
    executor: Executor | None = None
    ended: str = ""
    """Why its executor was ended, if so."""

    def end(self, why: str) -> None:
        """End the run's executor at once."""
        if self.executor and not self.ended:
            self.ended = why
            self.executor.end()


class ResidentWorker(BaseWorker[BaseJobConfiguration, BaseVariables, BaseWorkerResult]):
    """Executes runs, several at a time, each in a process of its own that lives on after it."""

    type = "redress"
    job_configuration = BaseJobConfiguration
    _description = "Executes flow runs in processes that have already imported everything."
    _deployments: ClassVar[dict[UUID, DeploymentResponse]] = {}

    def __init__(self, *args: Any, nursery: socket.socket | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._room = {CASES: settings().worker_runs, UPKEEP: UPKEEP_RUNS, LONG: LONG_RUNS}
        self._hands: dict[UUID, Hand] = {}
        self._deaths: Counter[UUID] = Counter()
        self._executors = Executors(nursery or spawned(), metrics.executor_replaced)
        self._life = Life(store(), settings().home / "workers", self.name)
        self._next_look = self._asked_at = self._busy_until = 0.0
        self._beat_at = math.inf  # of the last beat; before the first nobody knows this worker
        self._gone: set[str] = set()  # dead workers whose runs this one took over
        self._queues: dict[UUID, str] = {}
        self._more = self._asks = self._found = self._stops = False

    async def setup(self) -> None:
        """Say that this worker is there, and go on saying so.

        Raises:
            SettingError: the pool is another installation's.
        """
        await super().setup()
        with suppress(ObjectNotFound):  # `redress deploy` has not made it yet; it claims it
            check_installation(await self.client.read_work_pool(self._work_pool_name))
        await anyio.to_thread.run_sync(self._life.begin)
        self._beat_at = time.monotonic()
        assert self._runs_task_group is not None
        self._runs_task_group.start_soon(self._live)

    async def _live(self) -> None:
        """Beat. Whoever was taken for dead has lost its runs to others, and must end them before it may go on."""
        while True:
            await anyio.sleep(BEAT_SECONDS)
            began = time.monotonic()
            try:
                with anyio.move_on_after(BEAT_SECONDS):
                    if not await anyio.to_thread.run_sync(self._life.goes_on, abandon_on_cancel=True):
                        log.error("this worker stood still so long that it was taken for dead; it begins afresh")
                        os._exit(1)  # and with it every executor
                    self._beat_at = began
            except SQLAlchemyError as error:
                log.warning("no beat: the case database does not answer (%s)", type(error).__name__)
            if not self._is_known_to_live():
                for hand in self._hands.values():
                    hand.end("its worker could not say that it lives")

    def _is_known_to_live(self) -> bool:
        return time.monotonic() - self._beat_at < FENCE_SECONDS

    # --- taking runs ----------------------------------------------------------------------------

    async def get_and_submit_flow_runs(self) -> list[FlowRun]:
        """Look for runs to execute; every few seconds look after those that are executed too."""
        if not self._has_successfully_synced or self._stops:
            return []
        now = time.monotonic()
        if now > self._next_look:
            self._next_look = now + LOOK_SECONDS
            await self.look_after_runs()
        if self._hands:
            self._busy_until = now + 10 * CALM_SECONDS
        if now - self._asked_at < (CALM_SECONDS if now > self._busy_until else SEEK_SECONDS) and not self._found:
            return []  # each question costs Prefect's server some hundredths of a second
        self._asked_at = now
        self._last_polled_time = datetime.now(UTC)
        taken = await self._take_what_is_due()
        self._found = bool(taken)
        return taken

    async def _take_what_is_due(self) -> list[FlowRun]:
        """Take as many runs as there is room for, in the order of Prefect's queues."""
        room = {kind: free for kind, free in self._room.items() if free > 0}
        if self._asks or not room or self._stops or not self._is_known_to_live():
            return []
        self._asks = True
        try:
            due = await self._due(room)
        finally:
            self._asks = False
        fresh = [one for one in due if one.flow_run.id not in self._hands]
        taken = [one.flow_run for one in fresh if self._begin(Hand(one.flow_run, self._kind(one.work_queue_id)))]
        self._more = len(taken) < len(fresh)
        return taken

    async def _due(self, room: dict[str, int]) -> list[WorkerFlowRunResponse]:
        """Return runs that are due, of those kinds for which there is room."""
        body: dict[str, Any] = {
            "scheduled_before": datetime.now(UTC).isoformat(),
            "limit": sum(room.values()) + len(self._hands) + 1,  # one more shows that there are more
        }
        if len(room) < len(self._room):
            body["work_queue_names"] = [name for id, name in self._queues.items() if self._kind(id) in room]
        answer = await self.client.request(
            "POST",
            "/work_pools/{name}/get_scheduled_flow_runs",
            path_params={"name": self._work_pool_name},
            json=body,
        )
        due = WorkerFlowRunResponse.model_validate_list(answer.json())
        if any(one.work_queue_id not in self._queues for one in due):
            queues = await self.client.read_work_queues(work_pool_name=self._work_pool_name)
            self._queues = {queue.id: queue.name for queue in queues}
        return due

    def _kind(self, queue: UUID) -> str:
        name = self._queues.get(queue, "")
        return name if name in (UPKEEP, LONG) else CASES

    def _begin(self, hand: Hand) -> bool:
        if not self._room[hand.kind]:
            return False
        self._room[hand.kind] -= 1
        self._hands[hand.flow_run.id] = hand
        assert self._runs_task_group is not None
        self._runs_task_group.start_soon(self._submit_run, hand.flow_run)
        return True

    async def _submit_run(self, flow_run: FlowRun) -> None:
        """Take a run and execute it.

        Prefect's own way asks its server ten times before a run begins, for what only other infrastructure needs:
        half of the server's work. What remains is the state that keeps others from taking it; it says who has it.
        """
        hand = self._hands[flow_run.id]
        try:
            await self._take_and_execute(hand)
        except ObjectNotFound:
            log.warning("run %s was deleted meanwhile", flow_run.id)
        except NurseryGone:
            log.critical("the nursery has ended; this worker begins afresh")
            os._exit(1)
        except Exception:  # of Prefect's server, or no process for the run: looked at again soon
            log.exception("run %s could not be executed", flow_run.id)
        finally:
            del self._hands[flow_run.id]
            self._room[hand.kind] += 1
            if self._more and self._runs_task_group:
                self._runs_task_group.start_soon(self._take_more)

    async def _take_and_execute(self, hand: Hand) -> None:
        deployment = await self._deployment(hand.flow_run)
        resumed = hand.flow_run.next_scheduled_start_time if hand.flow_run.state_name == "Resuming" else None
        async with self._executors.taken() as executor:  # before the run is taken: nobody else has it meanwhile
            counted = deployment.global_concurrency_limit is not None
            if not self._is_known_to_live() or self._stops:
                return
            if not await take(self.client, hand.flow_run, self._life.identifier, counted=counted):
                return
            if resumed:
                metrics.answer_taken_up((datetime.now(UTC) - resumed).total_seconds())
            why = await self._execute(hand, executor, deployment)
        if why:
            await self._settle(hand, why)
        else:
            self._deaths.pop(hand.flow_run.id, None)

    async def _take_more(self) -> None:
        """Take the next run at once where there were more than room."""
        try:
            await self._take_what_is_due()
        except Exception as error:  # the ordinary look will find it
            log.warning("no runs were got (%s)", type(error).__name__)

    async def _execute(self, hand: Hand, executor: Executor, deployment: DeploymentResponse) -> str:
        """Execute a run; return why it was not finished, or an empty text."""
        hand.executor = executor
        try:
            outcome = await executor.execute(Order(deployment.entrypoint or "", hand.flow_run, self._life.identifier))
        except ExecutorDied:
            metrics.run_ended(deployment.name, time.monotonic() - hand.since, "died")
            return hand.ended or "its process died"
        finally:
            hand.executor = None  # from now on it executes others' runs
        metrics.run_ended(deployment.name, outcome.seconds, outcome.state)
        for step in outcome.retried:
            metrics.step_retried(step)
        return f"it could not be executed: {outcome.error}" if outcome.error else ""

    async def run(
        self,
        flow_run: FlowRun,
        configuration: BaseJobConfiguration | None = None,
        task_status: anyio.abc.TaskStatus[int] | None = None,
    ) -> BaseWorkerResult:
        """Prefect's own way to execute a run, which this worker does not go."""
        raise NotImplementedError("Runs are executed by way of the pool's queues only.")

    async def _deployment(self, flow_run: FlowRun) -> DeploymentResponse:
        """Return the deployment of a run, which says where its flow is defined; looked up once."""
        if flow_run.deployment_id is None:
            raise ValueError(f"Run {flow_run.id} belongs to no deployment; Redress runs only its own.")
        if flow_run.deployment_id not in self._deployments:
            self._deployments[flow_run.deployment_id] = await self.client.read_deployment(flow_run.deployment_id)
        return self._deployments[flow_run.deployment_id]

    # --- looking after runs ---------------------------------------------------------------------

    async def look_after_runs(self) -> None:
        """Take over the runs of dead workers; end those that somebody cancels, and those that hang."""
        for mine in self._hands.values():
            if time.monotonic() - mine.since > LIMITS.get(mine.kind, math.inf):
                mine.end("it hung")
        for run in await self._held():
            if (hand := self._hands.get(run.id)) is None:
                try:
                    await self._look_after_left(run)
                except _PASSING as error:
                    log.warning("run %s was not looked after (%s)", run.id, type(error).__name__)
            elif run.state and run.state.is_cancelling() and _age(run.state) > PATIENCE:
                hand.end("cancelled")

    async def _held(self) -> list[FlowRun]:
        return await self.client.read_flow_runs(
            flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(_HELD)))),
            work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[self._work_pool_name])),
            limit=200,
        )

    async def _look_after_left(self, run: FlowRun) -> None:
        """Put a run back into the queue that nobody executes; one that is to be cancelled is."""
        if run.state is None:
            return
        if run.state.is_cancelling():
            if _age(run.state) > 3 * PATIENCE:  # whoever had it would have ended it by now
                await self._set_state(run, Cancelled(message="Nobody was executing it."))
        elif await self._is_orphan(run.state):
            await self._put_back(run, "its worker died")

    async def _is_orphan(self, state: State[Any]) -> bool:
        """Whether a run in this state, which this worker does not execute, is executed by nobody."""
        holder = holder_of(state)
        if not holder or holder == self._life.identifier:
            return _age(state) > PATIENCE
        if not await anyio.to_thread.run_sync(self._life.is_dead, holder):
            return False
        return await self._inherits(holder)

    async def _inherits(self, dead: str) -> bool:
        """Whether this worker takes over a dead one's runs; the first time it says so on Prefect's server."""
        name = await anyio.to_thread.run_sync(self._life.inherits, dead)
        if name and dead not in self._gone:
            self._gone.add(dead)
            log.warning("worker %s is gone; its runs are taken over", name)
            event = Event(
                event="redress.worker.gone",
                resource=Resource({"prefect.resource.id": f"redress.worker.{name}", "prefect.resource.name": name}),
                payload={"taken_over_by": self.name},
            )
            await self.client.request("POST", "/events", json=[event.model_dump(mode="json")])
        return name is not None

    async def _settle(self, hand: Hand, why: str) -> None:
        """Say what becomes of a run whose execution ended unfinished."""
        run = hand.flow_run
        if why == "cancelled":
            await self._set_state(run, Cancelled(message="It was ended while it was at work."))
            return
        self._deaths[run.id] += not self._stops
        if why == "it hung" or self._deaths[run.id] > TRIES:
            await self._set_state(run, Crashed(message=f"Not executed again at once: {why}."))
            del self._deaths[run.id]
        else:
            await self._put_back(run, why)

    async def _put_back(self, run: FlowRun, why: str) -> None:
        message = f"{why[:1].upper()}{why[1:]}; it goes on from the ledger."
        due = run.expected_start_time  # what was begun goes before all that waits behind it
        await self._set_state(run, Scheduled(scheduled_time=due, name="AwaitingRetry", message=message))

    async def _set_state(self, run: FlowRun, state: State[Any]) -> None:
        """Set a run's state unless it has got on meanwhile: to where it waits, to its end, or into other hands."""
        now = await self.client.read_flow_run(run.id)
        held = now.state if now.state and now.state.type in _HELD else None
        if held and holder_of(held) in (holder_of(run.state), self._life.identifier, ""):
            if held.is_cancelling() and not state.is_cancelled():  # at the very moment at which its process died
                state = Cancelled(message="It was ended while it was at work.")
            await move_async(self.client, now, state, force=True)

    # --- ending ---------------------------------------------------------------------------------

    async def stop(self) -> None:
        """Take no more runs, let running steps finish, and give the rest back."""
        self._stops = True
        with anyio.move_on_after(GRACE_SECONDS):
            while self._hands:
                await anyio.sleep(0.05)
        for hand in self._hands.values():
            hand.end("the worker was told to end")
        with anyio.move_on_after(PATIENCE.total_seconds()):
            while self._hands:
                await anyio.sleep(0.05)
        self._executors.release()
        await anyio.to_thread.run_sync(self._life.end)


def _age(state: State[Any]) -> timedelta:
    return datetime.now(UTC) - state.timestamp
