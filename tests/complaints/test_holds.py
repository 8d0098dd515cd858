import pytest

from complaints import acts, holds
from complaints.errors.case import AnswerRefused
from complaints.errors.sealing import KeyDestroyed
from complaints.words import ErasureGround, Stage
from tests.builders import MONDAY, a_case, replayed

COURT = ("上海金融法院", "（2026）沪74民初1号")
ERASED = acts.Erased(ground=ErasureGround.EXPIRED, approver="wang.fang")


@pytest.mark.parametrize("stage", [Stage.RECEIVED, Stage.UNDER_INVESTIGATION, Stage.CLOSED, Stage.ARCHIVED])
def test_a_case_can_be_held_at_any_stage_and_stays_where_it_is(stage):
    case = a_case(stage)

    holds.place(case, *COURT, "li.wei", MONDAY, reason="诉讼")

    assert (case.stage, [one.number for one in case.standing_holds]) == (stage, [1])
    assert replayed(case).standing_holds[0].placed.document == COURT[1]


def test_the_same_order_given_twice_is_one_hold():
    case = a_case(Stage.CLOSED)

    first = holds.place(case, *COURT, "li.wei", MONDAY)
    again = holds.place(case, f" {COURT[0]} ", COURT[1], "wang.fang", MONDAY)

    assert again is first
    assert len(case.holds) == 1


def test_several_holds_stand_at_once_and_each_is_lifted_by_itself():
    case = a_case(Stage.CLOSED)
    holds.place(case, *COURT, "li.wei", MONDAY)
    holds.place(case, "合规部", "HG-7", "li.wei", MONDAY)

    holds.lift(case, 1, *COURT, "li.wei", MONDAY)

    assert [one.number for one in case.standing_holds] == [2]
    with pytest.raises(holds.UnknownHold, match="no hold 1 that could be lifted; standing are: 2"):
        holds.lift(case, 1, *COURT, "li.wei", MONDAY)
    assert holds.place(case, *COURT, "li.wei", MONDAY).number == 3  # ordered anew


@pytest.mark.parametrize(("ordered_by", "document", "field"), [(" ", "HG-7", "ordered_by"), ("合规部", "", "document")])
def test_a_hold_without_an_order_is_refused(ordered_by, document, field):
    with pytest.raises(AnswerRefused, match=field):
        holds.place(a_case(), ordered_by, document, "li.wei", MONDAY)


def test_nobody_is_erased_against_a_hold():
    case = a_case(Stage.CLOSED)
    holds.place(case, *COURT, "li.wei", MONDAY)

    with pytest.raises(holds.HoldStands, match="redress hold lift"):
        case.record(ERASED, MONDAY)

    assert case.erased is None


def test_after_an_erasure_nothing_is_recorded_any_more():
    case = a_case(Stage.CLOSED)
    case.record(ERASED, MONDAY)

    with pytest.raises(KeyDestroyed):
        holds.place(case, *COURT, "li.wei", MONDAY)
    with pytest.raises(KeyDestroyed):
        case.record(ERASED, MONDAY)
