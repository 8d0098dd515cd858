"""The worked dates of the regimes: a complaint received on Monday 2 March 2026, from packs and calendars to the day."""

from dataclasses import replace
from datetime import date, datetime

import pytest

from complaints.deadlines import Extension, Roll, Term, due
from complaints.regimes.rulebook import packaged_rulebook

BOOK = packaged_rulebook()

# regime, clock, tiers granted, the last day in time
DATES = [
    ("cn-nfra", "decision", (), date(2026, 3, 17)),
    ("cn-nfra", "decision", ("complex",), date(2026, 4, 1)),
    ("cn-nfra", "decision", ("complex", "special"), date(2026, 5, 1)),
    ("cn-pbc", "reply", (), date(2026, 3, 17)),
    ("cn-pbc", "reply", ("complex",), date(2026, 5, 1)),
    ("uk-disp", "informal-resolution", (), date(2026, 3, 5)),
    ("uk-disp", "decision-payment", (), date(2026, 3, 23)),
    ("uk-disp", "decision", (), date(2026, 4, 27)),
    ("uk-disp", "decision-payment", ("holding-response",), date(2026, 4, 22)),  # Good Friday and Easter Monday
    ("au-rg271", "early-closure", (), date(2026, 3, 9)),
    ("au-rg271", "decision-credit", (), date(2026, 3, 23)),
    ("au-rg271", "decision", (), date(2026, 4, 1)),
    ("au-rg271", "decision-super", (), date(2026, 4, 16)),
    ("us-cfpb", "decision", (), date(2026, 3, 17)),
    ("us-cfpb", "final-response", (), date(2026, 5, 1)),
    ("us-reg-e", "determination", (), date(2026, 3, 16)),
    ("us-reg-e", "determination", ("provisional-credit",), date(2026, 4, 16)),
    ("us-reg-x", "acknowledgement", (), date(2026, 3, 9)),
    ("us-reg-x", "response", (), date(2026, 4, 13)),
    ("us-reg-x", "response", ("fifteen-more",), date(2026, 5, 4)),
    ("sg-fa", "acknowledgement", (), date(2026, 3, 4)),
    ("sg-fa", "decision", (), date(2026, 3, 30)),
    ("hk-hkma", "acknowledgement", (), date(2026, 3, 9)),
    ("hk-hkma", "decision", (), date(2026, 4, 1)),
    ("hk-hkma", "decision", ("interim-reply",), date(2026, 5, 1)),
]


def the_term(regime, clock, tiers=()):
    """The time limit of a clock whose tiers were granted; a tier by date is taken to its end."""
    pack = BOOK.pack(regime)
    rule = pack.clock(clock)
    granted = [rule.extension(name) for name in tiers]
    longer = tuple(Extension(one.budget, one.unit or rule.unit, one.total or one.by_date) for one in granted)
    received_at = datetime(2026, 3, 2, 9, 0, tzinfo=pack.tz)
    calendar = BOOK.calendar(rule.calendar or pack.calendar)
    return Term(rule.budget, rule.unit, received_at, pack.tz, calendar, rule.counting, (), longer)


@pytest.mark.parametrize(("regime", "clock", "tiers", "due_on"), DATES)
def test_a_complaint_of_the_second_of_march_2026_is_due(regime, clock, tiers, due_on):
    assert due(the_term(regime, clock, tiers)).on == due_on


def test_where_the_last_day_is_moved_sixty_days_pass_over_the_labour_day_holiday():
    term = the_term("cn-nfra", "decision", ("complex", "special"))

    moved = replace(term, counting=replace(term.counting, roll=Roll.NEXT))

    assert due(moved).on == date(2026, 5, 6)


def test_the_fifth_business_day_moves_where_a_state_has_a_holiday_of_its_own():
    term = the_term("au-rg271", "early-closure")

    assert due(replace(term, calendar=BOOK.calendar("au-vic"))).on == date(2026, 3, 10)


def test_no_worked_date_rests_on_a_year_that_was_not_published():
    assert [due(the_term(*row[:3])).assumed for row in DATES] == [()] * len(DATES)
