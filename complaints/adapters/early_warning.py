"""Early warning over the case store: the days that are asked for, and those that they are measured by."""

from datetime import date, datetime, timedelta
from typing import Final

import pandas as pd

from complaints.adapters.frames import load_frame
from complaints.adapters.store import Store
from complaints.regimes.model import Pack
from complaints.reporting.early_warning.counts import daily_counts, days_between, midnight
from complaints.reporting.early_warning.expectation import HISTORY_DAYS, WEEK
from complaints.reporting.early_warning.judging import Judged, judge
from complaints.reporting.early_warning.kinds import FALSE_ALARMS_A_MONTH
from complaints.reporting.frame import Window

DAY: Final = timedelta(days=1)


def last_whole_day(as_at: datetime, pack: Pack) -> date:
    """Return the last day that is over at ``as_at`` in the regime's zone; the one after it is not judged."""
    return as_at.astimezone(pack.tz).date() - DAY


def window_of(pack: Pack, first: date, last: date) -> Window:
    """Return the span of which the cases must be known in order to judge some days."""
    return midnight(first - (HISTORY_DAYS + WEEK) * DAY, pack.tz), midnight(last + DAY, pack.tz)


def look_for_warnings(
    store: Store, pack: Pack, first: date, last: date, as_at: datetime, rate: float = FALSE_ALARMS_A_MONTH
) -> Judged:
    """Return what early warning makes of some days.

    Args:
        store: The case database.
        pack: The regime: its cases, its zone, its working days.
        first: First day that is asked for.
        last: The last one; it is over at ``as_at``.
        as_at: What was recorded before this instant counts; the same instant gives the same warnings for ever.
        rate: False alarms a month that are wanted at most.
    """
    cases = load_frame(store, as_at, windows=[window_of(pack, first, last)], regime=pack.name)
    return judge_cases(store, cases, pack, first, last, rate)


def judge_cases(
    store: Store, cases: pd.DataFrame, pack: Pack, first: date, last: date, rate: float = FALSE_ALARMS_A_MONTH
) -> Judged:
    """Return what early warning makes of some days, from a frame of at least the cases of :func:`window_of`."""
    start = first - HISTORY_DAYS * DAY
    received = cases["received_at"]
    if len(received):  # the days before the first case tell nothing
        start = max(start, min(received.min().astimezone(pack.tz).date(), last))
    start -= start.weekday() * DAY  # factors are made anew every week: on the same day, whatever is asked for
    counts = daily_counts(cases, days_between(start, last), pack.tz)
    return judge(counts, store.rules().calendar(pack.calendar), rate)
