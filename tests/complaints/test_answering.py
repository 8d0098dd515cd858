"""What a case waits for people to say, and what it makes of their answers."""

from datetime import UTC, date, timedelta

import pytest

from complaints import acts
from complaints.answers import Question
from complaints.errors.case import AnsweredAlready, AnswerRefused, NotAsked
from complaints.words import Conclusion, Kind, Remedy, Stage
from tests.builders import (
    AN_ANSWER,
    EMAIL,
    MONDAY,
    PHONE,
    POST,
    a_case,
    a_decision,
    a_finding,
    a_remedy_done,
    a_repair,
    an_act,
    fail_letter,
    prepare_letter,
)

STAGES = list(Stage)
LATER = MONDAY + timedelta(hours=1)

ASKED = {
    Stage.UNDER_INVESTIGATION: Question.FINDING,
    Stage.INVESTIGATED: Question.DECISION,
    Stage.ANSWERED: Question.REMEDY,
}
"""What a complaint asks, by stage; the follow-up is asked when its date has come."""


# --- what is asked ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("remedy", "amount", "asks"),
    [
        (Remedy.REFUND, "128.50", Question.REMEDY),
        (Remedy.COMPENSATION, "50", Question.REMEDY),
        (Remedy.CORRECTION, "0", Question.REMEDY),
        (Remedy.REPAYMENT_PLAN, "0", Question.REMEDY),
        (Remedy.APOLOGY, "0", None),  # the letter is the apology
        (Remedy.EXPLANATION, "0", None),
        (Remedy.NONE, "0", None),
    ],
)
def test_proof_is_asked_for_a_remedy_that_somebody_must_carry_out(remedy, amount, asks):
    decided = an_act(acts.Decided, remedy=remedy, amount=amount)

    case = a_case(Stage.ANSWERED, instead=[decided])

    assert case.asks is asks


@pytest.mark.parametrize(
    ("kind", "stage", "asks"),
    [
        (Kind.COMPLAINT, Stage.ASSESSED, None),
        (Kind.CONSULTATION, Stage.ACKNOWLEDGED, None),
        (Kind.SUGGESTION, Stage.ASSESSED, None),
        (Kind.REPORT, Stage.ASSESSED, None),
        (Kind.COMPLAINT, Stage.UNDER_INVESTIGATION, Question.FINDING),
        (Kind.REPORT, Stage.UNDER_INVESTIGATION, Question.REPORT),
        (Kind.COMPLAINT, Stage.CLOSED, None),
        (Kind.COMPLAINT, Stage.ARCHIVED, None),
    ],
)
def test_what_a_case_asks_depends_on_its_kind_and_stage(kind, stage, asks):
    assert a_case(stage, kind=kind).asks is asks


# --- answers ------------------------------------------------------------------------------------


def test_the_first_valid_answer_wins_and_a_late_one_learns_who_was_first():
    case = a_case(Stage.UNDER_INVESTIGATION)
    case.answer(Question.FINDING, a_finding(), "li.wei", LATER)
    after_the_first = list(case.new)

    with pytest.raises(AnsweredAlready) as late:
        case.answer(Question.FINDING, a_finding(conclusion="unsubstantiated"), "wang.fang", LATER)

    assert late.value.by == "li.wei"
    assert case.found.conclusion is Conclusion.SUBSTANTIATED
    assert case.new == after_the_first


@pytest.mark.parametrize(
    ("question", "stage"),
    [(question, stage) for question in Question for stage in STAGES if ASKED.get(stage) is not question],
)
def test_an_answer_that_is_not_asked_for_changes_nothing(question, stage):
    case = a_case(stage)

    with pytest.raises((NotAsked, AnsweredAlready)):
        case.answer(question, AN_ANSWER[question](), "li.wei", LATER)

    assert case == a_case(stage)


def test_an_answer_to_another_question_is_told_what_is_asked():
    case = a_case(Stage.UNDER_INVESTIGATION)

    with pytest.raises(NotAsked, match="does not ask for 'decision' now; it asks for 'finding'"):
        case.answer(Question.DECISION, a_decision(), "li.wei", LATER)


def test_a_case_that_waits_for_nobody_says_so():
    with pytest.raises(NotAsked, match="it waits for nobody"):
        a_case(Stage.DECIDED).answer(Question.REMEDY, a_remedy_done(), "li.wei", LATER)


def test_each_refused_answer_starts_a_new_round_and_shows_its_reason_until_a_valid_one_comes():
    case = a_case(Stage.UNDER_INVESTIGATION)
    assert case.round_of(Question.FINDING) == 1

    for number in (2, 3):
        refusal = an_act(acts.AnswerWasRefused, reason=f"attempt {number}")
        case.record(refusal, LATER, "li.wei")
        assert (case.round_of(Question.FINDING), case.refusal, case.asks) == (number, refusal, Question.FINDING)

    case.answer(Question.FINDING, a_finding(), "li.wei", LATER)
    assert case.refusal is None
    assert case.round_of(Question.DECISION) == 1


def test_materials_are_asked_of_the_complainant_and_the_finding_is_asked_again():
    case = a_case(Stage.UNDER_INVESTIGATION)

    case.answer(Question.FINDING, a_finding(conclusion="need_materials", reasons="请补充流水。"), "li.wei", LATER)

    assert (case.stage, case.asks) == (Stage.UNDER_INVESTIGATION, Question.FINDING)
    assert (case.materials_requested, case.materials_reasons) == (1, "请补充流水。")
    assert case.round_of(Question.FINDING) == 2
    assert case.found is None


def test_materials_can_be_asked_for_more_than_once():
    case = a_case(Stage.UNDER_INVESTIGATION)

    for number in (1, 2, 3):
        case.answer(Question.FINDING, a_finding(conclusion="need_materials"), "li.wei", LATER)
        assert case.materials_requested == number

    case.answer(Question.FINDING, a_finding(), "wang.fang", LATER)
    assert case.answered_by[Question.FINDING] == "wang.fang"


def test_materials_cannot_be_asked_of_somebody_who_left_no_contact():
    case = a_case(Stage.UNDER_INVESTIGATION, complainant={"name": None})

    with pytest.raises(AnswerRefused) as refused:
        case.answer(Question.FINDING, a_finding(conclusion="need_materials"), "li.wei", LATER)

    assert refused.value.field == "conclusion"
    assert case.asks is Question.FINDING


@pytest.mark.parametrize(
    ("done_on", "is_refused"),
    [
        (date(2026, 3, 2), False),
        (date(2026, 3, 3), False),  # in Shanghai it is 3 March already, though in UTC still the 2nd
        (date(2026, 3, 4), True),
    ],
)
def test_a_remedy_cannot_have_been_carried_out_tomorrow(done_on, is_refused):
    case = a_case(Stage.ANSWERED)
    after_midnight = MONDAY.replace(day=3, hour=0, minute=30).astimezone(UTC)

    if is_refused:
        with pytest.raises(AnswerRefused) as refused:
            case.answer(Question.REMEDY, a_remedy_done(done_on=done_on), "li.wei", after_midnight)
        assert refused.value.field == "done_on"
    else:
        case.answer(Question.REMEDY, a_remedy_done(done_on=done_on), "li.wei", after_midnight)
        assert case.put_right.done_on == done_on


@pytest.mark.parametrize(
    ("done_on", "is_refused"),
    [
        (date(2026, 3, 1), True),
        (date(2026, 3, 2), False),  # received at 00:30 in Shanghai, though in UTC still on 1 March
    ],
)
def test_a_remedy_cannot_have_been_carried_out_before_the_complaint(done_on, is_refused):
    after_midnight = MONDAY.replace(day=2, hour=0, minute=30).astimezone(UTC)
    case = a_case(Stage.ANSWERED, received_at=after_midnight)

    if is_refused:
        with pytest.raises(AnswerRefused, match=r"done_on: is before the complaint was received \(2026-03-02\)"):
            case.answer(Question.REMEDY, a_remedy_done(done_on=done_on), "li.wei", LATER)
        assert case.asks is Question.REMEDY
    else:
        case.answer(Question.REMEDY, a_remedy_done(done_on=done_on), "li.wei", LATER)
        assert case.payments[0].paid_on == done_on


# --- letters that do not arrive -----------------------------------------------------------------

THREE_CONTACTS = {"complainant": {"name": "林知夏", "contacts": [PHONE, EMAIL, POST]}}


def a_case_with_an_undelivered_letter(**changes):
    case = a_case(Stage.UNDER_INVESTIGATION, **(THREE_CONTACTS | changes))
    prepare_letter(case)
    fail_letter(case)
    return case


def test_an_undelivered_letter_comes_before_every_other_question():
    case = a_case_with_an_undelivered_letter()
    assert case.asks is Question.DELIVERY

    case.answer(Question.DELIVERY, a_repair(), "li.wei", LATER)
    assert case.asks is Question.FINDING


@pytest.mark.parametrize(
    ("repair", "status", "channel", "recipient"),
    [
        ({"choice": "resend"}, "prepared", "email", EMAIL["value"]),
        ({"choice": "other_contact", "contact": 1}, "prepared", "hand", PHONE["value"]),
        ({"choice": "other_contact", "contact": 2}, "prepared", "email", EMAIL["value"]),
        ({"choice": "other_contact", "contact": 3}, "prepared", "hand", POST["value"]),
        ({"choice": "by_post"}, "prepared", "hand", POST["value"]),
        ({"choice": "arrived"}, "sent", "email", EMAIL["value"]),
        ({"choice": "give_up", "reason": "refused"}, "given_up", "email", EMAIL["value"]),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_a_delivery_is_repaired_in_the_way_that_was_chosen(repair, status, channel, recipient):
    case = a_case_with_an_undelivered_letter()

    case.answer(Question.DELIVERY, a_repair(**repair), "li.wei", LATER)

    letter = case.letters["acknowledgement", 1]
    assert (letter.status, letter.channel, letter.recipient) == (status, channel, recipient)
    assert letter.is_settled is (status != "prepared")
    assert case.undelivered is None


@pytest.mark.parametrize(
    ("repair", "contacts", "field"),
    [
        ({"choice": "other_contact", "contact": 2}, [EMAIL], "contact"),
        ({"choice": "other_contact", "contact": 1}, [], "contact"),
        ({"choice": "by_post"}, [EMAIL, PHONE], "choice"),
    ],
)
def test_a_repair_that_the_contacts_on_file_do_not_allow_is_refused(repair, contacts, field):
    case = a_case_with_an_undelivered_letter(complainant={"name": "林知夏", "contacts": contacts})
    before = list(case.new)

    with pytest.raises(AnswerRefused) as refused:
        case.answer(Question.DELIVERY, a_repair(**repair), "li.wei", LATER)

    assert refused.value.field == field
    assert case.new == before
    assert case.asks is Question.DELIVERY


def test_the_delivery_question_can_come_again_for_the_same_letter():
    case = a_case_with_an_undelivered_letter()
    assert case.round_of(Question.DELIVERY) == 1
    case.answer(Question.DELIVERY, a_repair(), "li.wei", LATER)

    fail_letter(case, uncertain=True)

    assert (case.asks, case.round_of(Question.DELIVERY)) == (Question.DELIVERY, 2)
    assert case.undelivered.status == "uncertain"
    case.answer(Question.DELIVERY, a_repair(choice="arrived"), "wang.fang", LATER)
    assert case.letters["acknowledgement", 1].status == "sent"


def test_a_late_delivery_repair_is_told_that_none_is_asked_for():
    case = a_case_with_an_undelivered_letter()
    case.answer(Question.DELIVERY, a_repair(), "li.wei", LATER)

    with pytest.raises(NotAsked):
        case.answer(Question.DELIVERY, a_repair(choice="give_up", reason="refused"), "wang.fang", LATER)


def test_two_undelivered_letters_are_repaired_one_after_the_other():
    case = a_case_with_an_undelivered_letter()
    prepare_letter(case, letter="materials_request")
    fail_letter(case, letter="materials_request")

    case.answer(Question.DELIVERY, a_repair(), "li.wei", LATER)
    assert (case.asks, case.undelivered.prepared.letter) == (Question.DELIVERY, "materials_request")

    case.answer(Question.DELIVERY, a_repair(), "li.wei", LATER)
    assert case.undelivered is None


def test_a_closed_case_no_longer_asks_about_a_letter():
    case = a_case_with_an_undelivered_letter()

    case.withdraw("li.wei", LATER)

    assert case.asks is None
