"""Periods by name, by day and by their edges, and the last day for what is made of them."""

import pickle
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from complaints.calendars.files import load_calendar
from complaints.regimes.model import ReportRule
from complaints.regimes.rulebook import load_pack
from complaints.reporting.periods import Period, PeriodKind, PeriodUnknown, due_on
from tests.builders import SHANGHAI

FACT = {"title": {"zh": "规则", "en": "rule"}, "article": {"zh": "第一条", "en": "art. 1"}, "confidence": "H"}


@pytest.mark.parametrize(
    ("name", "kind", "first_day", "last_day", "before", "year_before"),
    [
        ("2026-03", "month", date(2026, 3, 1), date(2026, 3, 31), "2026-02", "2025-03"),
        ("2026-01", "month", date(2026, 1, 1), date(2026, 1, 31), "2025-12", "2025-01"),
        ("2026-12", "month", date(2026, 12, 1), date(2026, 12, 31), "2026-11", "2025-12"),
        ("2028-02", "month", date(2028, 2, 1), date(2028, 2, 29), "2028-01", "2027-02"),
        ("2026-Q1", "quarter", date(2026, 1, 1), date(2026, 3, 31), "2025-Q4", "2025-Q1"),
        ("2026-Q2", "quarter", date(2026, 4, 1), date(2026, 6, 30), "2026-Q1", "2025-Q2"),
        ("2026-Q4", "quarter", date(2026, 10, 1), date(2026, 12, 31), "2026-Q3", "2025-Q4"),
        ("2026-H1", "half", date(2026, 1, 1), date(2026, 6, 30), "2025-H2", "2025-H1"),
        ("2026-H2", "half", date(2026, 7, 1), date(2026, 12, 31), "2026-H1", "2025-H2"),
        ("2026", "year", date(2026, 1, 1), date(2026, 12, 31), "2025", "2025"),
        ("2024", "year", date(2024, 1, 1), date(2024, 12, 31), "2023", "2023"),
    ],
)
def test_a_period_is_known_by_its_name(
    name: str, kind: str, first_day: date, last_day: date, before: str, year_before: str
) -> None:
    period = Period.parse(name)

    assert (period.kind, period.first_day, period.last_day) == (kind, first_day, last_day)
    assert (period.name, str(period)) == (name, name)
    assert (period.before.name, period.year_before.name) == (before, year_before)
    assert period.before.after == period
    assert Period.containing(period.kind, first_day) == Period.containing(period.kind, last_day) == period


@pytest.mark.parametrize(
    "given",
    [
        *("", "2026-3", "2026-13", "2026-00", "2026-Q5", "2026-Q0", "2026-H3", "0000", "0001", "9999"),
        *("26-03", "2026-03-01", "2026-q1", " 2026", "2026\n", "２０２６", "-2026"),
    ],
)
def test_what_names_no_period_is_refused_with_what_would(given: str) -> None:
    with pytest.raises(PeriodUnknown, match="2026-Q1") as refused:
        Period.parse(given)

    assert str(pickle.loads(pickle.dumps(refused.value))) == str(refused.value)


@pytest.mark.parametrize(("kind", "day"), [("month", date(2026, 3, 2)), ("quarter", date(2026, 2, 1))])
def test_a_period_begins_on_its_first_day(kind: str, day: date) -> None:
    with pytest.raises(PeriodUnknown):
        Period(PeriodKind(kind), day)


@pytest.mark.parametrize(
    ("name", "zone", "starts_at", "ends_at"),
    [
        ("2026-03", "Asia/Shanghai", datetime(2026, 2, 28, 16, tzinfo=UTC), datetime(2026, 3, 31, 16, tzinfo=UTC)),
        # the clocks go forward on 29 March: the month is an hour shorter
        ("2026-03", "Europe/London", datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 31, 23, tzinfo=UTC)),
        ("2026", "Australia/Sydney", datetime(2025, 12, 31, 13, tzinfo=UTC), datetime(2026, 12, 31, 13, tzinfo=UTC)),
    ],
)
def test_a_period_spans_days_of_its_zone(name: str, zone: str, starts_at: datetime, ends_at: datetime) -> None:
    assert Period.parse(name).span(ZoneInfo(zone)) == (starts_at, ends_at)


@pytest.mark.parametrize("kind", PeriodKind)
def test_periods_of_a_kind_follow_each_other_without_a_gap(kind: PeriodKind) -> None:
    period = Period.containing(kind, date(2023, 5, 17))
    for _ in range(30):
        assert period.span(SHANGHAI)[1] == period.after.span(SHANGHAI)[0]
        assert period.last_day + timedelta(days=1) == period.after.first_day
        assert period.name < period.after.name
        period = period.after


@pytest.mark.parametrize(
    ("period", "day"),
    [
        ("2026-03", date(2026, 3, 31)),  # a Tuesday
        ("2026-02", date(2026, 2, 28)),  # a Saturday, made a working day after the Spring Festival
        ("2026-01", date(2026, 1, 30)),  # the 31st is a Saturday
        ("2025-Q3", date(2025, 9, 30)),
        ("2025-H1", date(2025, 6, 30)),
        ("2025", date(2025, 12, 31)),
        ("2025-05", date(2025, 5, 30)),  # Saturday is the Dragon Boat Festival
    ],
)
def test_the_firms_own_summary_is_due_on_the_last_working_day_in_china(period: str, day: date) -> None:
    assert due_on(Period.parse(period), None, load_calendar("cn-public")) == day


@pytest.mark.parametrize(
    ("regime", "report", "period", "day"),
    [
        ("cn-nfra", "local-bureau", "2026-Q1", date(2026, 4, 10)),
        ("cn-nfra", "local-bureau", "2025-Q4", date(2026, 1, 10)),
        ("cn-nfra", "local-bureau", "2026-03", None),  # made for quarters only
        ("cn-nfra", "yearly-disclosure", "2025", None),  # with the annual report: no figure
        ("cn-pbc", "self-assessment", "2025", date(2026, 1, 31)),
        ("au-rg271", "idr-data", "2026-H1", date(2026, 8, 31)),
        ("au-rg271", "idr-data", "2026-H2", date(2027, 2, 28)),
        ("au-rg271", "idr-data", "2027-H2", date(2028, 2, 29)),
        # 30 business days; the summer bank holiday of 31 August is not reached
        ("uk-disp", "annex-1r", "2026-H1", date(2026, 8, 11)),
        ("uk-disp", "annex-1r", "2025-H2", date(2026, 2, 12)),  # New Year's Day is not counted
        ("uk-disp", "annex-1r", "2027-H1", None),  # replaced
    ],
)
def test_a_return_is_due_by_the_rule_of_its_pack(regime: str, report: str, period: str, day: date | None) -> None:
    pack = load_pack(regime)
    [rule] = [one for one in pack.reports if one.name == report]

    assert due_on(Period.parse(period), rule, load_calendar(pack.calendar)) == day


@pytest.mark.parametrize(
    ("period", "kind"), [("month", "month"), ("quarter", "quarter"), ("half_year", "half"), ("year", "year")]
)
def test_a_return_names_its_periods_kind(period: str, kind: str) -> None:
    rule = ReportRule.model_validate(FACT | {"name": "return", "period": period})

    assert PeriodKind.of(rule) is PeriodKind(kind)
