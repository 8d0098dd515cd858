"""Daily counts of what was received, one series for each product, cause, issue, department and channel.

A branch is not among the clear facts of a case: the department that handles it is the nearest there is. What a case
does not say (no product, not assessed yet) is counted in the total and in no series of that dimension.
"""

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from complaints.calendars.files import is_make_up
from complaints.calendars.model import WorkingCalendar
from complaints.words import Kind

TOTAL: Final = ("total", "all")
"""The series of everything that was received."""

DIMENSIONS: Final = ("channel", "product", "cause", "issue", "department")
"""By what the cases are counted: columns of the frame."""

HOLIDAY: Final = 7
MAKE_UP: Final = 8
CLASSES: Final = 9
"""Sorts of days: Monday (0) to Sunday (6), public holiday, make-up working day."""


def daily_counts(cases: pd.DataFrame, days: pd.DatetimeIndex, zone: ZoneInfo) -> pd.DataFrame:
    """Return how many cases of each series were received on each day.

    Whistle-blowing reports are left out: a single one must not be found by its department or channel.

    Args:
        cases: A frame of cases; of its columns ``kind``, ``received_at`` and :data:`DIMENSIONS` are read.
        days: The days, without zone, one after the other.
        zone: The regime's zone, in which days begin.

    Returns:
        Rows: ``days``. Columns: pairs (dimension, code), :data:`TOTAL` first, then by dimension and code; integers.
    """
    cases = cases[cases["kind"] != Kind.REPORT]
    received_on = cases["received_at"].dt.tz_convert(zone).dt.tz_localize(None).dt.normalize()
    within = received_on.between(days[0], days[-1])
    cases, received_on = cases[within], received_on[within]
    parts = [received_on.value_counts().rename(TOTAL).to_frame()]
    for dimension in DIMENSIONS:
        counted = cases.groupby([received_on, dimension], observed=True).size().unstack(fill_value=0)
        counted.columns = pd.MultiIndex.from_tuples([(dimension, str(code)) for code in counted.columns], names=NAMES)
        parts.append(counted.sort_index(axis="columns"))
    parts[0].columns = pd.MultiIndex.from_tuples([TOTAL], names=NAMES)
    filled = [part.reindex(days).fillna(0).astype("int64") for part in parts if part.shape[1]]
    counts: pd.DataFrame = pd.concat(filled, axis="columns", sort=False)
    return counts


NAMES: Final = ("dimension", "code")


def days_between(first: date, last: date) -> pd.DatetimeIndex:
    """Return the days from ``first`` to ``last``, both included."""
    return pd.date_range(first, last, freq="D")


def day_classes(days: Iterable[pd.Timestamp], calendar: WorkingCalendar) -> NDArray[np.int8]:
    """Return the sort of each day, by the regime's working days.

    A holiday on a Sunday is a holiday. A make-up working day is one also where the firm rests on it: whoever complains
    works on it.
    """
    return np.array([_class_of(one.date(), calendar) for one in days], dtype=np.int8)


def _class_of(day: date, calendar: WorkingCalendar) -> int:
    if is_make_up(day, calendar):
        return MAKE_UP
    return HOLIDAY if day in calendar.off else day.weekday()


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the first instant of a day."""
    return datetime.combine(day, time(), tzinfo=zone)
