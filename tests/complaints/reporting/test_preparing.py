"""On which day a summary is prepared by itself."""

from datetime import date

import pytest

from complaints.regimes.rulebook import load_pack, packaged_rulebook
from complaints.reporting.periods import Period, PeriodKind
from complaints.reporting.preparing import CATCH_UP, period_to_prepare, preparation_day

CN = load_pack("cn-nfra")
CALENDAR = packaged_rulebook().calendar(CN.calendar)


@pytest.mark.parametrize(
    ("period", "day"),
    [
        ("2026-03", date(2026, 3, 31)),  # a Tuesday
        ("2026-01", date(2026, 1, 30)),  # the 31st is a Saturday
        ("2026-02", date(2026, 2, 27)),  # the 28th is a Saturday on which others work, but no bank
        ("2026-Q1", date(2026, 4, 1)),  # a local bureau asks for it ten days later
        ("2026-Q3", date(2026, 10, 8)),  # after the holidays
        ("2026-H1", date(2026, 6, 30)),
        ("2026", date(2026, 12, 31)),
    ],
)
def test_a_summary_is_prepared_on_the_last_working_day_or_once_a_return_is_asked_for(period: str, day: date) -> None:
    assert preparation_day(Period.parse(period), CN, CALENDAR) == day


@pytest.mark.parametrize(
    ("today", "prepared", "wanted"),
    [
        (date(2026, 3, 30), {}, None),
        (date(2026, 3, 31), {}, "2026-03"),
        (date(2026, 4, 3), {}, "2026-03"),  # the machines stood still on the day
        (date(2026, 4, 10), {}, "2026-03"),
        (date(2026, 4, 12), {}, None),
        (date(2026, 3, 31), {"2026-03": date(2026, 3, 31)}, None),
        (date(2026, 3, 31), {"2026-03": date(2026, 3, 12)}, "2026-03"),  # somebody looked at it before
        (date(2026, 4, 1), {"2026-03": date(2026, 3, 31)}, "2026-03"),  # only now it is over
        (date(2026, 4, 1), {"2026-03": date(2026, 4, 1)}, None),
        (date(2026, 2, 2), {"2026-01": date(2026, 1, 30)}, "2026-01"),  # the 1st is a Sunday
        (date(2026, 2, 1), {"2026-01": date(2026, 1, 30)}, None),
        (date(2026, 4, 30), {"2026-03": date(2026, 4, 1)}, "2026-04"),
    ],
)
def test_a_month_is_prepared_on_its_day_or_soon_after_and_once_more_when_it_is_over(
    today: date, prepared: dict[str, date], wanted: str | None
) -> None:
    found = period_to_prepare(PeriodKind.MONTH, today, CN, CALENDAR, prepared)

    assert (found.name if found else None) == wanted
    assert CATCH_UP.days == 10
