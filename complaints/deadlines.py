"""When a time limit runs out: pure arithmetic on instants, budgets, calendars and pauses.

Where trusted systems differ, the choice is a default here and a setting of the rule (:class:`Counting`):

- the day of the start is not counted, the next one is day 1 (Civil Code art. 201; Regulation 1182/71 art. 3);
- a start on a day of rest makes the next working day day 1 of a limit in working days;
- a limit in days ends with its last day, at 24:00;
- a limit in months ends on the day with the same number, or the month's last one (Civil Code art. 202);
- a limit in working minutes that ends exactly at closing ends at closing, not at the next opening;
- what arrives after closing counts from the next opening; in days, only where a ``cut_off`` is given: then it counts
  as received on the next day;
- a limit in months whose first day counts ends on the day before the one with the same number, or on the month's
  last one where there is no such day;
- a day is left out by a pause if the clock stands still at the end of that day: a pause that begins and ends on one
  day leaves out none. In weeks and months, the days left out are added at the end;
- a pause that begins when the limit has run out changes nothing;
- a last day that is moved on never falls on a day that a pause left out. It is not moved back before the day of the
  start, nor to a day that a pause left out: then it stays where it is;
- an extension in another unit is counted after what was there before: in days from its last day, before any roll, in
  hours and minutes from when it ran out.
"""

import calendar as gregorian
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from complaints.calendars.model import Standing, WorkingCalendar
from complaints.errors.deadlines import BudgetNotPositive, BudgetTooLarge, NaiveInstant, PauseReversed, PausesOverlap

DAY: Final = timedelta(days=1)
_MINUTE: Final = 60_000_000  # microseconds
_MOMENT: Final = timedelta(microseconds=1)
_MIDNIGHT: Final = time()


class Unit(StrEnum):
    """The unit of a time budget."""

    HOURS = "hours"
    CALENDAR_DAYS = "calendar_days"
    WORKING_DAYS = "working_days"
    WORKING_MINUTES = "working_minutes"
    WEEKS = "weeks"
    MONTHS = "months"

    @property
    def ends_with_a_day(self) -> bool:
        """Whether a limit in this unit runs out at the end of a day."""
        return self not in (Unit.HOURS, Unit.WORKING_MINUTES)

    @property
    def is_working(self) -> bool:
        """Whether only working time is counted."""
        return self in (Unit.WORKING_DAYS, Unit.WORKING_MINUTES)


class Roll(StrEnum):
    """What becomes of a last day that is no working day."""

    NONE = "none"
    NEXT = "next_working_day"
    PREVIOUS = "previous_working_day"


class RestDayStart(StrEnum):
    """What a start on a day of rest does to a limit in working days."""

    NEXT_IS_DAY_1 = "next_working_day_is_day_1"
    NEXT_IS_DAY_0 = "next_working_day_is_day_0"


class EndsAt(StrEnum):
    """When a limit in days runs out on its last day; closing is a time of day in the limit's own zone."""

    MIDNIGHT = "midnight"
    CLOSING = "closing"


@dataclass(frozen=True, slots=True)
class Counting:
    """How days are counted (see the module's defaults).

    Attributes:
        first_day: The day of the start is day 1.
        roll: Where a last day goes that is no working day.
        cut_off: What arrives later than this, local time, counts as received on the next day.
        rest_day_start: For working days.
        ends_at: When the last day ends.
    """

    first_day: bool = False
    roll: Roll = Roll.NONE
    cut_off: time | None = None
    rest_day_start: RestDayStart = RestDayStart.NEXT_IS_DAY_1
    ends_at: EndsAt = EndsAt.MIDNIGHT


@dataclass(frozen=True, slots=True)
class Pause:
    """A time that is left out, from ``begins`` up to ``ends``; without an end the clock stands still."""

    begins: datetime
    ends: datetime | None


@dataclass(frozen=True, slots=True)
class Extension:
    """A longer budget: added to what there was, or with ``total`` in its place."""

    value: int
    unit: Unit
    total: bool = False


@dataclass(frozen=True, slots=True)
class Term:
    """A time limit in full.

    Attributes:
        value: The budget, in ``unit``.
        unit: Its unit.
        started_at: When it began; aware.
        zone: In which days begin and end.
        calendar: The working days, and the working hours in the calendar's own zone.
        counting: How days are counted.
        pauses: Times left out, in order, not overlapping.
        extensions: In the order in which they were granted.
    """

    value: int
    unit: Unit
    started_at: datetime
    zone: ZoneInfo
    calendar: WorkingCalendar
    counting: Counting = Counting()
    pauses: tuple[Pause, ...] = ()
    extensions: tuple[Extension, ...] = ()


@dataclass(frozen=True, slots=True)
class Due:
    """When a limit runs out.

    Attributes:
        at: The first instant that is too late, in UTC. While a pause has no end: as if it ended at once.
        on: The last day in the zone on which the duty can be done in time.
        assumed: Years of the calendar that it needed and that were not published.
        stands: Whether the clock stands still in a pause without an end.
    """

    at: datetime
    on: date
    assumed: tuple[int, ...] = ()
    stands: bool = False


_LONGEST: Final = {
    Unit.HOURS: 876_600,
    Unit.CALENDAR_DAYS: 36_525,
    Unit.WORKING_DAYS: 36_525,
    Unit.WORKING_MINUTES: 1_000_000,
    Unit.WEEKS: 5_218,
    Unit.MONTHS: 1_200,
}
"""A hundred years; working minutes also by what the calendar works in that time."""


@dataclass(frozen=True, slots=True)
class Leg:
    """A stretch of counting in a unit of days.

    Attributes:
        value: How much is counted, in ``unit``.
        unit: Its unit.
        earliest: The first day to which a roll may move it back.
        day_0: Day 1 is the first day after this one that counts.
        last: The last day, before any roll.
    """

    value: int
    unit: Unit
    earliest: date
    day_0: date
    last: date


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of counting in hours or working minutes."""

    value: int
    unit: Unit
    begins: datetime
    ends: datetime


def due(term: Term) -> Due:
    """Return when a time limit runs out.

    Args:
        term: Budget, start, calendar and what changed since.

    Raises:
        NaiveInstant: an instant has no time zone.
        BudgetNotPositive: a budget is not above zero.
        BudgetTooLarge: it is longer than a hundred years, or reaches beyond what a calendar can hold.
        PauseReversed: a pause ends before it begins.
        PausesOverlap: two pauses overlap, or are not in order.
        NoWorkingTime: the calendar has no working time for years on end.
    """
    check(term)
    try:
        term = in_force(term)
        parts = parts_of(term)
        at, on = _runs_out(term, parts)
        stands = bool(term.pauses) and term.pauses[-1].ends is None and term.pauses[-1].begins < at
        return Due(at, on, _assumed(term, parts), stands)
    except (OverflowError, ValueError):  # a date beyond the year 9999
        raise BudgetTooLarge("budget", term.value) from None


def check(term: Term) -> None:
    """Refuse what cannot be computed (see :func:`due`)."""
    _check_budget("budget", term.value, term.unit)
    for extension in term.extensions:
        _check_budget("extensions", extension.value, extension.unit)
    _check_aware("start", term.started_at)
    ended: Pause | None = None
    for pause in term.pauses:
        _check_aware("pauses", pause.begins)
        if pause.ends is not None:
            _check_aware("pauses", pause.ends)
            if pause.ends < pause.begins:
                raise PauseReversed(pause.begins.isoformat(), pause.ends.isoformat())
        if ended and (ended.ends is None or pause.begins < ended.ends):
            raise PausesOverlap(ended.begins.isoformat(), pause.begins.isoformat())
        ended = pause


def _check_budget(field: str, value: int, unit: Unit) -> None:
    if value < 1:
        raise BudgetNotPositive(field, value)
    if value > _LONGEST[unit]:
        raise BudgetTooLarge(field, value)


def _check_aware(field: str, instant: datetime) -> None:
    if instant.tzinfo is None:
        raise NaiveInstant(field)


def in_force(term: Term) -> Term:
    """Return a limit without the pauses that begin after it has run out."""
    if term.counting.roll is not Roll.PREVIOUS:  # all others pass over those by themselves
        return term
    for count, pause in enumerate(term.pauses):
        earlier = replace(term, pauses=term.pauses[:count])
        if pause.begins >= _runs_out(earlier, parts_of(earlier))[0]:
            return earlier
    return term


def parts_of(term: Term) -> list[Leg | Stretch]:
    """Return what is counted one after the other: the budget, and extensions in another unit."""
    parts: list[Leg | Stretch] = []
    for value, unit in budgets_of(term):
        before = parts[-1] if parts else None
        if unit.ends_with_a_day:
            parts.append(_leg(term, value, unit, before))
        else:
            parts.append(_stretch(term, value, unit, before))
    return parts


def budgets_of(term: Term) -> list[tuple[int, Unit]]:
    """Return the budgets that are counted one after the other, extensions put in."""
    budgets = [(term.value, term.unit)]
    for extension in term.extensions:
        value, unit = budgets[-1]
        if extension.total:
            budgets = [(extension.value, extension.unit)]
        elif extension.unit is unit:
            budgets[-1] = (value + extension.value, unit)
        else:
            budgets.append((extension.value, extension.unit))
    return budgets


def _runs_out(term: Term, parts: Sequence[Leg | Stretch]) -> tuple[datetime, date]:
    """Return the first instant that is too late, and the last day in time."""
    last = parts[-1]
    if isinstance(last, Stretch):
        return last.ends, last_day(last.ends, term.zone)
    on = rolled(term, last)
    return end_of_day(term, on), on


def start_day(term: Term) -> date:
    """Return the day that counts as the day of the start."""
    day = _received_on(term)
    if term.counting.rest_day_start is RestDayStart.NEXT_IS_DAY_0 and budgets_of(term)[0][1] is Unit.WORKING_DAYS:
        return term.calendar.at_or_after(day)
    return day


def _received_on(term: Term) -> date:
    local, cut_off = term.started_at.astimezone(term.zone), term.counting.cut_off
    return local.date() + DAY if cut_off and is_after(local, cut_off) else local.date()


def is_after(local: datetime, cut_off: time) -> bool:
    """Return whether a local time is later than a time of day; one that comes twice is meant the first time."""
    if local.time() > cut_off:
        return True
    return bool(local.fold) and local.astimezone(UTC) > datetime.combine(local, cut_off, local.tzinfo).astimezone(UTC)


def _leg(term: Term, value: int, unit: Unit, before: Leg | Stretch | None) -> Leg:
    if before is None:
        start, counts_first = start_day(term), term.counting.first_day
    else:  # from the day on which what came before ran out
        start = before.last if isinstance(before, Leg) else last_day(before.ends, term.zone)
        counts_first = False
    day_0 = start - DAY if counts_first else start
    earliest = start + DAY if isinstance(before, Stretch) else start  # on that day the hours before it ran out
    gaps = gaps_of(term) if term.pauses else ()
    if unit is Unit.WORKING_DAYS:
        return Leg(value, unit, earliest, day_0, _last_working_day(term.calendar, day_0, value, gaps))
    if unit is Unit.MONTHS:
        last = add_months(start, value)
        if counts_first and last.day == start.day:
            last -= DAY
    else:
        last = day_0 + timedelta(7 * value if unit is Unit.WEEKS else value)
    for begins, ends in gaps:
        begins = max(begins, day_0 + DAY)
        if begins <= last and begins < ends:
            last += ends - begins
    return Leg(value, unit, earliest, day_0, last)


def _last_working_day(calendar: WorkingCalendar, day_0: date, value: int, gaps: Sequence[tuple[date, date]]) -> date:
    last = calendar.nth_working_day(day_0, value)
    for begins, ends in gaps:
        begins = max(begins, day_0 + DAY)
        if begins <= last:
            value += calendar.working_days(begins, ends)
            last = calendar.nth_working_day(day_0, value)
    return last


def gaps_of(term: Term) -> list[tuple[date, date]]:
    """Return the days that are left out, as first day and the day after the last one."""
    days = [(_open_day(term, one.begins), _open_day(term, one.ends or one.begins)) for one in term.pauses]
    return [(begins, ends) for begins, ends in days if begins < ends]


def _open_day(term: Term, instant: datetime) -> date:
    """Return the first day that has not ended at an instant."""
    day = instant.astimezone(term.zone).date()
    if term.counting.ends_at is EndsAt.CLOSING and instant >= end_of_day(term, day):
        return day + DAY
    return day


def add_months(day: date, months: int) -> date:
    """Return the day with the same number some months later, or that month's last one (Civil Code art. 202)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, gregorian.monthrange(year, month + 1)[1]))


def rolled(term: Term, leg: Leg) -> date:
    """Return where the last day of a limit goes by the rule's roll."""
    last, roll = leg.last, term.counting.roll
    if roll is Roll.NONE:
        return last
    gaps = gaps_of(term)
    if roll is Roll.PREVIOUS:
        back = term.calendar.at_or_before(last)
        return last if back < leg.earliest or any(begins <= back < ends for begins, ends in gaps) else back
    last = term.calendar.at_or_after(last)
    for begins, ends in gaps:
        if begins <= last < ends:
            last = term.calendar.at_or_after(ends)
    return last


def end_of_day(term: Term, day: date) -> datetime:
    """Return when a limit ends that runs out on a day: at its end, or at a closing that lies after the start."""
    if term.counting.ends_at is EndsAt.CLOSING and (windows := term.calendar.windows(day)):
        closing = datetime.combine(day, windows[-1].closes, term.zone).astimezone(UTC)
        if closing > term.started_at and not windows[-1].ends_with_the_day:
            return closing
    return datetime.combine(day + DAY, _MIDNIGHT, term.zone).astimezone(UTC)


def _stretch(term: Term, value: int, unit: Unit, before: Leg | Stretch | None) -> Stretch:
    if before is None:
        begins = term.started_at.astimezone(UTC)
    else:
        begins = before.ends if isinstance(before, Stretch) else end_of_day(term, rolled(term, before))
    after = _after_hours if unit is Unit.HOURS else _after_working_minutes
    return Stretch(value, unit, begins, after(term, begins, value))


def _after_hours(term: Term, start: datetime, hours: int) -> datetime:
    at = start + timedelta(hours=hours)
    for pause in term.pauses:
        begins, ends = max(pause.begins, start), max(pause.ends or pause.begins, start)
        if begins < at:
            at += ends - begins
    return at


def _after_working_minutes(term: Term, start: datetime, minutes: int) -> datetime:
    calendar = term.calendar  # hours are meant in the calendar's own zone
    _check_reach(calendar, minutes)
    wanted = calendar.worked(start) + minutes * _MINUTE
    for pause in term.pauses:
        begins, ends = max(pause.begins, start), max(pause.ends or pause.begins, start)
        if (before := calendar.worked(begins)) < wanted:
            wanted += calendar.worked(ends) - before
    return calendar.instant_of(wanted)


def _check_reach(calendar: WorkingCalendar, minutes: int) -> None:
    """Refuse more minutes than a calendar works in a hundred years, before looking for the last of them."""
    weeks = _LONGEST[Unit.WEEKS]
    if minutes <= weeks:
        return
    spans = [
        (one.closes.hour * 60 + one.closes.minute or 1440) - one.opens.hour * 60 - one.opens.minute
        for windows in calendar.weekly
        for one in windows
    ]
    if spans and minutes > weeks * sum(spans):
        raise BudgetTooLarge("budget", minutes)


def working_minutes(calendar: WorkingCalendar, begins: datetime, ends: datetime) -> int:
    """Return the whole working minutes between two instants; negative where they are reversed.

    Raises:
        NaiveInstant: one of them has no time zone.
    """
    _check_aware("begins", begins)
    _check_aware("ends", ends)
    worked = calendar.worked(ends) - calendar.worked(begins)
    return worked // _MINUTE if worked >= 0 else -(-worked // _MINUTE)


def _assumed(term: Term, parts: Sequence[Leg | Stretch]) -> tuple[int, ...]:
    """Return the years that the calendar was asked about and that were not published."""
    if term.calendar.always:
        return ()
    years: set[int] = set()
    for first, last in asked(term, parts):
        years.update(range(first.year, last.year + 1))
    standing = term.calendar.standing
    return tuple(year for year in sorted(years) if standing(year) is not Standing.PUBLISHED)


def asked(term: Term, parts: Sequence[Leg | Stretch]) -> Iterable[tuple[date, date]]:
    """Yield the spans of days of the calendar that a limit depends on, each with its first and last day."""
    counting = term.counting
    for part in parts:
        if isinstance(part, Stretch):
            if part.unit.is_working:
                zone = term.calendar.zone
                yield part.begins.astimezone(zone).date(), last_day(part.ends, zone)
        elif part.unit.is_working:
            asks_start = part is parts[0] and counting.rest_day_start is RestDayStart.NEXT_IS_DAY_0
            yield (_received_on(term) if asks_start else part.day_0 + DAY), part.last
    for part, following in zip(parts, [*parts[1:], None], strict=True):
        if isinstance(part, Leg) and not isinstance(following, Leg):
            on = rolled(term, part)
            if counting.roll is not Roll.NONE:
                yield min(part.last, on), max(part.last, on)
            if counting.ends_at is EndsAt.CLOSING:
                begins = (max(one.begins, term.started_at).astimezone(term.zone).date() for one in term.pauses)
                yield min(on, *begins, on), on


def united(pauses: Iterable[Pause]) -> tuple[Pause, ...]:
    """Return the same times left out, in order and without overlaps: for pauses that have different causes."""
    result: list[Pause] = []
    for pause in sorted(pauses, key=lambda one: one.begins):
        before = result[-1] if result else None
        if before is None or (before.ends is not None and pause.begins > before.ends):
            result.append(pause)
        elif before.ends is not None and (pause.ends is None or pause.ends > before.ends):
            result[-1] = Pause(before.begins, pause.ends)
    return tuple(result)


def last_moment(due_at: datetime, zone: ZoneInfo) -> str:
    """Return the last moment that is in time, as people write it: a limit that ends with a day shows as 24:00."""
    local, day = due_at.astimezone(zone), last_day(due_at, zone)
    return f"{local:%Y-%m-%d %H:%M}" if local.date() == day else f"{day} 24:00"


def last_day(due_at: datetime, zone: ZoneInfo) -> date:
    """Return the last day on which a duty is in time."""
    return (due_at.astimezone(UTC) - _MOMENT).astimezone(zone).date()
