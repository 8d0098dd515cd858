"""Whether a case only waits, so that its run may be made where it waits instead of being executed."""

import pytest

from complaints import acts
from complaints.case import Case
from complaints.words import Stage
from flows.reconciling.waits import awaited, rests
from tests.builders import MONDAY, a_case, fail_letter, prepare_letter


@pytest.mark.parametrize(
    ("stage", "key"),
    [
        (Stage.UNDER_INVESTIGATION, "finding-1-"),
        (Stage.INVESTIGATED, "decision-1-"),
        (Stage.ANSWERED, "remedy-1-"),
    ],
)
def test_a_case_that_asks_and_owes_nothing_rests(stage: Stage, key: str) -> None:
    case = a_case(stage)

    assert rests(case)
    assert awaited(case) == key


@pytest.mark.parametrize("stage", [Stage.RECEIVED, Stage.ACKNOWLEDGED, Stage.ASSESSED, Stage.DECIDED, Stage.CLOSED])
def test_a_case_that_is_on_its_way_does_not_rest(stage: Stage) -> None:
    assert not rests(a_case(stage))


def test_a_case_with_a_letter_that_is_to_be_sent_does_not_rest() -> None:
    case = a_case(Stage.UNDER_INVESTIGATION)
    prepare_letter(case)

    assert not rests(case)


def test_a_case_whose_letter_came_back_rests_until_somebody_says_how_it_goes_on() -> None:
    case = a_case(Stage.UNDER_INVESTIGATION)
    prepare_letter(case)
    fail_letter(case)

    assert awaited(case) == "delivery-1-"
    assert rests(case)


def test_a_case_that_has_still_to_ask_for_materials_does_not_rest() -> None:
    case: Case = a_case(Stage.UNDER_INVESTIGATION)
    case.record(acts.MaterialsRequested(reasons=None), MONDAY, "li.wei")

    assert not rests(case)
