"""The case: where it stands, what it may do next, and the acts that say so.

A case is nothing but its acts. Every move checks the stage, then records an act; :meth:`Case.replay` builds the
same case from the acts alone, so that what is stored beside the ledger can always be compared with it.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from complaints import acts
from complaints.acts import Act
from complaints.answers import (
    Answer,
    Decision,
    DeliveryRepair,
    Finding,
    FollowUp,
    Question,
    RemedyDone,
    Reply,
    ReportFinding,
)
from complaints.deadlines import due, warn_at
from complaints.errors import AnsweredAlready, AnswerRefused, NotAsked, StageError
from complaints.intake import Complaint, Contact
from complaints.regimes.model import ClockRule, Pack
from complaints.words import Closure, ContactKind, Kind, Repair, Stage

SYSTEM: Final = "redress"
"""Who did what no person did."""

OPEN: Final = frozenset(stage for stage in Stage if stage.is_open)

MOVES: Final[dict[type[Act], tuple[frozenset[Stage], Stage]]] = {
    acts.Acknowledged: (frozenset({Stage.RECEIVED}), Stage.ACKNOWLEDGED),
    acts.Assessed: (frozenset({Stage.ACKNOWLEDGED}), Stage.ASSESSED),
    acts.Replied: (frozenset({Stage.ASSESSED}), Stage.ASSESSED),
    acts.InvestigationOpened: (frozenset({Stage.ASSESSED}), Stage.UNDER_INVESTIGATION),
    acts.MaterialsRequested: (frozenset({Stage.UNDER_INVESTIGATION}), Stage.UNDER_INVESTIGATION),
    acts.Found: (frozenset({Stage.UNDER_INVESTIGATION}), Stage.INVESTIGATED),
    acts.ReportExamined: (frozenset({Stage.UNDER_INVESTIGATION}), Stage.INVESTIGATED),
    acts.Decided: (frozenset({Stage.INVESTIGATED}), Stage.DECIDED),
    acts.Answered: (frozenset({Stage.ASSESSED, Stage.INVESTIGATED, Stage.DECIDED}), Stage.ANSWERED),
    acts.PutRight: (frozenset({Stage.ANSWERED}), Stage.PUT_RIGHT),
    acts.FollowUpOpened: (frozenset({Stage.PUT_RIGHT}), Stage.PUT_RIGHT),
    acts.FollowedUp: (frozenset({Stage.PUT_RIGHT}), Stage.FOLLOWED_UP),
    acts.Closed: (OPEN, Stage.CLOSED),
    acts.Archived: (frozenset({Stage.CLOSED}), Stage.ARCHIVED),
}
"""From which stages an act may be recorded, and where it leads. Acts not named here change no stage."""

CLOSED_FROM: Final[dict[Closure, frozenset[Stage]]] = {
    Closure.COMPLETED: frozenset({Stage.ANSWERED, Stage.FOLLOWED_UP}),
    Closure.ANSWERED_AT_ONCE: frozenset({Stage.ANSWERED}),
    Closure.RECORDED: frozenset({Stage.ANSWERED}),
    Closure.DECLINED: frozenset({Stage.ANSWERED}),
    Closure.WITHDRAWN: OPEN,
    Closure.MERGED: OPEN,
    Closure.HISTORY: frozenset({Stage.RECEIVED}),
}


RECORDED_AS: Final[dict[type[Answer], type[Act]]] = {
    Decision: acts.Decided,
    RemedyDone: acts.PutRight,
    FollowUp: acts.FollowedUp,
    Reply: acts.Replied,
    ReportFinding: acts.ReportExamined,
}
"""Answers whose fields are those of the act that records them."""


@dataclass(frozen=True)
class Clock:
    """A time limit or a wait of one case.

    Attributes:
        started: What began it, with due and warning times.
        met_at: When its duty was done.
        late: Whether that was too late; None while it runs.
    """

    started: acts.ClockStarted
    warned: bool = False
    missed: bool = False
    reached: bool = False
    met_at: datetime | None = None
    late: bool | None = None

    @property
    def next_at(self) -> datetime | None:
        """When the sweep must look at it next, or None when never again."""
        if self.met_at or self.missed or self.reached:
            return None
        if self.started.warn_at and not self.warned:
            return self.started.warn_at
        return self.started.due_at


@dataclass(frozen=True)
class Letter:
    """A letter of one case, as far as the ledger tells."""

    prepared: acts.LetterPrepared
    channel: str
    recipient: str | None
    status: str = "prepared"  # prepared, sent, failed, uncertain, given_up
    reason: str = ""

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to do for it."""
        return self.status in ("sent", "given_up")

    @property
    def needs_repair(self) -> bool:
        """Whether a person must say how it goes on."""
        return self.status in ("failed", "uncertain")


@dataclass(frozen=True)
class Recorded:
    """An act, when it was done and by whom."""

    act: Act
    at: datetime
    by: str


@dataclass
class Case:
    """One complaint from receipt to archive."""

    reference: str
    pack: Pack = field(repr=False, compare=False)
    stage: Stage = Stage.RECEIVED
    received: acts.Received | None = field(default=None, repr=False)
    acknowledged_at: datetime | None = None
    assessed: acts.Assessed | None = None
    found: acts.Found | None = field(default=None, repr=False)
    decided: acts.Decided | None = field(default=None, repr=False)
    report: acts.ReportExamined | None = None
    replied: acts.Replied | None = field(default=None, repr=False)
    answered_at: datetime | None = None
    put_right: acts.PutRight | None = None
    follow_up_opened: bool = False
    followed_up: acts.FollowedUp | None = field(default=None, repr=False)
    closed: acts.Closed | None = None
    closed_at: datetime | None = None
    added_contacts: tuple[Contact, ...] = field(default=(), repr=False)
    refused_by: frozenset[str] = field(default=frozenset(), repr=False)  # addresses that take no letters
    withdrawn: bool = False
    clocks: dict[str, Clock] = field(default_factory=dict)
    letters: dict[tuple[str, int], Letter] = field(default_factory=dict, repr=False)
    materials_requested: int = 0
    materials_reasons: str | None = field(default=None, repr=False)
    rounds: Counter[Question] = field(default_factory=Counter)
    refusal: acts.AnswerWasRefused | None = None
    answered_by: dict[Question, str] = field(default_factory=dict)
    new: list[Recorded] = field(default_factory=list, repr=False, compare=False)

    # --- from and to the ledger -----------------------------------------------------------------

    @classmethod
    def replay(cls, reference: str, pack: Pack, recorded: Iterable[Recorded]) -> "Case":
        """Build the case from its acts."""
        case = cls(reference, pack)
        for one in recorded:
            case._apply(one)
        return case

    def record(self, act: Act, now: datetime, by: str = SYSTEM) -> None:
        """Check that ``act`` is allowed now, apply it, and run the clocks that it starts or ends.

        Raises:
            StageError: the case's stage does not allow it.
        """
        rule = MOVES.get(type(act))
        allowed = rule[0] if rule else None
        if isinstance(act, acts.Closed):
            allowed = CLOSED_FROM[act.closure]
        if allowed is not None and self.stage not in allowed:
            raise StageError(self.reference, self.stage, act.kind_name())
        self._add(act, now, by)
        if not (self.received and self.received.history):
            self._run_clocks(act, now)

    def _add(self, act: Act, now: datetime, by: str) -> None:
        recorded = Recorded(act, now, by)
        self._apply(recorded)
        self.new.append(recorded)

    def _run_clocks(self, act: Act, now: datetime) -> None:
        name = act.kind_name()
        for rule in self.pack.clocks:
            clock = self.clocks.get(rule.name)
            if clock and not clock.met_at and name in rule.ends:
                late = now >= clock.started.due_at and not rule.wait
                self._add(acts.ClockMet(clock=rule.name, late=late), now, SYSTEM)
            elif not clock and name == rule.starts:
                self._start_clock(rule, act.received_at if isinstance(act, acts.Received) else now, now)

    def _start_clock(self, rule: ClockRule, started_at: datetime, now: datetime) -> None:
        until = due(rule, started_at, self.pack.tz)
        started = acts.ClockStarted(
            clock=rule.name,
            wait=rule.wait,
            budget=rule.budget,
            unit=rule.unit,
            article=rule.article.en,
            confidence=rule.confidence,
            started_at=started_at,
            warn_at=warn_at(rule, until.at),
            due_at=until.at,
        )
        self._add(started, now, SYSTEM)

    def _apply(self, recorded: Recorded) -> None:  # noqa: C901 - one branch an act reads better than a registry
        act, at = recorded.act, recorded.at
        if (move := MOVES.get(type(act))) is not None:
            self.stage = move[1]
        match act:
            case acts.Received():
                self.received = act
            case acts.Acknowledged():
                self.acknowledged_at = at
            case acts.Assessed():
                self.assessed = act
            case acts.AnswerWasRefused():
                self.rounds[act.question] += 1
                self.refusal = act
            case acts.MaterialsRequested():
                self.materials_requested += 1
                self.materials_reasons = act.reasons
                self.rounds[Question.FINDING] += 1
                self.refusal = None
            case acts.Found():
                self.found = act
                self._answered(Question.FINDING, recorded.by)
            case acts.Decided():
                self.decided = act
                self._answered(Question.DECISION, recorded.by)
            case acts.ReportExamined():
                self.report = act
                self._answered(Question.REPORT, recorded.by)
            case acts.Replied():
                self.replied = act
                self._answered(Question.REPLY, recorded.by)
            case acts.Answered():
                self.answered_at = at
            case acts.PutRight():
                self.put_right = act
                if act.voucher:
                    self._answered(Question.REMEDY, recorded.by)
            case acts.FollowUpOpened():
                self.follow_up_opened = True
            case acts.FollowedUp():
                self.followed_up = act
                self._answered(Question.FOLLOW_UP, recorded.by)
            case acts.ContactAdded() if act.contact:
                self.added_contacts = (*self.added_contacts, act.contact)
            case acts.Withdrawn():
                self.withdrawn = True
            case acts.Closed():
                self.closed = act
                self.closed_at = act.closed_at or (None if act.closure is Closure.HISTORY else at)
            case acts.ClockStarted() | acts.ClockWarned() | acts.ClockMissed() | acts.ClockReached() | acts.ClockMet():
                self._apply_clock(act, at)
            case acts.LetterPrepared() | acts.LetterSent() | acts.LetterFailed():
                self._apply_letter(act)
            case acts.LetterRepaired() | acts.LetterGivenUp():
                self._apply_letter(act)
                self._answered(Question.DELIVERY, recorded.by)
                self.rounds[Question.DELIVERY] += 1

    def _answered(self, question: Question, by: str) -> None:
        self.answered_by[question] = by
        self.refusal = None

    def _apply_clock(self, act: Act, at: datetime) -> None:
        match act:
            case acts.ClockStarted():
                self.clocks[act.clock] = Clock(act)
            case acts.ClockWarned():
                self._change_clock(act.clock, warned=True)
            case acts.ClockMissed():
                self._change_clock(act.clock, missed=True)
            case acts.ClockReached():
                self._change_clock(act.clock, reached=True)
            case acts.ClockMet():
                self._change_clock(act.clock, met_at=at, late=act.late)

    def _change_clock(self, name: str, **changes: Any) -> None:
        self.clocks[name] = replace(self.clocks[name], **changes)

    def _apply_letter(self, act: Act) -> None:
        match act:
            case acts.LetterPrepared():
                self.letters[act.letter, act.round] = Letter(act, act.channel, act.recipient)
            case acts.LetterSent():
                self._change_letter(act, status="sent", reason="")
            case acts.LetterFailed():
                self._change_letter(act, status="uncertain" if act.uncertain else "failed", reason=act.reason)
                recipient = self.letters[act.letter, act.round].recipient
                if act.refused and recipient:
                    self.refused_by |= {recipient}
            case acts.LetterRepaired():
                changes = {"channel": act.channel, "recipient": act.recipient, "reason": ""}
                self._change_letter(act, status="prepared", **changes)
            case acts.LetterGivenUp():
                self._change_letter(act, status="given_up", reason=str(act.reason))

    def _change_letter(
        self, act: acts.LetterSent | acts.LetterFailed | acts.LetterRepaired | acts.LetterGivenUp, **changes: Any
    ) -> None:
        key = (act.letter, act.round)
        self.letters[key] = replace(self.letters[key], **changes)

    # --- what it is -----------------------------------------------------------------------------

    @property
    def facts(self) -> acts.Received:
        """What was received; every stored case has it."""
        if self.received is None:
            raise StageError(self.reference, "not received", "read")
        return self.received

    @property
    def complaint(self) -> Complaint | None:
        """The record with its personal data, or None once the person was erased."""
        return self.facts.complaint

    @property
    def kind(self) -> Kind | None:
        """The kind, once assessed; before that what the sender said."""
        return self.assessed.kind if self.assessed else self.facts.stated_kind

    @property
    def is_confidential(self) -> bool:
        """Whether the reporter must stay unknown: every whistle-blowing report."""
        return self.kind is Kind.REPORT

    @property
    def contacts(self) -> tuple[Contact, ...]:
        """Every way to reach the complainant, the representative, and what became known later; numbered from 1."""
        if self.complaint is None:
            return ()
        represented = self.complaint.representative
        return self.complaint.complainant.contacts + (represented.contacts if represented else ()) + self.added_contacts

    @property
    def best_contact(self) -> Contact | None:
        """Where letters go: e-mail where there is one, else the first contact; what refused a letter comes last."""
        by_preference = sorted(
            self.contacts, key=lambda one: (one.value in self.refused_by, one.kind is not ContactKind.EMAIL)
        )
        return next(iter(by_preference), None)

    @property
    def undelivered(self) -> Letter | None:
        """The letter that waits for a delivery repair."""
        return next((letter for letter in self.letters.values() if letter.needs_repair), None)

    @property
    def asks(self) -> Question | None:
        """What the case waits for a person to answer, or None."""
        if not self.stage.is_open:
            return None
        if self.undelivered:
            return Question.DELIVERY
        match self.stage:
            case Stage.ASSESSED if self.kind is Kind.CONSULTATION and self.replied is None:
                return Question.REPLY
            case Stage.UNDER_INVESTIGATION:
                return Question.REPORT if self.kind is Kind.REPORT else Question.FINDING
            case Stage.INVESTIGATED if self.found and not self.found.conclusion.declines:
                return Question.DECISION
            case Stage.ANSWERED if self.decided and self.decided.remedy.needs_doing:
                return Question.REMEDY
            case Stage.PUT_RIGHT if self.follow_up_opened:
                return Question.FOLLOW_UP
        return None

    def round_of(self, question: Question) -> int:
        """Return the how-manieth time ``question`` is asked, from 1; part of the key of its form."""
        return self.rounds[question] + 1

    # --- what people do -------------------------------------------------------------------------

    def answer(self, question: Question, answer: Answer, by: str, now: datetime) -> None:
        """Record an operator's answer; the first valid one wins.

        Raises:
            AnsweredAlready: another answer stands.
            NotAsked: the case does not ask this now.
            AnswerRefused: the answer does not fit the case.
        """
        if self.asks is not question:
            if question in self.answered_by and question is not Question.DELIVERY:
                raise AnsweredAlready(self.reference, question, self.answered_by[question])
            raise NotAsked(self.reference, question, self.asks or "")
        if isinstance(answer, Finding):
            self._answer_finding(answer, by, now)
        elif isinstance(answer, DeliveryRepair):
            self._repair_delivery(answer, by, now)
        else:
            if isinstance(answer, RemedyDone) and answer.done_on > now.astimezone(self.pack.tz).date():
                raise AnswerRefused("done_on", "is in the future; enter the day on which it was carried out")
            self.record(RECORDED_AS[type(answer)].model_validate(answer.model_dump()), now, by)

    def _answer_finding(self, finding: Finding, by: str, now: datetime) -> None:
        if finding.conclusion == "need_materials":
            if not self.contacts:
                raise AnswerRefused("conclusion", "no contact is known to ask for materials; choose another finding")
            self.record(acts.MaterialsRequested(reasons=finding.reasons or None), now, by)
        else:
            self.record(acts.Found(**finding.model_dump()), now, by)

    def _repair_delivery(self, repair: DeliveryRepair, by: str, now: datetime) -> None:
        letter = self.undelivered
        if letter is None:  # asks() said so a moment ago
            raise NotAsked(self.reference, Question.DELIVERY, self.asks or "")
        which = {"letter": letter.prepared.letter, "round": letter.prepared.round}
        if repair.choice is Repair.GIVE_UP and repair.reason:
            self.record(acts.LetterGivenUp(**which, reason=repair.reason), now, by)
            return
        channel, recipient = letter.channel, letter.recipient
        if repair.choice is Repair.OTHER_CONTACT:
            if repair.contact > len(self.contacts):
                raise AnswerRefused("contact", f"the case has {len(self.contacts)} contacts; choose one of them")
            contact = self.contacts[repair.contact - 1]
            channel, recipient = delivery_channel(contact), contact.value
        elif repair.choice is Repair.BY_POST:
            by_post = next((contact for contact in self.contacts if contact.kind is ContactKind.POST), None)
            if by_post is None:
                raise AnswerRefused("choice", "no postal address is on file; choose another contact or give up")
            channel, recipient = "hand", by_post.value
        self.record(acts.LetterRepaired(**which, choice=repair.choice, channel=channel, recipient=recipient), now, by)
        if repair.choice is Repair.ARRIVED:
            self.record(acts.LetterSent(**which, channel=channel, receipt=f"confirmed by {by}"), now, by)

    def watch(self, clock: str, now: datetime) -> Act | None:
        """Record that a clock came near, ran out or was reached, once each; return the act, or None.

        The sweep only finds candidates: whether there is something to say is asked again here.
        """
        running = self.clocks[clock]
        if running.next_at is None or now < running.next_at:
            return None
        act: Act
        if now < running.started.due_at:
            act = acts.ClockWarned(clock=clock)
        else:
            act = acts.ClockReached(clock=clock) if running.started.wait else acts.ClockMissed(clock=clock)
        self.record(act, now)
        return act

    def withdraw(self, by: str, now: datetime) -> None:
        """End the procedure because the complainant withdrew; it ends the same day."""
        if not self.stage.is_open:
            raise StageError(self.reference, self.stage, "withdrawn")
        self.record(acts.Withdrawn(), now, by)
        self.record(acts.Closed(closure=Closure.WITHDRAWN), now, by)


def closure_of(case: Case) -> Closure:
    """Return why a case whose way has ended is closed."""
    if case.found and case.found.conclusion.declines:
        return Closure.DECLINED
    if case.kind is Kind.CONSULTATION:
        return Closure.ANSWERED_AT_ONCE
    return Closure.RECORDED if case.kind is Kind.SUGGESTION else Closure.COMPLETED


def delivery_channel(contact: Contact | None) -> str:
    """Return how a letter travels: ``email``; ``hand`` for a clerk's list (post, telephone, portal); or ``file``."""
    if contact is None:
        return "file"
    return "email" if contact.kind is ContactKind.EMAIL else "hand"


def receive(
    reference: str, pack: Pack, complaint: Complaint, sender: str, now: datetime, *, history: bool = False
) -> Case:
    """Open a case for a complaint that has just been handed in.

    Args:
        reference: A fresh reference.
        pack: The regime.
        complaint: The validated record.
        sender: Which system or staff member handed it in.
        now: The firm's time.
        history: It was handled long ago: no clock runs.

    Raises:
        AnswerRefused: ``received_at`` lies in the future.
    """
    received_at = complaint.received_at or now
    if received_at > now:
        raise AnswerRefused("received_at", "is in the future; leave it out for now")
    case = Case(reference, pack)
    act = acts.Received(
        complaint=complaint,
        regime=pack.name,
        regime_version=pack.version,
        sender=sender,
        number=complaint.number,
        channel=complaint.channel,
        language=complaint.language,
        stated_kind=complaint.kind,
        party_type=complaint.complainant.type,
        represented=complaint.representative is not None,
        product=complaint.product,
        category=complaint.category,
        cause=complaint.cause,
        region=complaint.region,
        amount=complaint.amount,
        urgent=complaint.urgent,
        evidence_count=len(complaint.evidence),
        received_at=received_at,
        history=history,
    )
    case.record(act, now, sender)
    return case
