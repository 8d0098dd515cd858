"""What is to be expected of each series on each day, from the days before it only.

The expectation is a level times the factor of the sort of day. The level is that of eight weeks, without the last
week, in which something may have begun already. Factors come from a year; what a small series has too few cases to
tell is taken from all series together. Single days far above what was expected count only up to a cap, so that a
spike does not raise the level that the next one is measured by, and days of a gap do not count at all.

How far counts stray from the expectation is measured on the forecasts of the past: by them the error of the level,
a trend, and cases that come in bursts are all in the dispersion, without a model of each. A count then follows the
negative binomial distribution, variance ``m + dispersion · m²``, which is the Poisson distribution where the
dispersion is nothing.

The method is that of the outbreak detection of public health (Farrington et al. 1996; Noufaily et al. 2013), with
forecast errors in place of a regression's.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from complaints.reporting.early_warning.counts import CLASSES, HOLIDAY, MAKE_UP

LEVEL_DAYS: Final = 56
GUARD_DAYS: Final = 7
"""The last days before the one that is judged, which the level leaves out."""
FACTOR_DAYS: Final = 364
FEWEST_DAYS: Final = 28
"""Days of the eight weeks that must be known; before, a series has no history."""
SOON_DAYS: Final = 28
"""Within so many empty days a gap must show: a series that is silent for weeks now and then is rare, and no gap."""
LONGEST_GAP: Final = LEVEL_DAYS
"""After so many days of silence a series is over; what comes later is new."""
HISTORY_DAYS: Final = LEVEL_DAYS + GUARD_DAYS + FACTOR_DAYS
"""Days before the first one that is judged, so that level, factors and dispersion are whole."""
WEEK: Final = 7

_BORROWED: Final = 50.0  # expected cases: how much the factors of all weigh beside a series' own
_BORROWED_SQUARES: Final = 20.0  # squares of expected counts: how much the usual dispersion weighs
_CAP: Final = 3.0  # standard deviations that a single day counts at most, for level and dispersion
_LAXEST: Final = 0.001  # where there are few series, a rate that is wanted at most would alarm of what is nothing much

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Window:
    """Counts of one day, or of the seven days that end with it, and what was expected: days × series.

    Attributes:
        observed: Cases; days of a gap left out.
        expected: The mean.
        dispersion: Above that of a Poisson distribution.
        probability: Of so many cases or more, where nothing has changed; 1 where a series is not judged.
    """

    observed: Floats
    expected: Floats
    dispersion: Floats
    probability: Floats


@dataclass(frozen=True, eq=False)
class Expectation:
    """What was expected, and what came: days × series.

    Attributes:
        day: One-day windows.
        week: Seven-day windows.
        known: Whether the series has enough history to be judged.
        gap: Whether the day belongs to a run of days without cases that is not to be believed.
        gap_probability: Of the run of empty days up to this one; 1 on a day with cases.
        limit: Probability below which a day is alarming.
    """

    day: Window
    week: Window
    known: Flags
    gap: Flags
    gap_probability: Floats
    limit: Floats


FEWEST_CASES: Final = 5
"""In a window, for a spike or something new: fewer are no matter for an early warning, and might be one person's."""
DAYS_A_MONTH: Final = 365.25 / 12


def expect(
    counts: NDArray[np.int64], classes: NDArray[np.int8], dimensions: NDArray[np.str_], rate: float
) -> Expectation:
    """Walk through the days and return what was expected on each, from the days before it.

    Each series is judged by its day, its week and its silence. The probability below which that is alarming is shared
    so that the false alarms expected in a month are at most ``rate``, however the series hang together: expectations
    add up. A series that hardly ever reaches :data:`FEWEST_CASES` takes no more of it than that chance.

    Args:
        counts: Days × series; the first series is that of everything.
        classes: The sort of each day.
        dimensions: Of each series; those of one dimension lend each other their usual dispersion.
        rate: The false alarms a month that are wanted at most, over all series and tests.
    """
    return _Walk(counts, classes, dimensions, rate).through()


class _Walk:
    def __init__(self, counts: NDArray[np.int64], classes: NDArray[np.int8], dimensions: NDArray[np.str_], rate: float):
        self.counts, self.classes, self.rate = counts.astype(np.float64), classes, rate
        self.groups = [np.flatnonzero(dimensions == one) for one in dict.fromkeys(dimensions.tolist())]
        shape = counts.shape
        seen = counts.cumsum(axis=0) > 0
        self.valid = seen.copy()  # the series has begun, and the day is no gap
        self.clean = self.counts.copy()
        self.level, self.mass = np.zeros(shape), np.zeros(shape)
        self.factor = np.ones((CLASSES, shape[1]))
        self.one = _Errors(shape, self.groups)
        self.seven = _Errors(shape, self.groups)
        self.known, self.gap = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
        self.run = np.zeros(shape)  # logarithm of the probability of the empty days up to this one
        self.empty = np.zeros(shape, dtype=np.int64)  # how many they are
        self.limit = np.zeros(shape[0])

    def through(self) -> Expectation:
        for day in range(len(self.counts)):
            self._learn(day)
            self._judge(day)
        return Expectation(
            self.one.window(self.known),
            self.seven.window(self.known),
            self.known,
            self.gap,
            np.exp(self.run),
            self.limit,
        )

    def _learn(self, day: int) -> None:
        """Settle level and factors for a day from what is known before it."""
        end = max(0, day - GUARD_DAYS)
        if day % WEEK == 0 and end:
            self.factor = _factors(*self._past(max(0, end - FACTOR_DAYS), end))
        base = slice(max(0, end - LEVEL_DAYS), end)
        valid = self.valid[base]
        exposure = (self.factor[self.classes[base]] * valid).sum(axis=0)
        cases = (self.clean[base] * valid).sum(axis=0)
        days = valid.sum(axis=0)
        in_gap = self.gap[day - 1] & (self._silent(day) <= LONGEST_GAP) if day else np.zeros(len(days), dtype=bool)
        self.known[day] = (days >= FEWEST_DAYS) & (exposure > 0) | in_gap
        # With half a case more (the prior of Jeffreys), a series in which nothing has come yet is not impossible.
        level = (cases + 0.5) / np.where(exposure > 0, exposure, 1.0)
        self.level[day] = np.where(in_gap, self.level[day - 1], level)
        self.mass[day] = np.where(in_gap, self.mass[day - 1], cases + 0.5)

    def _past(self, first: int, end: int) -> tuple[Floats, Flags, NDArray[np.int8]]:
        return self.clean[first:end], self.valid[first:end], self.classes[first:end]

    def _silent(self, day: int) -> NDArray[np.int64]:
        """Return for how many days before this one each series has been in a gap."""
        past = self.gap[max(0, day - LONGEST_GAP - 1) : day][::-1]
        lasted: NDArray[np.int64] = np.logical_and.accumulate(past, axis=0).sum(axis=0)
        return lasted

    def _judge(self, day: int) -> None:
        """Compare a day, and the week that ends with it, with what was expected; cap it, or leave it out."""
        known, uncertain = self.known[day], 1 / self.mass[day]
        mean = self.level[day] * self.factor[self.classes[day]]
        self.one.add(day, self.counts[day], mean, uncertain, known)
        week = slice(max(0, day - WEEK + 1), day + 1)
        factors = self.factor[self.classes[week]]
        self._limit(day, self.level[day] * factors.sum(axis=0), uncertain)
        self._find_gap(day, mean)
        valid = self.valid[week] & ~self.gap[week]
        enough = valid.sum(axis=0) > WEEK // 2
        means = self.level[day] * (factors * valid).sum(axis=0)
        self.seven.add(day, (self.counts[week] * valid).sum(axis=0), means, uncertain, known & enough)
        cap = mean + _CAP * _deviation(mean, self.one.dispersion[day]) + 1
        self.clean[day] = np.where(known, np.minimum(self.counts[day], cap), self.counts[day])

    def _limit(self, day: int, week: Floats, uncertain: Floats) -> None:
        """Settle below which probability a day is alarming."""
        known, one = self.known[day], self.one
        spread = self.seven.usual(day) + uncertain
        silent = np.exp(SOON_DAYS * log_nothing(week / WEEK, one.dispersion[day]))
        chances = np.concatenate(
            [
                at_least(FEWEST_CASES, one.expected[day], one.dispersion[day])[known],
                at_least(FEWEST_CASES, week, spread)[known],
                np.where(silent < _LAXEST, 1.0, 0.0)[known],
            ]
        )
        self.limit[day] = min(_LAXEST, shared(self.rate / DAYS_A_MONTH, chances))

    def _find_gap(self, day: int, mean: Floats) -> None:
        """Call a run of empty days a gap once it is less probable than the limit, back to its first day."""
        known, empty = self.known[day], self.counts[day] == 0
        nothing = log_nothing(mean, self.one.dispersion[day])
        before = self.run[day - 1] if day else np.zeros_like(mean)
        self.run[day] = np.where(empty & known, before + nothing, 0.0)
        self.empty[day] = np.where(empty & known, (self.empty[day - 1] if day else 0) + 1, 0)
        goes_on = self.gap[day - 1] if day else np.zeros_like(known)
        is_gap = self.run[day] < np.log(self.limit[day])
        for series in np.flatnonzero(is_gap & (goes_on | (self.empty[day] <= SOON_DAYS))):
            first = day - (0 if goes_on[series] else int(self.empty[day, series]) - 1)
            self.gap[first : day + 1, series] = True
            self._leave_out(slice(first, day + 1), slice(series, series + 1))
            if series == 0:  # nothing came in at all: these days tell nothing of any series, also not for later ones
                self._leave_out(slice(first, day + 1), slice(None))
                self.run[first : day + 1, 1:] = 0.0
                self.empty[first : day + 1, 1:] = 0
                return

    def _leave_out(self, days: slice, series: slice) -> None:
        """Let days of a gap tell nothing of what is usual."""
        self.valid[days, series] = False
        for errors in (self.one, self.seven):
            errors.excess[days, series] = errors.squares[days, series] = 0.0


class _Errors:
    """The forecasts of one window, day by day, and how far they were from what came."""

    def __init__(self, shape: tuple[int, ...], groups: list[NDArray[np.intp]]) -> None:
        self.groups = groups
        self.observed, self.expected, self.dispersion = np.zeros(shape), np.zeros(shape), np.full(shape, 1.0)
        self.judged = np.zeros(shape, dtype=bool)
        self.excess, self.squares = np.zeros(shape), np.zeros(shape)

    def add(self, day: int, observed: Floats, expected: Floats, uncertain: Floats, judged: Flags) -> None:
        """Note a forecast and what came.

        Args:
            day: Which one.
            observed: What came.
            expected: What was expected.
            uncertain: The dispersion that comes from the level alone, which few cases tell badly.
            judged: The series that are judged.
        """
        own = self.usual(day) + uncertain
        self.observed[day], self.expected[day], self.dispersion[day], self.judged[day] = observed, expected, own, judged
        capped = np.minimum(observed, expected + _CAP * _deviation(expected, own) + 1)
        self.excess[day] = np.where(judged, (capped - expected) ** 2 - expected, 0.0)
        self.squares[day] = np.where(judged, expected**2, 0.0)

    def usual(self, day: int) -> Floats:
        """Return the dispersion of each series over the year before, drawn to that of its dimension."""
        year = slice(max(0, day - GUARD_DAYS - FACTOR_DAYS), max(0, day - GUARD_DAYS))
        excess, squares = self.excess[year].sum(axis=0), self.squares[year].sum(axis=0)
        usual = np.zeros_like(excess)
        for group in self.groups:
            told = group[squares[group] > _BORROWED_SQUARES]
            if len(told):
                usual[group] = np.median(np.maximum(0.0, excess[told] / squares[told]))
        shrunk: Floats = np.maximum(0.0, excess + _BORROWED_SQUARES * usual) / (squares + _BORROWED_SQUARES)
        return shrunk

    def window(self, known: Flags) -> Window:
        """Return all forecasts with the exact probability of what came."""
        probability = at_least(self.observed, self.expected, self.dispersion)
        return Window(self.observed, self.expected, self.dispersion, np.where(known & self.judged, probability, 1.0))


def at_least(cases: Floats | int, mean: Floats, dispersion: Floats) -> Floats:
    """Return the exact probability of so many cases or more, by the negative binomial distribution."""
    from scipy.special import betainc  # half a second with what it brings along, which a worker starts without

    probability: Floats = np.where(
        cases > 0, betainc(np.maximum(cases, 1), 1 / dispersion, mean * dispersion / (1 + mean * dispersion)), 1.0
    )
    return probability


def log_nothing(mean: Floats, dispersion: Floats) -> Floats:
    """Return the logarithm of the probability of no case at all."""
    logarithm: Floats = -np.log1p(dispersion * mean) / dispersion
    return logarithm


def shared(wanted: float, chances: Floats) -> float:
    """Return the limit under which tests give ``wanted`` false alarms together, none of them more than its chance."""
    chances = np.sort(chances)
    if chances.sum() <= wanted:
        return 1.0
    spent = np.concatenate([[0.0], chances.cumsum()[:-1]])
    limits = (wanted - spent) / np.arange(len(chances), 0, -1)
    return float(limits[np.flatnonzero(limits <= chances)[0]])


def _deviation(mean: Floats, dispersion: Floats) -> Floats:
    deviation: Floats = np.sqrt(mean + dispersion * mean**2)
    return deviation


def _factors(clean: Floats, valid: Flags, classes: NDArray[np.int8]) -> Floats:
    """Return the factor of each sort of day for each series: sorts × series.

    Each day is compared with the mean of the eight weeks around it. The first series is that of everything.
    """
    around = LEVEL_DAYS // 2
    cases, days = _running(clean * valid, around), _running(valid.astype(np.float64), around)
    local = np.where(days > 0, cases / np.maximum(days, 1.0), 0.0) * valid
    sums = np.zeros((CLASSES, clean.shape[1]))
    means = np.zeros_like(sums)
    np.add.at(sums, classes, clean * valid)
    np.add.at(means, classes, local)
    usual = (sums[:, 0] + _BORROWED) / (means[:, 0] + _BORROWED)
    for sort, like in ((HOLIDAY, usual[5:7].mean()), (MAKE_UP, usual[:5].mean())):
        usual[sort] = (sums[sort, 0] + _BORROWED * like) / (means[sort, 0] + _BORROWED)
    own: Floats = (sums + _BORROWED * usual[:, None]) / (means + _BORROWED)
    return own


def _running(values: Floats, around: int) -> Floats:
    """Return the sums over so many days before and after each day, as far as there are any."""
    sums = np.vstack([np.zeros((1, values.shape[1])), values.cumsum(axis=0)])
    here = np.arange(len(values))
    last, first = np.minimum(here + around + 1, len(values)), np.maximum(here - around, 0)
    running: Floats = sums[last] - sums[first]
    return running
