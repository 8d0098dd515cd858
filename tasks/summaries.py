"""Steps with regulatory summaries, each one task: it may be tried again, and finds what was done already."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from prefect import task
from prefect.cache_policies import NO_CACHE

from complaints.reporting.periods import Period, PeriodKind
from complaints.reporting.preparing import period_to_prepare
from complaints.reporting.versions import Version
from tasks.desk import is_retryable, store, summaries

_STEP: Final[dict[str, Any]] = {
    "retries": 3,
    "retry_delay_seconds": [1, 5, 20],
    "retry_condition_fn": is_retryable,
    "cache_policy": NO_CACHE,
    "persist_result": False,
}


def due_period(kind: PeriodKind, regime: str) -> Period | None:
    """Return the period whose summary is to be prepared today, or None."""
    rules = store().rules()
    pack = rules.pack(regime)
    prepared: dict[str, date] = {}
    for row in summaries().rows(regime):
        day = row.as_at.astimezone(pack.tz).date()
        prepared[row.period] = max(day, prepared.get(row.period, day))
    today = store().now().astimezone(pack.tz).date()
    return period_to_prepare(kind, today, pack, rules.calendar(pack.calendar), prepared)


@task(name="prepare summary", **_STEP)
def prepare(regime: str, period: str, as_at: datetime, by: str) -> Version:
    """Prepare the summary of a period as at a cut-off."""
    return summaries().prepare(regime, period, as_at, by)


@task(name="remark", **_STEP)
def remark(regime: str, period: str, number: int | None, remarks: Mapping[str, str], by: str) -> Version:
    """Put an editor's remarks into a version."""
    return summaries().remark(summaries().find(regime, period, number), remarks, by)


@task(name="review", **_STEP)
def review(regime: str, period: str, number: int | None, by: str) -> Version:
    """Record that somebody reviewed a version."""
    return summaries().review(summaries().find(regime, period, number), by)


@task(name="sign", **_STEP)
def sign(regime: str, period: str, number: int | None, by: str) -> Version:
    """Sign a version off."""
    return summaries().sign(summaries().find(regime, period, number), by)
