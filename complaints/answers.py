"""What operators are asked, and what a valid answer looks like.

A wrong answer is an :class:`~complaints.errors.case.AnswerRefused` with the field and the reason; whoever asks
(Prefect's form, the command line) shows it and asks again.
"""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, ValidationError, model_validator

from complaints.errors.case import AnswerRefused
from complaints.intake import Model, Text
from complaints.words import (
    Basis,
    BreachCause,
    Category,
    Cause,
    Conclusion,
    GiveUpReason,
    Outcome,
    Remedy,
    Repair,
    ReportResult,
    Satisfaction,
    Severity,
    Topic,
)

FREE_WORDS = frozenset({"reasons", "words", "lesson"})
"""Fields in which an operator writes as they like."""

Staff = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9._-]{2,32}$")]


def is_same_person(one: str, other: str) -> bool:
    """Whether two staff numbers are one person's: nobody becomes two people by another case of letters."""
    return one.strip().casefold() == other.strip().casefold()


class Question(StrEnum):
    """What a case can wait for a person to answer."""

    FINDING = "finding"
    DECISION = "decision"
    REMEDY = "remedy"
    FOLLOW_UP = "follow-up"
    REPLY = "reply"
    REPORT = "report"
    DELIVERY = "delivery"
    BREACH = "breach"


class Answer(Model):
    """Base of all answers."""


class Finding(Answer):
    """What the investigation found."""

    conclusion: Conclusion
    category: Category | None = Field(default=None, description="where the first assessment was wrong")
    cause: Cause = Cause.GENERAL
    severity: Severity = Severity.ORDINARY
    basis: Basis = Basis.RECORDS
    reasons: Text = Field(
        min_length=1, description="what was verified; the letter must say it (CN-NFRA 2020-3 art. 19)"
    )


class Decision(Answer):
    """The decision on a complaint and what puts it right."""

    outcome: Outcome
    remedy: Remedy = Remedy.NONE
    amount: Decimal = Field(default=Decimal(0), ge=0, max_digits=16, decimal_places=2)
    currency: str = Field(default="CNY", pattern=r"^[A-Z]{3}$")
    basis: Basis = Basis.CONTRACT
    reasons: Text = Field(min_length=1, description="why; the letter must say it (CN-NFRA 2020-3 art. 19)")

    @model_validator(mode="after")
    def _remedy_fits(self) -> Self:
        if self.remedy.is_money and not self.amount:
            raise ValueError(f"amount: a remedy '{self.remedy}' needs an amount above zero")
        if self.amount and not self.remedy.is_money:
            raise ValueError(f"amount: a remedy '{self.remedy}' pays no money; leave the amount at 0")
        if self.outcome is Outcome.NOT_UPHELD and self.remedy.is_money:
            raise ValueError("remedy: a complaint that is not upheld is not compensated; choose partly upheld or none")
        return self


class RemedyDone(Answer):
    """Proof that the remedy was carried out."""

    done_on: date
    voucher: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=64)] = Field(
        description="number of the payment, correction or new plan in the books"
    )


class FollowUp(Answer):
    """The result of the follow-up call."""

    satisfaction: Satisfaction
    lesson: Text = ""


class Reply(Answer):
    """The answer to a consultation: a prepared topic, and words of one's own where it needs them."""

    topic: Topic
    words: Text = ""


class ReportFinding(Answer):
    """The result of looking into a whistle-blowing report."""

    result: ReportResult
    basis: Basis = Basis.RECORDS


class DeliveryRepair(Answer):
    """What to do with a letter that could not be delivered."""

    choice: Repair
    contact: int = Field(default=0, ge=0, le=99, description="number of the other contact on file, from 1")
    reason: GiveUpReason | None = None

    @model_validator(mode="after")
    def _choice_is_complete(self) -> Self:
        if self.choice is Repair.OTHER_CONTACT and not self.contact:
            raise ValueError("contact: say which contact on file to use, from 1")
        if self.choice is Repair.GIVE_UP and self.reason is None:
            raise ValueError("reason: giving up a letter needs a reason")
        return self


class Breach(Answer):
    """Why a time limit was missed."""

    cause: BreachCause


ANSWERS: Mapping[Question, type[Answer]] = {
    Question.FINDING: Finding,
    Question.DECISION: Decision,
    Question.REMEDY: RemedyDone,
    Question.FOLLOW_UP: FollowUp,
    Question.REPLY: Reply,
    Question.REPORT: ReportFinding,
    Question.DELIVERY: DeliveryRepair,
    Question.BREACH: Breach,
}


def parse_answer(question: Question, values: Mapping[str, Any]) -> Answer:
    """Turn raw values into a valid answer.

    Args:
        question: What was asked.
        values: Field names and values; codes as in :mod:`complaints.words`.

    Raises:
        AnswerRefused: the first field that is wrong, with the reason and the choices.
    """
    try:
        return ANSWERS[question].model_validate(dict(values))
    except ValidationError as wrong:
        first = wrong.errors(include_input=False, include_url=False)[0]
        message = re.sub(r"^Value error, ", "", first["msg"])
        field = ".".join(str(part) for part in first["loc"])
        if not field and ": " in message:
            field, message = message.split(": ", 1)
        raise AnswerRefused(field or question, message) from None
