"""Make it true that every open case has one live run, whatever became of Prefect's database meanwhile."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Final

from prefect import flow
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.logging import get_run_logger

from complaints.case import Case
from complaints.errors import ComplaintError
from flows.handle_complaint import reports_meanwhile
from flows.runs import ENDED, find_runs, prefect_client, revive, start_owed, start_run, wake
from tasks.desk import look, store

PATIENCE: Final = timedelta(minutes=2)
"""How long a run may stay lost before it is revived; doubled at each turn, so that a bug does not spin."""


@flow(name="reconcile-runs")
def reconcile_runs() -> dict[str, int]:
    """Start missing runs, revive lost ones, wake those that wait for what has already come.

    Returns:
        How many runs were ``started``, ``revived`` and ``woken``.
    """
    done: Counter[str] = Counter(started=start_owed(), revived=0, woken=0)
    references = store().open_references()
    with prefect_client() as client:
        runs = find_runs(client, references)
        for reference in references:
            try:
                done[reconcile(client, reference, runs.get(reference))] += 1
            except (ComplaintError, PrefectHTTPStatusError, ObjectNotFound) as error:
                # One case must not stop all others.
                get_run_logger().warning("Case %s was not reconciled: %s", reference, type(error).__name__)
        done["woken"] += wake_ended(client)
    done.pop("", None)
    get_run_logger().info("Reconciled %d open cases: %s", len(references), dict(done))
    return dict(done)


def reconcile(client: SyncPrefectClient, reference: str, run: FlowRun | None) -> str:
    """Put one case's run right; return what was done."""
    if run is None or run.state is None:
        start_run(client, reference)
        return "started"
    age = datetime.now(UTC) - run.state.timestamp
    if run.state.type in ENDED and age > PATIENCE * 2 ** min(run.run_count, 8):
        revive(client, run, "The case is still open; it goes on from the ledger.")
        return "revived"
    if run.state.type is StateType.PAUSED and waits_in_vain(reference, run) and wake(client, run):
        return "woken"
    return ""


def wake_ended(client: SyncPrefectClient) -> int:
    """Let runs end that still wait although their case was withdrawn or merged; return how many."""
    ended = store().ended_early_since(store().now() - timedelta(days=7))
    return sum(wake(client, run) for run in find_runs(client, ended).values())


def waits_in_vain(reference: str, run: FlowRun) -> bool:
    """Whether a suspended run waits for something that has come already, or has a notice or a report to send."""
    key = (run.state.state_details.pause_key if run.state else None) or ""
    case = look(reference)
    tells = any(notice not in case.letters for notice in case.notices) or reports_meanwhile(case)
    return tells or not key.startswith(awaited(case))


def awaited(case: Case) -> str:
    """Return how the key of the suspension begins in which the run of a case should be."""
    if question := case.asks:
        return f"{question}-{case.round_of(question)}-"
    waiting = (name for name, clock in case.clocks.items() if clock.started.wait and clock.next_at)
    return f"until-{next(waiting, 'nothing')}-"
