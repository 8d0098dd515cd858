"""Working calendars: which days and hours count, and for which years that is officially known.

A calendar answers from an index of its working days, so that a thousandth working day costs what the first one
does. What it cannot know, because a year's arrangement was not published yet, it computes from the known rules and
says so (:meth:`WorkingCalendar.standing`).
"""

from bisect import bisect_left, bisect_right
from calendar import isleap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from threading import Lock
from typing import Final
from zoneinfo import ZoneInfo

from complaints.errors.deadlines import NoWorkingTime
from complaints.words import Title

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
DAY: Final = timedelta(days=1)
WEEKEND: Final = Title(zh="周末", en="weekend")
_YEARS_WITHOUT_WORK: Final = 10
_GROWING: Final = Lock()  # one for all: a lock within would keep a calendar from being copied or pickled


class Standing(StrEnum):
    """How well a year is known."""

    PUBLISHED = "published"
    EXPECTED = "expected"  # computed from the known rules; the authority has not published it
    UNKNOWN = "unknown"  # nothing but the weekly rhythm is known


@dataclass(frozen=True, order=True)
class Window:
    """Working hours within one day; ``closes`` 00:00 means the end of the day."""

    opens: time
    closes: time

    @property
    def ends_with_the_day(self) -> bool:
        """Whether it closes at 24:00."""
        return self.closes == time()

    def __str__(self) -> str:
        return f"{self.opens:%H:%M}-{'24:00' if self.ends_with_the_day else f'{self.closes:%H:%M}'}"


@dataclass(frozen=True)
class WorkingCalendar:
    """Working days and hours.

    A time of day that the clocks skip is the instant when they go forward; one that comes twice is the first of both.

    Attributes:
        name: Such as ``cn-public``.
        version: Changes with every change of its data.
        zone: The zone its hours are meant in.
        title: What people call it.
        weekly: The windows of Monday … Sunday; an empty one is a rest day.
        extra: The windows of a make-up working day that falls on a rest day.
        off: Days of rest beside the weekly ones, with their names.
        work: Days of work on what would be a rest day, with their names.
        years: How well each year is known; a year that is not named is :attr:`Standing.UNKNOWN`.
        always: Every year counts as known: a calendar that somebody wrote down in full.
    """

    name: str
    version: str
    zone: ZoneInfo
    title: Title
    weekly: tuple[tuple[Window, ...], ...]
    extra: tuple[Window, ...]
    off: Mapping[date, Title] = field(repr=False)
    work: Mapping[date, Title] = field(repr=False)
    years: Mapping[int, Standing] = field(repr=False)
    always: bool = False
    _index: "_Days" = field(init=False, repr=False, compare=False)
    _hours: "_Hours" = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make the indexes at once: two threads that made one each would count on two scales."""
        object.__setattr__(self, "_index", _Days(self))
        object.__setattr__(self, "_hours", _Hours(self))

    def standing(self, year: int) -> Standing:
        """Return how well a year is known."""
        return Standing.PUBLISHED if self.always else self.years.get(year, Standing.UNKNOWN)

    def is_working(self, day: date) -> bool:
        """Whether work is done on ``day``."""
        return day in self.work or (day not in self.off and bool(self.weekly[day.weekday()]))

    def why_off(self, day: date) -> Title | None:
        """Return why ``day`` is no working day, or None where it is one."""
        if self.is_working(day):
            return None
        return self.off.get(day, WEEKEND)

    def windows(self, day: date) -> tuple[Window, ...]:
        """Return the working hours of ``day``."""
        if not self.is_working(day):
            return ()
        return self.weekly[day.weekday()] or self.extra

    def nth_working_day(self, after: date, n: int) -> date:
        """Return the ``n``-th working day after a day (n ≥ 1).

        Raises:
            NoWorkingTime: ten years on end have none.
            ValueError: it lies beyond the year 9999.
        """
        return date.fromordinal(self._index.nth_after(after, n))

    def working_days(self, first: date, end: date) -> int:
        """Return how many working days lie in ``first`` ≤ day < ``end``."""
        return self._index.count(first, end) if first < end else 0

    def at_or_after(self, day: date) -> date:
        """Return ``day``, or the next working day where it is none."""
        return self.nth_working_day(day - DAY, 1)

    def at_or_before(self, day: date) -> date:
        """Return ``day``, or the last working day before it where it is none."""
        for _ in range(366 * _YEARS_WITHOUT_WORK):
            if self.is_working(day):
                return day
            day -= DAY
        raise NoWorkingTime(self.name)

    def worked(self, instant: datetime) -> int:
        """Return the working time before an instant, in microseconds, on a scale of this calendar's own."""
        return self._hours.before((instant - EPOCH) // MICROSECOND)

    def instant_of(self, worked: int) -> datetime:
        """Return the first instant before which so much working time has passed (see :meth:`worked`).

        Where that is reached exactly at closing, it is closing and not the next opening.

        Raises:
            NoWorkingTime: ten years on end have none of it.
            ValueError: it lies beyond the years 1 to 9998; also as OverflowError.
        """
        return EPOCH + self._hours.reaching(worked) * MICROSECOND

    def next_opening(self, instant: datetime) -> datetime:
        """Return ``instant`` where it lies in working hours, else when they begin next."""
        return self.instant_of(self.worked(instant) + 1) - MICROSECOND


class _Days:
    """The ordinals of all working days of a span of whole years, which grows on demand and for any thread."""

    def __init__(self, calendar: WorkingCalendar) -> None:
        self.calendar = calendar
        self.table: tuple[int, int, list[int]] | None = None  # replaced, never changed

    def _of_year(self, year: int) -> list[int]:
        calendar, working = self.calendar, [bool(windows) for windows in self.calendar.weekly]
        start, end = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal() + 1
        off = {day.toordinal() for day in calendar.off if day.year == year and day not in calendar.work}
        work = {day.toordinal() for day in calendar.work if day.year == year}
        return [one for one in range(start, end) if one in work or (working[(one - 1) % 7] and one not in off)]

    def covering(self, first: int, last: int) -> tuple[int, int, list[int]]:
        """Return the ordinals of at least these years, and which years they are."""
        known = self.table
        if known and known[0] <= first and last <= known[1]:
            return known
        with _GROWING:
            known_first, known_last, ordinals = self.table or (first, first - 1, [])
            earlier = [one for year in range(first, known_first) for one in self._of_year(year)]
            later = [one for year in range(known_last + 1, last + 1) for one in self._of_year(year)]
            self.table = (min(first, known_first), max(last, known_last), earlier + ordinals + later)
            return self.table

    def nth_after(self, after: date, n: int) -> int:
        _, last, ordinals = self.covering(after.year, after.year)
        fruitless = 0
        while (missing := bisect_right(ordinals, after.toordinal()) + n - len(ordinals)) > 0:
            years = 1 + missing // 366  # no year has more working days than that
            known = len(ordinals)
            _, last, ordinals = self.covering(after.year, last + years)
            fruitless = 0 if len(ordinals) > known else fruitless + years
            if fruitless >= _YEARS_WITHOUT_WORK:
                raise NoWorkingTime(self.calendar.name)
        return ordinals[missing - 1]

    def count(self, first: date, end: date) -> int:
        _, _, ordinals = self.covering(first.year, end.year)
        return bisect_left(ordinals, end.toordinal()) - bisect_left(ordinals, first.toordinal())


@dataclass(frozen=True)
class _Spans:
    """Working hours of a span of whole years, in microseconds since the epoch, and the working time before each."""

    first: int
    last: int
    opens: list[int]
    closes: list[int]
    before: list[int]
    total: int
    zero: int  # the working time before the first of them


class _Hours:
    """All working hours of a span of whole years; it grows on demand and for any thread."""

    def __init__(self, calendar: WorkingCalendar) -> None:
        self.calendar = calendar
        self.spans: _Spans | None = None  # replaced, never changed

    def _of_year(self, year: int) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        day = date(year, 1, 1)
        for _ in range(366 if isleap(year) else 365):
            if windows := self.calendar.windows(day):
                found += self._of_day(day, windows)
            day += DAY
        return found

    def _of_day(self, day: date, windows: Sequence[Window]) -> Iterator[tuple[int, int]]:
        midnight = datetime.combine(day, time(), tzinfo=self.calendar.zone)
        is_even = midnight.utcoffset() == (midnight + DAY).utcoffset()
        begins = (midnight - EPOCH) // MICROSECOND
        for window in windows:
            opens, closes = _since_midnight(window.opens), _since_midnight(window.closes) or DAY // MICROSECOND
            if is_even:  # nearly every day, and many times as fast as asking for each instant
                yield begins + opens, begins + closes
            else:
                yield self._instant(midnight + opens * MICROSECOND), self._instant(midnight + closes * MICROSECOND)

    def _instant(self, local: datetime) -> int:
        instant = local.astimezone(UTC)
        if instant.astimezone(self.calendar.zone).replace(tzinfo=None) != local.replace(tzinfo=None):
            return self._forward(local)
        return (instant - EPOCH) // MICROSECOND

    def _forward(self, skipped: datetime) -> int:
        """Return when the clocks go forward over a time of day."""
        after, before = ((skipped.replace(fold=fold).astimezone(UTC) - EPOCH) // MICROSECOND for fold in (1, 0))
        offset = skipped.replace(fold=1).utcoffset()

        def is_forward(instant: int) -> bool:
            return (EPOCH + instant * MICROSECOND).astimezone(self.calendar.zone).utcoffset() == offset

        return after + bisect_left(range(after, before), True, key=is_forward)

    def covering(self, first: int, last: int) -> _Spans:
        """Return the hours of at least these years; the scale's zero stays where it was."""
        known = self.spans
        if known and known.first <= first and last <= known.last:
            return known
        with _GROWING:
            known = self.spans or _Spans(first, first - 1, [], [], [], 0, 0)
            earlier = [span for year in range(first, known.first) for span in self._of_year(year)]
            later = [span for year in range(known.last + 1, last + 1) for span in self._of_year(year)]
            spans = earlier + list(zip(known.opens, known.closes, strict=True)) + later
            zero = known.zero - sum(closes - opens for opens, closes in earlier)
            before, passed = [], zero
            for opens, closes in spans:
                before.append(passed)
                passed += closes - opens
            years = min(first, known.first), max(last, known.last)
            self.spans = _Spans(*years, [one[0] for one in spans], [one[1] for one in spans], before, passed, zero)
            return self.spans

    def before(self, instant: int) -> int:
        year = (EPOCH + instant * MICROSECOND).year
        spans = self.covering(year - 1, year + 1)
        place = bisect_right(spans.opens, instant) - 1
        if place < 0:
            return spans.zero
        opens, closes = spans.opens[place], spans.closes[place]
        return spans.before[place] + min(instant, closes) - opens

    def reaching(self, worked: int) -> int:
        spans, fruitless = self.spans or self.covering(EPOCH.year, EPOCH.year), 0
        while not spans.zero < worked <= spans.total:
            known = len(spans.opens)
            back = worked <= spans.zero
            spans = self.covering(spans.first - back, spans.last + (not back))
            fruitless = 0 if len(spans.opens) > known else fruitless + 1
            if fruitless >= _YEARS_WITHOUT_WORK:
                raise NoWorkingTime(self.calendar.name)
        place = bisect_left(spans.before, worked) - 1
        return spans.opens[place] + worked - spans.before[place]


def _since_midnight(at: time) -> int:
    return ((at.hour * 60 + at.minute) * 60 + at.second) * 1_000_000 + at.microsecond
