"""The pass over all cases: every live run is held against its case, and every case without one gets its run."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, cast
from uuid import UUID

import httpx
from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterName,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.logging import get_run_logger
from prefect.states import Cancelled

from complaints.adapters.driving import driven
from complaints.answers import Question
from complaints.errors.base import ComplaintError
from flows.reconciling.findings import Findings, Found
from flows.reconciling.memory import keep, read_pass
from flows.reconciling.placing import BATCH, make_runs
from flows.reconciling.trouble import reference_of, settle_ended
from flows.reconciling.waits import may_wait, waits_in_vain
from flows.runs import find_runs, leading, read_runs, revive, wake
from flows.transitions import move
from tasks.desk import store

PASSING: Final = (ComplaintError, PrefectHTTPStatusError, ObjectNotFound, httpx.HTTPError)
"""What may be wrong with one case, or with Prefect for a moment; it must not stop all others."""

LIVE: Final = FlowRunFilterState(
    type=FlowRunFilterStateType(
        any_=[StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING, StateType.PAUSED, StateType.CANCELLING]
    )
)

SHOWN_FROM: Final = 500
"""From so many cases on, the pass shows on Prefect's page how far it is."""

_SIGN_OF_LIFE: Final = timedelta(seconds=20)


def go_over_all(client: SyncPrefectClient, findings: Findings) -> None:
    """Make it true that every open case has one live run, whatever has become of Prefect's database."""
    cases = driven(store())
    progress = Progress(client, len(cases))
    missing = look_at_live(client, cases, findings, progress)
    for start in range(0, len(missing), BATCH):
        give_runs(client, missing[start : start + BATCH], findings)
        progress.show(len(cases) - len(missing) + start)
    progress.end()


def look_at_live(
    client: SyncPrefectClient, cases: Mapping[str, Question | None], findings: Findings, progress: "Progress"
) -> list[str]:
    """Hold every live run against its case; return the cases that have none, oldest first."""
    odd: dict[str, list[FlowRun]] = {}
    seen: set[str] = set()
    for run in read_runs(client, FlowRunFilter(state=LIVE)):
        reference = reference_of(run)
        if reference in seen or is_odd(run, reference, cases):
            odd.setdefault(reference, []).append(run)
        seen.add(reference)
        progress.show(len(seen))
    for reference, runs in odd.items():
        attempt([reference], findings, partial(put_right, client, reference, runs, findings))
    return [reference for reference in cases if reference not in seen]


def is_odd(run: FlowRun, reference: str, cases: Mapping[str, Question | None]) -> bool:
    """Whether a live run must be looked at closely; hardly any must, and no ledger is read to find out."""
    if run.name != reference:
        return True
    if run.state is None or not run.state.is_paused():
        return False
    return reference not in cases or not may_wait(cases[reference], run)


def put_right(client: SyncPrefectClient, reference: str, odd: Sequence[FlowRun], findings: Findings) -> None:
    """Leave a case one run, under its name, and wake it where it waits in vain."""
    named = read_runs(client, FlowRunFilter(name=FlowRunFilterName(any_=[reference]), state=LIVE))
    runs = {run.id: run for run in [*odd, *named]}
    kept = leading(runs.values())
    if kept.name != reference:
        client.update_flow_run(kept.id, name=reference)
        findings.add(Found.ADOPTED, reference)
    for run in runs.values():
        if run.id != kept.id and close(client, run):
            findings.add(Found.CLOSED, reference)
    if kept.state and kept.state.is_paused() and waits_in_vain(reference, kept) and wake(client, kept):
        findings.add(Found.WOKEN, reference)


def close(client: SyncPrefectClient, run: FlowRun) -> bool:
    """Cancel a surplus run; return False where it is at work: it is closed once it rests.

    Somebody may answer its form at this very moment: then it goes on with that answer, and is closed later.
    """
    if run.state is None or not (run.state.is_paused() or run.state.is_scheduled()):
        return False
    if move(client, run, Cancelled(message="Its case has another run.")) is None:
        return False
    left = client.filter_flow_run_input(run.id, "suspended-", limit=200, exclude_keys=set())
    if any(one.key.endswith("-response") for one in left):
        revive(client, client.read_flow_run(run.id), "It was answered while it was being cancelled.")
        return False
    return True


def give_runs(client: SyncPrefectClient, references: Sequence[str], findings: Findings) -> None:
    """Give cases their run that had no live one a moment ago: a new one, or the one that has ended."""
    runs = find_runs(client, references)
    for reference, run in runs.items():
        if run.state is not None and run.state.is_final():
            attempt([reference], findings, partial(settle_ended, client, run, True, findings))
    none = [reference for reference in references if reference not in runs]
    if none and not attempt(none, Findings(), partial(make_runs, client, none, findings)):
        for reference in none:  # one of them cannot be read: the others get theirs
            attempt([reference], findings, partial(make_runs, client, [reference], findings))


def attempt(references: Sequence[str], findings: Findings, act: Callable[[], object]) -> bool:
    """Do something for some cases; return whether it could be done."""
    try:
        act()
    except PASSING as error:
        get_run_logger().warning("%s: not reconciled now: %s", ", ".join(references), type(error).__name__)
        findings.add(Found.REFUSED, *references)
        return False
    return True


class Progress:
    """How far a long pass is, on Prefect's page and for other reconciliations.

    Args:
        client: Prefect's API.
        total: How many cases there are.
    """

    def __init__(self, client: SyncPrefectClient, total: int) -> None:
        self._client, self._total, self._shown_at = client, total, datetime.now(UTC)
        self._artifact: UUID | None = None
        keep(client, read_pass(client), at_work_at=self._shown_at)

    def show(self, number: int) -> None:
        """Say that so many cases are done."""
        if (now := datetime.now(UTC)) - self._shown_at < _SIGN_OF_LIFE:
            return
        self._shown_at = now
        keep(self._client, read_pass(self._client), at_work_at=now)
        if self._total >= SHOWN_FROM:
            self._write(100 * min(number, self._total) / self._total)

    def end(self) -> None:
        """Say that the pass is over."""
        if self._artifact:
            self._write(100)
        keep(self._client, read_pass(self._client), done_at=datetime.now(UTC), at_work_at=None)

    def _write(self, percent: float) -> None:
        if self._artifact is None:
            words = f"运行核对：{self._total:,} 件未结案件 · Reconciliation of {self._total:,} open cases"
            made = create_progress_artifact(percent, key="reconciliation-progress", description=words)
            self._artifact = cast(UUID, made)  # in synchronous code
        else:
            update_progress_artifact(self._artifact, percent)
