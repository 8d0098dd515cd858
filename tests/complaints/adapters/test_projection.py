from datetime import timedelta
from decimal import Decimal

import pytest

from complaints import acts
from complaints.adapters.projection import case_columns, clock_columns
from complaints.reception import receive
from complaints.regimes.rulebook import load_pack
from complaints.words import Closure, Kind, Stage
from tests.builders import MONDAY, REFERENCE, REGIME, a_case, a_case_under, a_complaint, a_pack, advance, an_act

LATER = MONDAY + timedelta(hours=1)

STRICTER = """
valid_from = 2020-03-01

[[clocks]]
name = "decision"
budget = 10
"""


def columns_of(stage=Stage.RECEIVED, **changes):
    return case_columns(a_case(stage, **changes))


def test_at_receipt_the_columns_tell_what_was_handed_in():
    known = {name: value for name, value in columns_of(region="CN-31").items() if value is not None}

    assert known == {
        "stage": "received",
        "regime": "cn-nfra",
        "sender": "crm",
        "number": "CRM-0001",
        "channel": "web",
        "language": "zh-CN",
        "party_type": "person",
        "history": False,
        "kind": "complaint",
        "category": "fees",
        "product": "轻舟消费贷",
        "region": "CN-31",
        "amount": Decimal("128.50"),
        "currency": "CNY",
        "received_at": MONDAY,
        "decision_due_at": MONDAY.replace(day=18, hour=0),
        "represented": False,
        "forwarded": False,
        "is_group": False,
        "repeats": 0,
        "reopened": 0,
        "changed_at": MONDAY,
        "on_hold": False,
    }


def test_at_the_end_the_columns_tell_how_it_ended():
    columns = columns_of(Stage.ARCHIVED)

    assert {
        name: columns[name]
        for name in (
            "stage",
            "asks",
            "outcome",
            "remedy",
            "redress_paid",
            "redress_currency",
            "satisfaction",
            "closure",
        )
    } == {
        "stage": "archived",
        "asks": None,
        "outcome": "upheld",
        "remedy": "refund",
        "redress_paid": Decimal("128.50"),
        "redress_currency": "CNY",
        "satisfaction": "satisfied",
        "closure": "completed",
    }
    assert [columns[name] for name in ("acknowledged_at", "answered_at", "closed_at")] == [MONDAY] * 3


def test_what_the_case_asks_for_can_be_listed():
    assert columns_of(Stage.UNDER_INVESTIGATION)["asks"] == "finding"


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        (Stage.ACKNOWLEDGED, ("fees", None, None)),
        (Stage.ASSESSED, ("collection", "forbidden_time", "complex")),
        (Stage.INVESTIGATED, ("service", "general", "major")),
    ],
)
def test_the_finding_overrides_the_assessment_and_that_what_was_stated(stage, expected):
    assessed = an_act(acts.Assessed, category="collection", cause="forbidden_time", severity="complex")
    found = an_act(acts.Found, category="service", cause="general", severity="major")

    columns = columns_of(stage, instead=[assessed, found])

    assert (columns["category"], columns["cause"], columns["severity"]) == expected


def test_a_finding_without_a_category_leaves_the_assessed_one():
    assessed = an_act(acts.Assessed, category="collection")

    assert columns_of(Stage.INVESTIGATED, instead=[assessed])["category"] == "collection"


@pytest.mark.parametrize(
    ("stage", "remedy", "amount", "paid"),
    [
        (Stage.ANSWERED, "refund", "128.50", None),  # promised, not paid yet
        (Stage.PUT_RIGHT, "refund", "128.50", Decimal("128.50")),
        (Stage.CLOSED, "compensation", "50", Decimal(50)),
        (Stage.CLOSED, "apology", "0", None),
        (Stage.CLOSED, "correction", "0", None),
    ],
)
def test_money_counts_as_paid_when_the_payment_was_proven(stage, remedy, amount, paid):
    columns = columns_of(stage, instead=[an_act(acts.Decided, remedy=remedy, amount=amount)])

    assert (columns["redress_paid"], columns["redress_currency"]) == (paid, "CNY" if paid else None)


@pytest.mark.parametrize(("days", "late"), [(None, None), (1, False), (16, True)])
def test_late_is_known_when_the_answer_has_come(days, late):
    case = a_case(Stage.DECIDED)
    if days is not None:
        case.record(acts.Answered(), MONDAY + timedelta(days=days))

    assert case_columns(case)["late"] is late


@pytest.mark.parametrize(("timely", "late"), [(True, False), (False, True), (None, None)])
def test_of_imported_history_the_source_says_whether_it_was_late(timely, late):
    complaint = a_complaint(kind=None, received_at=MONDAY - timedelta(days=400))
    case = receive(REFERENCE, load_pack(REGIME), complaint, "import", MONDAY, history=True)
    case.record(acts.Closed(closure=Closure.HISTORY, timely=timely), MONDAY)

    columns = case_columns(case)

    assert (columns["late"], columns["closed_at"], columns["decision_due_at"]) == (late, None, None)
    assert (columns["history"], columns["kind"], columns["closure"]) == (True, Kind.COMPLAINT, "history")


def test_each_clock_has_its_columns_and_when_to_look_at_it_next():
    case = a_case(Stage.ACKNOWLEDGED)
    until = case.clocks["decision"].started.until
    plain = {"missed": False, "paused": False, "nature": "duty", "standing": ""}
    ends_on_the_17th = plain | {"due_at": until.due_at, "running": True, "calendar": "cn-finance"}
    assert clock_columns(case) == {
        "acknowledgement": plain
        | {"due_at": MONDAY + timedelta(days=1), "next_at": None, "running": False, "calendar": "cn-finance"},
        "decision": ends_on_the_17th | {"next_at": until.marks[0].at},
    }

    case.record(acts.ClockMissed(clock="decision", remind_at=LATER), LATER)

    assert clock_columns(case)["decision"] == ends_on_the_17th | {
        "next_at": LATER,
        "missed": True,
        "standing": "late",
    }


@pytest.mark.parametrize(
    ("act", "column", "value"),
    [
        (an_act(acts.ClockPaused), "paused", True),
        (an_act(acts.ClockPaused), "next_at", MONDAY + timedelta(days=31)),  # the rule's cap
        (an_act(acts.ClockPaused, resumes_at=None), "next_at", None),
        (an_act(acts.ClockReached), "running", False),
        (an_act(acts.ClockEnded), "running", False),
        (an_act(acts.ClockEnded), "next_at", None),
    ],
)
def test_the_columns_of_a_clock_follow_its_acts(act, column, value):
    case = a_case()

    case.record(act, LATER)

    assert clock_columns(case)["decision"][column] == value


@pytest.mark.parametrize(
    ("percent", "standing"),
    [(50, ""), (80, "soon"), (90, "soon")],
)
def test_a_clock_is_shown_as_due_soon_from_its_late_marks_on(percent, standing):
    case = a_case()

    case.record(an_act(acts.ClockWarned, percent=percent), LATER)

    assert clock_columns(case)["decision"]["standing"] == standing


def test_of_several_limits_for_the_answer_the_strictest_is_the_one_in_the_list():
    strict = a_pack(STRICTER, name="beside")

    case = a_case_under(a_pack(), strict)

    assert case_columns(case)["decision_due_at"] == case.clocks["beside/decision"].due_at
    assert set(clock_columns(case)) == {"acknowledgement", "decision", "beside/acknowledgement", "beside/decision"}


def test_the_columns_hold_no_personal_data():
    case = a_case(complainant={"name": "林知夏", "identity_number": "310101"}, contract="QZ-1", respondent="张三")
    advance(case, Stage.ARCHIVED)

    assert not {"林知夏", "310101", "QZ-1", "张三", case.complaint.narrative} & set(
        map(str, case_columns(case).values())
    )


def test_while_the_clock_for_the_answer_stands_still_a_case_has_no_limit_that_could_run_out():
    case = a_case(Stage.UNDER_INVESTIGATION)
    assert case_columns(case)["decision_due_at"] is not None

    case.record(an_act(acts.ClockPaused), MONDAY)
    assert case_columns(case)["decision_due_at"] is None
