"""When time limits run out: tables of cases, and a count day by day (or minute by minute) to compare with.

The calendars are made here, so that no published holiday can change what these tests expect.
"""

import pickle
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from complaints.calendars.model import Standing, Window, WorkingCalendar
from complaints.deadlines import (
    Counting,
    Due,
    EndsAt,
    Extension,
    Pause,
    RestDayStart,
    Roll,
    Term,
    Unit,
    add_months,
    due,
    last_day,
    last_moment,
    start_day,
    united,
    working_minutes,
)
from complaints.errors.deadlines import (
    BudgetNotPositive,
    BudgetTooLarge,
    NaiveInstant,
    NoWorkingTime,
    PauseReversed,
    PausesOverlap,
)
from complaints.words import Title

SHANGHAI = ZoneInfo("Asia/Shanghai")
LONDON = ZoneInfo("Europe/London")
NEW_YORK = ZoneInfo("America/New_York")
SYDNEY = ZoneInfo("Australia/Sydney")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # its clocks change by half an hour
HAVANA = ZoneInfo("America/Havana")  # its clocks change at midnight
ZONES = [SHANGHAI, LONDON, NEW_YORK, SYDNEY, LORD_HOWE]
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
OFFICE = (Window(time(9), time(12)), Window(time(13), time(17)))
HOLIDAY = Title(zh="国庆节", en="National Day")
MAKE_UP = Title(zh="国庆节调休", en="National Day make-up day")
NATIONAL_DAY = [date(2026, 10, day) for day in range(1, 8)]  # Thursday to Wednesday
MAKE_UP_DAYS = [date(2026, 9, 27), date(2026, 10, 10)]  # a Sunday and a Saturday


def a_calendar(windows=OFFICE, weekdays=range(5), off=(), work=(), years=None, zone=SHANGHAI):
    weekly = tuple(tuple(windows) if day in weekdays else () for day in range(7))
    return WorkingCalendar(
        name="office",
        version="1",
        zone=zone,
        title=Title(zh="办公日历", en="office"),
        weekly=weekly,
        extra=tuple(windows),
        off=dict.fromkeys(off, HOLIDAY),
        work=dict.fromkeys(work, MAKE_UP),
        years=years or {},
        always=years is None,
    )


WEEKDAYS = a_calendar()
CHINA = a_calendar(off=NATIONAL_DAY, work=MAKE_UP_DAYS)
EVERY_DAY = a_calendar([Window(time(), time())], range(7))


@cache
def the_calendar(kind, zone):
    """One of the calendars that properties are tried with."""
    holidays = [
        date(year, month, 1) + day * DAY for year in range(2023, 2032) for month in (1, 5, 10) for day in range(8)
    ]
    match kind:
        case "office":
            return a_calendar(off=holidays, work=[one + 9 * DAY for one in holidays[::8]], zone=zone)
        case "around the clock":
            return a_calendar([Window(time(), time())], range(7), zone=zone)
        case "evenings":
            return a_calendar([Window(time(1, 30), time(2, 30)), Window(time(20), time())], {4, 5, 6}, zone=zone)
        case "wednesdays":
            return a_calendar([Window(time(10), time(15, 30))], {2}, off=holidays, zone=zone)
    raise ValueError(kind)


KINDS = ["office", "around the clock", "evenings", "wednesdays"]


def a_term(value=15, unit=Unit.CALENDAR_DAYS, started_at=None, calendar=WEEKDAYS, zone=None, **changes):
    """A limit from Monday 2 March 2026, 09:00 in Shanghai."""
    started = started_at or at(3, 2, 9)
    names = ("first_day", "roll", "cut_off", "rest_day_start", "ends_at")
    counting = Counting(**{name: changes.pop(name) for name in names if name in changes})
    return Term(value, unit, started, zone or calendar.zone, calendar, counting, **changes)


def at(month, day, hour=0, minute=0, zone=SHANGHAI):
    return datetime(2026, month, day, hour, minute, tzinfo=zone)


# --- days ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("started_at", "due_on"),
    [
        # any time of Monday 2 March in Shanghai
        (at(3, 2, 0, 0), date(2026, 3, 17)),
        (datetime(2026, 3, 2, 23, 59, 59, 999999, tzinfo=SHANGHAI), date(2026, 3, 17)),
        (at(3, 3, 0, 0), date(2026, 3, 18)),
        # the day changes in Shanghai at 16:00 UTC
        (at(3, 1, 15, 59, UTC), date(2026, 3, 16)),
        (at(3, 1, 16, 0, UTC), date(2026, 3, 17)),
        (at(3, 2, 15, 59, UTC), date(2026, 3, 17)),
        (at(3, 2, 16, 0, UTC), date(2026, 3, 18)),
        # over the end of a year
        (datetime(2025, 12, 20, 9, 0, tzinfo=SHANGHAI), date(2026, 1, 4)),
        (datetime(2025, 12, 31, 16, 30, tzinfo=UTC), date(2026, 1, 16)),  # already 2026 in Shanghai
        # over the end of February
        (at(2, 20, 9), date(2026, 3, 7)),
        (datetime(2028, 2, 20, 9, 0, tzinfo=SHANGHAI), date(2028, 3, 6)),  # a leap year
        (datetime(2028, 2, 14, 9, 0, tzinfo=SHANGHAI), date(2028, 2, 29)),
        (datetime(2028, 2, 29, 9, 0, tzinfo=SHANGHAI), date(2028, 3, 15)),
    ],
)
def test_fifteen_days_are_counted_from_the_day_after_receipt(started_at, due_on):
    assert due(a_term(15, started_at=started_at)).on == due_on


@pytest.mark.parametrize(
    ("started_at", "due_at"),
    [
        (at(3, 2, 9), datetime(2026, 3, 18, 0, 0, tzinfo=SHANGHAI)),
        # the clocks in London go forward on 29 March 2026, and the day still ends at midnight there
        (at(3, 20, 9, zone=LONDON), at(4, 4, 23, 0, UTC)),
        (at(10, 20, 9, zone=LONDON), at(11, 5, 0, 0, UTC)),  # and back on 25 October
        (at(2, 21, 9, zone=NEW_YORK), at(3, 9, 4, 0, UTC)),  # forward on 8 March, the last day
        (at(10, 17, 9, zone=NEW_YORK), at(11, 2, 5, 0, UTC)),  # back on 1 November, the last day
        (at(3, 21, 9, zone=SYDNEY), at(4, 5, 14, 0, UTC)),  # back on 5 April, the last day
        (at(9, 19, 9, zone=SYDNEY), at(10, 4, 13, 0, UTC)),  # forward on 4 October, the last day
        (at(3, 21, 9, zone=LORD_HOWE), at(4, 5, 13, 30, UTC)),  # by half an hour
        (at(9, 19, 9, zone=LORD_HOWE), at(10, 4, 13, 0, UTC)),
        (at(2, 20, 9, zone=HAVANA), at(3, 8, 5, 0, UTC)),  # the day after begins at 01:00
    ],
)
def test_the_last_day_is_in_time_until_it_ends_in_the_zone(started_at, due_at):
    assert due(a_term(15, started_at=started_at, zone=started_at.tzinfo)).at == due_at


# 2026-03-02 is a Monday.
@pytest.mark.parametrize(
    ("days", "started_at", "due_on"),
    [
        (1, at(3, 2, 9), date(2026, 3, 3)),
        (4, at(3, 2, 9), date(2026, 3, 6)),
        (5, at(3, 2, 9), date(2026, 3, 9)),  # over a weekend
        (1, at(3, 6, 9), date(2026, 3, 9)),  # from a Friday
        (1, at(3, 7, 9), date(2026, 3, 9)),  # from a Saturday: Monday is day 1
        (1, at(3, 8, 9), date(2026, 3, 9)),
        (5, at(9, 24, 9), date(2026, 9, 30)),  # Thursday; the Sunday is worked
        (6, at(9, 24, 9), date(2026, 10, 8)),  # Friday, Sunday, Monday … Wednesday, then seven days of rest
        (3, at(10, 7, 9), date(2026, 10, 10)),  # the Saturday is worked
        (1, at(9, 30, 9), date(2026, 10, 8)),
        (1, datetime(2026, 12, 31, 9, tzinfo=SHANGHAI), date(2027, 1, 1)),
        (250, at(3, 2, 9), date(2027, 2, 18)),  # 50 weeks, and five weekdays of rest less two weekend days of work
    ],
)
def test_working_days_pass_over_days_of_rest(days, started_at, due_on):
    assert due(a_term(days, Unit.WORKING_DAYS, started_at, CHINA)).on == due_on


@pytest.mark.parametrize(
    ("days", "off", "due_on"),
    [
        (5, range(9, 14), date(2026, 3, 16)),  # a week without working days lies between
        (4, range(9, 14), date(2026, 3, 6)),
        (1, range(3, 28), date(2026, 3, 30)),
    ],
)
def test_weeks_without_working_days_are_passed_over(days, off, due_on):
    calendar = a_calendar(off=[date(2026, 3, day) for day in off])

    assert due(a_term(days, Unit.WORKING_DAYS, at(3, 2, 9), calendar)).on == due_on


@pytest.mark.parametrize(
    ("months", "start", "due_on"),
    [
        (1, date(2026, 3, 2), date(2026, 4, 2)),
        (1, date(2026, 1, 31), date(2026, 2, 28)),
        (1, date(2028, 1, 31), date(2028, 2, 29)),
        (1, date(2026, 8, 31), date(2026, 9, 30)),
        (1, date(2026, 2, 28), date(2026, 3, 28)),
        (3, date(2026, 11, 30), date(2027, 2, 28)),
        (1, date(2026, 12, 15), date(2027, 1, 15)),
        (12, date(2028, 2, 29), date(2029, 2, 28)),
        (48, date(2028, 2, 29), date(2032, 2, 29)),
        (1, date(2026, 12, 31), date(2027, 1, 31)),
    ],
)
def test_months_end_on_the_same_number_or_on_the_months_last_day(months, start, due_on):
    started_at = datetime.combine(start, time(9), SHANGHAI)

    assert due(a_term(months, Unit.MONTHS, started_at)).on == add_months(start, months) == due_on


@pytest.mark.parametrize(
    ("value", "unit", "start", "due_on"),
    [
        (15, Unit.CALENDAR_DAYS, date(2026, 3, 2), date(2026, 3, 16)),
        (1, Unit.CALENDAR_DAYS, date(2026, 3, 2), date(2026, 3, 2)),
        (5, Unit.WORKING_DAYS, date(2026, 3, 2), date(2026, 3, 6)),
        (1, Unit.WORKING_DAYS, date(2026, 3, 7), date(2026, 3, 9)),  # a Saturday does not count
        (8, Unit.WEEKS, date(2026, 3, 2), date(2026, 4, 26)),
        (1, Unit.MONTHS, date(2026, 3, 2), date(2026, 4, 1)),
        (1, Unit.MONTHS, date(2026, 3, 1), date(2026, 3, 31)),
        (12, Unit.MONTHS, date(2026, 1, 1), date(2026, 12, 31)),
        (1, Unit.MONTHS, date(2026, 1, 28), date(2026, 2, 27)),
        (1, Unit.MONTHS, date(2026, 1, 29), date(2026, 2, 28)),  # no 29 February: the month's last day
        (1, Unit.MONTHS, date(2026, 1, 31), date(2026, 2, 28)),
        (12, Unit.MONTHS, date(2028, 2, 29), date(2029, 2, 28)),
    ],
)
def test_the_day_of_the_start_may_count_as_day_1(value, unit, start, due_on):
    started_at = datetime.combine(start, time(9), SHANGHAI)

    assert due(a_term(value, unit, started_at, first_day=True)).on == due_on


def test_eight_weeks_end_on_the_same_weekday():
    assert due(a_term(8, Unit.WEEKS, at(3, 2, 9))).on == date(2026, 4, 27)


@pytest.mark.parametrize(
    ("started_at", "changes", "due_on"),
    [
        (at(3, 7, 9), {}, date(2026, 3, 10)),  # Saturday counts as Monday, Tuesday is day 1
        (at(3, 8, 9), {}, date(2026, 3, 10)),
        (at(3, 2, 9), {}, date(2026, 3, 3)),
        (at(3, 7, 9), {"first_day": True}, date(2026, 3, 9)),
        (at(3, 6, 17, 1), {"cut_off": time(17)}, date(2026, 3, 10)),  # after hours on Friday: Saturday
        (at(3, 7, 9), {"unit": Unit.CALENDAR_DAYS}, date(2026, 3, 8)),  # only for working days
        # an extension that puts working days in the place of the whole
        (at(3, 7, 9), {"unit": Unit.HOURS, "extensions": (Extension(1, Unit.WORKING_DAYS, True),)}, date(2026, 3, 10)),
        (at(3, 7, 9), {"extensions": (Extension(2, Unit.CALENDAR_DAYS, True),)}, date(2026, 3, 9)),
    ],
)
def test_a_start_on_a_day_of_rest_may_count_as_the_next_working_day(started_at, changes, due_on):
    values = {"unit": Unit.WORKING_DAYS, "rest_day_start": RestDayStart.NEXT_IS_DAY_0} | changes

    assert due(a_term(1, started_at=started_at, **values)).on == due_on


@pytest.mark.parametrize(
    ("started_at", "due_on"),
    [
        (at(3, 2, 9), date(2026, 3, 3)),
        (at(3, 2, 17), date(2026, 3, 3)),  # exactly then is in time
        (at(3, 2, 17) + timedelta(microseconds=1), date(2026, 3, 4)),
        (at(3, 2, 23, 59), date(2026, 3, 4)),
        (at(3, 3, 0), date(2026, 3, 4)),
        (datetime(2026, 12, 31, 18, tzinfo=SHANGHAI), date(2027, 1, 2)),
    ],
)
def test_what_arrives_after_the_cut_off_counts_as_received_on_the_next_day(started_at, due_on):
    assert due(a_term(1, started_at=started_at, cut_off=time(17))).on == due_on


@pytest.mark.parametrize(("hour", "due_on"), [(5, date(2026, 11, 2)), (6, date(2026, 11, 3))])
def test_a_cut_off_that_comes_twice_is_meant_the_first_time(hour, due_on):
    started_at = at(11, 1, hour, 15, UTC)  # 01:15 in New York, before and after its clocks go back at 02:00

    assert due(a_term(1, started_at=started_at, zone=NEW_YORK, cut_off=time(1, 30))).on == due_on


@pytest.mark.parametrize(
    ("days", "started_at", "roll", "due_on"),
    [
        (15, at(3, 6, 9), Roll.NONE, date(2026, 3, 21)),  # a Saturday
        (15, at(3, 6, 9), Roll.NEXT, date(2026, 3, 23)),
        (15, at(3, 6, 9), Roll.PREVIOUS, date(2026, 3, 20)),
        (12, at(3, 6, 9), Roll.NEXT, date(2026, 3, 18)),
        (12, at(3, 6, 9), Roll.PREVIOUS, date(2026, 3, 18)),
        (3, at(9, 29, 9), Roll.NEXT, date(2026, 10, 8)),
        (3, at(9, 29, 9), Roll.PREVIOUS, date(2026, 9, 30)),
        (2, at(9, 25, 9), Roll.NEXT, date(2026, 9, 27)),  # a Sunday that is worked
        (1, at(3, 6, 9), Roll.PREVIOUS, date(2026, 3, 6)),  # to the day of the start
        (1, at(3, 7, 9), Roll.PREVIOUS, date(2026, 3, 8)),  # but not before it
    ],
)
def test_a_last_day_of_rest_is_moved_by_the_roll(days, started_at, roll, due_on):
    assert due(a_term(days, started_at=started_at, calendar=CHINA, roll=roll)).on == due_on


@pytest.mark.parametrize(
    ("days", "changes", "due_at"),
    [
        (4, {}, at(3, 6, 17)),
        (5, {}, at(3, 8, 0)),  # Saturday has no closing: it ends at midnight
        (5, {"roll": Roll.NEXT}, at(3, 9, 17)),
        (5, {"roll": Roll.PREVIOUS}, at(3, 6, 17)),
        (4, {"unit": Unit.WORKING_DAYS}, at(3, 6, 17)),
        (4, {"calendar": EVERY_DAY}, at(3, 7, 0)),  # closes at 24:00
        (1, {"first_day": True}, at(3, 2, 17)),
        (1, {"first_day": True, "started_at": at(3, 2, 17)}, at(3, 3, 0)),  # never before it starts
        (24, {"unit": Unit.HOURS}, at(3, 3, 9)),
    ],
)
def test_a_limit_in_days_may_end_at_closing(days, changes, due_at):
    until = due(a_term(days, ends_at=EndsAt.CLOSING, **changes))

    assert (until.at, until.on) == (due_at, last_day(due_at, SHANGHAI))


# --- hours and minutes -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("started_at", "due_at", "on"),
    [
        (at(3, 2, 9), at(3, 3, 9), date(2026, 3, 3)),
        (at(12, 31, 9), datetime(2027, 1, 1, 9, 0, tzinfo=SHANGHAI), date(2027, 1, 1)),
        (datetime(2028, 2, 28, 9, tzinfo=SHANGHAI), datetime(2028, 2, 29, 9, tzinfo=SHANGHAI), date(2028, 2, 29)),
        # ends as the day begins: the last day on which it can be done is the one before
        (at(3, 2, 0), at(3, 3, 0), date(2026, 3, 2)),
        # twenty-four hours on end are not one day where the clocks change
        (at(3, 28, 12, zone=LONDON), at(3, 29, 12, 0, UTC), date(2026, 3, 29)),
        (at(10, 24, 12, zone=LONDON), at(10, 25, 11, 0, UTC), date(2026, 10, 25)),
        (at(3, 7, 12, zone=NEW_YORK), at(3, 8, 13, zone=NEW_YORK), date(2026, 3, 8)),
        (at(10, 31, 12, zone=NEW_YORK), at(11, 1, 11, zone=NEW_YORK), date(2026, 11, 1)),
        (at(4, 4, 12, zone=SYDNEY), at(4, 5, 11, zone=SYDNEY), date(2026, 4, 5)),
        (at(4, 4, 12, zone=LORD_HOWE), at(4, 5, 11, 30, LORD_HOWE), date(2026, 4, 5)),
        (at(10, 3, 12, zone=LORD_HOWE), at(10, 4, 12, 30, LORD_HOWE), date(2026, 10, 4)),
    ],
)
def test_hours_run_on_through_nights_and_days(started_at, due_at, on):
    until = due(a_term(24, Unit.HOURS, started_at, zone=started_at.tzinfo))

    assert (until.at, until.on) == (due_at, on)


# Open 09:00-12:00 and 13:00-17:00, Monday to Friday; 2026-03-02 is a Monday.
@pytest.mark.parametrize(
    ("minutes", "started_at", "due_at"),
    [
        (60, at(3, 2, 9), at(3, 2, 10)),  # at opening
        (1, at(3, 2, 8), at(3, 2, 9, 1)),
        (180, at(3, 2, 9), at(3, 2, 12)),  # exactly when it closes: not when it opens again
        (181, at(3, 2, 9), at(3, 2, 13, 1)),
        (1, at(3, 2, 12), at(3, 2, 13, 1)),  # at closing
        (1, at(3, 2, 12, 30), at(3, 2, 13, 1)),  # within the lunch break
        (240, at(3, 2, 13), at(3, 2, 17)),
        (420, at(3, 2, 9), at(3, 2, 17)),
        (421, at(3, 2, 9), at(3, 3, 9, 1)),
        (60, at(3, 2, 17), at(3, 3, 10)),
        (60, at(3, 2, 23), at(3, 3, 10)),
        (60, at(3, 7, 10), at(3, 9, 10)),  # on a day of rest
        (1, at(3, 6, 16, 59) + MINUTE / 2, at(3, 9, 9) + MINUTE / 2),
        (5 * 420, at(3, 2, 9), at(3, 6, 17)),
        (420, at(9, 30, 13), at(10, 8, 12)),  # over National Day
        (60, at(9, 26, 9), at(9, 27, 10)),  # a Sunday that is worked
        (420, at(12, 31, 13), datetime(2027, 1, 1, 12, tzinfo=SHANGHAI)),
    ],
)
def test_working_minutes_pass_only_within_working_hours(minutes, started_at, due_at):
    assert due(a_term(minutes, Unit.WORKING_MINUTES, started_at, CHINA)).at == due_at


@pytest.mark.parametrize(
    ("minutes", "due_at", "moment"),
    [(60, at(3, 3, 0), "2026-03-02 24:00"), (61, at(3, 3, 20, 1), "2026-03-03 20:01")],
)
def test_a_window_may_close_at_24_o_clock(minutes, due_at, moment):
    evenings = a_calendar([Window(time(20), time())])

    until = due(a_term(minutes, Unit.WORKING_MINUTES, at(3, 2, 23), evenings))

    assert (until.at, last_moment(until.at, SHANGHAI)) == (due_at, moment)


@pytest.mark.parametrize(
    ("started_at", "minutes", "due_at"),
    [
        (at(3, 8, zone=NEW_YORK), 120, at(3, 8, 4, zone=NEW_YORK)),  # an hour is skipped
        (at(3, 8, zone=NEW_YORK), 121, at(3, 9, 1, 1, NEW_YORK)),
        (at(11, 1, zone=NEW_YORK), 240, at(11, 1, 4, zone=NEW_YORK)),  # an hour comes twice
        (at(10, 4, zone=LORD_HOWE), 150, at(10, 4, 4, zone=LORD_HOWE)),
        (at(4, 5, zone=LORD_HOWE), 210, at(4, 5, 4, zone=LORD_HOWE)),
    ],
)
def test_minutes_that_the_clocks_skip_are_not_worked_and_those_that_come_twice_are(started_at, minutes, due_at):
    nights = a_calendar([Window(time(1), time(4))], range(7), zone=started_at.tzinfo)

    assert due(a_term(minutes, Unit.WORKING_MINUTES, started_at, nights)).at == due_at


def test_working_hours_are_meant_in_the_calendars_own_zone():
    until = due(a_term(60, Unit.WORKING_MINUTES, at(3, 2, 9), zone=NEW_YORK))

    assert until == Due(at(3, 2, 10), date(2026, 3, 1))  # still Sunday evening in New York


@pytest.mark.parametrize(
    ("begins", "ends", "minutes"),
    [
        (at(3, 2, 9), at(3, 2, 17), 420),
        (at(3, 2, 17), at(3, 2, 9), -420),
        (at(3, 2, 12), at(3, 2, 13), 0),
        (at(3, 7), at(3, 9), 0),
        (at(3, 2, 9), at(3, 2, 9, 1) - timedelta(microseconds=1), 0),
        (at(3, 2, 9, 1), at(3, 2, 9) + timedelta(microseconds=1), 0),
        (at(9, 30), at(10, 11), 3 * 420 + 420),  # with 8 and 9 October, and a Saturday that is worked
    ],
)
def test_working_minutes_between_two_instants(begins, ends, minutes):
    assert working_minutes(CHINA, begins, ends) == minutes


def test_working_minutes_between_instants_without_a_time_zone_are_refused():
    naive = datetime(2026, 3, 2)  # noqa: DTZ001

    for begins, ends in [(naive, at(3, 2)), (at(3, 2), naive)]:
        with pytest.raises(NaiveInstant):
            working_minutes(CHINA, begins, ends)


# --- pauses ----------------------------------------------------------------------------------------

FEBRUARY = at(2, 20, 9)


# 15 calendar days from Monday 2 March 2026, 09:00: due on 17 March
@pytest.mark.parametrize(
    ("begins", "ends", "due_on"),
    [
        (at(3, 5, 9), at(3, 5, 18), date(2026, 3, 17)),  # within a day
        (at(3, 5, 10), at(3, 8, 10), date(2026, 3, 20)),
        (at(3, 5, 0), at(3, 8, 0), date(2026, 3, 20)),
        (at(3, 5, 23, 59), at(3, 6, 0), date(2026, 3, 18)),
        (at(3, 2, 10), at(3, 4, 10), date(2026, 3, 18)),  # from the day of the start, which does not count anyway
        (FEBRUARY, at(2, 25), date(2026, 3, 17)),  # before the start
        (FEBRUARY, at(3, 5, 10), date(2026, 3, 19)),  # stands still at the start
        (at(3, 17, 23), at(3, 20, 1), date(2026, 3, 20)),  # from the last day on
        (at(3, 17, 9), at(3, 17, 17), date(2026, 3, 17)),
        (at(3, 18, 0), at(3, 25), date(2026, 3, 17)),  # when it has run out
    ],
)
def test_a_day_is_left_out_if_the_clock_stands_still_at_its_end(begins, ends, due_on):
    assert due(a_term(15, pauses=(Pause(begins, ends),))).on == due_on


@pytest.mark.parametrize(
    ("begins", "ends", "due_on"),
    [
        (at(3, 6, 10), at(3, 9, 10), date(2026, 3, 10)),  # a Friday and a weekend
        (at(3, 7, 10), at(3, 8, 20), date(2026, 3, 9)),  # only a weekend
        (at(3, 5), at(3, 9), date(2026, 3, 11)),
        (at(3, 9, 10), at(3, 10, 10), date(2026, 3, 10)),  # the last day
        (at(3, 10), at(3, 20), date(2026, 3, 9)),
        (FEBRUARY, at(3, 4), date(2026, 3, 10)),
    ],
)
def test_a_pause_leaves_out_the_working_days_within_it(begins, ends, due_on):
    assert due(a_term(5, Unit.WORKING_DAYS, pauses=(Pause(begins, ends),))).on == due_on


@pytest.mark.parametrize(
    ("value", "unit", "due_on"), [(2, Unit.WEEKS, date(2026, 3, 19)), (1, Unit.MONTHS, date(2026, 4, 5))]
)
def test_weeks_and_months_grow_by_the_days_left_out(value, unit, due_on):
    pauses = (Pause(at(3, 5, 9), at(3, 7, 9)), Pause(at(3, 9, 23), at(3, 10, 1)))

    assert due(a_term(value, unit, pauses=pauses)).on == due_on


@pytest.mark.parametrize(
    ("roll", "begins", "ends", "due_on"),
    [
        # 5 calendar days end on Saturday 7 March
        (Roll.NEXT, at(3, 8, 10), at(3, 11, 10), date(2026, 3, 11)),  # Monday is left out too
        (Roll.NEXT, at(3, 9, 10), at(3, 14, 10), date(2026, 3, 16)),  # … and then a weekend again
        (Roll.NEXT, at(3, 10), at(3, 11), date(2026, 3, 9)),
        (Roll.PREVIOUS, at(3, 7, 10), at(3, 10), date(2026, 3, 6)),  # it had run out on Friday
        (Roll.PREVIOUS, at(3, 7), at(3, 10), date(2026, 3, 6)),
        (Roll.PREVIOUS, at(3, 6, 10), at(3, 7, 10), date(2026, 3, 8)),  # Sunday; on Friday the clock stood still
        (Roll.PREVIOUS, at(3, 4, 10), at(3, 5, 10), date(2026, 3, 6)),
    ],
)
def test_a_last_day_is_not_moved_to_a_day_that_was_left_out(roll, begins, ends, due_on):
    assert due(a_term(5, roll=roll, pauses=(Pause(begins, ends),))).on == due_on


@pytest.mark.parametrize(
    ("begins", "ends", "due_at"),
    [
        # 4 calendar days end on Friday 6 March at 17:00
        (at(3, 6, 17), at(3, 10), at(3, 6, 17)),
        (at(3, 6, 16, 59), at(3, 6, 17), at(3, 8, 0)),
        (at(3, 6, 16), at(3, 6, 16, 59), at(3, 6, 17)),
        (at(3, 5, 18), at(3, 6, 16), at(3, 6, 17)),  # the evening before and the day, but not at closing
    ],
)
def test_where_days_end_at_closing_a_pause_counts_if_the_clock_stands_still_then(begins, ends, due_at):
    assert due(a_term(4, ends_at=EndsAt.CLOSING, pauses=(Pause(begins, ends),))).at == due_at


@pytest.mark.parametrize(
    ("value", "unit", "begins", "ends", "due_at"),
    [
        (24, Unit.HOURS, at(3, 2, 12), at(3, 2, 15), at(3, 3, 12)),
        (24, Unit.HOURS, FEBRUARY, at(3, 2, 10), at(3, 3, 10)),
        (24, Unit.HOURS, at(3, 3, 9), at(3, 4, 9), at(3, 3, 9)),
        (24, Unit.HOURS, at(3, 3, 8, 59), at(3, 4, 8, 59), at(3, 4, 9)),
        (60, Unit.WORKING_MINUTES, at(3, 2, 9, 30), at(3, 2, 10, 30), at(3, 2, 11)),
        (180, Unit.WORKING_MINUTES, at(3, 2, 11, 30), at(3, 2, 13, 30), at(3, 2, 14)),
        (180, Unit.WORKING_MINUTES, at(3, 2, 12), at(3, 2, 15), at(3, 2, 12)),  # ran out at closing
        (181, Unit.WORKING_MINUTES, at(3, 2, 12), at(3, 2, 15), at(3, 2, 15, 1)),
        (420, Unit.WORKING_MINUTES, at(3, 2, 17), at(3, 3, 9), at(3, 2, 17)),  # only a night
        (60, Unit.WORKING_MINUTES, FEBRUARY, at(3, 7), at(3, 9, 10)),
    ],
)
def test_a_pause_moves_hours_and_minutes_by_what_it_left_out(value, unit, begins, ends, due_at):
    assert due(a_term(value, unit, pauses=(Pause(begins, ends),))).at == due_at


@pytest.mark.parametrize(
    ("begins", "changes", "stands"),
    [
        (FEBRUARY, {}, True),
        (at(3, 5), {}, True),
        (at(3, 17, 23, 59), {}, True),  # on the last day
        (at(3, 18), {}, False),  # when it has run out
        (at(3, 17, 17), {"ends_at": EndsAt.CLOSING}, False),
        (at(3, 2, 9), {"unit": Unit.HOURS}, True),
        (at(3, 3, 0), {"unit": Unit.HOURS}, False),
    ],
)
def test_a_clock_stands_still_in_a_pause_without_an_end(begins, changes, stands):
    term = a_term(15, **changes)

    until = due(replace(term, pauses=(Pause(begins, None),)))

    assert until == replace(due(term), stands=stands)  # as if it went on at once


@pytest.mark.parametrize(
    ("pauses", "joined"),
    [
        ([], []),
        ([(5, 7), (9, 10)], [(5, 7), (9, 10)]),
        ([(9, 10), (5, 7)], [(5, 7), (9, 10)]),
        ([(5, 7), (7, 9)], [(5, 9)]),
        ([(5, 9), (6, 7)], [(5, 9)]),
        ([(5, 7), (6, 9), (8, 12)], [(5, 12)]),
        ([(5, None), (6, 9)], [(5, None)]),
        ([(5, 7), (6, None)], [(5, None)]),
    ],
)
def test_pauses_of_different_causes_are_united(pauses, joined):
    def made(days):
        return tuple(Pause(at(3, begins), at(3, ends) if ends else None) for begins, ends in days)

    assert united(made(pauses)) == made(joined)


# --- extensions ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "unit", "extensions", "due_at"),
    [
        (15, Unit.CALENDAR_DAYS, [Extension(30, Unit.CALENDAR_DAYS)], at(4, 17)),
        (15, Unit.CALENDAR_DAYS, [Extension(60, Unit.CALENDAR_DAYS, True)], at(5, 2)),
        (15, Unit.CALENDAR_DAYS, [Extension(15, Unit.CALENDAR_DAYS)] * 2, at(4, 17)),
        (15, Unit.CALENDAR_DAYS, [Extension(1, Unit.CALENDAR_DAYS), Extension(30, Unit.CALENDAR_DAYS, True)], at(4, 2)),
        (15, Unit.CALENDAR_DAYS, [Extension(5, Unit.WORKING_DAYS)], at(3, 25)),  # from Tuesday 17 March
        (15, Unit.CALENDAR_DAYS, [Extension(10, Unit.WORKING_DAYS, True)], at(3, 17)),
        (1, Unit.MONTHS, [Extension(1, Unit.WEEKS)], at(4, 10)),
        (5, Unit.WORKING_DAYS, [Extension(5, Unit.CALENDAR_DAYS), Extension(1, Unit.WORKING_DAYS)], at(3, 17)),
        (24, Unit.HOURS, [Extension(12, Unit.HOURS)], at(3, 3, 21)),
        (24, Unit.HOURS, [Extension(2, Unit.CALENDAR_DAYS)], at(3, 6)),
        (15, Unit.HOURS, [Extension(1, Unit.CALENDAR_DAYS)], at(3, 4)),  # runs out on 2 March at 24:00
        (1, Unit.CALENDAR_DAYS, [Extension(12, Unit.HOURS)], at(3, 4, 12)),
        (60, Unit.WORKING_MINUTES, [Extension(2, Unit.HOURS)], at(3, 2, 12)),
        (1, Unit.CALENDAR_DAYS, [Extension(60, Unit.WORKING_MINUTES)], at(3, 4, 10)),
        (60, Unit.WORKING_MINUTES, [Extension(30, Unit.WORKING_MINUTES)], at(3, 2, 10, 30)),
    ],
)
def test_an_extension_is_added_or_takes_the_place_of_the_whole(value, unit, extensions, due_at):
    assert due(a_term(value, unit, extensions=tuple(extensions))).at == due_at


@pytest.mark.parametrize(
    ("value", "unit", "extension", "changes", "due_at"),
    [
        # 5 days end on Saturday 7 March
        (5, Unit.CALENDAR_DAYS, Extension(2, Unit.WEEKS), {"roll": Roll.NEXT}, at(3, 24)),
        (96, Unit.HOURS, Extension(1, Unit.CALENDAR_DAYS), {"roll": Roll.NEXT}, at(3, 10)),
        (120, Unit.HOURS, Extension(1, Unit.CALENDAR_DAYS), {"roll": Roll.PREVIOUS}, at(3, 9)),  # not before the hours
        (5, Unit.CALENDAR_DAYS, Extension(1, Unit.HOURS), {"roll": Roll.NEXT}, at(3, 10, 1)),  # from when Monday ended
        (1, Unit.CALENDAR_DAYS, Extension(1, Unit.HOURS), {"first_day": True}, at(3, 3, 1)),
        (1, Unit.CALENDAR_DAYS, Extension(1, Unit.HOURS), {"cut_off": time(8)}, at(3, 5, 1)),
        (1, Unit.CALENDAR_DAYS, Extension(1, Unit.HOURS), {"ends_at": EndsAt.CLOSING}, at(3, 3, 18)),
    ],
)
def test_a_limit_of_days_and_hours_keeps_to_its_way_of_counting(value, unit, extension, changes, due_at):
    assert due(a_term(value, unit, extensions=(extension,), **changes)).at == due_at


# --- years that are not published ------------------------------------------------------------------

KNOWN = {2026: Standing.PUBLISHED, 2027: Standing.EXPECTED}
NEW_YEAR = [date(2026, 12, 31), date(2027, 1, 1)]


@pytest.mark.parametrize(
    ("value", "start", "changes", "assumed"),
    [
        (5, date(2026, 12, 28), {"unit": Unit.WORKING_DAYS}, (2027,)),  # Monday: three days, then two of 2027
        (3, date(2026, 12, 28), {"unit": Unit.WORKING_DAYS}, ()),
        (600, date(2026, 12, 28), {"unit": Unit.WORKING_DAYS}, (2027, 2028, 2029)),
        (5, date(2026, 12, 28), {}, ()),  # calendar days ask no calendar
        (1, date(2026, 12, 28), {"unit": Unit.MONTHS}, ()),
        (99, date(2026, 12, 28), {"unit": Unit.HOURS}, ()),
        (1, date(2025, 12, 31), {"unit": Unit.WORKING_DAYS}, ()),  # the day of the start is not asked about
        (1, date(2025, 12, 31), {"unit": Unit.WORKING_DAYS, "first_day": True}, (2025,)),
        (1, date(2025, 12, 31), {"unit": Unit.WORKING_DAYS, "rest_day_start": RestDayStart.NEXT_IS_DAY_0}, (2025,)),
        (420, date(2026, 12, 31), {"unit": Unit.WORKING_MINUTES}, ()),
        (421, date(2026, 12, 31), {"unit": Unit.WORKING_MINUTES}, (2027,)),
        (1, date(2026, 12, 30), {"roll": Roll.NEXT}, ()),
        (1, date(2026, 12, 30), {"roll": Roll.NEXT, "off": NEW_YEAR}, (2027,)),
        (2, date(2026, 12, 30), {"roll": Roll.PREVIOUS, "off": NEW_YEAR}, (2027,)),  # back to 2026
        (5, date(2026, 12, 28), {"ends_at": EndsAt.CLOSING}, (2027,)),
        (5, date(2026, 12, 28), {"extensions": (Extension(1, Unit.WORKING_DAYS),)}, (2027,)),
    ],
)
def test_years_that_the_count_needs_and_that_are_not_published_are_named(value, start, changes, assumed):
    calendar = a_calendar(off=changes.pop("off", ()), years=KNOWN)
    term = a_term(value, started_at=datetime.combine(start, time(9), SHANGHAI), calendar=calendar, **changes)

    assert due(term).assumed == assumed


# --- what is refused -------------------------------------------------------------------------------

NAIVE = datetime(2026, 3, 5)  # noqa: DTZ001
NEVER = a_calendar([])


@pytest.mark.parametrize(
    ("changes", "refused", "words"),
    [
        ({"started_at": NAIVE, "zone": SHANGHAI}, NaiveInstant, "start: has no time zone"),
        ({"pauses": (Pause(NAIVE, None),)}, NaiveInstant, "pauses: has no time zone"),
        ({"pauses": (Pause(at(3, 4), NAIVE),)}, NaiveInstant, "pauses: has no time zone"),
        ({"value": 0}, BudgetNotPositive, "budget: 0"),
        ({"value": -1}, BudgetNotPositive, "budget: -1"),
        ({"extensions": (Extension(0, Unit.WEEKS),)}, BudgetNotPositive, "extensions: 0"),
        ({"value": 36_526}, BudgetTooLarge, "budget: 36526"),
        ({"value": 10**30}, BudgetTooLarge, "budget: 1000"),
        ({"extensions": (Extension(1_201, Unit.MONTHS),)}, BudgetTooLarge, "extensions: 1201"),
        ({"started_at": datetime(9999, 12, 25, tzinfo=UTC), "zone": SHANGHAI}, BudgetTooLarge, "budget: 15"),
        ({"pauses": (Pause(at(3, 5), at(3, 4)),)}, PauseReversed, "exchange the two"),
        ({"pauses": (Pause(at(3, 5), at(3, 7)), Pause(at(3, 6), at(3, 8)))}, PausesOverlap, "write them as one"),
        ({"pauses": (Pause(at(3, 5), at(3, 7)), Pause(at(3, 1), at(3, 2)))}, PausesOverlap, "overlap"),
        ({"pauses": (Pause(at(3, 5), None), Pause(at(3, 6), at(3, 8)))}, PausesOverlap, "overlap"),
        ({"unit": Unit.WORKING_DAYS, "calendar": NEVER}, NoWorkingTime, "no working time"),
        ({"unit": Unit.WORKING_MINUTES, "calendar": NEVER}, NoWorkingTime, "no working time"),
        ({"roll": Roll.NEXT, "calendar": NEVER}, NoWorkingTime, "no working time"),
        ({"roll": Roll.PREVIOUS, "calendar": NEVER}, NoWorkingTime, "no working time"),
    ],
)
def test_what_cannot_be_computed_is_refused_with_what_to_do(changes, refused, words):
    with pytest.raises(refused, match=words) as error:
        due(a_term(**changes))

    assert str(pickle.loads(pickle.dumps(error.value))) == str(error.value)


@pytest.mark.parametrize("unit", list(Unit))
def test_a_hundred_years_are_the_most(unit):
    most = {Unit.HOURS: 876_600, Unit.WEEKS: 5_218, Unit.MONTHS: 1_200, Unit.WORKING_MINUTES: 1_000_000}.get(
        unit, 36_525
    )

    assert due(a_term(most, unit, calendar=EVERY_DAY)).at > at(3, 2)
    with pytest.raises(BudgetTooLarge):
        due(a_term(most + 1, unit, calendar=EVERY_DAY))


def test_more_minutes_than_a_calendar_works_in_a_hundred_years_are_refused_before_they_are_looked_for():
    seldom = a_calendar([Window(time(9), time(9, 1))], {2})

    assert due(a_term(520, Unit.WORKING_MINUTES, calendar=seldom)).on.year == 2036
    with pytest.raises(BudgetTooLarge):
        due(a_term(1_000_000, Unit.WORKING_MINUTES, calendar=seldom))


@pytest.mark.parametrize("unit", [Unit.CALENDAR_DAYS, Unit.HOURS, Unit.WEEKS, Unit.MONTHS])
def test_a_calendar_without_working_time_is_good_enough_where_nobody_asks_it(unit):
    assert due(a_term(1, unit, calendar=NEVER)).at > at(3, 2)


# --- how a due time is written ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("due_at", "zone", "moment", "day"),
    [
        (at(3, 17, 16, 0, UTC), SHANGHAI, "2026-03-17 24:00", date(2026, 3, 17)),  # 00:00 of the 18th there
        (at(3, 17, 15, 59, UTC), SHANGHAI, "2026-03-17 23:59", date(2026, 3, 17)),
        (at(3, 17, 16, 1, UTC), SHANGHAI, "2026-03-18 00:01", date(2026, 3, 18)),
        (at(12, 31, 16, 0, UTC), SHANGHAI, "2026-12-31 24:00", date(2026, 12, 31)),
        (datetime(2028, 2, 29, 16, 0, tzinfo=UTC), SHANGHAI, "2028-02-29 24:00", date(2028, 2, 29)),
        (at(3, 8, 5, 0, UTC), HAVANA, "2026-03-07 24:00", date(2026, 3, 7)),  # the 8th begins at 01:00 there
        (at(11, 1, 4, 0, UTC), HAVANA, "2026-10-31 24:00", date(2026, 10, 31)),
        (at(11, 1, 5, 0, UTC), HAVANA, "2026-11-01 00:00", date(2026, 11, 1)),  # 00:00 for the second time
    ],
)
def test_a_limit_that_ends_with_a_day_is_shown_as_its_24_o_clock(due_at, zone, moment, day):
    assert (last_moment(due_at, zone), last_day(due_at, zone)) == (moment, day)


# --- what holds for every limit --------------------------------------------------------------------

MOST = {
    Unit.HOURS: 400,
    Unit.CALENDAR_DAYS: 60,
    Unit.WORKING_DAYS: 25,
    Unit.WORKING_MINUTES: 3000,
    Unit.WEEKS: 6,
    Unit.MONTHS: 4,
}
DAYS = [unit for unit in Unit if unit.ends_with_a_day]
zones = st.sampled_from(ZONES)
minutes = st.integers(0, 60 * 24 * 7).map(lambda number: number * MINUTE)
instants = st.integers(0, 60 * 24 * 365 * 3).map(lambda number: datetime(2024, 1, 1, tzinfo=UTC) + number * MINUTE)
countings = st.builds(
    Counting,
    st.booleans(),
    st.sampled_from(Roll),
    st.sampled_from([None, time(1, 45), time(17)]),
    st.sampled_from(RestDayStart),
    st.sampled_from(EndsAt),
)


@st.composite
def pauses(draw, start, may_stand=True):
    """Pauses in order, the first up to a week before the start; the last may have no end."""
    found, begins = [], start - draw(minutes)
    for gap, length in draw(st.lists(st.tuples(minutes, minutes), max_size=4)):
        found.append(Pause(begins + gap, begins + gap + length))
        begins = found[-1].ends
    if found and may_stand and draw(st.booleans()):
        found[-1] = Pause(found[-1].begins, None)
    return tuple(found)


@st.composite
def budgets(draw, units=tuple(Unit)):
    unit = draw(st.sampled_from(units))
    return draw(st.integers(1, MOST[unit])), unit


@st.composite
def terms(draw, units=tuple(Unit), paused=True, may_stand=True, extended=True):
    zone, started_at, (value, unit) = draw(zones), draw(instants), draw(budgets(units))
    longer = st.lists(budgets(units).map(lambda one: Extension(*one)), max_size=2) if extended else st.just([])
    return Term(
        value=value,
        unit=unit,
        started_at=started_at,
        zone=zone,
        calendar=the_calendar(draw(st.sampled_from(KINDS)), zone),
        counting=draw(countings),
        pauses=draw(pauses(started_at, may_stand)) if paused else (),
        extensions=tuple(draw(longer)),
    )


def ends(term, day):
    """When a day is over for a limit in days, said as simply as it can be."""
    windows = term.calendar.windows(day)
    if term.counting.ends_at is EndsAt.CLOSING and windows and not windows[-1].ends_with_the_day:
        closing = datetime.combine(day, windows[-1].closes, term.zone).astimezone(UTC)
        if closing > term.started_at:
            return closing
    return datetime.combine(day + DAY, time(), term.zone).astimezone(UTC)


def counted_day_by_day(term):
    """The last day of a limit in days with one budget, by counting."""
    start, length = start_day(term), term.value
    day = start - DAY if term.counting.first_day else start
    if term.unit is Unit.WEEKS:
        length = 7 * term.value
    elif term.unit is Unit.MONTHS:
        last = add_months(start, term.value)
        length = (last - day).days - (term.counting.first_day and last.day == start.day)
    taken = [one for one in term.pauses if one.ends]

    def left_out(day):
        return any(one.begins < ends(term, day) <= one.ends for one in taken)

    def counts(day):
        return not left_out(day) and (term.unit is not Unit.WORKING_DAYS or term.calendar.is_working(day))

    while length:
        day += DAY
        length -= counts(day)
    while term.counting.roll is Roll.NEXT and (left_out(day) or not term.calendar.is_working(day)):
        day += DAY
    if term.counting.roll is Roll.PREVIOUS:
        back = next(day - n * DAY for n in range(100) if term.calendar.is_working(day - n * DAY))
        day = day if back < start or left_out(back) else back
    return day


@given(terms(DAYS, extended=False))
def test_counting_days_one_by_one_gives_the_same(term):
    if term.counting.roll is Roll.PREVIOUS:  # a day it is moved back to may come before a pause begins
        at_last = due(term)
        assume(all(one.begins < at_last.at for one in term.pauses))

    until = due(term)

    assert until.on == counted_day_by_day(term)
    assert until.at == ends(term, until.on)


@settings(max_examples=25)
@given(terms([Unit.HOURS, Unit.WORKING_MINUTES], extended=False), st.integers(1, 400))
def test_counting_minutes_one_by_one_gives_the_same(term, value):
    term = replace(term, value=value if term.unit is Unit.WORKING_MINUTES else 1 + value // 60)
    calendar, left = term.calendar, term.value * (1 if term.unit is Unit.WORKING_MINUTES else 60)
    moment = term.started_at
    while left:
        paused = any(one.begins <= moment < (one.ends or one.begins) for one in term.pauses)
        works = term.unit is Unit.HOURS or calendar.worked(moment + MINUTE) > calendar.worked(moment)
        left -= works and not paused
        moment += MINUTE

    assert due(term).at == moment


@given(terms())
def test_a_limit_runs_out_after_it_starts_and_on_its_last_day(term):
    until = due(term)

    assert until.at > term.started_at
    assert until.on == last_day(until.at, term.zone)


@given(terms(), instants)
def test_who_comes_later_is_never_due_earlier(term, other):
    # the days left out are added to months, whose length depends on the start
    assume(not (term.pauses and Unit.MONTHS in (term.unit, *(one.unit for one in term.extensions))))
    first, second = sorted([term.started_at, other])

    assert due(replace(term, started_at=first)).at <= due(replace(term, started_at=second)).at


@given(terms(), st.integers(1, 30))
def test_a_larger_budget_is_never_due_earlier(term, more):
    assert due(term).at <= due(replace(term, value=term.value + more)).at


@given(terms(paused=False, extended=False), st.integers(1, 5))
def test_a_larger_budget_is_due_later_where_no_last_day_is_moved(term, more):
    term = replace(term, counting=replace(term.counting, roll=Roll.NONE))

    assert due(term).at < due(replace(term, value=term.value + more)).at


def test_days_that_extend_hours_are_not_moved_back_to_the_day_on_which_the_hours_ran_out():
    hours, day = Extension(9, Unit.HOURS), Extension(1, Unit.CALENDAR_DAYS)
    term = a_term(1, Unit.WORKING_DAYS, at(3, 5, 9), roll=Roll.PREVIOUS, extensions=(hours,), ends_at=EndsAt.CLOSING)

    assert due(term).on == date(2026, 3, 7)
    assert due(replace(term, extensions=(Extension(1, Unit.HOURS), day))).on == date(2026, 3, 7)  # a Saturday


@given(terms(), budgets())
def test_an_extension_never_makes_it_due_earlier(term, longer):
    extended = replace(term, extensions=(*term.extensions, Extension(*longer)))

    assert due(term).at <= due(extended).at


@given(terms(may_stand=False))
def test_a_pause_never_makes_it_due_earlier(term):
    dues = [due(replace(term, pauses=term.pauses[:count])).at for count in range(len(term.pauses) + 1)]

    assert dues == sorted(dues)


@given(terms(may_stand=False), minutes)
def test_a_longer_pause_never_makes_it_due_earlier(term, longer):
    assume(term.pauses)
    *others, last = term.pauses
    grown = replace(term, pauses=(*others, Pause(last.begins, last.ends + longer)))

    assert due(term).at <= due(grown).at


@given(terms(may_stand=False), minutes)
def test_pausing_and_resuming_at_once_changes_nothing(term, later):
    begins = (term.pauses[-1].ends if term.pauses else term.started_at) + later

    assert due(replace(term, pauses=(*term.pauses, Pause(begins, begins)))) == due(term)


@given(terms(), st.floats(0, 1))
def test_two_pauses_that_touch_are_as_good_as_one(term, share):
    assume(term.pauses and term.pauses[-1].ends)
    *others, last = term.pauses
    middle = last.begins + (last.ends - last.begins) * share
    split = replace(term, pauses=(*others, Pause(last.begins, middle), Pause(middle, last.ends)))

    assert due(split) == due(term)
    assert united(split.pauses) == united(term.pauses)


@given(terms())
def test_it_does_not_matter_in_which_zone_an_instant_is_written(term):
    def in_zone(instant):
        return instant and instant.astimezone(LORD_HOWE)

    elsewhere = tuple(Pause(in_zone(one.begins), in_zone(one.ends)) for one in term.pauses)

    assert due(replace(term, started_at=in_zone(term.started_at), pauses=elsewhere)) == due(term)


@example(a_term(5, roll=Roll.PREVIOUS, pauses=(Pause(at(3, 7, 10), None),)))
@given(terms())
def test_a_pause_that_begins_when_it_has_run_out_changes_nothing(term):
    over = due(term)
    assume(not over.stands and (not term.pauses or term.pauses[-1].ends))
    begins = max([over.at, *(one.ends for one in term.pauses)])

    assert due(replace(term, pauses=(*term.pauses, Pause(begins, begins + 9 * DAY)))) == over
