"""What the doctor looks at of the runs: open cases whose run somebody cancelled."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

from complaints.adapters.driving import are_open
from complaints.settings import Settings
from deployments.case_list import runs_in_trouble
from deployments.console import prefect_answers
from deployments.doctor.cases import opened
from deployments.doctor.finding import Finding

NAMED: Final = 10
"""Cases that a finding names; it counts the others."""

_BACK: Final = timedelta(hours=48)  # a cancelled run goes on after twelve
_MOST: Final = 1000


def cancelled(settings: Settings) -> list[Finding]:
    """Look for open cases whose run was cancelled; nothing where database or server cannot be asked."""
    try:
        store = opened(settings)
        if store is None or not prefect_answers():
            return []
        known = are_open(store, _names_of_cancelled_runs())
        trouble = runs_in_trouble([reference for reference, is_open in known.items() if is_open])
        if trouble is None:
            return []
    except Exception:  # both were looked at before, each with its cure
        return []
    stopped = sorted(reference for reference, state in trouble.items() if state == "cancelled")
    if not stopped:
        return [Finding("ok", "cancelled runs", "none of an open case")]
    named = ", ".join(stopped[:NAMED]) + (f" and {len(stopped) - NAMED} more" if len(stopped) > NAMED else "")
    cure = "to cancel a run does not end its case: redress withdraw does; else it goes on after twelve hours"
    return [Finding("note", "cancelled runs", f"the case is open: {named}", cure)]


def _names_of_cancelled_runs() -> list[str]:
    from prefect.client.schemas.filters import (
        FlowRunFilter,
        FlowRunFilterEndTime,
        FlowRunFilterState,
        FlowRunFilterStateType,
    )
    from prefect.client.schemas.objects import StateType

    from flows.runs import prefect_client, read_runs

    which = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.CANCELLED])),
        end_time=FlowRunFilterEndTime(after_=datetime.now(UTC) - _BACK),
    )
    with prefect_client() as client:
        return sorted({run.name for run in islice(read_runs(client, which), _MOST)})
