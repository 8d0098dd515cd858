"""The runs of cases on Prefect's server: start one, find it, wake it. One case has one run, named after it."""

import logging
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from typing import Any, Final
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterName,
    FlowRunFilter,
    FlowRunFilterName,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.responses import SetStateStatus
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.settings import PREFECT_API_REQUEST_TIMEOUT, PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from prefect.states import Scheduled

from complaints.adapters.starting import settle_start, starts_owed
from flows.transitions import move
from tasks.desk import store

DEPLOYMENT: Final = "handle-complaint/handle-complaint"

POOL: Final = "redress"
"""The work pool from which the resident workers take runs."""

URGENT: Final = "urgent"
"""The work queue whose runs go before all others."""

UPKEEP: Final = "upkeep"
"""The work queue of what keeps the installation going, such as the sweep. It is short, and waits for nothing else."""

LONG: Final = "long"
"""The work queue of what may take hours: archive, summaries, imports. Nothing else waits for it."""

SHORT: Final = {PREFECT_CLIENT_MAX_RETRIES: 0, PREFECT_API_REQUEST_TIMEOUT: 5.0}
"""A Prefect that hangs must not keep what stores complaints; their runs are started later."""

PAGE: Final = 200
"""The most runs that Prefect's server returns at once."""

_OF_CASES: Final = DeploymentFilter(name=DeploymentFilterName(any_=[DEPLOYMENT.partition("/")[2]]))
_BATCH: Final = 50  # runs started between two looks at what is owed

_starting = threading.Lock()
_asked = threading.Event()

log = logging.getLogger("redress.runs")


def prefect_client() -> SyncPrefectClient:
    """Return a client of Prefect's API, to be used as a context manager."""
    return get_client(sync_client=True)


def start_run(client: SyncPrefectClient, reference: str, *, urgent: bool = False) -> FlowRun:
    """Start the run of a case; where it has one, return that. It then owes none any more.

    Args:
        client: Prefect's API.
        reference: The case.
        urgent: Whether it goes before others.
    """
    return _start(client, client.read_deployment_by_name(DEPLOYMENT).id, reference, urgent=urgent)


def _start(client: SyncPrefectClient, deployment: UUID, reference: str, *, urgent: bool) -> FlowRun:
    run = client.create_flow_run_from_deployment(
        deployment,
        parameters={"reference": reference},
        name=reference,
        idempotency_key=reference,
        work_queue_name=URGENT if urgent else None,
    )
    settle_start(store(), reference)
    return run


def start_owed() -> int:
    """Start the runs that filed cases still lack, urgent ones first and then in the order of filing.

    Safe to call at any time and from several processes: Prefect knows a run by the case's reference. Of the calls
    in one process one is at work, and looks again for the others, which return at once. Where Prefect does not
    answer, what is left is started by the next call; ``reconcile-runs`` makes one every two minutes.

    Returns:
        How many runs were started.
    """
    started = 0
    _asked.set()
    while _asked.is_set() and _starting.acquire(blocking=False):
        try:
            _asked.clear()  # who asks from now on may have filed after the last look: it is looked once more
            started += _start_owed()
        finally:
            _starting.release()
    return started


def _start_owed(tries: int = 2) -> int:
    started = 0
    if not starts_owed(store(), 1):
        return started
    try:
        with temporary_settings(updates=SHORT), prefect_client() as client:
            while owed := starts_owed(store(), _BATCH):
                deployment = client.read_deployment_by_name(DEPLOYMENT).id
                for reference, urgent in owed:
                    _start(client, deployment, reference, urgent=urgent)
                    started += 1
    except (httpx.HTTPError, PrefectHTTPStatusError, ObjectNotFound) as error:
        if isinstance(error, httpx.RemoteProtocolError) and tries > 1:  # that server broke off; another may answer
            return started + _start_owed(tries - 1)
        log.warning("runs not started now (%s); they are started once Prefect answers", type(error).__name__)
    return started


def find_runs(client: SyncPrefectClient, references: Iterable[str]) -> dict[str, FlowRun]:
    """Return the run of each case that has one; of several, the one that counts."""
    wanted = list(references)
    found: dict[str, list[FlowRun]] = {}
    for start in range(0, len(wanted), 100):
        for run in read_runs(client, FlowRunFilter(name=FlowRunFilterName(any_=wanted[start : start + 100]))):
            found.setdefault(run.name, []).append(run)
    return {reference: leading(runs) for reference, runs in found.items()}


def read_runs(client: SyncPrefectClient, which: FlowRunFilter) -> Iterator[FlowRun]:
    """Yield those runs of cases that a filter lets through, page by page."""
    for offset in count(0, PAGE):
        page = client.read_flow_runs(
            flow_run_filter=which, deployment_filter=_OF_CASES, sort=FlowRunSort.ID_DESC, limit=PAGE, offset=offset
        )
        yield from page
        if len(page) < PAGE:
            return


def count_runs(client: SyncPrefectClient, which: FlowRunFilter) -> int:
    """Return how many runs of cases a filter lets through."""
    return client.count_flow_runs(flow_run_filter=which, deployment_filter=_OF_CASES)


def leading(runs: Iterable[FlowRun]) -> FlowRun:
    """Return the run that counts of several of one case.

    A live one before one that has ended; of live ones one that waits, whose form somebody may just be filling in,
    and of these the oldest. Of those that have ended, the newest.
    """

    def rank(run: FlowRun) -> tuple[bool, bool, float]:
        state, age = run.state, -run.created.timestamp() if run.created else 0.0
        live = state is not None and not state.is_final()
        return live, state is not None and state.is_paused(), age if live else -age

    return max(runs, key=rank)


def wake(client: SyncPrefectClient, run: FlowRun) -> bool:
    """Let a suspended run look at its case again; return whether it was suspended.

    The run starts from the top and goes on from the ledger, so waking one too often does no harm.
    """
    if run.state is None or run.state.type is not StateType.PAUSED:
        return False
    return _put_into_queue(client, run, Scheduled(name="Resuming", message="The case has moved on."))


def wake_case(reference: str, patience: float = 0) -> bool:
    """Wake the run of a case, if it has one that is suspended; one that a person had cancelled goes on too.

    Args:
        reference: The case.
        patience: Seconds to wait for a run that is just executed: it may have looked at the case before the change.

    Returns:
        Whether it was woken.
    """
    until = time.monotonic() + patience
    with prefect_client() as client:
        while True:
            run = find_runs(client, [reference]).get(reference)
            if run is not None and run.state is not None and run.state.is_cancelled():
                return revive(client, run, "Its case was worked on after it had been cancelled.")
            if run is None or run.state is None or run.state.is_final():
                return False
            if wake(client, run):
                return True
            if time.monotonic() >= until:
                return False
            time.sleep(0.3)


def take_up_case(reference: str, patience: float = 0) -> None:
    """Let the run of a case that was taken up again go on; its run had ended with it.

    Args:
        reference: The case.
        patience: Seconds to wait for a run that is still executed: it may be about to end.
    """
    until = time.monotonic() + patience
    with prefect_client() as client:
        while (run := find_runs(client, [reference]).get(reference)) is not None:
            if run.state is not None and run.state.is_final():
                revive(client, run, "The case was taken up again.")
                return
            if wake(client, run) or time.monotonic() >= until:
                return
            time.sleep(0.3)
        start_run(client, reference)


def resume(client: SyncPrefectClient, run: FlowRun, values: Mapping[str, Any], patience: float = 20) -> str | None:
    """Answer the form of a suspended run, as Prefect's page does; return why it was refused, or None.

    A server that is busy for a moment is tried again soon: Prefect's own retries would wait for seconds.

    Args:
        client: Prefect's API.
        run: The suspended run.
        values: What the form holds.
        patience: Seconds to go on trying.
    """
    until = time.monotonic() + patience
    with temporary_settings(updates={PREFECT_CLIENT_MAX_RETRIES: 0}):
        while True:
            try:
                result = client.resume_flow_run(run.id, run_input=dict(values))
            except PrefectHTTPStatusError as error:
                if error.response.status_code < 500 or time.monotonic() > until:
                    raise
            else:
                accepted = result.status is SetStateStatus.ACCEPT
                return None if accepted else str(getattr(result.details, "reason", "") or result.status.value)
            time.sleep(0.1)


def revive(client: SyncPrefectClient, run: FlowRun, reason: str) -> bool:
    """Put a run that has ended back into the queue; return False where it has moved on meanwhile."""
    return _put_into_queue(client, run, Scheduled(name="AwaitingRetry", message=reason), force=True)


def _put_into_queue(client: SyncPrefectClient, run: FlowRun, state: State[Any], *, force: bool = False) -> bool:
    """Put a run that still stands as it was read into the queue; return whether it is there.

    A request whose answer was lost is repeated only after another look: it may be there already.
    """
    failed: Exception | None = None
    for pause in (0.0, 0.2, 1.0, 3.0):
        time.sleep(pause)
        if has_moved(client, run):
            return failed is not None and client.read_flow_run(run.id).state_name == state.name
        try:
            with temporary_settings(updates={PREFECT_CLIENT_MAX_RETRIES: 0}):
                return move(client, run, state, force=force) is not None
        except (httpx.TransportError, PrefectHTTPStatusError) as error:
            if isinstance(error, PrefectHTTPStatusError) and error.response.status_code < 500:
                raise
            failed = error
    assert failed is not None
    raise failed


def has_moved(client: SyncPrefectClient, run: FlowRun) -> bool:
    """Whether a run is no longer in the state in which it was read; it must not be executed twice at a time."""
    known, now = run.state, client.read_flow_run(run.id).state
    return known is None or now is None or known.id != now.id
