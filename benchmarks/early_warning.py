"""Early warning over a file of complaints, day by day: ``python -m benchmarks.early_warning FILE``.

Each day is judged by the days before it only, as the flow does in the morning. Told are the warnings a month, the most
striking of them, the share of days that are alarming beside the share that the stated rate allows, and how well spikes
and gaps are found that are put into the same data: every half year one week of twice (and three times) as many, or a
fortnight of nothing, in each series.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.postgres import say
from complaints.adapters.spreadsheets.cfpb import ISSUE, NEW_YORK, PRODUCT, RECEIVED, VIA
from complaints.calendars.files import load_calendar
from complaints.reporting.early_warning.counts import daily_counts, days_between
from complaints.reporting.early_warning.expectation import DAYS_A_MONTH, HISTORY_DAYS
from complaints.reporting.early_warning.judging import Judged, alarming, judge
from complaints.reporting.early_warning.kinds import FALSE_ALARMS_A_MONTH

SPIKE_DAYS: Final = 7
GAP_DAYS: Final = 14
SUBMITTED: Final = "Date submitted"
COPIES: Final = 5
APART: Final = 182
"""Days between two changes in one series."""
LEVELS: Final = (0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 64)
"""Borders of the classes of levels, in cases a day."""
CALENDAR: Final = load_calendar("us-federal")
Change = Callable[[NDArray[np.int64], NDArray[np.float64]], NDArray[np.int64]]


def main() -> None:
    """Print the figures; end with 1 where more days are alarming in quiet copies than the stated rate allows."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", type=Path, help="a CSV file of the CFPB, also packed")
    parser.add_argument("--rate", type=float, default=FALSE_ALARMS_A_MONTH, help="false alarms a month at most")
    given = parser.parse_args()
    counts = read(given.file)
    began = time.perf_counter()
    judged = judge(counts, CALENDAR, given.rate)
    took = time.perf_counter() - began
    say(
        f"{len(counts)} days, {counts.shape[1]} series, {int(counts.iloc[:, 0].sum())} complaints; "
        f"judged in {took:.1f} s"
    )
    tell_warnings(judged, given.rate)
    chance = np.random.default_rng(6)
    say("")
    tell_found("one week of twice as many", inject(judged, given.rate, chance, SPIKE_DAYS, times(1, chance)), "day")
    tell_found(
        "one week of three times as many", inject(judged, given.rate, chance, SPIKE_DAYS, times(2, chance)), "day"
    )
    tell_found(
        "a fortnight of nothing", inject(judged, given.rate, chance, GAP_DAYS, lambda cases, _: cases * 0), "gap"
    )
    sys.exit(0 if quiet_rate(judged, given.rate, chance) <= given.rate else 1)


def read(file: Path) -> pd.DataFrame:
    """Return the daily counts of a file."""
    wanted = (SUBMITTED, RECEIVED, PRODUCT, ISSUE, VIA)
    rows = pd.read_csv(file, usecols=lambda name: name in wanted, dtype="str")
    # In the extract of a single bank "Date received" is when the bank was sent it.
    received = pd.to_datetime(rows[SUBMITTED if SUBMITTED in rows else RECEIVED]).dt.tz_localize(NEW_YORK)
    cases = pd.DataFrame(
        {
            "kind": "complaint",
            "received_at": received,
            "channel": rows[VIA],
            "product": rows[PRODUCT],
            "issue": rows[ISSUE],
            "cause": None,
            "department": None,
        }
    )
    return daily_counts(cases, days_between(received.min().date(), received.max().date()), NEW_YORK)


def tell_warnings(judged: Judged, rate: float) -> None:
    """Print how many there are, the most striking ones, and the share of days that are alarming."""
    found, months = judged.warnings, len(judged.counts) / DAYS_A_MONTH
    say(f"\nwarnings a month, over {months:.0f} months (stated: at most {rate:g} where nothing has changed)")
    table = found.groupby(["dimension", "kind"]).size().unstack(fill_value=0) / months
    say(table.round(2).to_string())
    most = found[found["kind"] == "spike"].sort_values("probability").head(12)
    shown = ["dimension", "code", "begins_on", "ends_on", "window", "observed", "expected", "probability"]
    say(
        "\nthe most striking spikes\n"
        + most[shown].to_string(index=False, max_colwidth=45, float_format="{:.1f}".format)
    )
    gaps = found[found["kind"] == "gap"].sort_values("expected", ascending=False).head(8)
    say("\nthe largest gaps\n" + gaps[shown].to_string(index=False, max_colwidth=45, float_format="{:.1f}".format))
    known, limit = judged.expectation.known, judged.expectation.limit
    allowed = (limit[:, None] * known).sum()
    for name, window in (("one day", judged.expectation.day), ("seven days", judged.expectation.week)):
        alarms = int(alarming(window, limit).sum())
        say(f"{name}: {alarms} of {known.sum()} series-days alarming; {allowed:.0f} allowed by the stated rate")


def times(more: float, chance: np.random.Generator) -> Change:
    """Return what adds ``more`` times the expected cases, by chance."""
    return lambda cases, expected: cases + chance.poisson(more * expected)


def inject(judged: Judged, rate: float, chance: np.random.Generator, days: int, change: Change) -> pd.DataFrame:
    """Change each series every half year for some days, and return what became of each change.

    Returns:
        ``level`` (expected cases a day), ``delay`` (days until a spike, or until a gap is called one; NaN: not found).
    """
    before, counts = judged.expectation, judged.counts.to_numpy().copy()
    usual = alarming(before.day, before.limit) | alarming(before.week, before.limit) | before.gap
    changes = []
    for series in range(1, counts.shape[1]):
        for start in range(HISTORY_DAYS + int(chance.integers(APART)), len(counts) - 2 * days, APART):
            span = slice(start, start + days)
            if before.known[start, series] and not usual[start - days : start + 2 * days, series].any():
                expected = before.day.expected[span, series]
                counts[span, series] = change(counts[span, series], expected)
                changes.append((series, start, float(expected.mean())))
    counts[:, 0] += counts[:, 1:].sum(axis=1) - judged.counts.to_numpy()[:, 1:].sum(axis=1)
    after = judge(pd.DataFrame(counts, judged.counts.index, judged.counts.columns), CALENDAR, rate).expectation
    spikes = alarming(after.day, after.limit) | alarming(after.week, after.limit)
    sudden = after.gap & (after.gap_probability < after.limit[:, None])
    rows = []
    for series, start, level in changes:
        seen = {name: flags[start : start + days, series] for name, flags in (("day", spikes), ("gap", sudden))}
        rows.append((level, *(float(np.argmax(one)) if one.any() else np.nan for one in seen.values())))
    return pd.DataFrame(rows, columns=["level", "day", "gap"])


def tell_found(what: str, changes: pd.DataFrame, column: str) -> None:
    """Print how many changes were found, and how soon, by the level of their series."""
    classes = pd.cut(changes["level"], [0, *LEVELS, np.inf])
    grouped = changes.groupby(classes, observed=True)[column]
    table = pd.DataFrame(
        {
            "changes": grouped.size(),
            "found": grouped.apply(lambda one: one.notna().mean()),
            "days until": grouped.median() + 1,
        }
    )
    say(f"{what}, by cases a day\n{table.round(2).to_string()}\n")


def quiet_rate(judged: Judged, rate: float, chance: np.random.Generator) -> float:
    """Return the false alarms a month in copies of the data in which nothing happens but chance.

    A copy has the expectations of the real data on each day, with the usual dispersion of single days.
    """
    one = judged.expectation.day
    size = 1 / one.dispersion
    mean = np.where(judged.expectation.known, one.expected, 0.0)
    alarms = 0
    for _ in range(COPIES):
        drawn = chance.negative_binomial(size, size / (size + mean))
        found = judge(pd.DataFrame(drawn, judged.counts.index, judged.counts.columns), CALENDAR, rate).warnings
        began = found["begins_on"] >= judged.counts.index[HISTORY_DAYS].date()
        alarms += int((began & (found["kind"] != "new")).sum())
    measured = alarms * DAYS_A_MONTH / COPIES / (len(judged.counts) - HISTORY_DAYS)
    say(f"{COPIES} quiet copies: {measured:.2f} false alarms a month measured, at most {rate:g} stated")
    return measured


if __name__ == "__main__":
    main()
