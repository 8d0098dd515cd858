"""The list of cases on the command line: where each stands, and whether its run on Prefect goes on."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from rich.table import Column, Table

from complaints.adapters.store import Store
from complaints.adapters.tables import CaseRow
from complaints.deadlines import last_day
from complaints.words import Kind, Stage
from deployments.console import out, prefect_answers

TROUBLE: Final[Mapping[str, str]] = {
    "cancelled": "已取消 · cancelled",
    "cancelling": "正在取消 · cancelling",
    "failed": "失败 · failed",
    "crashed": "崩溃 · crashed",
}
"""States of an open case's run in which it does not go on by itself, or not at once."""

ADVICE: Final = (
    "取消运行不等于结案，时限照常计算；案件有新处理、或满 12 小时后，运行会自动继续。要结案请用 redress withdraw。\n"
    "To cancel a run does not end its case: the time limits run on, and so does the run once the case is worked on, or "
    "after twelve hours. To end a case, use redress withdraw."
)
UNKNOWN: Final = (
    "Prefect 未应答，未能核对各案件的运行是否已被取消。\n"
    "Prefect does not answer: whether runs were cancelled is not known now."
)


def show_cases(store: Store, rows: Sequence[CaseRow]) -> None:
    """Print cases, what each waits for, and those whose run somebody cancelled or that failed."""
    open_ones = [row.reference for row in rows if Stage(row.stage).is_open]
    trouble = runs_in_trouble(open_ones) if open_ones else {}
    rules = store.rules()
    others = [
        "kind",
        "category",
        "stage",
        "waits for",
        "received",
        "decision due",
        "late",
        *(["run"] if trouble else []),
    ]
    table = Table(Column("reference", no_wrap=True), *others)  # a reference is whole in the narrowest window
    for row in rows:
        kind = Kind(row.kind).both if row.kind else "—"
        late = "late" if row.late or (row.late is None and _is_past(row.decision_due_at, store.now())) else ""
        stage_word, zone = Stage(row.stage).both, rules.pack(row.regime).tz
        received = f"{row.received_at.astimezone(zone):%Y-%m-%d}"
        dates = (received, str(last_day(row.decision_due_at, zone)) if row.decision_due_at else "")
        marks = [TROUBLE.get(trouble.get(row.reference, ""), "")] if trouble else []
        table.add_row(row.reference, kind, row.category or "—", stage_word, row.asks or "", *dates, late, *marks)
    out.print(table)
    if trouble is None:
        out.print(UNKNOWN)
    elif {"cancelled", "cancelling"} & set(trouble.values()):
        out.print(ADVICE)


def runs_in_trouble(references: Sequence[str]) -> Mapping[str, str] | None:
    """Return, of open cases whose run does not go on, in which state that is; None where Prefect does not answer."""
    if not prefect_answers():
        return None
    from flows.runs import find_runs, prefect_client  # takes seconds: only where there is something to ask

    try:
        with prefect_client() as client:
            runs = find_runs(client, references)
    except Exception:  # Prefect went away meanwhile, or wants a password: the list is shown all the same
        return None
    states = {reference: run.state.type.value.lower() for reference, run in runs.items() if run.state}
    return {reference: state for reference, state in states.items() if state in TROUBLE}


def _is_past(at: datetime | None, now: datetime) -> bool:
    return at is not None and at <= now
