from datetime import date

import pytest

from complaints.calendars.files import load_calendar
from complaints.regimes.due_dates import report_due_on
from complaints.regimes.model import ReportRule

FACT = {"title": {"zh": "规则", "en": "rule"}, "article": {"zh": "第一条", "en": "art. 1"}, "confidence": "H"}


def a_report(**changes):
    return ReportRule.model_validate(FACT | {"name": "return", "period": "half_year"} | changes)


WINDOW = [{"month": 8, "day": 31}, {"month": 2, "day": 31}]


@pytest.mark.parametrize(
    ("rule", "calendar", "period_end", "due_on"),
    [
        # thirty working days in England: Good Friday, Easter Monday and the early May holiday are not counted
        ({"due_budget": 30, "due_unit": "working_days"}, "england-and-wales", date(2026, 3, 31), date(2026, 5, 15)),
        ({"due_budget": 30, "due_unit": "working_days"}, "england-and-wales", date(2026, 6, 30), date(2026, 8, 11)),
        ({"due_budget": 10}, "every-day", date(2026, 3, 31), date(2026, 4, 10)),
        ({"due_budget": 2, "due_unit": "months"}, "every-day", date(2026, 6, 30), date(2026, 8, 30)),
        # a window is named by its last day, and the end of February is the 28th or the 29th
        ({"window": WINDOW}, "every-day", date(2026, 6, 30), date(2026, 8, 31)),
        ({"window": WINDOW}, "every-day", date(2026, 12, 31), date(2027, 2, 28)),
        ({"window": WINDOW}, "every-day", date(2027, 12, 31), date(2028, 2, 29)),
        ({"window": [{"month": 1, "day": 31}]}, "every-day", date(2025, 12, 31), date(2026, 1, 31)),
        # no figure
        ({"due_words": {"zh": "随年报", "en": "with the annual report"}}, "every-day", date(2025, 12, 31), None),
    ],
)
def test_a_return_is_due_after_its_period(rule, calendar, period_end, due_on):
    assert report_due_on(a_report(**rule), period_end, load_calendar(calendar)) == due_on


@pytest.mark.parametrize(
    ("limits", "period_end", "is_made"),
    [
        ({"periods_from": "2027-01-01"}, date(2026, 12, 31), False),
        ({"periods_from": "2027-01-01"}, date(2027, 6, 30), True),
        ({"periods_to": "2026-12-31"}, date(2026, 12, 31), True),
        ({"periods_to": "2026-12-31"}, date(2027, 6, 30), False),
    ],
)
def test_a_return_that_is_not_made_for_a_period_is_never_due(limits, period_end, is_made):
    due_on = report_due_on(a_report(due_budget=10, **limits), period_end, load_calendar("every-day"))

    assert (due_on is not None) is is_made
