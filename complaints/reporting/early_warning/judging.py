"""Early warning: which series had far more cases than could be expected, which fell silent, and which are new.

A spike is one warning as long as its days follow each other within a week. A gap in the data (数据缺口) is called so
and is no improvement: its days are left out of what later ones are measured by.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from complaints.calendars.model import WorkingCalendar
from complaints.reporting.early_warning.counts import day_classes
from complaints.reporting.early_warning.expectation import FEWEST_CASES, WEEK, Expectation, Flags, Window, expect
from complaints.reporting.early_warning.kinds import FALSE_ALARMS_A_MONTH, WarningKind

BAND: Final = 0.95
"""The share of days that the band of a chart holds where nothing has changed."""


COLUMNS: Final = (
    "dimension",
    "code",
    "kind",
    "begins_on",
    "ends_on",
    "day",
    "seen_on",
    "window",
    "observed",
    "expected",
    "dispersion",
    "probability",
)
"""A warning: the series, what it is, its first and last day, its most striking day (``day``), the day by whose end it
could first be known (``seen_on``: a gap is known only once it has lasted). Of the most striking day: the days of the
window that ends with it (1 or 7; for a gap the empty days), the cases, the mean expected, the dispersion, and the
probability of so many or more (for a gap: of nothing at all) where nothing has changed; None where there is none."""


@dataclass(frozen=True, eq=False)
class Judged:
    """What early warning makes of daily counts.

    Attributes:
        counts: As they came in.
        expectation: What was expected.
        warnings: Columns as in :data:`COLUMNS`, by first day.
    """

    counts: pd.DataFrame
    expectation: Expectation
    warnings: pd.DataFrame

    def daily(self, dimension: str, code: str) -> pd.DataFrame:
        """Return the days of a series for a chart.

        Returns:
            ``day``, ``observed``, ``expected``, ``lower``, ``upper`` (the band of :data:`BAND`), ``gap``; the middle
            three are NaN where the series had no history.
        """
        from scipy.stats import nbinom  # see expectation.py

        place = list(self.counts).index((dimension, code))
        one, known = self.expectation.day, self.expectation.known[:, place]
        size, mean = 1 / one.dispersion[:, place], one.expected[:, place]
        lower, upper = (nbinom.ppf(share, size, size / (size + mean)) for share in ((1 - BAND) / 2, (1 + BAND) / 2))
        told = {"expected": mean, "lower": lower, "upper": upper}
        return pd.DataFrame(
            {"day": _dates(self.counts), "observed": self.counts.to_numpy()[:, place]}
            | {name: np.where(known, values, np.nan) for name, values in told.items()}
            | {"gap": self.expectation.gap[:, place]}
        )


def judge(counts: pd.DataFrame, calendar: WorkingCalendar, rate: float = FALSE_ALARMS_A_MONTH) -> Judged:
    """Return the warnings of all days.

    Args:
        counts: Of :func:`~complaints.reporting.early_warning.counts.daily_counts`.
        calendar: The regime's working days.
        rate: False alarms a month that are wanted at most, over all series and tests.
    """
    dimensions = np.array(counts.columns.get_level_values(0), dtype=str)
    found = expect(counts.to_numpy(), day_classes(pd.DatetimeIndex(counts.index), calendar), dimensions, rate)
    rows = [*_spikes(found), *_gaps(found), *_new(counts.to_numpy(), found)]
    days = _dates(counts)
    named = [
        (*counts.columns[series], kind, days[first], days[last], days[day], days[seen], *rest)
        for series, kind, first, last, day, seen, *rest in rows
    ]
    warnings = pd.DataFrame(named, columns=list(COLUMNS), dtype="object")
    return Judged(counts, found, warnings.sort_values(["begins_on", "dimension", "code", "kind"], ignore_index=True))


def warnings_on(warnings: pd.DataFrame, first: date, last: date) -> pd.DataFrame:
    """Return the warnings that were standing on one of these days."""
    return warnings[(warnings["begins_on"] <= last) & (warnings["ends_on"] >= first)]


def _dates(counts: pd.DataFrame) -> list[date]:
    return [one.date() for one in pd.DatetimeIndex(counts.index)]


_Row = tuple[Any, ...]  # series, kind, first, last, day, seen, window, observed, expected, dispersion, probability


def alarming(window: Window, limit: NDArray[np.float64]) -> Flags:
    """Return on which days which series are alarming: days × series."""
    flags: Flags = (window.probability < limit[:, None]) & (window.observed >= FEWEST_CASES)
    return flags


def _spikes(found: Expectation) -> Iterator[_Row]:
    by_day, by_week = alarming(found.day, found.limit), alarming(found.week, found.limit)
    either = by_day | by_week
    for series in np.flatnonzero(either.any(axis=0)):
        for first, last in _episodes(np.flatnonzero(either[:, series]), WEEK):
            span = slice(first, last + 1)
            day, window, days = min(
                (
                    (first + int(np.argmin(one.probability[span, series])), one, length)
                    for one, length in ((found.day, 1), (found.week, WEEK))
                ),
                key=lambda most: most[1].probability[most[0], series],
            )
            yield (
                series,
                WarningKind.SPIKE,
                first,
                last,
                day,
                first,
                days,
                int(window.observed[day, series]),
                float(window.expected[day, series]),
                float(window.dispersion[day, series]),
                float(window.probability[day, series]),
            )


def _gaps(found: Expectation) -> Iterator[_Row]:
    """Yield the gaps; where nothing at all came in, that alone is told, and not once more of each series."""
    nothing = found.gap[:, 0]
    for series in np.flatnonzero(found.gap.any(axis=0)):
        own = np.flatnonzero(found.gap[:, series] & ~nothing if series else nothing)
        for begins, ends in _episodes(np.flatnonzero(found.gap[:, series] | nothing), 1):
            told = own[(own >= begins) & (own <= ends)]
            if not len(told):
                continue
            first, last = int(told[0]), int(told[-1])
            sure = np.flatnonzero(found.gap_probability[begins : last + 1, series] < found.limit[begins : last + 1])
            seen = max(first, begins + int(sure[0])) if len(sure) else last
            yield (
                series,
                WarningKind.GAP,
                first,
                last,
                last,
                seen,
                last - first + 1,
                0,
                float(found.day.expected[first : last + 1, series].sum()),
                float(found.day.dispersion[last, series]),
                float(found.gap_probability[last, series]),
            )


def _new(counts: NDArray[np.int64], found: Expectation) -> Iterator[_Row]:
    """Yield what began while the rest had a history: a product without one is neither quiet nor a spike."""
    for series in range(1, counts.shape[1]):
        began = np.flatnonzero(counts[:, series])
        untold = ~found.known[:, series] & found.known[:, 0]
        if not len(began) or not untold[began[0]]:
            continue
        first = int(began[0])
        weekly = np.convolve(counts[:, series], np.ones(WEEK, dtype=np.int64))[: len(counts)]
        enough = np.flatnonzero((weekly >= FEWEST_CASES) & untold)
        if len(enough):
            known = np.flatnonzero(found.known[first:, series])
            last = first + int(known[0]) - 1 if len(known) else len(counts) - 1
            day = int(enough[0])
            yield series, WarningKind.NEW, day, last, day, day, WEEK, int(weekly[day]), None, None, None


def _episodes(days: NDArray[np.intp], apart: int) -> Iterator[tuple[int, int]]:
    """Yield first and last day of each run of days that lie at most ``apart`` from each other."""
    for run in np.split(days, np.flatnonzero(np.diff(days) > apart) + 1):
        if len(run):
            yield int(run[0]), int(run[-1])
