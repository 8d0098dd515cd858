"""Runs that do not get on: failed, crashed, cancelled, late, stuck. Prefect is asked for these alone, page by page."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterEndTime,
    FlowRunFilterNextScheduledStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.states import Cancelled

from complaints.adapters.beats import is_silent
from complaints.adapters.driving import are_open
from flows.prefect_parts import holder_of
from flows.reconciling.findings import Findings, Found
from flows.runs import PAGE, count_runs, find_runs, read_runs, revive
from flows.transitions import move
from tasks.desk import store

PATIENCE: Final = timedelta(minutes=2)
"""How long a run may stay lost before it is revived; doubled at each turn, so that a bug does not spin."""

STILL_CANCELLED: Final = timedelta(hours=12)
"""So long a run stays cancelled whose case is open and not worked on; then it goes on, lest the case be forgotten."""

LATE: Final = timedelta(minutes=5)
"""After so long a run that could begin is said to be late."""

STUCK: Final = timedelta(minutes=10)
"""No step of a case takes as long as this, with all the tries of a letter."""

_MOST: Final = 5000  # runs in trouble that are read at one look
_ENDED: Final = (StateType.FAILED, StateType.CRASHED, StateType.COMPLETED)
_IN_HANDS: Final = (StateType.PENDING, StateType.RUNNING, StateType.CANCELLING)


def look_for_trouble(client: SyncPrefectClient, findings: Findings) -> int:
    """Revive what failed or crashed, tell of what is late or stuck.

    Returns:
        How many open cases are left without a live run for now: it is known why, and they are looked at again.
    """
    left = look_at_lost(client, findings) + look_at_cancelled(client, findings)
    look_at_late(client, findings)
    look_at_held(client, findings)
    return left


def look_at_lost(client: SyncPrefectClient, findings: Findings) -> int:
    """Revive runs that failed or crashed, not at once; return how many open cases wait for that."""
    lost = list(islice(read_runs(client, _in_states(StateType.FAILED, StateType.CRASHED)), _MOST))
    return sum(settle_ended(client, run, is_open, findings) for run, is_open in _that_count(client, lost))


def look_at_cancelled(client: SyncPrefectClient, findings: Findings) -> int:
    """Let cancelled runs of open cases go on after a while, and tell of them until then; return how many wait."""
    which = _in_states(StateType.CANCELLED)
    which.end_time = FlowRunFilterEndTime(after_=datetime.now(UTC) - 4 * STILL_CANCELLED)
    cancelled = list(islice(read_runs(client, which), _MOST))
    return sum(settle_ended(client, run, True, findings) for run, is_open in _that_count(client, cancelled) if is_open)


def settle_ended(client: SyncPrefectClient, run: FlowRun, is_open: bool, findings: Findings) -> bool:
    """Let a run that has ended before its case go on; return whether its case is left without a live one.

    The run of a closed case that failed on its last steps goes on too, so that it comes to a good end.
    """
    if run.state is None:
        return False
    reference, age = reference_of(run), datetime.now(UTC) - run.state.timestamp
    if run.state.type in _ENDED:
        if age > PATIENCE * 2 ** min(run.run_count, 8) and revive(client, run, "It goes on from the ledger."):
            findings.add(Found.REVIVED, reference)
            return False
        return is_open
    if age > STILL_CANCELLED and revive(client, run, "Its case is still open; to cancel a run does not end it."):
        findings.add(Found.REVIVED, reference)
        return False
    findings.add(Found.CANCELLED, reference)
    return is_open


def look_at_late(client: SyncPrefectClient, findings: Findings) -> None:
    """Tell of runs that nobody takes: the workers are too few, or gone, or their queue is paused."""
    which = _in_states(StateType.SCHEDULED)
    which.next_scheduled_start_time = FlowRunFilterNextScheduledStartTime(before_=datetime.now(UTC) - LATE)
    late = [reference_of(run) for run in islice(read_runs(client, which), PAGE)]
    if late:
        number = count_runs(client, which) if len(late) == PAGE else len(late)
        findings.add(Found.LATE, *late, more=number - len(late))


def look_at_held(client: SyncPrefectClient, findings: Findings) -> None:
    """Take runs from workers that are no more, end those that nobody cancels, tell of those that do not get on."""
    for run in islice(read_runs(client, _in_states(*_IN_HANDS)), _MOST):
        if run.state is None or (age := datetime.now(UTC) - run.state.timestamp) <= LATE:
            continue
        holder = holder_of(run.state)
        if run.state.is_cancelling():
            move(client, run, Cancelled(message="Nobody was left to cancel it."), force=True)
        elif not holder or is_silent(store(), holder):  # workers do so themselves within seconds, where they can
            if revive(client, run, "Its worker is gone; it goes on from the ledger."):
                findings.add(Found.REVIVED, reference_of(run))
        elif age > STUCK:
            findings.add(Found.STUCK, reference_of(run))


def reference_of(run: FlowRun) -> str:
    """Return the case of a run: its parameter tells, the name only once it has been executed."""
    return str(run.parameters.get("reference") or run.name)


def _in_states(*types: StateType) -> FlowRunFilter:
    return FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(types))))


def _that_count(client: SyncPrefectClient, runs: Sequence[FlowRun]) -> list[tuple[FlowRun, bool]]:
    """Return those runs whose case there is and has no better one, and whether the case is open."""
    if not runs:
        return []
    known = are_open(store(), sorted({reference_of(run) for run in runs}))
    counts = {run.id for run in find_runs(client, known).values()}
    return [(run, known[reference_of(run)]) for run in runs if run.id in counts]
