from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.deadlines import due, last_day, last_moment, warn_at
from complaints.regimes.model import ClockRule, Unit, load_pack
from tests.builders import SHANGHAI

LONDON = ZoneInfo("Europe/London")


def a_rule(budget=15, unit=Unit.CALENDAR_DAYS, **changes):
    values = {
        "name": "decision",
        "title": {"zh": "处理决定", "en": "decision"},
        "budget": budget,
        "unit": unit,
        "starts": "received",
        "ends": ("answered",),
        "article": {"zh": "第十八条", "en": "art. 18"},
        "confidence": "H",
    }
    return ClockRule.model_validate(values | changes)


# Complaint received on Monday 2 March 2026; the first day is not counted.
@pytest.mark.parametrize(
    ("days", "due_on"),
    [
        (15, date(2026, 3, 17)),  # CN-NFRA, simple
        (30, date(2026, 4, 1)),  # CN-NFRA, complex
        (60, date(2026, 5, 1)),  # CN-NFRA, specially complex: Labour Day, which does not move it
        (21, date(2026, 3, 23)),  # AU, standard
        (7, date(2026, 3, 9)),  # HK
    ],
)
def test_the_worked_dates_of_the_regimes_page(days, due_on):
    assert due(a_rule(days), datetime(2026, 3, 2, 9, 0, tzinfo=SHANGHAI), SHANGHAI).on == due_on


def test_the_packaged_decision_clock_gives_the_worked_date():
    pack = load_pack("cn-nfra")

    until = due(pack.clock("decision"), datetime(2026, 3, 2, 9, 0, tzinfo=SHANGHAI), pack.tz)

    assert until.on == date(2026, 3, 17)
    assert until.at == datetime(2026, 3, 17, 16, 0, tzinfo=UTC)  # the first instant of 18 March in Shanghai


@pytest.mark.parametrize(
    ("received_at", "due_on"),
    [
        # any time of Monday 2 March in Shanghai
        (datetime(2026, 3, 2, 0, 0, tzinfo=SHANGHAI), date(2026, 3, 17)),
        (datetime(2026, 3, 2, 23, 59, 59, 999999, tzinfo=SHANGHAI), date(2026, 3, 17)),
        (datetime(2026, 3, 3, 0, 0, tzinfo=SHANGHAI), date(2026, 3, 18)),
        # the day changes in Shanghai at 16:00 UTC
        (datetime(2026, 3, 1, 15, 59, tzinfo=UTC), date(2026, 3, 16)),
        (datetime(2026, 3, 1, 16, 0, tzinfo=UTC), date(2026, 3, 17)),
        (datetime(2026, 3, 2, 15, 59, tzinfo=UTC), date(2026, 3, 17)),
        (datetime(2026, 3, 2, 16, 0, tzinfo=UTC), date(2026, 3, 18)),
        # over the end of a year
        (datetime(2025, 12, 20, 9, 0, tzinfo=SHANGHAI), date(2026, 1, 4)),
        (datetime(2025, 12, 31, 16, 30, tzinfo=UTC), date(2026, 1, 16)),  # already 2026 in Shanghai
        # over the end of February
        (datetime(2026, 2, 20, 9, 0, tzinfo=SHANGHAI), date(2026, 3, 7)),
        (datetime(2028, 2, 20, 9, 0, tzinfo=SHANGHAI), date(2028, 3, 6)),  # a leap year
        (datetime(2028, 2, 14, 9, 0, tzinfo=SHANGHAI), date(2028, 2, 29)),
        (datetime(2028, 2, 29, 9, 0, tzinfo=SHANGHAI), date(2028, 3, 15)),
    ],
)
def test_a_simple_case_is_decided_within_fifteen_days_of_receipt(received_at, due_on):
    assert due(a_rule(15), received_at, SHANGHAI).on == due_on


@pytest.mark.parametrize(
    ("started_at", "at"),
    [
        (datetime(2026, 3, 2, 9, 0, tzinfo=SHANGHAI), datetime(2026, 3, 18, 0, 0, tzinfo=SHANGHAI)),
        # the clocks in London go forward on 29 March 2026, and the day still ends at midnight there
        (datetime(2026, 3, 20, 9, 0, tzinfo=LONDON), datetime(2026, 4, 4, 23, 0, tzinfo=UTC)),
        # and back on 25 October
        (datetime(2026, 10, 20, 9, 0, tzinfo=LONDON), datetime(2026, 11, 5, 0, 0, tzinfo=UTC)),
    ],
)
def test_the_last_day_is_in_time_until_it_ends_in_the_regimes_zone(started_at, at):
    assert due(a_rule(15), started_at, started_at.tzinfo).at == at


@pytest.mark.parametrize(
    ("started_at", "at", "on"),
    [
        (datetime(2026, 3, 2, 9, 0, tzinfo=SHANGHAI), datetime(2026, 3, 3, 9, 0, tzinfo=SHANGHAI), date(2026, 3, 3)),
        (datetime(2026, 12, 31, 9, 0, tzinfo=SHANGHAI), datetime(2027, 1, 1, 9, 0, tzinfo=SHANGHAI), date(2027, 1, 1)),
        (datetime(2028, 2, 28, 9, 0, tzinfo=SHANGHAI), datetime(2028, 2, 29, 9, 0, tzinfo=SHANGHAI), date(2028, 2, 29)),
        # ends as the day begins: the last day on which it can be done is the one before
        (datetime(2026, 3, 2, 0, 0, tzinfo=SHANGHAI), datetime(2026, 3, 3, 0, 0, tzinfo=SHANGHAI), date(2026, 3, 2)),
        # twenty-four hours on end are not one day where the clocks change
        (datetime(2026, 3, 28, 12, 0, tzinfo=LONDON), datetime(2026, 3, 29, 12, 0, tzinfo=UTC), date(2026, 3, 29)),
    ],
)
def test_hours_run_on_through_nights_and_days(started_at, at, on):
    until = due(a_rule(24, Unit.HOURS), started_at, started_at.tzinfo)

    assert (until.at, until.on) == (at, on)


@pytest.mark.parametrize("unit", list(Unit))
def test_a_start_without_a_time_zone_is_refused(unit):
    with pytest.raises(ValueError, match="no time zone"):
        due(a_rule(unit=unit), datetime(2026, 3, 2, 9, 0), SHANGHAI)  # noqa: DTZ001


def test_a_due_time_is_explained_in_both_languages():
    steps = due(a_rule(15), datetime(2026, 3, 1, 16, 30, tzinfo=UTC), SHANGHAI).steps

    assert [step.en for step in steps] == [
        "starts 2026-03-02 00:30 (Asia/Shanghai)",
        "the next day is day 1; 15 calendar days, until the end of 2026-03-17",
    ]
    assert [step.zh for step in steps] == [
        "2026-03-02 00:30 起算(Asia/Shanghai)",
        "次日为第 1 日,按自然日计 15 日,至 2026-03-17 日终",
    ]


def test_hours_are_explained_too():
    steps = due(a_rule(24, Unit.HOURS), datetime(2026, 3, 2, 9, 0, tzinfo=SHANGHAI), SHANGHAI).steps

    assert steps[-1].en == "24 hours on end, until 2026-03-03 09:00"


@pytest.mark.parametrize(
    ("due_at", "moment", "day"),
    [
        (datetime(2026, 3, 17, 16, 0, tzinfo=UTC), "2026-03-17 24:00", date(2026, 3, 17)),  # 00:00 of the 18th there
        (datetime(2026, 3, 17, 15, 59, tzinfo=UTC), "2026-03-17 23:59", date(2026, 3, 17)),
        (datetime(2026, 3, 17, 16, 1, tzinfo=UTC), "2026-03-18 00:01", date(2026, 3, 18)),
        (datetime(2026, 12, 31, 16, 0, tzinfo=UTC), "2026-12-31 24:00", date(2026, 12, 31)),
        (datetime(2028, 2, 29, 16, 0, tzinfo=UTC), "2028-02-29 24:00", date(2028, 2, 29)),
    ],
)
def test_a_limit_that_ends_with_a_day_is_shown_as_its_24_o_clock(due_at, moment, day):
    assert (last_moment(due_at, SHANGHAI), last_day(due_at, SHANGHAI)) == (moment, day)


@pytest.mark.parametrize(("hours", "warned_before"), [(72, timedelta(days=3)), (4, timedelta(hours=4)), (None, None)])
def test_a_warning_comes_so_many_hours_before(hours, warned_before):
    due_at = datetime(2026, 3, 17, 16, 0, tzinfo=UTC)

    warned = warn_at(a_rule(warn_before_hours=hours), due_at)

    assert warned == (due_at - warned_before if warned_before else None)


instants = st.datetimes(
    datetime(2000, 1, 1),  # noqa: DTZ001
    datetime(2060, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, SHANGHAI, LONDON, ZoneInfo("America/New_York"), ZoneInfo("Pacific/Apia")]),
    allow_imaginary=False,  # no clock has ever shown 02:30 on the day on which it went forward at 02:00
)
zones = st.sampled_from([SHANGHAI, LONDON, ZoneInfo("America/New_York"), ZoneInfo("Australia/Sydney")])
rules = st.builds(a_rule, st.integers(1, 400), st.sampled_from(Unit))


@given(rules, instants, zones)
def test_a_clock_runs_out_after_it_starts_and_on_its_last_day(rule, started_at, zone):
    until = due(rule, started_at, zone)

    assert until.at > started_at
    last_instant = (until.at - timedelta(microseconds=1)).astimezone(zone)
    assert last_instant.date() == until.on == last_day(until.at, zone)


@given(rules, instants, instants, zones)
def test_who_comes_later_is_never_due_earlier(rule, one, other, zone):
    first, second = sorted([one, other], key=lambda instant: instant.astimezone(UTC))

    assert due(rule, first, zone).at <= due(rule, second, zone).at


@given(st.integers(1, 400), st.sampled_from(Unit), instants, zones)
def test_a_larger_budget_is_due_later(budget, unit, started_at, zone):
    assert due(a_rule(budget, unit), started_at, zone).at < due(a_rule(budget + 1, unit), started_at, zone).at


@given(rules, instants, zones)
def test_it_does_not_matter_in_which_zone_the_start_was_written(rule, started_at, zone):
    assert due(rule, started_at, zone) == due(rule, started_at.astimezone(UTC), zone)
