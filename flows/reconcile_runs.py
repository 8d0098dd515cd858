"""Make it true that every open case has one live run, whatever became of Prefect's database meanwhile.

Every two minutes it is only looked at what may be wrong: starts that are owed, runs in trouble, cases on which
something was recorded lately, and whether there are as many live runs as open cases. All cases are gone over where
that differs, once a night, and when somebody (or ``redress up``) starts this flow.
"""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final
from uuid import uuid4
from zoneinfo import ZoneInfo

from prefect import flow
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import FlowRun
from prefect.context import FlowRunContext
from prefect.events.schemas.events import Event, Resource
from prefect.logging import get_run_logger

from complaints.adapters.driving import count_driven, moved_since
from complaints.adapters.starting import owed_since
from flows.reconciling.findings import Findings, Found, show
from flows.reconciling.memory import Look, Pass, keep, read_look, read_pass
from flows.reconciling.trouble import look_for_trouble
from flows.reconciling.waits import waits_in_vain
from flows.reconciling.whole import LIVE, attempt, go_over_all
from flows.runs import count_runs, find_runs, prefect_client, start_owed, wake
from tasks.desk import store

OVERLAP: Final = timedelta(minutes=10)
"""How far each look goes back beyond the last one: a run that was at work then may have fallen asleep since."""

OWED: Final = timedelta(minutes=5)
"""After so long a run that is owed is told of …"""

TOLD: Final = timedelta(minutes=10)
"""… and then not again for so long."""

ZONE: Final = ZoneInfo("Asia/Shanghai")
NIGHT: Final = range(1, 5)
"""The hours in which all cases are gone over."""

DAY: Final = timedelta(hours=20)
"""After so long all cases are gone over in the night …"""

LONGEST: Final = timedelta(hours=48)
"""… and after so long at any time."""

MANY: Final = 50
"""So many runs too few or too many are no accident of counting."""

AGAIN: Final = timedelta(minutes=15)
"""So long after one pass no other follows for a few runs that seem to be missing."""

GONE: Final = timedelta(minutes=10)
"""After so long without a sign of life, a pass over all cases is taken to have died."""


@flow(name="reconcile-runs")
def reconcile_runs() -> dict[str, int]:
    """Start missing runs, revive lost ones, wake those that wait in vain, cancel surplus ones, tell of the others.

    Returns:
        How many cases there were of each sort; see :class:`flows.reconciling.findings.Found`.
    """
    findings = Findings()
    findings.add(Found.STARTED, more=start_owed())
    with prefect_client() as client:
        goes_over_all = look(client, findings) or not is_scheduled()
        if goes_over_all:
            go_over_all(client, findings)
        show(client, findings)
    what = "all cases" if goes_over_all else "what may be wrong"
    get_run_logger().info("Reconciled %s: %s", what, findings.counts)
    return findings.counts


def is_scheduled() -> bool:
    """Whether this run came by its schedule; what somebody starts by hand goes over all cases."""
    context = FlowRunContext.get()
    return context is not None and context.flow_run is not None and context.flow_run.auto_scheduled


def look(client: SyncPrefectClient, findings: Findings) -> bool:
    """Look at what may be wrong; return whether all cases are to be gone over."""
    before, now = read_look(client), store().now()
    left = look_for_trouble(client, findings)
    look_at_moved(client, (before.at or now) - OVERLAP, findings)
    told = tell_if_growing(client, now, before)
    missing = count_driven(store()) - left - count_runs(client, FlowRunFilter(state=LIVE))
    keep(client, before, at=now, missing=missing, told_at=told)
    return is_due(read_pass(client), missing, before.missing, datetime.now(UTC))


def look_at_moved(client: SyncPrefectClient, since: datetime, findings: Findings) -> None:
    """Wake the runs of cases on which something was recorded and which wait in vain; whoever did it may have died."""
    for reference, run in find_runs(client, moved_since(store(), since)).items():
        if run.state is not None and run.state.is_paused():
            attempt([reference], findings, partial(_wake, client, reference, run, findings))


def _wake(client: SyncPrefectClient, reference: str, run: FlowRun, findings: Findings) -> None:
    if waits_in_vain(reference, run) and wake(client, run):
        findings.add(Found.WOKEN, reference)


def is_due(last: Pass, missing: int, missing_before: int, now: datetime) -> bool:
    """Whether all cases are to be gone over.

    Cases and runs are counted one after the other, and some may begin or end in between. A few that are missing are
    believed when two looks find the same; many at once.

    Args:
        last: The last pass over all.
        missing: How many runs there are too few, or too many.
        missing_before: The same two minutes ago.
        now: The real time.
    """
    if last.at_work_at and now - last.at_work_at < GONE:
        return False
    if last.done_at is None or abs(missing) >= MANY:
        return True
    age = now - last.done_at
    if missing and missing == missing_before and age >= AGAIN:
        return True
    return age >= LONGEST or (age >= DAY and now.astimezone(ZONE).hour in NIGHT)


def tell_if_growing(client: SyncPrefectClient, now: datetime, before: Look) -> datetime | None:
    """Put an event on Prefect's server where runs have been owed for long; return when that was done last.

    Args:
        client: Prefect's API.
        now: The firm's time.
        before: The last look.
    """
    number, oldest = owed_since(store())
    if oldest is None or now - oldest <= OWED or (before.told_at and now - before.told_at < TOLD):
        return before.told_at
    event = Event(
        id=uuid4(),
        event="redress.outbox.growing",
        resource=Resource({"prefect.resource.id": "redress.outbox", "prefect.resource.name": "outbox"}),
        payload={"number": number, "minutes": int((now - oldest) / timedelta(minutes=1))},
    )
    client.request("POST", "/events", json=[event.model_dump(mode="json")])
    return now
