"""Letters that are written and lie ready: what counts as having left, and how a person says that it did."""

import pytest

from complaints import acts
from complaints.correspondence import record_sent, waiting_letters
from complaints.errors.case import AnswerRefused
from complaints.errors.letters import UnknownLetter
from tests.builders import MONDAY, REFERENCE, a_case, an_act, prepare_letter


def a_letter(**sent):
    case = a_case()
    prepare_letter(case)
    if sent:
        case.record(an_act(acts.LetterSent, **sent), MONDAY)
    return case, case.letters["acknowledgement", 1].prepared.number


def test_a_letter_on_the_list_of_a_clerk_waits_until_somebody_says_that_it_went():
    case, number = a_letter(kept=acts.Kept.HAND_OVER)
    assert [one.prepared.number for one in waiting_letters(case)] == [number]

    record_sent(case, number, "li.wei", MONDAY)
    letter = case.letters["acknowledgement", 1]
    assert (letter.has_left, letter.sent_at, waiting_letters(case)) == (True, MONDAY, [])


def test_a_letter_kept_on_file_for_want_of_a_contact_went_by_hand_once_somebody_sent_it():
    case, number = a_letter(kept=acts.Kept.ON_FILE, channel="file")
    record_sent(case, number, "li.wei", MONDAY)

    assert case.letters["acknowledgement", 1].channel == "hand"


def test_said_twice_it_is_recorded_once():
    case, number = a_letter(kept=acts.Kept.HAND_OVER)
    record_sent(case, number, "li.wei", MONDAY)

    with pytest.raises(AnswerRefused, match="has left already"):
        record_sent(case, number, "li.wei", MONDAY)


@pytest.mark.parametrize(("sent", "why"), [({"kept": None}, "has left already"), ({}, "it is prepared")])
def test_only_a_letter_that_lies_ready_can_be_said_to_have_been_sent(sent, why):
    case, number = a_letter(**sent)

    with pytest.raises(AnswerRefused, match=why):
        record_sent(case, number, "li.wei", MONDAY)


def test_a_letter_that_the_case_does_not_have_is_refused():
    with pytest.raises(UnknownLetter):
        record_sent(a_letter()[0], f"{REFERENCE}-9", "li.wei", MONDAY)


def test_one_that_came_back_lies_ready_no_more():
    case, _ = a_letter(kept=acts.Kept.HAND_OVER)
    case.record(an_act(acts.LetterFailed), MONDAY)

    assert case.letters["acknowledgement", 1].needs_repair
    assert waiting_letters(case) == []
