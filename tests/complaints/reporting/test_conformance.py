"""Conformance of cases to the procedure of their kind: what follows it, and every way of not following it."""

import json
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import pytest

from complaints import acts
from complaints.case import Case
from complaints.ledger import canonical
from complaints.reception import receive
from complaints.regimes.rulebook import load_pack
from complaints.reporting.conformance import READ, WAYS, Deviation, Step, deviations
from complaints.words import Closure, Conclusion, Kind, Remedy, Stage
from tests.builders import (
    MONDAY,
    REFERENCE,
    REGIME,
    a_case,
    a_complaint,
    advance,
    an_act,
    prepare_letter,
    send_letter,
    sweep,
)

DAY = timedelta(days=1)


def ledger(case: Case) -> list[Step]:
    """The clear part of a case's ledger, as it comes back from the database."""
    return [
        Step(
            one.act.kind_name(),
            one.at,
            json.loads(canonical(one.act.model_dump(mode="json", exclude=one.act.personal))),
        )
        for one in case.new
    ]


def a_closed_case(kind: Kind = Kind.COMPLAINT, **given: Any) -> Case:
    case = a_case(kind=kind)
    send_letter(case, "acknowledgement", now=MONDAY)
    if kind is Kind.CONSULTATION:
        advance(case, Stage.ASSESSED)
        case.record(an_act(acts.Replied), MONDAY, "li.wei")
    advance(case, Stage.CLOSED, **given)
    return case


def without(*kinds: str) -> Callable[[list[Step]], list[Step]]:
    return lambda steps: [one for one in steps if one.kind not in kinds]


def swapped(one: str, other: str) -> Callable[[list[Step]], list[Step]]:
    def swap(steps: list[Step]) -> list[Step]:
        kinds = [step.kind for step in steps]
        first, second = kinds.index(one), kinds.index(other)
        steps[first], steps[second] = steps[second], steps[first]
        return steps

    return swap


def again(kind: str) -> Callable[[list[Step]], list[Step]]:
    def repeat(steps: list[Step]) -> list[Step]:
        place = next(index for index, step in enumerate(steps) if step.kind == kind)
        return [*steps[: place + 1], steps[place], *steps[place + 1 :]]

    return repeat


def saying(kind: str, **facts: Any) -> Callable[[list[Step]], list[Step]]:
    return lambda steps: [Step(one.kind, one.at, {**one.facts, **facts}) if one.kind == kind else one for one in steps]


def codes(found: Iterable[Deviation] | None) -> set[str]:
    assert found is not None
    return {str(one) for one in found}


# --- what follows the procedure -------------------------------------------------------------------


@pytest.mark.parametrize("kind", Kind)
def test_a_case_that_went_the_way_of_its_kind_conforms(kind):
    assert deviations(ledger(a_closed_case(kind))) == frozenset()


def test_a_declined_complaint_conforms_without_a_decision():
    case = a_case(Stage.UNDER_INVESTIGATION)
    case.record(an_act(acts.Found, conclusion=Conclusion.NOT_OURS), MONDAY, "li.wei")
    case.record(an_act(acts.Answered), MONDAY)
    case.record(an_act(acts.Closed, closure=Closure.DECLINED), MONDAY)
    assert deviations(ledger(case)) == frozenset()


def test_only_a_complaint_can_be_declined():
    steps = saying("closed", closure="declined")(ledger(a_closed_case(Kind.REPORT)))
    place = next(n for n, one in enumerate(steps) if one.kind == "report_examined")
    found = Step("found", MONDAY, {"conclusion": "not_ours"})
    assert codes(deviations([*steps[:place], found, *steps[place:]])) == {"other_closure"}


@pytest.mark.parametrize("stage", [Stage.RECEIVED, Stage.ASSESSED, Stage.DECIDED, Stage.PUT_RIGHT])
def test_a_complaint_may_be_withdrawn_at_any_stage(stage):
    case = a_case(stage)
    prepare_letter(case, letter="decision")
    case.withdraw("li.wei", MONDAY)
    assert deviations(ledger(case)) == frozenset()


def test_a_merger_and_its_undoing_leave_a_case_where_it_was():
    case = a_case(Stage.ASSESSED)
    case.record(an_act(acts.Merged), MONDAY, "li.wei")
    if case.stage.is_open:
        case.record(an_act(acts.Closed, closure=Closure.MERGED), MONDAY)
    assert deviations(ledger(case)) == frozenset()
    case.record(an_act(acts.MergeUndone), MONDAY, "li.wei")
    advance(case, Stage.CLOSED)
    assert deviations(ledger(case)) == frozenset()


def test_a_case_that_was_taken_up_again_has_to_be_found_out_and_decided_again():
    case = a_closed_case()
    case.record(an_act(acts.Reopened), MONDAY + DAY, "li.wei")
    for act in (acts.Found, acts.Decided, acts.Answered, acts.PutRight, acts.FollowedUp, acts.Closed):
        case.record(an_act(act), MONDAY + DAY, "li.wei")
    steps = ledger(case)
    assert deviations(steps) == frozenset()
    second = max(index for index, one in enumerate(steps) if one.kind == "decided")
    assert codes(deviations(steps[:second] + steps[second + 1 :])) == {"not_decided"}


def test_imported_history_is_not_looked_at():
    case = receive(REFERENCE, load_pack(REGIME), a_complaint(), "register", MONDAY, history=True)
    assert deviations(ledger(case)) is None


# --- what does not ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "act", "code"), [(kind, act, str(code)) for kind, way in WAYS.items() for act, code in way]
)
def test_a_step_that_is_missing_from_the_ledger_is_named(kind, act, code):
    steps = without(act)(ledger(a_closed_case(kind)))
    assert code in codes(deviations(steps))


@pytest.mark.parametrize(
    ("tamper", "code"),
    [
        (swapped("acknowledged", "answered"), "out_of_order"),
        (swapped("found", "decided"), "out_of_order"),
        (again("decided"), "done_twice"),
        (again("closed"), "after_closing"),
        (swapped("closed", "followed_up"), "after_closing"),
        (saying("put_right", voucher=None), "remedy_not_proven"),
        (without("letter_sent"), "letter_not_settled"),
        (saying("closed", closure="recorded"), "other_closure"),
        (saying("closed", closure="withdrawn"), "not_withdrawn"),
        (saying("closed", closure="merged"), "not_merged"),
        (without("closed"), "not_closed"),
    ],
)
def test_a_ledger_that_was_tampered_with_or_is_of_an_older_version_deviates(tamper, code):
    steps = ledger(a_closed_case())
    assert deviations(steps) == frozenset()
    assert code in codes(deviations(tamper(steps)))


def test_an_apology_needs_no_voucher():
    apology = an_act(acts.Decided, remedy=Remedy.APOLOGY, amount=0)
    case = a_closed_case(instead=[apology, acts.PutRight()])
    assert deviations(ledger(case)) == frozenset()


def test_a_withdrawn_case_deviates_only_in_what_was_left_out_before():
    case = a_case(Stage.DECIDED)
    case.withdraw("li.wei", MONDAY)
    assert codes(deviations(without("found", "acknowledged")(ledger(case)))) == {"not_found", "not_acknowledged"}


@pytest.mark.parametrize(("days", "deviates"), [(10, False), (40, True)])
def test_an_extension_counts_only_before_the_limit(days, deviates):
    steps = ledger(a_case(Stage.UNDER_INVESTIGATION))
    granted = json.loads(canonical(an_act(acts.ExtensionGranted).model_dump(mode="json")))
    steps.append(Step("extension_granted", MONDAY + days * DAY, granted))
    steps += ledger(a_closed_case())[len(ledger(a_case(Stage.UNDER_INVESTIGATION))) :]
    assert ("extended_too_late" in codes(deviations(steps))) == deviates


def test_a_missed_limit_needs_a_cause():
    case = a_case(Stage.UNDER_INVESTIGATION)
    late = MONDAY + 70 * DAY
    sweep(case, late)
    for act in (acts.Found, acts.Decided, acts.Answered, acts.PutRight, acts.FollowedUp):
        case.record(an_act(act), late, "li.wei")
    case.record(an_act(acts.Closed), late)
    assert codes(deviations(ledger(case))) == {"breach_not_explained"}
    explained = [
        Step("breach_explained", late, {"clock": name}) for name, clock in case.clocks.items() if clock.is_breach
    ]
    steps = ledger(case)
    assert deviations([*steps[:-1], *explained, steps[-1]]) == frozenset()


def test_an_empty_ledger_says_that_nothing_is_on_record():
    assert codes(deviations([])) == {"not_closed"}


def test_every_act_that_is_looked_at_exists():
    assert set(acts.ACTS) >= READ


def test_a_missed_limit_needs_its_cause_though_the_complaint_was_withdrawn():
    case = a_case(Stage.UNDER_INVESTIGATION)
    late = MONDAY + 100 * DAY
    sweep(case, late)
    assert case.unexplained_breach is not None

    case.withdraw("li.wei", late)

    assert Deviation.BREACH_NOT_EXPLAINED in deviations(ledger(case))
