"""The acts of a case's life: what an entry in the ledger can say.

An act's ``personal`` fields are sealed with the case's own key and never appear in clear; the others are facts
that statistics and auditors may read. Old entries are read by new code for years: fields are only ever added,
with a default.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from complaints.answers import Question
from complaints.intake import Complaint, Contact, Money
from complaints.words import (
    Basis,
    BreachCause,
    Category,
    Cause,
    Channel,
    Closure,
    Conclusion,
    GiveUpReason,
    Kind,
    Outcome,
    PartyType,
    Remedy,
    ReopenReason,
    Repair,
    ReportResult,
    Satisfaction,
    Severity,
    Topic,
    Urgency,
)


class Act(BaseModel):
    """Base of all acts."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)
    personal: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    @cache  # asked for with every act that is read
    def kind_name(cls) -> str:
        """Return the name under which the ledger keeps this act, such as ``letter_sent``."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


@dataclass(frozen=True)
class Recorded:
    """An act, when it was done and by whom."""

    act: Act
    at: datetime
    by: str


class Received(Act):
    """A complaint reached the firm."""

    personal = frozenset({"complaint"})
    complaint: Complaint | None = None  # None once the person has been erased
    regime: str
    regime_version: str
    sender: str
    number: str | None = None
    channel: Channel
    language: str
    stated_kind: Kind | None = None
    party_type: PartyType
    represented: bool = False
    product: str | None = None
    category: Category | None = None
    cause: Cause | None = None
    region: str | None = None
    amount: Money | None = None
    urgent: bool = False
    evidence_count: int = 0
    received_at: datetime
    history: bool = False  # imported after the fact: no clock runs, no letter is sent
    further: tuple[tuple[str, str], ...] = ()  # regimes beside the leading one, with their versions
    circumstances: tuple[str, ...] = ()


class MarkAt(BaseModel):
    """A moment at which somebody is told that a limit comes near, at ``percent`` of it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    percent: int
    at: datetime
    tell: tuple[str, ...] = ()


class Schedule(BaseModel):
    """When a clock runs out, and what that was computed with.

    Attributes:
        marks: The steps of the ladder that lie ahead.
        assumed: Years whose arrangement was not published.
        left_out: Times that the regime leaves out for a whole class of complaints.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    due_at: datetime
    marks: tuple[MarkAt, ...] = ()
    calendar: str = ""
    calendar_version: str = ""
    assumed: tuple[int, ...] = ()
    left_out: tuple[tuple[datetime, datetime], ...] = ()


class ClockStarted(Act):
    """A time limit, or a wait until a date, began to run."""

    clock: str
    wait: bool = False
    budget: int
    unit: str
    article: str
    confidence: str
    started_at: datetime
    warn_at: datetime | None = None  # only entries made before there were ladders
    due_at: datetime
    regime: str = ""  # of a further regime; empty: the leading one
    nature: str = ""
    round: int = 1  # it may start again: a second review, a case taken up again
    until: Schedule | None = None  # None: an entry made before calendars


class ClockWarned(Act):
    """A time limit came near."""

    clock: str
    percent: int | None = None
    tell: tuple[str, ...] = ()


class ClockMissed(Act):
    """A time limit passed before its duty was done."""

    clock: str
    tell: tuple[str, ...] = ()
    remind_at: datetime | None = None


class ClockReminded(Act):
    """A missed duty is still not done."""

    clock: str
    tell: tuple[str, ...] = ()
    remind_at: datetime | None = None


class ClockReached(Act):
    """The date that was waited for has come, or a window for somebody else has passed."""

    clock: str


class ClockMet(Act):
    """The duty was done; whether in time is seen from ``late``."""

    clock: str
    late: bool
    done_at: datetime | None = None  # where that was before it was recorded


class ClockEnded(Act):
    """A duty fell away: another way replaced it, or it does not apply to this case."""

    clock: str
    reason: str


class ClockPaused(Act):
    """A clock stands still.

    ``resumes_at`` is when it goes on by itself: the rule's cap.
    """

    personal = frozenset({"reason"})
    clock: str
    pause: str
    begins: datetime
    reason: str | None = None
    proof: str | None = None
    approver: str | None = None
    resumes_at: datetime | None = None
    letter: str | None = None
    round: int = 1


class ClockResumed(Act):
    """A clock goes on; ``capped``: because the rule allows no longer pause."""

    clock: str
    ends: datetime
    capped: bool = False
    until: Schedule


class ExtensionGranted(Act):
    """A longer limit was approved; where the rule asks for a notice, it counts once that has gone out."""

    personal = frozenset({"reason"})
    clock: str
    tier: str
    reason: str | None = None
    approver: str | None = None
    budget: int
    unit: str
    total: bool
    letter: str | None = None
    round: int = 1


class ClockExtended(Act):
    """A longer limit counts."""

    clock: str
    tier: str
    until: Schedule


class ClockRestarted(Act):
    """The whole period runs again, from a new start."""

    clock: str
    event: str
    started_at: datetime
    until: Schedule


class ClockRecomputed(Act):
    """A calendar or a rule changed, and with it the due time of an open case."""

    clock: str
    cause: str
    until: Schedule


class BreachExplained(Act):
    """The handler said why a limit was missed."""

    clock: str
    cause: BreachCause


class CircumstancesStated(Act):
    """Facts of the case on which rules depend became known, or proved wrong."""

    stated: tuple[str, ...] = ()
    revoked: tuple[str, ...] = ()


class Occurred(Act):
    """Something happened that a regime's clocks start or end with."""

    event: str
    occurred_at: datetime


class PathTaken(Act):
    """A way was taken that replaces a duty."""

    path: str
    regime: str
    letter: str | None = None


class RegimeAdopted(Act):
    """The case is handled by another version of its regime from now on."""

    regime: str
    version: str


class Reopened(Act):
    """A closed case is taken up again."""

    reason: ReopenReason


class LetterPrepared(Act):
    """A letter was rendered, stored and put into the outbox."""

    personal = frozenset({"recipient"})
    letter: str
    round: int
    number: str
    language: str
    message_id: str
    sha256: str
    channel: str
    recipient: str | None = None


class LetterSent(Act):
    """A letter left: accepted by the mail server, or put on the list to be handed over."""

    letter: str
    round: int
    channel: str
    receipt: str


class LetterFailed(Act):
    """A letter could not be delivered, or nobody knows whether it was; a person decides."""

    letter: str
    round: int
    reason: str
    uncertain: bool = False
    refused: bool = False  # for good: this address takes no letters


class LetterRepaired(Act):
    """A person said how an undelivered letter goes on."""

    personal = frozenset({"recipient"})
    letter: str
    round: int
    choice: Repair
    channel: str
    recipient: str | None = None


class LetterGivenUp(Act):
    """A letter will not be delivered, for a reason that a person gave."""

    letter: str
    round: int
    reason: GiveUpReason


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


class ContactAdded(Act):
    """Another way to reach the complainant became known."""

    personal = frozenset({"contact"})
    contact: Contact | None = None


class Withdrawn(Act):
    """The complainant withdrew; the procedure ends the same day (CN-NFRA 2020-3 art. 15)."""


class Closed(Act):
    """Nothing is left to do."""

    closure: Closure
    closed_at: datetime | None = None  # where that was not when it was recorded; unknown for most imported history
    timely: bool | None = None  # for imported history: what the source says


class Archived(Act):
    """The case file was written out with a manifest of hashes."""

    sha256: str


class Viewed(Act):
    """Somebody opened personal data that is kept confidential."""

    what: str


ACTS: dict[str, type[Act]] = {act.kind_name(): act for act in Act.__subclasses__()}
