import pytest

from complaints import acts
from complaints.case import Case
from complaints.corrections import correct
from complaints.errors.case import AnswerRefused
from complaints.errors.sealing import KeyDestroyed
from complaints.reception import receive
from complaints.regimes.rulebook import load_pack
from complaints.words import Category, Closure, Stage
from tests.builders import MONDAY, REFERENCE, REGIME, a_case, a_complaint, replayed


def history() -> Case:
    case = receive(REFERENCE, load_pack(REGIME), a_complaint(category="fees"), "register", MONDAY, history=True)
    case.record(acts.Closed(closure=Closure.HISTORY, timely=True), MONDAY)
    return case


def test_a_matter_of_history_is_as_its_source_has_it_now():
    case = history()

    correct(case, a_complaint(category="collection", narrative="另一件事。"), MONDAY, "register", timely=False)

    assert case.complaint == a_complaint(category="collection", narrative="另一件事。")
    assert (case.facts.category, case.facts.sender) == (Category.COLLECTION, "register")
    assert case.closed == acts.Closed(closure=Closure.HISTORY, timely=False)
    assert (case.stage, case.clocks) == (Stage.CLOSED, {})
    assert replayed(case) == case


def test_what_its_source_said_before_stands_in_the_ledger():
    case = history()
    correct(case, a_complaint(narrative="另一件事。"), MONDAY, "register")

    assert [type(one.act) for one in case.new] == [acts.Received, acts.Closed, acts.RecordCorrected]
    assert case.new[0].act.complaint == a_complaint(category="fees")


def test_a_case_that_people_handle_is_not_corrected_by_its_source():
    with pytest.raises(AnswerRefused, match="history"):
        correct(a_case(Stage.UNDER_INVESTIGATION), a_complaint(), MONDAY, "register")


def test_an_archived_case_is_not_corrected():
    case = history()
    case.record(acts.Archived(sha256="0" * 64), MONDAY)

    with pytest.raises(AnswerRefused, match="archived"):
        correct(case, a_complaint(), MONDAY, "register")


def test_nothing_of_a_person_who_was_erased_is_taken_in_again():
    case = history()
    case.received = case.facts.model_copy(update={"complaint": None})

    with pytest.raises(KeyDestroyed):
        correct(case, a_complaint(), MONDAY, "register")
