"""Early warning a second time: daily counts by the database, in plain SQL; what is expected of them in plain steps.

Nothing of the code that warns is used here but its result, its words and its published constants. The steps are those
of ``docs/early-warning.md``, a day and a series at a time, with lists and loops; probabilities are added up term by
term, and the limit is found by trying.
"""

import random
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from math import exp, inf, lgamma, log, log1p, sqrt
from statistics import fmean, median
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from complaints.adapters.extra_sections import extra_sections, history_of
from complaints.adapters.frames import load_frame
from complaints.adapters.store import Store
from complaints.calendars.files import load_calendar
from complaints.regimes.rulebook import load_pack
from complaints.reporting.early_warning.counts import NAMES, daily_counts, day_classes, days_between
from complaints.reporting.early_warning.judging import judge
from complaints.reporting.periods import Period
from complaints.words import Channel, Kind
from tests.builders import REGIME, SHANGHAI
from tests.complaints.reporting.rows import a_row, random_rows
from tests.complaints.reporting.test_figures_in_sql import stored

PACK, CALENDAR = load_pack(REGIME), load_calendar("cn-finance")
AS_AT = datetime(2026, 11, 1, tzinfo=SHANGHAI)  # nothing was recorded later
DAY = timedelta(days=1)

# --- counts, by the database ------------------------------------------------------------------------

RECEIVED_ON = {
    "sqlite": "date(substr(received_at, 1, 19), '+8 hours')",  # eight hours ahead of UTC all the year
    "postgresql": "to_char(received_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD')",
}
SERIES = {
    "total": "'all'",
    **{name: name for name in ("channel", "product", "cause", "issue", "department")},
}
COUNT = """
SELECT {code}, {received_on} AS received_on, COUNT(*) FROM cases
WHERE regime = 'cn-nfra' AND COALESCE(kind, '-') <> 'report' AND {code} IS NOT NULL
  AND {received_on} BETWEEN '{first}' AND '{last}' GROUP BY 1, 2
"""
LIST = """
SELECT reference FROM cases
WHERE regime = 'cn-nfra' AND COALESCE(kind, '-') <> 'report' AND {code} = :name
  AND {received_on} BETWEEN '{first}' AND '{last}' ORDER BY reference
"""


def asked(session: Session, query: str, dimension: str, first: date, last: date, **given: str) -> list[Any]:
    """The rows of a query about a dimension and some days."""
    received_on = RECEIVED_ON[session.get_bind().dialect.name]
    filled = query.format(code=SERIES[dimension], received_on=received_on, first=first, last=last)
    return list(session.execute(text(filled), given))


def counted(store: Store, first: date, last: date) -> dict[tuple[str, str, str], int]:
    """How many matters of each series were received on each day that had any."""
    with store.read() as session:
        return {
            (dimension, code, received_on): number
            for dimension in SERIES
            for code, received_on, number in asked(session, COUNT, dimension, first, last)
        }


def test_the_counts_of_each_day_and_series_are_what_the_database_counts(store: Store) -> None:
    stored(store, random_rows(5, 500))
    first, last = date(2026, 1, 7), date(2026, 5, 20)
    window = (datetime(2025, 1, 1, tzinfo=SHANGHAI), AS_AT)

    counts = daily_counts(load_frame(store, AS_AT, windows=[window]), days_between(first, last), SHANGHAI)

    assert [str(one.date()) for one in counts.index] == [str(first + n * DAY) for n in range((last - first).days + 1)]
    told = {
        (dimension, code, str(on.date())): int(number)
        for (dimension, code), series in counts.items()
        for on, number in series.items()
        if number
    }
    assert told == counted(store, first, last)
    assert {dimension for dimension, *_ in told} == set(SERIES)


def a_firm() -> Iterator[dict[str, Any]]:
    """Some matters a day since autumn; fourteen more of a loan on 12 March; nothing by post from 20 March on."""
    draw, first = random.Random(9), date(2025, 9, 1)
    for n in range(212):
        on = first + n * DAY
        products = ["轻舟消费贷", "安心分期", None]
        several = [draw.choice(products) for _ in range(3)] + ["轻舟消费贷"] * (14 if on == date(2026, 3, 12) else 0)
        for product in several:
            at = datetime(on.year, on.month, on.day, draw.choice([0, 9, 23]), tzinfo=SHANGHAI)
            yield a_row(received_at=at, product=product, channel=Channel.WEB, kind=draw.choice([*Kind, None]))
        if on < date(2026, 3, 20):
            at = datetime(on.year, on.month, on.day, tzinfo=SHANGHAI)
            yield from (a_row(received_at=at, product=None, channel=Channel.POST, cause=None) for _ in range(2))


def test_the_cases_and_the_days_behind_a_warning_are_what_the_database_finds(store: Store) -> None:
    stored(store, [row | {"reference": f"TS{n:05}"} for n, row in enumerate(a_firm())])
    march = Period.parse("2026-03")
    as_at = march.span(SHANGHAI)[1]
    frame = load_frame(store, AS_AT, windows=[history_of(march, PACK)], regime=REGIME)

    sections, members = extra_sections(store, frame, march, PACK, as_at)

    warnings = sections["warnings"].to_dict("records")
    assert {("spike", "轻舟消费贷"), ("gap", Channel.POST)} <= {(row["kind"], row["name"]) for row in warnings}
    days = sections["warning_days"]
    with store.read() as session:
        for row in warnings:
            last = date.fromisoformat(row["day"])
            first = last - (row["window"] - 1) * DAY
            found = [one for (one,) in asked(session, LIST, row["dimension"], first, last, name=row["name"])]
            assert found == sorted(members.loc[members["code"] == row["code"], "reference"])
            assert row["observed"] == len(found)
            series = f"{row['dimension']}/{row['name']}"
            shown = days[days["series"] == series].set_index("day")["observed"].to_dict()
            drawn = (march.first_day - 28 * DAY, march.last_day)
            told = asked(session, COUNT, row["dimension"], *drawn)
            assert {on: n for on, n in shown.items() if n} == {on: n for code, on, n in told if code == row["name"]}
            assert (min(shown), max(shown), len(shown)) == (*map(str, drawn), 28 + 31)


# --- what is to be expected, in plain steps ---------------------------------------------------------

RATE = 2.0


class Plain:
    """The walk of ``docs/early-warning.md``, section "How it is computed", by lists: a list a series, a place a day."""

    def __init__(self, counts: list[list[int]], sorts: list[int], dimensions: list[str]) -> None:
        self.counts, self.sorts, self.dimensions = counts, sorts, dimensions
        self.series = range(len(counts))
        self.tells = [[False] * len(sorts) for _ in counts]  # the series has begun, and the day is no gap
        self.clean = [[0.0] * len(sorts) for _ in counts]
        self.gap = [[False] * len(sorts) for _ in counts]
        self.errors: dict[int, list[list[tuple[float, float]]]] = {
            length: [[(0.0, 0.0)] * len(sorts) for _ in counts] for length in (1, 7)
        }
        self.factors = [[1.0] * 9 for _ in counts]
        self.level = [0.0] * len(counts)
        self.cases = [0.5] * len(counts)
        self.silence = [0.0] * len(counts)  # logarithm of the probability of the empty days so far
        self.empty = [0] * len(counts)
        self.told: list[dict[str, Any]] = []
        for day in range(len(sorts)):
            self.told.append(self.walk(day))

    def walk(self, day: int) -> dict[str, Any]:
        """What is expected of a day, and what is made of it."""
        for one in self.series:
            self.tells[one][day] = any(self.counts[one][: day + 1])
        if day % 7 == 0 and day > 7:
            self.factors = self.factors_of(range(max(0, day - 7 - 364), day - 7))
        known = [self.learn(one, day) for one in self.series]
        usual = {length: self.usual(length, day) for length in (1, 7)}
        factor = [self.factors[one][self.sorts[day]] for one in self.series]
        mean = [self.level[one] * factor[one] for one in self.series]
        spread = {length: [usual[length][one] + 1 / self.cases[one] for one in self.series] for length in (1, 7)}
        self.note(1, day, known, mean, spread[1], [counts[day] for counts in self.counts])
        week = range(max(0, day - 6), day + 1)
        whole = [self.level[one] * sum(self.factors[one][self.sorts[at]] for at in week) for one in self.series]
        limit = self.limit(known, mean, whole, spread)
        probability = self.find_gaps(day, known, mean, spread[1], limit)
        told = [[at for at in week if self.tells[one][at] and not self.gap[one][at]] for one in self.series]
        expected = [self.level[one] * sum(self.factors[one][self.sorts[at]] for at in told[one]) for one in self.series]
        observed = [sum(self.counts[one][at] for at in told[one]) for one in self.series]
        judged = [known[one] and len(told[one]) > 3 for one in self.series]
        self.note(7, day, judged, expected, spread[7], observed)
        for one in self.series:
            most = mean[one] + 3 * sqrt(mean[one] + spread[1][one] * mean[one] ** 2) + 1
            self.clean[one][day] = min(self.counts[one][day], most) if known[one] else self.counts[one][day]
        return {
            "known": known,
            "limit": limit,
            "gap_probability": probability,
            "day": self.window(known, [counts[day] for counts in self.counts], mean, spread[1]),
            "week": self.window(judged, observed, expected, spread[7]),
        }

    def learn(self, one: int, day: int) -> bool:
        """Settle the level of a series from the eight weeks before the last one; return whether it has a history."""
        base = [at for at in range(max(0, day - 63), max(0, day - 7)) if self.tells[one][at]]
        silent = 0
        while silent < min(day, 57) and self.gap[one][day - 1 - silent]:
            silent += 1
        if silent and silent <= 56:
            return True  # while a gap lasts, the level before it stands
        exposure = sum(self.factors[one][self.sorts[at]] for at in base)
        self.cases[one] = sum(self.clean[one][at] for at in base) + 0.5
        self.level[one] = self.cases[one] / (exposure or 1.0)
        return len(base) >= 28

    def factors_of(self, days: range) -> list[list[float]]:
        """The factor of each sort of day: its cases by those of the eight weeks around, drawn to those of the total."""
        sums = []
        for one in self.series:
            cases, usual = [0.0] * 9, [0.0] * 9
            for at in (at for at in days if self.tells[one][at]):
                around = [near for near in range(at - 28, at + 29) if near in days and self.tells[one][near]]
                cases[self.sorts[at]] += self.clean[one][at]
                usual[self.sorts[at]] += fmean(self.clean[one][near] for near in around)
            sums.append((cases, usual))
        cases, usual = sums[0]
        total = [(cases[sort] + 50) / (usual[sort] + 50) for sort in range(9)]
        total[7] = (cases[7] + 50 * fmean(total[5:7])) / (usual[7] + 50)  # a holiday is thought a weekend's day
        total[8] = (cases[8] + 50 * fmean(total[:5])) / (usual[8] + 50)  # a make-up day one of the week
        return [[(cases[sort] + 50 * total[sort]) / (usual[sort] + 50) for sort in range(9)] for cases, usual in sums]

    def note(
        self, length: int, day: int, judged: list[bool], mean: list[float], spread: list[float], came: list[int]
    ) -> None:
        """Keep how far a forecast was from what came."""
        for one in (one for one in self.series if judged[one]):
            most = mean[one] + 3 * sqrt(mean[one] + spread[one] * mean[one] ** 2) + 1
            excess = (min(came[one], most) - mean[one]) ** 2 - mean[one]
            self.errors[length][one][day] = (excess, mean[one] ** 2)

    def usual(self, length: int, day: int) -> list[float]:
        """The dispersion of the forecasts of a year, drawn to what is usual in the dimension."""
        year = slice(max(0, day - 371), max(0, day - 7))
        sums = [[sum(part) for part in zip(*errors[year], strict=True)] or [0.0, 0.0] for errors in self.errors[length]]
        usual = {}
        for dimension in set(self.dimensions):
            own = [sums[one] for one in self.series if self.dimensions[one] == dimension and sums[one][1] > 20]
            usual[dimension] = median(max(0.0, excess / squares) for excess, squares in own) if own else 0.0
        return [
            max(0.0, excess + 20 * usual[dimension]) / (squares + 20)
            for (excess, squares), dimension in zip(sums, self.dimensions, strict=True)
        ]

    def limit(
        self, known: list[bool], mean: list[float], week: list[float], spread: Mapping[int, list[float]]
    ) -> float:
        """The probability below which a day is alarming: tests give the rate together, none more than its chance."""
        judged = [one for one in self.series if known[one]]
        chances = [at_least(5, mean[one], spread[1][one]) for one in judged]
        chances += [at_least(5, week[one], spread[7][one]) for one in judged]
        chances += [1.0 if 28 * log_nothing(week[one] / 7, spread[1][one]) < log(0.001) else 0.0 for one in judged]
        wanted, low, high = RATE / (365.25 / 12), 0.0, 1.0
        for _ in range(200):
            tried = (low + high) / 2
            low, high = (tried, high) if sum(min(tried, chance) for chance in chances) <= wanted else (low, tried)
        return min(0.001, high)

    def find_gaps(
        self, day: int, known: list[bool], mean: list[float], spread: list[float], limit: float
    ) -> list[float]:
        """Find runs of empty days that are not to be believed; return the probability of each run."""
        for one in self.series:
            goes_on = known[one] and not self.counts[one][day]
            self.silence[one] = self.silence[one] + log_nothing(mean[one], spread[one]) if goes_on else 0.0
            self.empty[one] = self.empty[one] + 1 if goes_on else 0
        for one in self.series:
            lasts = day > 0 and self.gap[one][day - 1]
            if self.silence[one] >= log(limit) or not (lasts or self.empty[one] <= 28):
                continue
            for at in [day] if lasts else range(day - self.empty[one] + 1, day + 1):
                self.gap[one][at] = True
                if one == 0 and at < day:
                    self.told[at]["gap_probability"][1:] = [1.0] * (len(self.counts) - 1)
                for other in self.series if one == 0 else [one]:  # nothing at all came in: it tells nothing of any
                    self.tells[other][at] = False
                    for errors in self.errors.values():
                        errors[other][at] = (0.0, 0.0)
            if one == 0:
                self.silence[1:] = [0.0] * (len(self.counts) - 1)
                self.empty[1:] = [0] * (len(self.counts) - 1)
                break
        return [exp(one) for one in self.silence]

    def window(self, judged: list[bool], observed: list[int], mean: list[float], spread: list[float]) -> Any:
        """Observed, expected, dispersion and probability of each series."""
        return [
            (observed[one], mean[one], spread[one], at_least(observed[one], mean[one], spread[one]))
            if judged[one]
            else (observed[one], mean[one], spread[one], 1.0)
            for one in self.series
        ]


def at_least(cases: int, mean: float, dispersion: float) -> float:
    """The probability of so many cases or more by the negative binomial distribution, term by term."""
    size, total, number, term = 1 / dispersion, 0.0, cases, inf
    if not mean:
        return 1.0 if cases <= 0 else 0.0
    while term > total * 1e-15 or number < mean:
        logarithm = lgamma(number + size) - lgamma(size) - lgamma(number + 1)
        term = exp(logarithm - size * log1p(mean / size) + number * log(mean / (size + mean)))
        total, number = total + term, number + 1
    return total


def log_nothing(mean: float, dispersion: float) -> float:
    """The logarithm of the probability of no case at all."""
    return -log1p(dispersion * mean) / dispersion


def eventful(days: int) -> pd.DataFrame:
    """Counts of four series and their total: a spike, one that falls silent, one that is new, three days of nothing."""
    index = days_between(date(2025, 8, 4), date(2025, 8, 4) + (days - 1) * DAY)  # with a National Day in it
    draw = random.Random(3)
    week = [5, 4, 4, 3, 4, 1, 1]
    web = [draw.choice([week[n % 7], week[n % 7] + 2, week[n % 7] - 1]) for n in range(days)]
    post = [draw.choice([1, 2, 3]) for _ in range(days)]
    new = [draw.choice([0, 1, 2]) if n >= 90 else 0 for n in range(days)]
    web[100] = 31  # a spike
    post[110:118] = [0] * 8  # a gap
    for n in (130, 131, 132):  # nothing at all
        web[n] = post[n] = new[n] = 0
    loan = [one // 2 for one in web]
    told = [[sum(one) for one in zip(web, post, strict=True)], web, post, loan, new]
    names = [("total", "all"), ("channel", "web"), ("channel", "post"), ("product", "loan"), ("product", "new")]
    return pd.DataFrame(np.array(told).T, index=index, columns=pd.MultiIndex.from_tuples(names, names=NAMES))


def test_every_expectation_limit_probability_and_gap_is_what_the_plain_steps_come_to() -> None:
    counts = eventful(190)
    sorts = day_classes(pd.DatetimeIndex(counts.index), CALENDAR).tolist()
    plain = Plain([counts[name].tolist() for name in counts], sorts, [str(one) for one, _ in counts])

    found = judge(counts, CALENDAR, RATE).expectation

    steps = plain.told
    assert found.known.tolist() == [one["known"] for one in steps]
    assert found.limit.tolist() == pytest.approx([one["limit"] for one in steps], rel=1e-9)
    assert found.gap.T.tolist() == plain.gap
    assert np.array([one["gap_probability"] for one in steps]) == pytest.approx(found.gap_probability, rel=1e-9)
    for name, window in (("day", found.day), ("week", found.week)):
        told = np.array([one[name] for one in steps]).transpose(2, 0, 1)
        ours = (window.observed, window.expected, window.dispersion, window.probability)
        for what, one, other in zip(("observed", "expected", "dispersion", "probability"), told, ours, strict=True):
            assert one == pytest.approx(other, rel=1e-9), f"{what} of a {name}"
    assert found.gap[110:118, 2].all()  # what is compared happened
    assert found.gap[130:133, 0].all()
    assert found.day.probability[100, 1] < found.limit[100]
    assert found.known[-1].all()
    assert not found.known[120, 4]


def test_days_begin_at_midnight_in_the_regimes_zone_to_the_microsecond(store: Store) -> None:
    midnight = datetime(2026, 3, 3, tzinfo=SHANGHAI)
    moments = [midnight - timedelta(microseconds=1), midnight, datetime(2026, 3, 3, 15, 59, 59, 999999, tzinfo=UTC)]
    stored(store, [a_row(reference=f"TS{n}", received_at=at) for n, at in enumerate(moments)])
    frame = load_frame(store, AS_AT, windows=[(midnight - DAY, midnight + DAY)])

    counts = daily_counts(frame, days_between(date(2026, 3, 2), date(2026, 3, 4)), SHANGHAI)

    assert counts["total", "all"].tolist() == [1, 2, 0]
    assert counted(store, date(2026, 3, 2), date(2026, 3, 4))["total", "all", "2026-03-03"] == 2
