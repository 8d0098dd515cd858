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
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from complaints.answers import Question
from complaints.evidence import Refusal, Scan
from complaints.intake import Complaint, Contact, Money
from complaints.words import (
    Basis,
    BreachCause,
    Category,
    Cause,
    Channel,
    Closure,
    Conclusion,
    DeliveryStatus,
    GiveUpReason,
    Kind,
    Likeness,
    NoReport,
    Outcome,
    PartyType,
    Remedy,
    ReopenReason,
    Repair,
    RepeatGrade,
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


class RecordFacts(BaseModel):
    """What is said of a record in clear, for lists, rules and statistics."""

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


def facts_of(complaint: Complaint) -> dict[str, Any]:
    """Return the fields of :class:`RecordFacts` for a record."""
    return {
        "channel": complaint.channel,
        "language": complaint.language,
        "stated_kind": complaint.kind,
        "party_type": complaint.complainant.type,
        "represented": complaint.representative is not None,
        "product": complaint.product,
        "category": complaint.category,
        "cause": complaint.cause,
        "region": complaint.region,
        "amount": complaint.amount,
        "urgent": complaint.urgent,
    }


class Received(Act, RecordFacts):
    """A complaint reached the firm."""

    personal = frozenset({"complaint"})
    complaint: Complaint | None = None  # None once the person has been erased
    regime: str
    regime_version: str
    sender: str
    number: str | None = None
    evidence_count: int = 0
    received_at: datetime
    history: bool = False  # imported after the fact: no clock runs, no letter is sent
    further: tuple[tuple[str, str], ...] = ()  # regimes beside the leading one, with their versions
    circumstances: tuple[str, ...] = ()
    authority: str | None = None  # that forwarded it
    authority_number: str | None = None
    report_by: date | None = None  # the day that the authority named


class RecordCorrected(Act, RecordFacts):
    """The source of a case of history says something else of it now; the whole record, as it is from here on."""

    personal = frozenset({"complaint"})
    complaint: Complaint | None = None
    received_at: datetime
    timely: bool | None = None
    closed_at: datetime | None = None


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


class DeliveryReported(Act):
    """A gateway or the mail system told what became of a letter after it had left."""

    personal = frozenset({"detail"})
    letter: str
    round: int
    status: DeliveryStatus
    occurred_at: datetime
    sender: str
    code: str | None = None  # such as 5.1.1 (RFC 3463)
    detail: str | None = None


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


class MaterialsReceived(Act):
    """Something came in for a case: words, files, or both."""

    personal = frozenset({"words"})
    number: int  # the how-manieth of this case, from 1
    channel: Channel
    sender: str
    words: str | None = None
    evidence: tuple[int, ...] = ()  # numbers of the files, as the case keeps them
    delivery: str | None = None  # of which delivery: a hash of sender and delivery id


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
    """Another way to reach the complainant, or the authority that forwarded the matter, became known."""

    personal = frozenset({"contact"})
    contact: Contact | None = None
    of_authority: bool = False


class Withdrawn(Act):
    """The complainant withdrew; the procedure ends the same day (CN-NFRA 2020-3 art. 15)."""

    personal = frozenset({"words"})
    channel: Channel | None = None
    words: str | None = None


class HandlingEnded(Act):
    """Nothing more is done for the complainant; the authority that forwarded the matter has still to be told."""

    closure: Closure


class ReportWaived(Act):
    """The authority that forwarded the matter is sent no report, for a reason that a person gave."""

    reason: NoReport


class Closed(Act):
    """Nothing is left to do."""

    closure: Closure
    closed_at: datetime | None = None  # where that was not when it was recorded; unknown for most imported history
    timely: bool | None = None  # for imported history: what the source says


class Repeat(BaseModel):
    """Another case that may be the same complaint, and why."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    reference: str
    grade: RepeatGrade
    reasons: tuple[Likeness, ...]


class RepeatsSuggested(Act):
    """Other cases look like the same complaint; people decide whether they are."""

    repeats: tuple[Repeat, ...]


class Merged(Act):
    """The complaint is handled in an earlier case from now on; this case is closed with it."""

    personal = frozenset({"reason"})
    into: str
    reason: str | None = None


class Absorbed(Act):
    """A later case, of the same complaint, is handled in this one from now on."""

    reference: str
    received_at: datetime
    new_facts: bool = False


class MergeUndone(Act):
    """It was not the same complaint: the case stands again where it stood, its clocks as if they had never stopped."""

    into: str


class Separated(Act):
    """A case that was merged into this one goes its own way again."""

    reference: str


class Archived(Act):
    """The case file was written out with a manifest of hashes."""

    sha256: str


class Viewed(Act):
    """Somebody opened personal data that is kept confidential."""

    what: str


class EvidenceAdded(Act):
    """A file was taken as evidence: sealed with the case's key and kept under its own hash.

    Attributes:
        number: From 1, in the order in which the files came.
        sha256: Of the file as it was handed in.
        media_type: As told from the content.
        stated_type: What the sender called it, where that is another known type.
        size: In bytes.
        source: The door, sender or staff it came from.
        note: How it was lawfully obtained, in the words of who added it.
    """

    personal = frozenset({"name", "note"})
    number: int
    sha256: str
    media_type: str
    stated_type: str | None = None
    size: int
    source: str
    scanned: Scan = Scan.NOT_SCANNED
    name: str | None = None
    note: str | None = None


class EvidenceRefused(Act):
    """A file was handed in that was not taken; the file itself is not kept."""

    personal = frozenset({"name"})
    reason: Refusal
    sha256: str
    media_type: str
    size: int
    source: str
    finding: str = ""  # what the virus scanner calls it
    name: str | None = None


class EvidenceOpened(Act):
    """Somebody took a file out to look at it, and said why."""

    personal = frozenset({"purpose"})
    number: int
    purpose: str | None = None


class MailTaken(Act):
    """A mail opened this case or added to it; the mail itself is among the evidence, if it could be kept.

    Attributes:
        evidence: The number of the raw mail.
        follows: The closed case that it answers.
        names: Other cases that it names without being allowed to write into them; a hint for the handler.
        notes: What was wrong with it: ``charset_guessed``, ``charset_damaged``, ``more_attachments``, ``more_text``,
            ``beyond_limits``, ``broken``.
    """

    evidence: int | None = None
    follows: str | None = None
    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


ACTS: dict[str, type[Act]] = {act.kind_name(): act for act in Act.__subclasses__()}
