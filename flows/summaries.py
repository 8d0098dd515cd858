"""Regulatory summaries: prepared by the clock or by hand, for a month, a quarter, a half-year or a year.

Every day each of the four asks whether its summary is to be prepared today, for a cron line knows no working days.
"""

from datetime import datetime
from typing import Annotated, Any

from prefect import Flow, flow
from prefect.client.schemas.objects import State
from prefect.states import Completed
from pydantic import AwareDatetime, Field

from complaints.answers import Staff
from complaints.reporting.periods import PeriodKind
from complaints.reporting.versions import SYSTEM
from complaints.settings import settings
from flows.orders import refusal_is_an_answer
from flows.summary_artifacts import show_version
from tasks.desk import store
from tasks.summaries import due_period, prepare

PeriodName = Annotated[
    str,
    Field(title="期间 · period", pattern=r"^\d{4}(-(0[1-9]|1[0-2]|Q[1-4]|H[12]))?$", examples=["2026-03", "2026-Q1"]),
]
Regime = Annotated[str, Field(title="监管规则 · regime", pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]


def _summary_flow(name: str, kind: PeriodKind, such_as: str) -> Flow[..., State[Any]]:
    """Return the flow that prepares summaries of one kind; operators read its description on Prefect's page."""

    def prepare_summary(
        period: PeriodName | None = None,
        as_at: AwareDatetime | None = None,
        prepared_by: Staff | None = None,
        regime: Regime | None = None,
    ) -> State[Any]:
        return _prepared(kind, period, as_at, prepared_by, regime)

    prepare_summary.__name__ = prepare_summary.__qualname__ = name.replace("-", "_")  # as prefect.yaml calls it
    prepare_summary.__doc__ = f"""{kind.zh}投诉监管报告 · Prepare the summary of a {kind.en}.

    Args:
        period: 期间，如 {such_as} · which; without it that of the {kind.en} that is due today, if any.
        as_at: 台账时点 · the cut-off; now if left out.
        prepared_by: 编制人工号 · your staff number; without it the schedule prepares.
        regime: 监管规则 · the regime; the leading one if left out.
    """
    return flow(name=name)(prepare_summary)


@refusal_is_an_answer
def _prepared(
    kind: PeriodKind, period: str | None, as_at: datetime | None, by: str | None, regime: str | None
) -> State[Any]:
    regime = regime or settings().regime
    if period is None and (due := due_period(kind, regime)):
        period = due.name
    if period is None:
        return Completed(name="NotDue", message="Nothing is to be prepared today; give a period to have it now.")
    version = prepare(regime, period, as_at or store().now(), by or SYSTEM)
    show_version(version)
    return Completed(message=f"{version.name}: {version.state.both}")


monthly_summary = _summary_flow("monthly-summary", PeriodKind.MONTH, "2026-03、2026-Q1、2026-H1、2026")
quarterly_summary = _summary_flow("quarterly-summary", PeriodKind.QUARTER, "2026-Q1")
half_yearly_summary = _summary_flow("half-yearly-summary", PeriodKind.HALF, "2026-H1")
yearly_summary = _summary_flow("yearly-summary", PeriodKind.YEAR, "2026")
