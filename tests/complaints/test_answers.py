from datetime import date
from decimal import Decimal

import pytest

from complaints.answers import (
    ANSWERS,
    Breach,
    Decision,
    DeliveryRepair,
    Finding,
    FollowUp,
    Question,
    RemedyDone,
    Reply,
    ReportFinding,
    parse_answer,
)
from complaints.errors.case import AnswerRefused
from complaints.words import (
    Basis,
    BreachCause,
    Category,
    Cause,
    Conclusion,
    Outcome,
    Remedy,
    Repair,
    Satisfaction,
    Severity,
    Topic,
)
from tests.builders import AN_ANSWER

FINDING, DECISION, REMEDY = Question.FINDING, Question.DECISION, Question.REMEDY
WHY = {"reasons": "属重复扣收。"}
REFUND = {"outcome": "upheld", "remedy": "refund", "amount": "10"} | WHY
PAID = {"done_on": "2026-03-10", "voucher": "PAY-1"}


@pytest.mark.parametrize(
    ("question", "values", "field", "reason"),
    [
        # the finding
        (FINDING, {}, "conclusion", "Field required"),
        (FINDING, {"conclusion": ""}, "conclusion", "'substantiated'"),  # names the choices
        (FINDING, {"conclusion": "maybe"}, "conclusion", "'not_ours'"),
        (FINDING, {"conclusion": "substantiated", "category": "weather"}, "category", "'fees'"),
        (FINDING, {"conclusion": "substantiated", "severity": "huge"}, "severity", "'major'"),
        (FINDING, {"conclusion": "substantiated", "colour": "red"} | WHY, "colour", "not permitted"),
        (FINDING, {"conclusion": "substantiated", "reasons": "a\x00b"}, "reasons", "control characters"),
        (FINDING, {"conclusion": "substantiated", "reasons": "x" * 40_001}, "reasons", "at most 40000"),
        (FINDING, {"conclusion": "substantiated", "reasons": None}, "reasons", "valid string"),
        (FINDING, {"conclusion": "substantiated"}, "reasons", "Field required"),  # art. 19: the letter says why
        (FINDING, {"conclusion": "substantiated", "reasons": ""}, "reasons", "at least 1 character"),
        (FINDING, {"conclusion": "substantiated", "reasons": " \n\t　"}, "reasons", "at least 1 character"),
        # the decision
        (DECISION, {}, "outcome", "Field required"),
        (DECISION, {"outcome": "upheld", "remedy": "gift"}, "remedy", "'refund'"),
        (DECISION, REFUND | {"amount": "0"}, "amount", "'refund' needs an amount above zero"),
        (DECISION, REFUND | {"remedy": "compensation", "amount": 0}, "amount", "needs an amount above zero"),
        (DECISION, REFUND | {"remedy": "apology"}, "amount", "'apology' pays no money"),
        (DECISION, {"outcome": "upheld", "amount": "5"} | WHY, "amount", "'none' pays no money"),
        (DECISION, REFUND | {"outcome": "not_upheld"}, "remedy", "is not upheld is not compensated"),
        (DECISION, REFUND | {"amount": "-1"}, "amount", "greater than or equal to 0"),
        (DECISION, REFUND | {"amount": "1.005"}, "amount", "2 decimal places"),
        (DECISION, REFUND | {"amount": "123456789012345.00"}, "amount", "digits"),
        (DECISION, REFUND | {"amount": "a lot"}, "amount", "valid decimal"),
        (DECISION, REFUND | {"amount": "NaN"}, "amount", "finite number"),
        (DECISION, REFUND | {"amount": "Infinity"}, "amount", "finite number"),
        (DECISION, REFUND | {"currency": "yuan"}, "currency", "pattern"),
        (DECISION, REFUND | {"currency": "CNY\nX"}, "currency", "pattern"),
        (DECISION, REFUND | {"reasons": None}, "reasons", "valid string"),
        (DECISION, {"outcome": "not_upheld"}, "reasons", "Field required"),
        (DECISION, REFUND | {"reasons": ""}, "reasons", "at least 1 character"),
        (DECISION, REFUND | {"reasons": " \n\t　"}, "reasons", "at least 1 character"),
        # the remedy
        (REMEDY, {"voucher": "PAY-1"}, "done_on", "Field required"),
        (REMEDY, PAID | {"done_on": "2026-02-30"}, "done_on", "date"),
        (REMEDY, PAID | {"done_on": "yesterday"}, "done_on", "date"),
        (REMEDY, PAID | {"voucher": ""}, "voucher", "at least 3 characters"),
        (REMEDY, PAID | {"voucher": "  a  "}, "voucher", "at least 3 characters"),  # spaces do not count
        (REMEDY, PAID | {"voucher": "x" * 65}, "voucher", "at most 64 characters"),
        # the follow-up, the reply, the report
        (Question.FOLLOW_UP, {}, "satisfaction", "Field required"),
        (Question.FOLLOW_UP, {"satisfaction": "5"}, "satisfaction", "'dissatisfied'"),
        (Question.REPLY, {"topic": "the weather"}, "topic", "'early_repayment'"),
        (Question.REPORT, {"result": "guilty"}, "result", "'not_confirmed'"),
        # the delivery
        (Question.DELIVERY, {"choice": "pigeon"}, "choice", "'resend'"),
        (Question.DELIVERY, {"choice": "other_contact"}, "contact", "which contact on file"),
        (Question.DELIVERY, {"choice": "other_contact", "contact": -1}, "contact", "greater than or equal to 0"),
        (Question.DELIVERY, {"choice": "other_contact", "contact": 100}, "contact", "less than or equal to 99"),
        (Question.DELIVERY, {"choice": "give_up"}, "reason", "needs a reason"),
        (Question.DELIVERY, {"choice": "give_up", "reason": "lazy"}, "reason", "'not_reachable'"),
        # the breach
        (Question.BREACH, {}, "cause", "Field required"),
        (Question.BREACH, {"cause": "the weather"}, "cause", "'staffing'"),
        (Question.BREACH, {"cause": "staffing", "clock": "decision"}, "clock", "not permitted"),
    ],
)
def test_a_wrong_answer_is_refused_with_its_field_and_the_reason(question, values, field, reason):
    with pytest.raises(AnswerRefused) as refused:
        parse_answer(question, values)

    assert refused.value.field == field
    assert reason in refused.value.reason


@pytest.mark.parametrize(
    ("question", "values", "answer"),
    [
        (
            FINDING,
            {"conclusion": "unsubstantiated", "reasons": "已核对。"},
            Finding(
                conclusion=Conclusion.UNSUBSTANTIATED,
                category=None,
                cause=Cause.GENERAL,
                severity=Severity.ORDINARY,
                basis=Basis.RECORDS,
                reasons="已核对。",
            ),
        ),
        (
            FINDING,
            {"conclusion": "substantiated", "category": "fees", "reasons": "  已核对。 "},
            Finding(conclusion=Conclusion.SUBSTANTIATED, category=Category.FEES, reasons="已核对。"),
        ),
        (
            DECISION,
            REFUND | {"amount": 128.5},
            Decision(outcome=Outcome.UPHELD, remedy=Remedy.REFUND, amount=Decimal("128.5"), currency="CNY", **WHY),
        ),
        (DECISION, {"outcome": "not_upheld"} | WHY, Decision(outcome=Outcome.NOT_UPHELD, remedy=Remedy.NONE, **WHY)),
        (
            DECISION,
            {"outcome": "not_upheld", "remedy": "explanation", "basis": "law"} | WHY,
            Decision(outcome=Outcome.NOT_UPHELD, remedy=Remedy.EXPLANATION, basis=Basis.LAW, **WHY),
        ),
        (REMEDY, PAID | {"voucher": " PAY-1 "}, RemedyDone(done_on=date(2026, 3, 10), voucher="PAY-1")),
        (Question.FOLLOW_UP, {"satisfaction": "not_reached"}, FollowUp(satisfaction=Satisfaction.NOT_REACHED)),
        (Question.REPLY, {"topic": "fees"}, Reply(topic=Topic.FEES)),
        (Question.REPORT, {"result": "referred", "basis": "law"}, ReportFinding(result="referred", basis="law")),
        (Question.DELIVERY, {"choice": "by_post"}, DeliveryRepair(choice=Repair.BY_POST)),
        (Question.BREACH, {"cause": "third_party"}, Breach(cause=BreachCause.THIRD_PARTY)),
    ],
)
def test_a_valid_answer_needs_only_what_has_no_default(question, values, answer):
    assert parse_answer(question, values) == answer


def test_a_refusal_never_repeats_what_was_typed():
    with pytest.raises(AnswerRefused) as refused:
        parse_answer(FINDING, {"conclusion": "林知夏 13800000101"})

    assert "13800000101" not in str(refused.value)


@pytest.mark.parametrize("question", list(Question))
def test_every_question_has_its_answer(question):
    assert isinstance(AN_ANSWER[question](), ANSWERS[question])
