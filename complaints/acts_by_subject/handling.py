"""What is done for the complainant, from acknowledgement to follow-up."""

from datetime import date
from decimal import Decimal

from complaints.acts_by_subject.base import Act
from complaints.answers import Question
from complaints.words import (
    Basis,
    Category,
    Cause,
    Conclusion,
    Kind,
    Outcome,
    Remedy,
    ReportResult,
    Satisfaction,
    Severity,
    Topic,
    Urgency,
)


class Acknowledged(Act):
    """The complainant was told that the complaint was received."""


class Assessed(Act):
    """Kind, category and weight were settled, and who handles it."""

    kind: Kind
    category: Category
    cause: Cause
    severity: Severity
    urgency: Urgency
    department: str
    reasons: tuple[str, ...] = ()


class InvestigationOpened(Act):
    """The department began to look into it."""

    department: str


class AnswerWasRefused(Act):
    """An operator's answer could not be used; the question is asked again."""

    question: Question
    field: str
    reason: str


class MaterialsRequested(Act):
    """The complainant was asked for materials."""

    personal = frozenset({"reasons"})
    reasons: str | None = None


class Found(Act):
    """The finding of the investigation."""

    personal = frozenset({"reasons"})
    conclusion: Conclusion
    category: Category | None = None
    cause: Cause
    severity: Severity
    basis: Basis
    reasons: str | None = None


class Decided(Act):
    """The decision."""

    personal = frozenset({"reasons"})
    outcome: Outcome
    remedy: Remedy
    amount: Decimal
    currency: str
    basis: Basis
    reasons: str | None = None


class ReportExamined(Act):
    """The result of looking into a whistle-blowing report."""

    result: ReportResult
    basis: Basis


class Replied(Act):
    """The answer to a consultation was settled."""

    personal = frozenset({"words"})
    topic: Topic
    words: str | None = None


class Answered(Act):
    """The complainant was told the outcome."""


class PutRight(Act):
    """The remedy was carried out, or there was none to carry out."""

    done_on: date | None = None
    voucher: str | None = None


class FollowUpOpened(Act):
    """The date of the follow-up call came."""


class FollowedUp(Act):
    """The complainant was asked how satisfied they are."""

    personal = frozenset({"lesson"})
    satisfaction: Satisfaction
    lesson: str | None = None
