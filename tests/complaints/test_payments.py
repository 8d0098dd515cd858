"""What was paid stays paid, whatever becomes of the case later."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from complaints import acts
from complaints.case import Case
from complaints.case_statistics import statistics_of
from complaints.payments import Payment, payments_as_text, payments_in
from complaints.words import Stage
from tests.builders import MONDAY, SHANGHAI, a_case, advance, an_act, replayed

TUESDAY = (MONDAY + timedelta(days=1)).date()
LATER = MONDAY + timedelta(days=9)


def put_right(done_on: date | None = TUESDAY, **decided: object) -> Case:
    """A complaint that was decided on Monday 2 March, and put right nine days later as of another day."""
    case = a_case(Stage.ANSWERED, instead=[an_act(acts.Decided, **decided)])
    case.record(an_act(acts.PutRight, done_on=done_on), LATER, "li.wei")
    return case


def test_money_is_paid_on_the_day_that_stands_in_the_books() -> None:
    assert put_right(amount="128.50", currency="HKD").payments == (Payment(TUESDAY, Decimal("128.50"), "HKD"),)


@pytest.mark.parametrize(
    ("done_on", "paid_on"),
    [
        pytest.param(None, LATER.date(), id="no day is named: when it was recorded"),
        pytest.param(date(2026, 3, 1), MONDAY.date(), id="before the complaint: its receipt"),
        pytest.param(date(2026, 4, 1), LATER.date(), id="after it was recorded: when it was recorded"),
    ],
)
def test_a_day_that_cannot_be_is_taken_as_the_nearest_that_can(done_on: date | None, paid_on: date) -> None:
    assert [one.paid_on for one in put_right(done_on).payments] == [paid_on]


@pytest.mark.parametrize("remedy", ["none", "apology", "correction"])
def test_a_remedy_that_is_no_money_is_no_payment(remedy: str) -> None:
    case = put_right(remedy=remedy, amount="0")

    assert case.payments == ()
    assert statistics_of(case)["payments"] is None


def test_what_was_promised_is_not_paid_yet() -> None:
    assert a_case(Stage.ANSWERED).payments == ()


def test_a_case_that_is_taken_up_again_keeps_its_payments_and_may_get_more() -> None:
    case = put_right()
    advance(case, Stage.CLOSED, now=LATER)
    case.record(an_act(acts.Reopened), LATER, "wu.min")

    assert (case.decided, [one.amount for one in case.payments]) == (None, [Decimal("128.50")])

    again = an_act(acts.Decided, amount="20", currency="HKD")
    advance(case, Stage.CLOSED, now=LATER, instead=[again, an_act(acts.PutRight, done_on=None)])

    both = '[["2026-03-03","128.50","CNY"],["2026-03-11","20.00","HKD"]]'
    assert statistics_of(case)["payments"] == both
    assert replayed(case).payments == case.payments


def test_payments_come_back_from_a_column_as_they_were() -> None:
    one = Payment(datetime(2026, 3, 3, tzinfo=SHANGHAI).date(), Decimal("9999999999999999.99"), "CNY")
    other = one._replace(amount=Decimal("0.10"), currency="HKD")

    texts = [payments_as_text(some) for some in ([one, other], [other])]

    assert payments_in([text for text in texts if text]) == [[one, other], [other]]
    assert payments_in([]) == []
    assert payments_as_text([]) is None
