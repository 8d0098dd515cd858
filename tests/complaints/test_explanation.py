"""The reasons of a due time: the sentences as people read them, and days that add up to the budget."""

from dataclasses import replace
from datetime import date, time, timedelta

import pytest
from hypothesis import given, settings

from complaints.calendars.model import WEEKEND, Standing
from complaints.deadlines import (
    EndsAt,
    Extension,
    Pause,
    RestDayStart,
    Roll,
    Unit,
    add_months,
    budgets_of,
    due,
    last_moment,
)
from complaints.explanation import CLOSED, PAUSED, Day, explain, ranges
from tests.complaints.test_deadlines import CHINA, EVERY_DAY, FEBRUARY, HOLIDAY, NEW_YORK, a_calendar, a_term, at, terms

DAY = timedelta(days=1)


def english(term):
    return [step.en for step in explain(term).steps]


def test_a_limit_in_days_is_explained_in_both_languages():
    steps = explain(a_term(15)).steps

    assert [step.en for step in steps] == [
        "starts 2026-03-02 09:00 (Asia/Shanghai)",
        "the day of the start is not counted",
        "15 calendar days: day 1 is 2026-03-03, day 15 is 2026-03-17",
        "due 2026-03-17 24:00",
    ]
    assert [step.zh for step in steps] == [
        "2026-03-02 09:00 起算（Asia/Shanghai）",
        "当日不计入，自次日起算",
        "计 15 个自然日：第 1 日 2026-03-03，第 15 日 2026-03-17",
        "到期：2026-03-17 24:00",
    ]


def test_every_day_of_rest_is_named_with_its_reason():
    steps = explain(a_term(6, Unit.WORKING_DAYS, at(9, 24, 9), CHINA)).steps

    assert [step.en for step in steps[2:-1]] == [
        "6 working days: day 1 is 2026-09-25, day 6 is 2026-10-08",
        "of these 1 make-up working day (National Day make-up day): 2026-09-27",
        "7 days left out (National Day): 2026-10-01 to 2026-10-07",
        "1 day left out (weekend): 2026-09-26",  # the Sunday is worked
    ]
    assert [step.zh for step in steps[2:-1]] == [
        "计 6 个工作日：第 1 日 2026-09-25，第 6 日 2026-10-08",
        "其中调休上班 1 日（国庆节调休）：2026-09-27",
        "不计 7 日（国庆节）：2026-10-01至2026-10-07",
        "不计 1 日（周末）：2026-09-26",
    ]


@pytest.mark.parametrize(
    ("term", "sentence"),
    [
        (a_term(1, first_day=True), "the day of the start counts as day 1"),
        (a_term(1, cut_off=time(8, 30)), "later than 08:30: counts as received on the next day"),
        (
            a_term(1, Unit.WORKING_DAYS, at(3, 7, 9), rest_day_start=RestDayStart.NEXT_IS_DAY_0),
            "the day of the start is no working day: counts as 2026-03-09",
        ),
        (a_term(1), "1 calendar day: day 1 is 2026-03-03, day 1 is 2026-03-03"),
        (a_term(24, Unit.HOURS), "24 hours on end"),
        (a_term(1, Unit.MONTHS), "1 month: day 1 is 2026-03-03, day 31 is 2026-04-02"),
        (a_term(60, Unit.WORKING_MINUTES), "60 working minutes: day 1 is 2026-03-02, day 1 is 2026-03-02"),
        (
            a_term(5, roll=Roll.NEXT),
            "the last day 2026-03-07 is no working day (weekend): moved on to 2026-03-09",
        ),
        (
            a_term(5, roll=Roll.PREVIOUS),
            "the last day 2026-03-07 is no working day (weekend): moved back to 2026-03-06",
        ),
        (a_term(4, ends_at=EndsAt.CLOSING), "due 2026-03-06 17:00 (at closing)"),
        (a_term(5, ends_at=EndsAt.CLOSING), "due 2026-03-07 24:00"),  # a day of rest has no closing
        (a_term(15, extensions=(Extension(5, Unit.WORKING_DAYS),)), "extended by 5 working days"),
        (a_term(15, extensions=(Extension(60, Unit.CALENDAR_DAYS, True),)), "extended to 60 calendar days in all"),
        (
            a_term(15, pauses=(Pause(at(3, 5, 10), at(3, 6, 10)),)),
            "stood still from 2026-03-05 10:00 to 2026-03-06 10:00: 1 day left out",
        ),
        (
            a_term(15, pauses=(Pause(FEBRUARY, at(3, 6)),)),  # of which the days before the start never counted
            "stood still from 2026-02-20 09:00 to 2026-03-06 00:00: 3 days left out",
        ),
        (
            a_term(15, pauses=(Pause(at(3, 5, 10), at(3, 5, 12)),)),
            "stood still from 2026-03-05 10:00 to 2026-03-05 12:00",
        ),
        (
            a_term(15, pauses=(Pause(at(3, 18), at(3, 20)),)),
            "the pause from 2026-03-18 00:00 begins when it has run out",
        ),
        (a_term(15, pauses=(Pause(at(3, 5, 10), None),)), "stands still since 2026-03-05 10:00"),
        (
            a_term(15, pauses=(Pause(at(3, 5, 10), None),)),
            "not due while it stands still (resumed at once: 2026-03-17 24:00)",
        ),
        (
            a_term(5, Unit.WORKING_DAYS, calendar=a_calendar(years={2026: Standing.EXPECTED})),
            "computed without the 2026 arrangement, which is not published yet",
        ),
        (
            a_term(5, Unit.WORKING_DAYS, calendar=a_calendar(years={2025: Standing.PUBLISHED})),
            "computed from the week alone: the calendar has no data for 2026",
        ),
    ],
)
def test_every_rule_that_was_applied_is_a_sentence(term, sentence):
    assert sentence in english(term)


@pytest.mark.parametrize("changes", [{}, {"unit": Unit.HOURS}, {"unit": Unit.WORKING_MINUTES}])
def test_nothing_is_said_of_rules_that_were_not_applied(changes):
    said = " ".join(english(a_term(15, **changes)))

    assert not [word for word in ("moved", "stood", "left out", "extended", "counts as", "closing") if word in said]


def test_the_days_of_a_count_tell_why_each_was_left_out():
    term = a_term(2, Unit.WORKING_DAYS, at(9, 29, 9), CHINA, pauses=(Pause(at(9, 30, 8), at(10, 1, 8)),))

    assert explain(term).days == (
        Day(date(2026, 9, 30), None, why=PAUSED),
        *(Day(date(2026, 10, day), None, why=HOLIDAY) for day in range(1, 8)),
        Day(date(2026, 10, 8), 1),
        Day(date(2026, 10, 9), 2),
    )


def test_the_days_over_which_the_last_one_is_moved_are_there_too():
    assert explain(a_term(5, roll=Roll.NEXT)).days[-3:] == (
        Day(date(2026, 3, 7), 5),
        Day(date(2026, 3, 8), None, why=WEEKEND),
        Day(date(2026, 3, 9), None, moved_to=True),
    )


def test_working_minutes_are_counted_by_day():
    term = a_term(300, Unit.WORKING_MINUTES, at(3, 5, 16), pauses=(Pause(at(3, 6, 8), at(3, 9, 9, 30)),))

    assert explain(term).days == (
        Day(date(2026, 3, 5), 1, 60),
        Day(date(2026, 3, 6), None, why=PAUSED),
        Day(date(2026, 3, 7), None, why=WEEKEND),
        Day(date(2026, 3, 8), None, why=WEEKEND),
        Day(date(2026, 3, 9), 2, 240),
    )


def test_a_start_after_closing_counts_nothing_on_its_day():
    assert explain(a_term(60, Unit.WORKING_MINUTES, at(3, 2, 17))).days == (
        Day(date(2026, 3, 2), None, why=CLOSED),
        Day(date(2026, 3, 3), 1, 60),
    )


def test_hours_are_counted_by_day_and_an_hour_is_missing_where_the_clocks_go_forward():
    days = explain(a_term(36, Unit.HOURS, at(3, 7, 12, zone=NEW_YORK), zone=NEW_YORK)).days

    assert [(one.on.day, one.minutes) for one in days] == [(7, 720), (8, 1380), (9, 60)]


def test_half_minutes_add_up_all_the_same():
    days = explain(a_term(421, Unit.WORKING_MINUTES, at(3, 2, 9) + timedelta(seconds=30))).days

    assert [one.minutes for one in days] == [419, 2]


def test_programs_get_the_same_as_json():
    term = a_term(2, Unit.WORKING_DAYS, at(3, 6, 9))

    assert explain(term).as_json()["days"] == [
        {"on": "2026-03-07", "left_out": {"zh": "周末", "en": "weekend"}},
        {"on": "2026-03-08", "left_out": {"zh": "周末", "en": "weekend"}},
        {"on": "2026-03-09", "counted": 1},
        {"on": "2026-03-10", "counted": 2},
    ]
    assert explain(a_term(5, roll=Roll.NEXT)).as_json()["days"][-1] == {"on": "2026-03-09", "moved_to": True}
    assert explain(a_term(60, Unit.WORKING_MINUTES)).as_json() == {
        "steps": [step.model_dump() for step in explain(a_term(60, Unit.WORKING_MINUTES)).steps],
        "days": [{"on": "2026-03-02", "counted": 1, "minutes": 60}],
    }


@pytest.mark.parametrize(
    ("days", "listed"),
    [
        ([1], "2026-10-01"),
        ([1, 2, 3], "2026-10-01 to 2026-10-03"),
        ([1, 2, 3, 10], "2026-10-01 to 2026-10-03, 2026-10-10"),
        ([1, 3, 4], "2026-10-01, 2026-10-03 to 2026-10-04"),
    ],
)
def test_days_in_a_row_are_listed_as_one(days, listed):
    assert ranges([date(2026, 10, day) for day in days], " to ", ", ") == listed


def test_a_limit_of_a_hundred_years_can_be_explained():
    assert len(explain(a_term(36_525, Unit.WORKING_DAYS, calendar=EVERY_DAY)).days) == 36_525


def amount(term, value, unit, start):
    """What the days of a stretch must add up to: days, or minutes."""
    match unit:
        case Unit.WORKING_MINUTES:
            return value
        case Unit.HOURS:
            return 60 * value
        case Unit.WEEKS:
            return 7 * value
        case Unit.MONTHS:
            return (add_months(start, value) - start).days
    return value


@settings(max_examples=100)
@given(terms(extended=False))
def test_the_days_end_on_the_due_day_and_add_up_to_the_budget(term):
    explained = explain(term)
    counted = [one for one in explained.days if one.number is not None]

    assert explained.due == due(term)
    assert explained.days[-1].on == explained.due.on
    assert [one.number for one in counted] == list(range(1, len(counted) + 1))
    if term.unit.ends_with_a_day:
        start = counted_from(term, explained)
        clamped = term.unit is Unit.MONTHS and add_months(start, term.value).day != start.day
        assert len(counted) == amount(term, term.value, term.unit, start) + (clamped and term.counting.first_day)
    else:
        assert sum(one.minutes for one in counted) == amount(term, term.value, term.unit, None)


def counted_from(term, explained):
    return explained.days[0].on - (timedelta() if term.counting.first_day else DAY)


@given(terms())
def test_with_extensions_the_days_of_each_stretch_add_up_to_it(term):
    explained, budgets = explain(term), budgets_of(term)
    minutes = sum(one.minutes or 0 for one in explained.days)
    numbers = [one.number for one in explained.days if one.number is not None and one.minutes is None]

    assert explained.days[-1].on == explained.due.on
    assert minutes == sum(amount(term, *budget, None) for budget in budgets if not budget[1].ends_with_a_day)
    if Unit.MONTHS not in dict.fromkeys(unit for _, unit in budgets):
        in_days = [amount(term, *budget, None) for budget in budgets if budget[1].ends_with_a_day]
        assert numbers == [number for length in in_days for number in range(1, length + 1)]


@given(terms(extended=False))
def test_no_day_is_missing_between_the_first_and_the_last(term):
    days = [one.on for one in explain(replace(term, counting=replace(term.counting, roll=Roll.NEXT))).days]

    assert days == [days[0] + number * DAY for number in range(len(days))]


@given(terms())
def test_a_day_is_counted_or_left_out_with_a_reason(term):
    for one in explain(term).days:
        assert (one.number is None) == bool(one.why or one.moved_to)


@given(terms())
def test_every_sentence_is_there_in_both_languages(term):
    explained = explain(term)

    assert all(step.zh and step.en and step.zh != step.en for step in explained.steps)
    assert last_moment(explained.due.at, term.zone) in explained.steps[-1].en
