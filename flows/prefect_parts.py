"""What Redress takes from those parts of Prefect that Prefect does not promise to keep, in one place.

Four things rest on them: executing a run that exists already in this process (:func:`execute`), telling of what
failed without the words of its error (:func:`discreet`), storing a form before its run is suspended
(``flows.waiting``), and a worker of our own (``deployments.resident``).
``tests/flows/test_prefect_parts.py`` holds Prefect to each of them and fails when an upgrade changes one.
"""

from collections.abc import Generator, Iterable
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from prefect import Flow, Task, task_engine
from prefect._flow_run_suspension import FlowRunSuspensionRequest
from prefect._internal.concurrency.services import QueueService
from prefect._internal.engine import resolve_custom_flow_run_name
from prefect._internal.result_records import ResultRecord
from prefect.client.orchestration import PrefectClient, SyncPrefectClient
from prefect.client.schemas.objects import FlowRun, State, TaskRun
from prefect.client.schemas.responses import WorkerFlowRunResponse
from prefect.concurrency._leases import maintain_concurrency_lease
from prefect.concurrency.context import ConcurrencyContext
from prefect.context import FlowRunContext, SyncClientContext
from prefect.exceptions import Abort, Pause
from prefect.flow_engine import FlowRunEngine
from prefect.input import Keyset, keyset_from_paused_state
from prefect.logging.loggers import flow_run_logger
from prefect.results import ResultStore, get_result_store
from prefect.states import Failed, Pending, Running
from prefect.utilities.callables import get_call_parameters, parameters_to_args_kwargs
from prefect.utilities.engine import emit_task_run_state_change_event, propose_state_sync
from prefect.workers.base import BaseJobConfiguration, BaseVariables, BaseWorker, BaseWorkerResult

from complaints.errors.base import ComplaintError
from complaints.errors.telling import place_of, said_by
from flows.transitions import move_async

__all__ = [
    "BaseJobConfiguration",
    "BaseVariables",
    "BaseWorker",
    "BaseWorkerResult",
    "Keyset",
    "WorkerFlowRunResponse",
    "discreet",
    "execute",
    "flush",
    "holder_of",
    "keyset_from_paused_state",
    "one_client",
    "propose_state_sync",
    "say_less_of_tasks",
    "take",
]

IN_HANDS: Final = "In the hands of worker "
"""How the message of a state begins that says which worker has the run."""

NOT_FOUND: Final = 404

LEFT_OUT: Final = (
    "What the error says is left out, for it may name a person; the run's log says step by step where it happened. "
    "错误原文可能含个人信息，不予保存；出错位置见本次运行的日志。"
)
"""What an operator reads beside the type and the place of an error."""


def discreet(state: State[Any]) -> State[Any]:
    """Let a state say of an error its type, the step and the place, and no word that may name a person.

    Prefect puts into the message of a state what an error says, and keeps it in its database: a failed validation
    quotes its input, PostgreSQL the row that is there already.
    """
    error = state.data.result if isinstance(state.data, ResultRecord) else state.data
    if isinstance(error, BaseException):
        words = f"{said_by(error)} ({place})" if (place := place_of(error)) else said_by(error)
        state.message = words if isinstance(error, ComplaintError) else f"{words}. {LEFT_OUT}"
    return state


@dataclass
class _Engine(FlowRunEngine[Any, Any]):
    """Prefect's engine for one run, without what only a process of Prefect's own making needs.

    Measured with a complaint of three waits: Prefect's way opens, for each start and each resume, a thread with an
    event loop and a web socket, only to hear that somebody pressed *Suspend* while the run was at work; and asks its
    server again for the run that it has just been given. A segment of ours takes tenths of a second.
    """

    holder: str = ""

    @contextmanager
    def initialize_run(self) -> Generator["_Engine", None, None]:
        """Execute the run that is given; it is never made here, and its process is watched by the worker."""
        assert self.flow_run is not None
        self._flow_run_name_set = self._is_named()
        with SyncClientContext.get_or_create() as context:
            self._client, self._is_started = context.client, True
            try:
                yield self
            except (Abort, Pause) as end:
                self.flow_run.state = getattr(end, "state", None) or self.flow_run.state
                raise
            except BaseException as error:
                if self.state.is_running():
                    self.handle_crash(error)
                raise
            finally:
                self.logger.debug("Finished in state %s", self.state)
                self._is_started, self._client = False, None

    @contextmanager
    def setup_flow_run_suspension_request(self) -> Generator[FlowRunSuspensionRequest, None, None]:
        """Do not watch for *Suspend*: what is at work waits by itself soon."""
        yield self._get_flow_run_suspension_request()

    @contextmanager
    def setup_run_context(self, client: SyncPrefectClient | None = None) -> Generator[None, None, None]:
        """Enter the run's context, with the run as the server has just returned it."""
        with ExitStack() as stack:
            stack.enter_context(
                FlowRunContext(
                    flow=self.flow,
                    flow_run=self.flow_run,
                    parameters=self.parameters,
                    client=self.client,
                    result_store=_result_store(self.flow),
                    task_runner=stack.enter_context(self.flow.task_runner.duplicate()),
                    persist_result=False,
                    flow_run_suspension_request=self._get_flow_run_suspension_request(),
                )
            )
            stack.enter_context(ConcurrencyContext())
            if lease := self.state.state_details.deployment_concurrency_lease_id:
                stack.enter_context(maintain_concurrency_lease(lease, 300, raise_on_lease_renewal_failure=True))
            self.logger = flow_run_logger(flow_run=self.flow_run, flow=self.flow)  # type: ignore[assignment] # as Prefect does
            yield

    def set_state(self, state: State[Any], force: bool = False) -> State[Any]:
        """Set the run's state; a run that was taken as running is so already."""
        if state.is_running() and not state.message:
            if self.state.is_running() and holder_of(self.state) == self.holder:
                return self.state
            state = state.model_copy(update={"message": IN_HANDS + self.holder})
        return super().set_state(discreet(state), force=force)

    def handle_exception(
        self, exc: Exception, msg: str | None = None, result_store: ResultStore | None = None
    ) -> State[Any]:
        """Let the run fail. Prefect's own way also pickles the error, with all it says, into a file."""
        self._raised = exc
        return self.set_state(Failed(data=exc))

    def _is_named(self) -> bool:
        if not self.flow.flow_run_name or self.flow_run is None:
            return True
        return bool(resolve_custom_flow_run_name(self.flow, self.parameters or {}) == self.flow_run.name)


@cache
def _result_store(flow: Flow[Any, Any]) -> ResultStore:
    """Return where results would be stored; Prefect asks its server for it each time, and no run of ours has any."""
    store: ResultStore = get_result_store().update_for_flow(flow, _sync=True)  # type: ignore[call-arg,assignment] # Prefect's decorator makes it so
    return store


def execute(flow: Flow[Any, Any], flow_run: FlowRun, holder: str) -> str:
    """Execute a run to its end or to where it waits, in this thread; return the name of its state in small letters.

    Args:
        flow: An ordinary flow: not asynchronous, no generator.
        flow_run: The run, in a pending state.
        holder: The worker that has it; the message of its state says so.
    """
    call = parameters_to_args_kwargs(flow.fn, flow_run.parameters)
    engine = _Engine(flow=flow, flow_run=flow_run, parameters=get_call_parameters(flow.fn, *call), holder=holder)
    with suppress(Abort, Pause), engine.start():  # to wait, and to lose the run to somebody else, are ordinary ends
        while engine.is_running():
            with engine.run_context():
                engine.call_flow_fn()
    return (engine.state.name or "").lower()


async def take(client: PrefectClient, run: FlowRun, holder: str, *, counted: bool) -> bool:
    """Take a scheduled run; of several workers that want it one has it.

    Ordinarily the run is running at once, which spares its server a third of what a start costs.

    Args:
        client: Prefect's API.
        run: The run, as it was read; its state is the new one afterwards.
        holder: The worker.
        counted: Whether the run is pending first, because only so many runs of its deployment may be at work:
            Prefect counts them then.

    Returns:
        Whether the worker has the run.

    Raises:
        ObjectNotFound: the run is no more.
    """
    state: State[Any] = Pending(message=IN_HANDS + holder) if counted else Running(message=IN_HANDS + holder)
    if (accepted := await move_async(client, run, state)) is None:
        return False
    run.state, run.state_id = accepted, accepted.id
    return True


def holder_of(state: State[Any] | None) -> str:
    """Return the worker that has a run in this state, or an empty text."""
    message = (state.message if state else None) or ""
    return message.removeprefix(IN_HANDS) if message.startswith(IN_HANDS) else ""


def say_less_of_tasks(brief: Iterable[Task[..., Any]]) -> None:
    """Tell Prefect's server of a task once it begins, and of a brief one once it has ended or is tried again.

    What is told is discreet, of every task.

    Prefect tells of each task three times: it is about to begin, it begins, it has ended. Each is an event that the
    server weighs, stores and writes into the task's row; together they were a third of its work.

    Args:
        brief: Tasks that are over in hundredths of a second.
    """
    keys = {one.task_key for one in brief}

    def emit(*, task_run: TaskRun, validated_state: State[Any], **others: Any) -> Any:
        if validated_state.is_pending() or (validated_state.is_running() and task_run.task_key in keys):
            return None
        told = discreet(validated_state)
        return emit_task_run_state_change_event(task_run=task_run, validated_state=told, **others)

    vars(task_engine)["emit_task_run_state_change_event"] = emit


@contextmanager
def one_client() -> Generator[None, None, None]:
    """Let all runs of this thread use one client of Prefect's API: making one costs as much as a short run."""
    with SyncClientContext.get_or_create():
        yield


def flush() -> None:
    """Hand over the log lines and events of this process that wait to be sent."""
    QueueService.drain_all(at_exit=True)
