from datetime import date, timedelta

import pytest

from complaints import acts, timekeeping
from complaints.calendars.files import load_calendar
from complaints.regimes.due_dates import kept_until, report_due_on
from complaints.regimes.model import ReportRule, RetentionRule
from complaints.words import Closure, ReopenReason, Stage
from tests.builders import MONDAY, a_case_under, a_regime, advance, utc

FACT = {"title": {"zh": "规则", "en": "rule"}, "article": {"zh": "第一条", "en": "art. 1"}, "confidence": "H"}


def a_report(**changes):
    return ReportRule.model_validate(FACT | {"name": "return", "period": "half_year"} | changes)


def a_retention(years, starts="closed", **changes):
    return RetentionRule.model_validate(
        FACT | {"name": f"{starts}-{years}", "starts": starts, "years": years} | changes
    )


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


def a_closed_case(**changes):
    case = a_case_under(a_regime(), **changes)
    advance(case, Stage.CLOSED, now=MONDAY + timedelta(days=10))
    return case


@pytest.mark.parametrize(
    ("rules", "until", "winner"),
    [
        ([a_retention(3)], date(2029, 3, 12), "closed-3"),
        ([a_retention(3), a_retention(5)], date(2031, 3, 12), "closed-5"),
        ([a_retention(5, "received"), a_retention(3)], date(2031, 3, 2), "received-5"),
        ([a_retention(3, "received"), a_retention(3)], date(2029, 3, 12), "closed-3"),  # the same length, later start
        ([a_retention(9, "review_told"), a_retention(3)], date(2029, 3, 12), "closed-3"),  # has not happened
        ([a_retention(9, when={"circumstances": ["complex"]}), a_retention(3)], date(2029, 3, 12), "closed-3"),
        ([a_retention(9, when={"channels": ["web"]}), a_retention(3)], date(2035, 3, 12), "closed-9"),
    ],
)
def test_of_several_retention_rules_the_longest_that_applies_wins(rules, until, winner):
    kept = kept_until(a_closed_case(), rules)

    assert (kept.until, kept.rule.name) == (until, winner)


def test_a_rule_that_counts_from_an_event_counts_once_it_has_happened():
    case, later = a_closed_case(), MONDAY + timedelta(days=100)
    timekeeping.note(case, "review_told", later, "li.wei", later)

    assert kept_until(case, [a_retention(3), a_retention(3, "review_told")]).until == date(2029, 6, 10)


@pytest.mark.parametrize(
    "case",
    [a_case_under(a_regime()), *[a_closed_case() for _ in "r"]],
    ids=["open", "taken up again"],
)
def test_no_end_is_in_sight_while_somebody_still_works_on_it(case):
    if not case.stage.is_open:
        case.record(acts.Reopened(reason=ReopenReason.MISTAKE), MONDAY + timedelta(days=20))

    assert kept_until(case, [a_retention(3, "received")]) is None


def test_a_hold_keeps_a_file_whatever_the_rules_say():
    assert kept_until(a_closed_case(), [a_retention(3)], held=True) is None


def test_a_file_is_kept_to_the_end_of_february_where_it_began_on_a_leap_day():
    case = a_case_under(a_regime(), now=utc(2028, 2, 29, 4))
    case.record(acts.Closed(closure=Closure.WITHDRAWN), utc(2028, 2, 29, 4))

    assert kept_until(case, [a_retention(5)]).until == date(2033, 2, 28)


def test_without_rules_nothing_says_how_long():
    assert kept_until(a_closed_case()) is None
