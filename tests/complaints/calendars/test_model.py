import copy
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from complaints.calendars.model import MICROSECOND, WEEKEND, Standing, Window, WorkingCalendar
from complaints.errors.deadlines import NoWorkingTime
from complaints.words import Title

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
QUARTER = timedelta(minutes=15)
FEAST = Title(zh="节日", en="feast")
MONDAY_TO_FRIDAY = range(5)
NEW_YORK, LONDON, SYDNEY = ZoneInfo("America/New_York"), ZoneInfo("Europe/London"), ZoneInfo("Australia/Sydney")
CHANGES = [
    (NEW_YORK, date(2026, 3, 8)),  # 02:00 becomes 03:00
    (NEW_YORK, date(2026, 11, 1)),  # 02:00 becomes 01:00
    (LONDON, date(2026, 3, 29)),  # 01:00 becomes 02:00
    (LONDON, date(2026, 10, 25)),  # 02:00 becomes 01:00
    (SYDNEY, date(2026, 10, 4)),  # 02:00 becomes 03:00
    (SYDNEY, date(2026, 4, 5)),  # 03:00 becomes 02:00
    (ZoneInfo("Australia/Lord_Howe"), date(2026, 10, 4)),  # 02:00 becomes 02:30
    (ZoneInfo("America/Sao_Paulo"), date(2018, 11, 4)),  # 24:00 of the day before becomes 01:00
]
"""Zones, and the days on which their clocks are changed."""


def window(text: str) -> Window:
    opens, closes = text.split("-")
    return Window(time.fromisoformat(opens), time() if closes == "24:00" else time.fromisoformat(closes))


def weekly_hours(windows, weekdays):
    """The same windows on each of these weekdays (Monday is 0), and rest on the others."""
    return tuple(tuple(windows) if day in weekdays else () for day in range(7))


def a_calendar(windows=("09:00-12:00", "13:00-17:00"), weekdays=MONDAY_TO_FRIDAY, zone=UTC, **changes):
    hours = tuple(window(one) for one in windows)
    values = {
        "name": "a-calendar",
        "version": "1",
        "zone": ZoneInfo("UTC") if zone is UTC else zone,
        "title": FEAST,
        "weekly": weekly_hours(hours, weekdays),
        "extra": hours,
        "off": {},
        "work": {},
        "years": {2026: Standing.PUBLISHED},
    }
    return WorkingCalendar(**(values | changes))


days = st.dates(date(2023, 1, 1), date(2029, 12, 31))


@st.composite
def calendars(draw):
    """Any rhythm of the week with at least one day of work, and days that are not as the week has it."""
    weekdays = draw(st.sets(st.integers(0, 6), min_size=1))
    off = draw(st.sets(days, max_size=8))
    work = draw(st.sets(days, max_size=8))
    return a_calendar(weekdays=weekdays, off=dict.fromkeys(off, FEAST), work=dict.fromkeys(work, FEAST))


@st.composite
def hours_of_a_day(draw):
    """One to three windows that do not overlap, on the quarter of an hour; the last one may end with the day."""
    quarters = sorted(draw(st.sets(st.integers(0, 96), min_size=2, max_size=6)))
    pairs = list(zip(quarters[::2], quarters[1::2], strict=False))
    return tuple(Window(quarter(begins), quarter(ends)) for begins, ends in pairs)


def quarter(number):
    return time(number // 4 % 24, number % 4 * 15)


# --- days -------------------------------------------------------------------------------------


def test_a_weekday_is_worked_and_a_weekend_is_not():
    calendar = a_calendar()

    assert calendar.is_working(date(2026, 3, 6))
    assert calendar.why_off(date(2026, 3, 6)) is None
    assert calendar.why_off(date(2026, 3, 7)) == WEEKEND
    assert calendar.windows(date(2026, 3, 7)) == ()


def test_a_feast_is_off_and_says_its_name():
    calendar = a_calendar(off={date(2026, 3, 6): FEAST})

    assert calendar.why_off(date(2026, 3, 6)) == FEAST
    assert calendar.windows(date(2026, 3, 6)) == ()


def test_a_make_up_day_is_worked_in_the_hours_of_such_days():
    calendar = a_calendar(work={date(2026, 3, 7): FEAST}, extra=(window("10:00-15:00"),))

    assert calendar.is_working(date(2026, 3, 7))
    assert calendar.windows(date(2026, 3, 7)) == (window("10:00-15:00"),)
    assert calendar.windows(date(2026, 3, 6)) == (window("09:00-12:00"), window("13:00-17:00"))


def test_a_make_up_day_on_a_weekday_keeps_that_weekdays_hours():
    calendar = a_calendar(work={date(2026, 3, 6): FEAST}, off={date(2026, 3, 6): FEAST}, extra=(window("10:00-15:00"),))

    assert calendar.windows(date(2026, 3, 6)) == (window("09:00-12:00"), window("13:00-17:00"))


def test_a_year_that_is_not_named_is_unknown():
    calendar = a_calendar(years={2026: Standing.PUBLISHED, 2027: Standing.EXPECTED})

    assert [calendar.standing(year) for year in (2025, 2026, 2027)] == ["unknown", "published", "expected"]


def test_a_calendar_that_was_written_down_in_full_knows_every_year():
    assert a_calendar(years={}, always=True).standing(2199) is Standing.PUBLISHED


@pytest.mark.parametrize(("text", "said"), [("09:00-17:30", "09:00-17:30"), ("13:00-24:00", "13:00-24:00")])
def test_a_window_is_written_as_it_is_read(text, said):
    assert str(window(text)) == said


# Friday 6 March 2026, and the days after it
@pytest.mark.parametrize(
    ("n", "on"),
    [
        (1, date(2026, 3, 9)),  # Monday
        (5, date(2026, 3, 13)),
        (6, date(2026, 3, 16)),
        (1000, date(2030, 1, 4)),
    ],
)
def test_working_days_are_counted_from_the_day_after(n, on):
    assert a_calendar().nth_working_day(date(2026, 3, 6), n) == on


def test_the_twenty_ninth_of_february_is_a_day_like_any_other():
    calendar = a_calendar()

    assert calendar.nth_working_day(date(2028, 2, 28), 1) == date(2028, 2, 29)  # a Tuesday
    assert calendar.working_days(date(2028, 2, 28), date(2028, 3, 2)) == 3


def test_days_are_counted_over_the_end_of_a_year():
    calendar = a_calendar(off={date(2027, 1, 1): FEAST})

    assert calendar.nth_working_day(date(2026, 12, 30), 2) == date(2027, 1, 4)
    assert calendar.working_days(date(2026, 12, 30), date(2027, 1, 5)) == 3
    assert calendar.at_or_after(date(2027, 1, 1)) == date(2027, 1, 4)
    assert calendar.at_or_before(date(2027, 1, 3)) == date(2026, 12, 31)


@given(calendars(), days, st.integers(1, 400))
def test_the_nth_working_day_is_the_one_that_counting_finds(calendar, after, n):
    day, counted = after, 0
    while counted < n:
        day += DAY
        counted += calendar.is_working(day)

    assert calendar.nth_working_day(after, n) == day


@given(calendars(), days, st.integers(-10, 900))
def test_working_days_between_two_days_are_as_many_as_counting_finds(calendar, first, length):
    end = first + length * DAY

    counted = sum(calendar.is_working(first + number * DAY) for number in range(max(0, length)))

    assert calendar.working_days(first, end) == counted


@given(calendars(), days)
def test_the_nearest_working_days_are_those_that_walking_finds(calendar, day):
    after = before = day
    while not calendar.is_working(after):
        after += DAY
    while not calendar.is_working(before):
        before -= DAY

    assert (calendar.at_or_before(day), calendar.at_or_after(day)) == (before, after)


def test_a_calendar_answers_for_years_before_those_it_has_answered_for():
    calendar = a_calendar()
    later = calendar.nth_working_day(date(2026, 3, 6), 1)

    assert calendar.nth_working_day(date(1999, 12, 31), 1) == date(2000, 1, 3)
    assert calendar.working_days(date(1999, 12, 31), date(2000, 1, 4)) == 2
    assert calendar.nth_working_day(date(2026, 3, 6), 1) == later


# --- hours ------------------------------------------------------------------------------------


def minutes_worked(calendar: WorkingCalendar, begins: datetime, quarters: int) -> int:
    """Look at the clock on the wall every quarter of an hour, on which all windows begin and end."""
    walls = [(begins.astimezone(UTC) + number * QUARTER).astimezone(calendar.zone) for number in range(quarters)]
    return 15 * sum(
        one.opens <= wall.time() and (one.ends_with_the_day or wall.time() < one.closes)
        for wall in walls
        for one in calendar.windows(wall.date())
    )


def minutes(calendar: WorkingCalendar, begins: datetime, ends: datetime) -> float:
    return (calendar.worked(ends) - calendar.worked(begins)) / 60_000_000


def around(change: tuple[ZoneInfo, date], hours: tuple[Window, ...], past_noon: timedelta):
    """Return a calendar of the zone, and an instant that lies so long after noon of the day of the change."""
    zone, changed_on = change
    noon = datetime.combine(changed_on, time(12), tzinfo=zone).astimezone(UTC)
    return a_calendar(zone=zone, weekly=weekly_hours(hours, range(7))), noon + past_noon


def goes_forward(change: tuple[ZoneInfo, date]) -> bool:
    zone, changed_on = change
    before, after = (datetime.combine(day, time(12), tzinfo=zone).utcoffset() for day in (changed_on - DAY, changed_on))
    return after > before


def is_clear(hours: tuple[Window, ...]) -> bool:
    """Whether no window begins or ends within an hour that comes twice, when the wall shows more than is counted."""
    edges = [edge for one in hours for edge in (one.opens, one.closes)]
    return not any(time(1) < edge < time(3) and edge != time(2) for edge in edges)


@given(st.sampled_from(CHANGES), hours_of_a_day(), st.integers(-200, 100), st.integers(0, 200))
def test_working_time_is_what_the_clock_on_the_wall_shows(change, hours, first, quarters):
    assume(goes_forward(change) or is_clear(hours))
    calendar, begins = around(change, hours, first * QUARTER)

    assert minutes(calendar, begins, begins + quarters * QUARTER) == minutes_worked(calendar, begins, quarters)


@pytest.mark.parametrize(
    ("zone", "day", "hours", "worked"),
    [
        # the day has 23 hours, or 25
        (NEW_YORK, date(2026, 3, 8), ["00:00-24:00"], 23 * 60),
        (NEW_YORK, date(2026, 11, 1), ["00:00-24:00"], 25 * 60),
        (LONDON, date(2026, 3, 29), ["00:00-24:00"], 23 * 60),
        (SYDNEY, date(2026, 4, 5), ["00:00-24:00"], 25 * 60),
        # the change lies within a window
        (NEW_YORK, date(2026, 3, 8), ["01:00-05:00"], 3 * 60),
        (NEW_YORK, date(2026, 11, 1), ["01:00-05:00"], 5 * 60),
        # an edge that the clocks skip is when they go forward
        (NEW_YORK, date(2026, 3, 8), ["01:00-02:30"], 60),
        (NEW_YORK, date(2026, 3, 8), ["02:30-05:00"], 2 * 60),
        (NEW_YORK, date(2026, 3, 8), ["02:15-02:45"], 0),
        (NEW_YORK, date(2026, 3, 8), ["01:00-02:15", "02:30-04:00"], 2 * 60),
        # an edge that comes twice is the first of both
        (NEW_YORK, date(2026, 11, 1), ["00:00-01:30"], 90),
        (NEW_YORK, date(2026, 11, 1), ["01:30-03:00"], 150),
        (NEW_YORK, date(2026, 11, 1), ["00:00-01:30", "01:30-03:00"], 4 * 60),
        # a whole day that never was
        (ZoneInfo("Pacific/Apia"), date(2011, 12, 30), ["09:00-17:00"], 0),
        (ZoneInfo("Pacific/Apia"), date(2011, 12, 31), ["09:00-17:00"], 8 * 60),
    ],
)
def test_a_day_on_which_the_clocks_are_changed_has_the_hours_it_had(zone, day, hours, worked):
    calendar = a_calendar(hours, range(7), zone)
    dawn, dusk = (datetime.combine(one, time(), tzinfo=zone) for one in (day, day + DAY))

    assert minutes(calendar, dawn, dusk) == worked


@given(st.sampled_from(CHANGES), hours_of_a_day(), st.integers(-3000, 3000), st.integers(0, 59_999_999))
def test_the_instant_of_some_working_time_is_the_first_with_so_much(change, hours, minute, micro):
    calendar, instant = around(change, hours, minute * MINUTE + micro * MICROSECOND)

    worked = calendar.worked(instant)
    first = calendar.instant_of(worked)

    assert first <= instant
    assert calendar.worked(first) == worked
    assert calendar.worked(first - MICROSECOND) == worked - 1


@given(st.sampled_from(CHANGES), hours_of_a_day(), st.integers(-3000, 3000))
def test_the_next_opening_is_the_first_instant_from_which_work_goes_on(change, hours, minute):
    calendar, instant = around(change, hours, minute * MINUTE)

    opening = calendar.next_opening(instant)

    assert opening >= instant
    assert calendar.worked(opening) == calendar.worked(instant)
    assert calendar.worked(opening + MICROSECOND) == calendar.worked(instant) + 1


def test_time_that_is_used_up_at_closing_ends_at_closing():
    calendar = a_calendar()
    friday = datetime(2026, 3, 6, 9, tzinfo=UTC)

    four_hours, seven_hours = (calendar.worked(friday) + hours * 3_600_000_000 for hours in (4, 7))

    assert calendar.instant_of(four_hours) == datetime(2026, 3, 6, 14, tzinfo=UTC)
    assert calendar.instant_of(seven_hours) == datetime(2026, 3, 6, 17, tzinfo=UTC)
    assert calendar.instant_of(seven_hours + 1) == datetime(2026, 3, 9, 9, tzinfo=UTC) + MICROSECOND


@pytest.mark.parametrize(
    ("instant", "opening"),
    [
        (datetime(2026, 3, 6, 8, 59, tzinfo=UTC), datetime(2026, 3, 6, 9, tzinfo=UTC)),
        (datetime(2026, 3, 6, 9, 0, tzinfo=UTC), datetime(2026, 3, 6, 9, tzinfo=UTC)),
        (datetime(2026, 3, 6, 11, 59, tzinfo=UTC), datetime(2026, 3, 6, 11, 59, tzinfo=UTC)),
        (datetime(2026, 3, 6, 12, 0, tzinfo=UTC), datetime(2026, 3, 6, 13, tzinfo=UTC)),  # closed for lunch
        (datetime(2026, 3, 6, 17, 0, tzinfo=UTC), datetime(2026, 3, 9, 9, tzinfo=UTC)),  # and over the weekend
    ],
)
def test_who_comes_outside_the_hours_is_received_when_they_begin(instant, opening):
    assert a_calendar().next_opening(instant) == opening


def test_windows_that_meet_at_midnight_are_one_stretch():
    calendar = a_calendar(["00:00-24:00"], range(7))

    assert minutes(calendar, datetime(2027, 12, 31, tzinfo=UTC), datetime(2028, 1, 2, tzinfo=UTC)) == 2 * 24 * 60
    assert calendar.next_opening(datetime(2028, 1, 1, tzinfo=UTC)) == datetime(2028, 1, 1, tzinfo=UTC)


def test_an_instant_of_another_zone_is_the_same_instant():
    calendar = a_calendar(zone=ZoneInfo("Asia/Shanghai"))
    instant = datetime(2026, 3, 6, 2, 30, tzinfo=UTC)

    assert calendar.worked(instant) == calendar.worked(instant.astimezone(NEW_YORK))
    assert calendar.next_opening(instant) == instant  # half past ten in Shanghai


def test_a_scale_stays_as_it_was_when_other_years_are_asked_for():
    calendar = a_calendar()
    instant = datetime(2026, 3, 6, 10, tzinfo=UTC)
    worked = calendar.worked(instant)

    calendar.worked(datetime(1999, 1, 1, tzinfo=UTC))
    calendar.worked(datetime(2045, 1, 1, tzinfo=UTC))

    assert calendar.worked(instant) == worked
    assert calendar.instant_of(worked) == instant


def test_working_time_is_found_in_years_that_nobody_asked_for_yet():
    calendar = a_calendar()
    worked = calendar.worked(datetime(2026, 3, 6, 9, tzinfo=UTC))
    a_year = 7 * 3_600_000_000 * 261

    assert calendar.instant_of(worked + 5 * a_year).year == 2031
    assert a_calendar().instant_of(-5 * a_year).year == 1964
    assert a_calendar().instant_of(0) == datetime(1969, 12, 31, 17, tzinfo=UTC)  # the closing before 1970


# --- no working time --------------------------------------------------------------------------

NOW = datetime(2026, 3, 6, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "ask",
    [
        lambda calendar: calendar.nth_working_day(NOW.date(), 1),
        lambda calendar: calendar.nth_working_day(NOW.date(), 100_000),
        lambda calendar: calendar.at_or_after(NOW.date()),
        lambda calendar: calendar.at_or_before(NOW.date()),
        lambda calendar: calendar.next_opening(NOW),
        lambda calendar: calendar.instant_of(calendar.worked(NOW)),
        lambda calendar: calendar.instant_of(-1),
    ],
)
def test_a_week_without_work_never_ends_a_limit(ask):
    with pytest.raises(NoWorkingTime, match="a-calendar"):
        ask(a_calendar(weekdays=()))


def test_a_week_without_work_has_no_days_to_count():
    assert a_calendar(weekdays=()).working_days(date(2020, 1, 1), date(2030, 1, 1)) == 0


def test_a_single_day_of_work_is_found_and_no_second_one():
    calendar = a_calendar(weekdays=(), work={date(2029, 5, 1): FEAST})

    assert calendar.nth_working_day(NOW.date(), 1) == date(2029, 5, 1)
    assert calendar.next_opening(NOW) == datetime(2029, 5, 1, 9, tzinfo=UTC)
    with pytest.raises(NoWorkingTime):
        calendar.nth_working_day(NOW.date(), 2)
    with pytest.raises(NoWorkingTime):
        calendar.next_opening(datetime(2029, 5, 1, 17, tzinfo=UTC))


def test_days_of_work_without_hours_have_no_working_time():
    calendar = a_calendar(weekdays=(), extra=(), work={date(2026, 5, 9): FEAST})

    assert calendar.nth_working_day(NOW.date(), 1) == date(2026, 5, 9)
    with pytest.raises(NoWorkingTime):
        calendar.next_opening(NOW)


def test_beyond_the_year_9999_there_is_no_date():
    with pytest.raises(ValueError):
        a_calendar().nth_working_day(date(9990, 1, 1), 5000)


# --- many at once, and copies -----------------------------------------------------------------


def test_many_threads_at_once_get_the_answers_that_one_gets():
    questions = [datetime(year, 7, 1, 12, tzinfo=UTC) for year in (2026, 1995, 2034, 2011, 2050, 1980, 2027, 2002)]
    calendar, start = a_calendar(zone=LONDON), threading.Barrier(len(questions))

    def ask(instant):
        start.wait()
        opening = calendar.next_opening(instant)
        later = calendar.instant_of(calendar.worked(instant) + 7 * 3_600_000_000)
        return opening, later, calendar.nth_working_day(instant.date(), 300)

    with ThreadPoolExecutor(len(questions)) as pool:
        answers = list(pool.map(ask, questions))

    def alone(instant):
        other = a_calendar(zone=LONDON)
        later = other.instant_of(other.worked(instant) + 7 * 3_600_000_000)
        return other.next_opening(instant), later, other.nth_working_day(instant.date(), 300)

    assert answers == [alone(instant) for instant in questions]


@pytest.mark.parametrize("again", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_calendar_can_be_copied_after_it_has_answered(again):
    calendar = a_calendar()
    opening = calendar.next_opening(NOW + 12 * 60 * MINUTE)

    assert again(calendar) == calendar
    assert again(calendar).next_opening(NOW + 12 * 60 * MINUTE) == opening
