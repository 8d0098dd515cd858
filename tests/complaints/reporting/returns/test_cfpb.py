"""The layout of the CFPB's public file."""

import csv
import io
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from complaints.reporting.returns.files import table_csv
from complaints.reporting.returns.model import Grade
from tests.complaints.reporting.returns.building import NEW_YORK, a_row, made, musts, said

EXPORT = ("us-cfpb", "public-export", "2026-03")
OWN = '[entity]\nname = "EXAMPLE BANK, N.A."\n'
COLUMNS = (
    "Date received,Product,Sub-product,Issue,Sub-issue,Consumer complaint narrative,Company public response,Company,"
    "State,ZIP code,Tags,Submitted via,Date sent to company,Company response to consumer,Timely response?,Complaint ID"
)


def on(day: int, hour: int = 0) -> datetime:
    """An hour of March 2026 in New York."""
    return datetime(2026, 3, day, hour, tzinfo=NEW_YORK)


def a_complaint(**changes):
    """What is known of a complaint that the CFPB sent on 2 March and that was answered in time."""
    over = {"answered_at": on(9), "closed_at": on(9), "outcome": "upheld", "remedy": "refund", "closure": "completed"}
    usual = {"sender": "cfpb", "number": "9000001", "received_at": on(2), "late": False, "region": "US-FL"}
    about = {"product": "Mortgage", "sub_product": "VA mortgage", "issue": "Trouble during payment process"}
    return a_row(**over | usual | about | changes)


def test_a_file_is_as_written_out_by_hand_with_sixteen_columns_in_their_order():
    one = made(
        *EXPORT,
        a_complaint(number="9000002", received_at=on(3), channel="telephone", region="PR", late=True),
        a_complaint(remedy="apology", sub_product=None),
        own=OWN,
    )

    first, second = (
        f"2026-03-{day},Mortgage,{sort},Trouble during payment process"
        for day, sort in (("02", ""), ("03", "VA mortgage"))
    )
    assert table_csv(one.tables[0]).splitlines() == [
        COLUMNS,
        f'{first},,,,"EXAMPLE BANK, N.A.",FL,,,Web,,Closed with non-monetary relief,Yes,9000001',
        f'{second},,,,"EXAMPLE BANK, N.A.",,,,Phone,,Closed with monetary relief,No,9000002',
    ]
    assert (one.due_on, one.due_words.en) == (None, "the authority names no day")


def test_what_may_not_be_shown_is_withheld_and_what_we_do_not_hold_is_said():
    one = made(*EXPORT, a_complaint(), own=OWN)

    notes = {finding.field.en: finding.reason.en for finding in one.findings if finding.grade is Grade.NOTE}

    assert notes["Consumer complaint narrative"].startswith("published with the consumer's consent only")
    assert notes["ZIP code"].startswith("personal")
    assert {"Sub-issue", "Company public response", "Tags", "Date sent to company"} <= notes.keys()
    assert musts(one) == []


@pytest.mark.parametrize(
    ("changes", "response", "timely"),
    [
        pytest.param({"remedy": "compensation"}, "Closed with monetary relief", "Yes", id="compensation"),
        pytest.param({"remedy": "correction"}, "Closed with non-monetary relief", "Yes", id="correction"),
        pytest.param({"outcome": "not_upheld", "remedy": "none"}, "Closed with explanation", "Yes", id="rejected"),
        pytest.param({"outcome": None, "remedy": None, "closure": "withdrawn"}, "Closed", "Yes", id="withdrawn"),
        pytest.param({"answered_at": None, "closed_at": None, "late": None}, "In progress", "", id="open"),
        pytest.param(
            {"answered_at": None, "closed_at": None, "late": None, "decision_due_at": on(18)},
            "Untimely response",
            "No",
            id="not answered when its limit ran out",
        ),
    ],
)
def test_the_response_follows_from_how_the_case_ended(changes, response, timely):
    one = made(*EXPORT, a_complaint(**changes), own=OWN)

    row = one.tables[0].records()[0]

    assert (row["Company response to consumer"], row["Timely response?"] or "") == (response, timely)


def test_imported_history_has_no_response_and_says_so():
    history = {"history": True, "closure": "history", "answered_at": None, "closed_at": None, "outcome": None}
    one = made(*EXPORT, a_complaint(remedy=None, **history), own=OWN)

    assert said(musts(one)) == [("complaints", "Company response to consumer", "the case does not say it; left blank")]


def test_only_complaints_with_a_number_of_the_cfpbs_are_in_the_file():
    forwarded = a_complaint(
        sender="crm", number="CRM-1", authority="cfpb", authority_number="9000003", channel="regulator"
    )
    one = made(*EXPORT, a_complaint(), a_complaint(sender="crm"), forwarded, own=OWN)

    assert [(row[-1], row[11]) for row in one.tables[0].rows] == [("9000001", "Web"), ("9000003", "Referral")]


def test_a_product_that_was_kept_in_one_with_its_sort_is_parted_again():
    one = made(*EXPORT, a_complaint(product="Mortgage / VA mortgage", sub_product=None), own=OWN)

    assert one.tables[0].rows[0][1:3] == ("Mortgage", "VA mortgage")


@pytest.mark.parametrize(
    ("received_at", "is_in"),
    [
        (on(1), True),
        (on(1) - timedelta(microseconds=1), False),
        (on(31, 23), True),
        (on(31) + timedelta(days=1), False),
    ],
)
def test_months_begin_at_midnight_in_new_york(received_at, is_in):
    assert made(*EXPORT, a_complaint(received_at=received_at), own=OWN).is_nil is not is_in


def test_a_name_that_begins_as_a_formula_is_made_harmless_and_numbers_stay_numbers():
    one = made(*EXPORT, a_complaint(issue="=cmd|' /C calc'!A0", redress_paid=Decimal("-1")), own=OWN)

    row = next(csv.DictReader(io.StringIO(table_csv(one.tables[0]))))

    assert (row["Issue"], row["Complaint ID"]) == ("'=cmd|' /C calc'!A0", "9000001")
