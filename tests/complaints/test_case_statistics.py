"""What is counted of a case beyond where it stands, each from its acts alone."""

from datetime import timedelta

import pytest

from complaints import acts
from complaints.case_statistics import statistics_of
from complaints.clocks import Clock
from complaints.merging import merge, unmerge
from complaints.reception import receive
from complaints.regimes.rulebook import load_pack
from complaints.timekeeping import note, state
from complaints.words import BreachCause, Stage
from tests.builders import (
    EARLIER,
    MONDAY,
    REGIME,
    TRANSFER,
    a_breach,
    a_case,
    a_case_under,
    a_complaint,
    a_finding,
    a_pack,
    advance,
    an_act,
    replayed,
    sweep,
)

DAY = timedelta(days=1)
LATE = MONDAY + 20 * DAY
BESIDE = """
[[clocks]]
name = "call"
budget = 1
unit = "calendar_days"
starts = "received"
ends = ["answered", "closed"]
confidence = "L"
unread = true
article = { zh = "本机构标准", en = "firm's own standard" }
title = { zh = "联系", en = "call" }
"""


def of(case, name):
    """One statistic of a case, as it is and as it comes back from its ledger."""
    (there, back) = (statistics_of(one)[name] for one in (case, replayed(case)))
    assert there == back
    return there


def two_cases():
    earlier = receive(EARLIER, load_pack(REGIME), a_complaint(number="CRM-0000"), "crm", MONDAY - DAY)
    return a_case(), earlier


def test_the_senders_own_names_of_product_and_issue_are_kept():
    case = a_case(sub_product="十二期", issue="重复扣费")

    assert (of(case, "sub_product"), of(case, "issue")) == ("十二期", "重复扣费")


def test_a_correction_of_history_changes_them():
    complaint = a_complaint(kind=None, issue="收费", received_at=MONDAY - 400 * DAY)
    case = receive(EARLIER, load_pack(REGIME), complaint, "import", MONDAY, history=True)
    corrected = acts.facts_of(a_complaint(issue="重复扣费", representative=_AGENT))

    case.record(acts.RecordCorrected(**corrected, received_at=MONDAY), MONDAY)

    assert (of(case, "issue"), of(case, "represented")) == ("重复扣费", True)


_AGENT = {"name": "周明", "relation": "律师", "authority": "授权委托书"}


@pytest.mark.parametrize(("representative", "represented"), [(None, False), (_AGENT, True)])
def test_who_acts_for_the_complainant_is_counted_but_not_named(representative, represented):
    case = a_case(representative=representative)

    assert of(case, "represented") is represented
    assert "周明" not in map(str, statistics_of(case).values())


@pytest.mark.parametrize(
    ("changes", "forwarded"),
    [
        ({}, False),
        ({"channel": "regulator"}, True),
        ({"channel": "hotline"}, True),
        ({"channel": "email", "transfer": TRANSFER}, True),
    ],
)
def test_a_matter_was_forwarded_where_an_authority_or_its_hotline_passed_it_on(changes, forwarded):
    assert of(a_case(**changes), "forwarded") is forwarded


def test_a_group_complaint_is_stated_by_its_sender_or_by_the_handler_and_can_prove_to_be_none():
    case = a_case()
    assert of(case, "is_group") is False

    state(case, frozenset({"group"}), frozenset(), "li.wei", MONDAY)
    assert of(case, "is_group") is True

    state(case, frozenset(), frozenset({"group"}), "li.wei", MONDAY)
    assert of(case, "is_group") is False
    assert of(a_case(circumstances=("group",)), "is_group") is True


def test_a_merged_case_says_into_which_and_the_other_counts_it_until_that_is_undone():
    later, earlier = two_cases()

    merge(later, earlier, "li.wei", MONDAY)
    assert (of(later, "merged_into"), of(later, "repeats")) == (EARLIER, 0)
    assert (of(earlier, "merged_into"), of(earlier, "repeats")) == (None, 1)

    unmerge(later, earlier, "li.wei", MONDAY)
    assert (of(later, "merged_into"), of(earlier, "repeats")) == (None, 0)


def test_each_time_that_a_case_is_taken_up_again_counts():
    case = a_case(Stage.CLOSED)

    for times in (1, 2):
        case.record(an_act(acts.Reopened), MONDAY)
        assert of(case, "reopened") == times
        advance(case, Stage.CLOSED)


def test_a_review_is_asked_for_answered_and_may_be_asked_for_again():
    case = a_case(Stage.CLOSED)
    assert of(case, "review") is None

    for hours, event, expected in (
        (1, "review_requested", "asked"),
        (2, "review_told", "answered"),
        (3, "review_requested", "asked"),
    ):
        at = MONDAY + timedelta(hours=hours)
        note(case, event, at, "li.wei", at)
        assert of(case, "review") == expected


def test_the_handler_is_who_answered_a_question_last():
    case = a_case(Stage.UNDER_INVESTIGATION)
    assert of(case, "handler") is None  # advancing is no answer

    case.answer(case.asks, a_finding(conclusion="need_materials", reasons="请补充流水。"), "li.wei", MONDAY)
    assert of(case, "handler") == "li.wei"

    case.answer(case.asks, a_finding(), "chen.jing", MONDAY)
    assert of(case, "handler") == "chen.jing"

    case.record(an_act(acts.Decided), MONDAY, "zhao.min")
    case.record(an_act(acts.Answered), MONDAY)  # by nobody
    assert of(case, "handler") == "zhao.min"


def test_the_cause_of_a_missed_answer_comes_before_that_of_another_limit():
    case = a_case_under(a_pack(BESIDE))
    sweep(case, LATE)
    assert of_late(case) == (True, True)
    assert statistics_of(case)["breach_cause"] is None

    case.record(acts.BreachExplained(clock="call", cause=BreachCause.SYSTEM), LATE, "li.wei")
    assert statistics_of(case)["breach_cause"] == "system"

    case.record(acts.BreachExplained(clock="decision", cause=BreachCause.STAFFING), LATE, "li.wei")
    assert statistics_of(case)["breach_cause"] == "staffing"


def of_late(case):
    return tuple(clock.is_breach for clock in map(case.clocks.__getitem__, ("call", "decision")))


def test_a_cause_is_asked_at_the_end_and_kept():
    case = a_case()
    sweep(case, LATE)
    advance(case, Stage.FOLLOWED_UP, now=LATE)

    while case.asks:
        case.answer(case.asks, a_breach(cause="materials"), "li.wei", LATE)

    assert of(case, "breach_cause") == "materials"


def test_what_was_not_missed_has_no_cause():
    assert isinstance(a_case().clocks["decision"], Clock)
    assert of(a_case(Stage.CLOSED), "breach_cause") is None


def test_a_case_was_changed_when_its_last_entry_was_made():
    case = a_case()
    assert of(case, "changed_at") == MONDAY

    case.record(acts.Viewed(what="complainant"), LATE, "li.wei")

    assert of(case, "changed_at") == LATE


def test_a_clock_that_was_set_back_does_not_make_a_case_older():
    case = a_case(now=LATE)

    case.record(acts.Viewed(what="complainant"), MONDAY, "li.wei")

    assert of(case, "changed_at") == LATE
