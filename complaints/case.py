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
from complaints.acts import Act, Recorded
from complaints.answers import (
    Answer,
    Breach,
    Decision,
    DeliveryRepair,
    Finding,
    FollowUp,
    Question,
    RemedyDone,
    Reply,
    ReportFinding,
)
from complaints.clock_rules import applies, key_of, leading
from complaints.clocks import Clock, begun
from complaints.consequences import consequences
from complaints.errors import (
    AnsweredAlready,
    AnswerRefused,
    NoReportOwed,
    NotAsked,
    ReportOwed,
    StageError,
    UnknownEvidence,
)
from complaints.intake import Complaint, Contact
from complaints.merging import Merge, refuse_move, stand_again, standing
from complaints.moves import CLOSED_FROM, MOVES
from complaints.notices import is_owed
from complaints.regimes.model import Duty, Pack
from complaints.regimes.rulebook import Rulebook, packaged_rulebook
from complaints.timekeeping import rule_of, strike
from complaints.transfers import REPORT_BACK, REPORT_BACK_SENT, name_of_authority
from complaints.words import Category, Channel, Closure, ContactKind, Kind, NoReport, Repair, Severity, Stage

SYSTEM: Final = "redress"
"""Who did what no person did."""

RECORDED_AS: Final[dict[type[Answer], type[Act]]] = {
    Decision: acts.Decided,
    RemedyDone: acts.PutRight,
    FollowUp: acts.FollowedUp,
    Reply: acts.Replied,
    ReportFinding: acts.ReportExamined,
}
"""Answers whose fields are those of the act that records them."""

REST_ON_MATERIALS: Final = frozenset({Question.FINDING, Question.REPORT, Question.DECISION})
"""Questions whose answer what comes in may change."""


@dataclass(frozen=True)
class Letter:
    """A letter of one case, as far as the ledger tells."""

    prepared: acts.LetterPrepared
    channel: str
    recipient: str | None
    status: str = "prepared"  # prepared, sent, failed, uncertain, given_up
    reason: str = ""
    sent_at: datetime | None = None
    tries: int = 1  # ways that it was sent, or is to be sent
    reported: acts.DeliveryReported | None = field(default=None, repr=False)  # the newest report

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to do for it."""
        return self.status in ("sent", "given_up")

    @property
    def needs_repair(self) -> bool:
        """Whether a person must say how it goes on."""
        return self.status in ("failed", "uncertain")


@dataclass(frozen=True)
class Exhibit:
    """A file on the case, as far as the ledger tells."""

    added: acts.EvidenceAdded
    at: datetime
    by: str
    opened: int = 0  # times that somebody took it out

    @property
    def number(self) -> int:
        """Its number on the case, from 1."""
        return self.added.number


@dataclass
class Case:
    """One complaint from receipt to archive."""

    reference: str
    pack: Pack = field(repr=False, compare=False)
    rules: Rulebook = field(default_factory=packaged_rulebook, repr=False, compare=False)
    further: tuple[Pack, ...] = field(default=(), repr=False, compare=False)
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
    added_contacts_of_authority: tuple[Contact, ...] = field(default=(), repr=False)
    refused_by: frozenset[str] = field(default=frozenset(), repr=False)  # addresses that take no letters
    withdrawn: bool = False
    ended: acts.HandlingEnded | None = None
    reopened: int = 0
    repeats: tuple[acts.Repeat, ...] = ()  # other cases that may be the same complaint
    merged: Merge | None = field(default=None, repr=False)
    absorbed: dict[str, acts.Absorbed] = field(default_factory=dict)  # cases that this one answers for
    circumstances: frozenset[str] = frozenset()
    happened: dict[str, datetime] = field(default_factory=dict, repr=False)  # acts and events, each the last time
    clocks: dict[str, Clock] = field(default_factory=dict)
    past_clocks: list[tuple[str, Clock]] = field(default_factory=list, repr=False)  # that ran before, and ran again
    notices_asked: tuple[tuple[str, int], ...] = ()  # letters that pauses and extensions asked for, with their round
    paths: tuple[acts.PathTaken, ...] = ()
    letters: dict[tuple[str, int], Letter] = field(default_factory=dict, repr=False)
    materials_requested: int = 0
    materials_reasons: str | None = field(default=None, repr=False)
    materials: tuple[acts.MaterialsReceived, ...] = field(default=(), repr=False)
    evidence: tuple[Exhibit, ...] = field(default=(), repr=False)
    evidence_refused: tuple[acts.EvidenceRefused, ...] = field(default=(), repr=False)
    rounds: Counter[Question] = field(default_factory=Counter)
    refusal: acts.AnswerWasRefused | None = None
    answered_by: dict[Question, str] = field(default_factory=dict)
    new: list[Recorded] = field(default_factory=list, repr=False, compare=False)

    # --- from and to the ledger -----------------------------------------------------------------

    @classmethod
    def replay(cls, reference: str, pack: Pack, recorded: Iterable[Recorded], rules: Rulebook | None = None) -> "Case":
        """Build the case from its acts."""
        case = cls(reference, pack, rules or packaged_rulebook())
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
        refuse_move(self, act)
        if isinstance(act, acts.Closed) and self.owes_report:
            raise ReportOwed(self.reference)
        self._add(act, now, by)
        if not (self.received and self.received.history):
            self._run_clocks(act, now)

    def _add(self, act: Act, now: datetime, by: str) -> None:
        recorded = Recorded(act, now, by)
        self._apply(recorded)
        self.new.append(recorded)

    def _run_clocks(self, act: Act, now: datetime) -> None:
        for follows in list(consequences(self, act, now)):
            self._add(follows, now, SYSTEM)

    def _apply(self, recorded: Recorded) -> None:  # noqa: C901 - one branch an act reads better than a registry
        act, at = recorded.act, recorded.at
        if (move := MOVES.get(type(act))) is not None:
            self.stage = move[1]
        self.happened[act.kind_name()] = at
        match act:
            case acts.Received():
                self._receive(act)
            case acts.RecordCorrected():
                self._correct(act)
            case acts.Occurred():
                self.happened[act.event] = act.occurred_at
            case acts.CircumstancesStated():
                self.circumstances = self.circumstances.union(act.stated).difference(act.revoked)
            case acts.RegimeAdopted():
                self._adopt(act)
            case acts.PathTaken():
                self.paths = (*self.paths, act)
            case acts.Reopened():
                self._reopen()
            case acts.RepeatsSuggested():
                self.repeats = act.repeats
            case acts.Merged():
                self.merged = standing(self, act.into)
            case acts.MergeUndone() if self.merged:
                stand_again(self, self.merged, recorded)
            case acts.Absorbed():
                self.absorbed[act.reference] = act
            case acts.Separated():
                self.absorbed.pop(act.reference, None)
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
            case acts.MaterialsReceived():
                self.materials = (*self.materials, act)
                if self.asks in REST_ON_MATERIALS:  # asked anew, by a form that shows what came
                    self.rounds[self.asks] += 1
            case acts.EvidenceAdded():
                self.evidence = (*self.evidence, Exhibit(act, at, recorded.by))
            case acts.EvidenceRefused():
                self.evidence_refused = (*self.evidence_refused, act)
            case acts.EvidenceOpened():
                self.evidence = tuple(
                    replace(one, opened=one.opened + 1) if one.number == act.number else one for one in self.evidence
                )
            case acts.DeliveryReported():
                key = (act.letter, act.round)
                self.letters[key] = replace(self.letters[key], reported=act)
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
            case acts.ContactAdded() if act.contact and act.of_authority:
                self.added_contacts_of_authority = (*self.added_contacts_of_authority, act.contact)
            case acts.ContactAdded() if act.contact:
                self.added_contacts = (*self.added_contacts, act.contact)
            case acts.Withdrawn():
                self.withdrawn = True
            case acts.HandlingEnded():
                self.ended = act
            case acts.Closed():
                self.closed = act
                self.closed_at = act.closed_at or (None if act.closure is Closure.HISTORY else at)
            case acts.ClockStarted():
                self._start_clock(act, recorded)
            case acts.ExtensionGranted() | acts.ClockPaused():
                if act.letter:
                    self.notices_asked = (*self.notices_asked, (act.letter, act.round))
                self.clocks[act.clock] = self.clocks[act.clock].applied(recorded)
            case acts.LetterPrepared() | acts.LetterSent() | acts.LetterFailed():
                self._apply_letter(act, at)
            case acts.LetterRepaired() | acts.LetterGivenUp():
                self._apply_letter(act, at)
                self._answered(Question.DELIVERY, recorded.by)
                self.rounds[Question.DELIVERY] += 1
            case acts.BreachExplained():
                self.clocks[act.clock] = self.clocks[act.clock].applied(recorded)
                self._answered(Question.BREACH, recorded.by)
                self.rounds[Question.BREACH] += 1
            case _ if (clock := getattr(act, "clock", None)) is not None:
                self.clocks[clock] = self.clocks[clock].applied(recorded)

    def _receive(self, act: acts.Received) -> None:
        self.received = act
        self.happened["received"] = act.received_at
        self.circumstances = frozenset(act.circumstances)
        self.further = tuple(self.rules.pack(name, version) for name, version in act.further)

    def _correct(self, act: acts.RecordCorrected) -> None:
        """Take a matter of history as its source has it now; it keeps its sender and number."""
        both = acts.RecordCorrected.model_fields.keys() & acts.Received.model_fields.keys()
        self.received = self.facts.model_copy(update={name: getattr(act, name) for name in both})
        self.happened["received"] = act.received_at
        if self.closed:
            self.closed = self.closed.model_copy(update={"timely": act.timely, "closed_at": act.closed_at})
            self.closed_at = act.closed_at

    def _adopt(self, act: acts.RegimeAdopted) -> None:
        adopted = self.rules.pack(act.regime, act.version)
        if act.regime == self.pack.name:
            self.pack = adopted
        else:
            self.further = tuple(adopted if one.name == act.regime else one for one in self.further)
        for name in (key_of(self, adopted, rule.name) for rule in adopted.clocks):
            if (clock := self.clocks.get(name)) is not None and not clock.is_over:
                self.clocks[name] = replace(clock, version=adopted.version)

    def _start_clock(self, act: acts.ClockStarted, recorded: Recorded) -> None:
        if (before := self.clocks.get(act.clock)) is not None:
            self.past_clocks.append((act.clock, before))
        version = next((one.version for one in self.all_packs if one.name == (act.regime or self.pack.name)), "")
        self.clocks[act.clock] = begun(act, recorded, version)

    def _reopen(self) -> None:
        """Take the case up again from its investigation; what was found and decided before stands in the ledger."""
        self.reopened += 1
        self.found = self.decided = self.report = self.put_right = self.followed_up = None
        self.closed = self.closed_at = self.answered_at = self.ended = None
        self.follow_up_opened = False
        self.paths = ()
        self.rounds[Question.FINDING] += 1
        self.rounds[Question.DECISION] += 1
        self.rounds[Question.REMEDY] += 1
        self.rounds[Question.FOLLOW_UP] += 1

    def _answered(self, question: Question, by: str) -> None:
        self.answered_by[question] = by
        self.refusal = None

    def _apply_letter(self, act: Act, at: datetime) -> None:
        match act:
            case acts.LetterPrepared():
                self.letters[act.letter, act.round] = Letter(act, act.channel, act.recipient)
            case acts.LetterSent():
                self._change_letter(act, status="sent", reason="", sent_at=at)
            case acts.LetterFailed():
                self._change_letter(act, status="uncertain" if act.uncertain else "failed", reason=act.reason)
                recipient = self.letters[act.letter, act.round].recipient
                if act.refused and recipient:
                    self.refused_by |= {recipient}
            case acts.LetterRepaired():
                tries = self.letters[act.letter, act.round].tries + 1
                changes = {"channel": act.channel, "recipient": act.recipient, "reason": "", "tries": tries}
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
    def category(self) -> Category | None:
        """What it is about, as the finding has it, or the assessment, or the sender."""
        assessed = self.assessed.category if self.assessed else self.facts.category
        return (self.found and self.found.category) or assessed

    @property
    def severity(self) -> Severity | None:
        """How serious it is; None before it is assessed."""
        return self.found.severity if self.found else self.assessed.severity if self.assessed else None

    @property
    def packs(self) -> tuple[Pack, ...]:
        """The regimes it falls under as it is known now, the leading one first."""
        return (self.pack, *(one for one in self.further if applies(self, one.when)))

    @property
    def all_packs(self) -> tuple[Pack, ...]:
        """The regimes it falls under, and those that it may fall under once more is known."""
        return (self.pack, *self.further)

    @property
    def answer_clock(self) -> Clock | None:
        """The strictest limit for the answer, of all regimes."""
        return leading(self, Duty.ANSWER)

    @property
    def unexplained_breach(self) -> str | None:
        """The clock that was missed without anybody having said why; of those begun before causes were asked, none."""
        asked = {name: clock for name, clock in self.clocks.items() if clock.started.until}
        return next((name for name, clock in asked.items() if clock.is_breach and clock.cause is None), None)

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
        return self._best(self.contacts)

    def _best(self, contacts: Iterable[Contact]) -> Contact | None:
        def rank(one: Contact) -> tuple[bool, bool]:
            return one.value in self.refused_by, one.kind is not ContactKind.EMAIL

        return min(contacts, key=rank, default=None)

    @property
    def contacts_of_authority(self) -> tuple[Contact, ...]:
        """Every way to reach the authority that forwarded the matter; numbered from 1."""
        named = self.complaint.transfer.contact if self.complaint and self.complaint.transfer else None
        return (*((named,) if named else ()), *self.added_contacts_of_authority)

    def contacts_for(self, letter: str) -> tuple[Contact, ...]:
        """Return the contacts of whom a letter is for: the report goes to the authority, every other one never."""
        return self.contacts_of_authority if letter == REPORT_BACK else self.contacts

    def delivery_of(self, letter: str) -> tuple[str, str | None]:
        """Return how a letter travels and to which address; without one, a clerk finds out the authority's."""
        contact = self._best(self.contacts_for(letter))
        if contact is None and letter == REPORT_BACK:
            return "hand", self._authority_by_name
        return delivery_channel(contact), contact.value if contact else None

    @property
    def _authority_by_name(self) -> str:
        """What stands on an envelope to the authority as long as no address is known."""
        return name_of_authority(self.facts.authority or "", self.language_of(REPORT_BACK))

    def language_of(self, letter: str) -> str:
        """Return the language a letter is written in: the complainant's, or the authority's."""
        if letter == REPORT_BACK and self.complaint and self.complaint.transfer:
            return self.complaint.transfer.language
        return self.facts.language

    @property
    def owes_report(self) -> bool:
        """Whether the authority that forwarded the matter waits for the report, by the rules of a regime."""
        return bool(self._report_clocks)

    @property
    def report_presses(self) -> bool:
        """Whether the report must not wait for the remedy: its limit comes near, or has passed."""
        return any(clock.warned or clock.missed for clock in self._report_clocks)

    @property
    def _report_clocks(self) -> list[Clock]:
        if self.received is None or self.received.authority is None:
            return []
        running = [(name, clock) for name, clock in self.clocks.items() if not clock.is_over]
        return [clock for name, clock in running if REPORT_BACK_SENT in rule_of(self, name)[0].ends]

    @property
    def undelivered(self) -> Letter | None:
        """The letter that waits for a delivery repair."""
        waiting = (letter for letter in self.letters.values() if letter.needs_repair)
        return next((letter for letter in waiting if self.sends(letter.prepared.letter)), None)

    def sends(self, letter: str) -> bool:
        """Whether a letter may still go out: once handling has ended, only the report to the authority."""
        return self.stage.is_open and (self.stage is not Stage.ENDED or letter == REPORT_BACK)

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
        return Question.BREACH if self._way_has_ended and self.unexplained_breach else None

    @property
    def _way_has_ended(self) -> bool:
        """Whether nothing is left but to close it."""
        return self.stage is Stage.FOLLOWED_UP or (self.stage is Stage.ANSWERED and self.decided is None)

    def exhibit(self, number: int) -> Exhibit:
        """Return a file of the case.

        Raises:
            UnknownEvidence: it has none of this number.
        """
        for one in self.evidence:
            if one.number == number:
                return one
        raise UnknownEvidence(self.reference, number)

    def round_of_letter(self, letter: str | None) -> int:
        """Return the how-manieth notice of a sort comes next, from 1."""
        return sum(name == letter for name, _ in self.notices_asked) + 1

    @property
    def notices(self) -> tuple[tuple[str, int], ...]:
        """The letters that tell of pauses and extensions, with their round; none that has become pointless."""
        return tuple(one for one in self.notices_asked if is_owed(self, *one))

    @property
    def outcome_letter(self) -> str | None:
        """The letter that tells the outcome, where a shorter way was taken; empty: none is due.

        As long as another regime still asks for an answer, the usual letter goes out.
        """
        answer = self.answer_clock
        if not self.paths or (answer and not answer.is_over):
            return None
        return self.paths[-1].letter or ""

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
            if question in self.answered_by and question not in (Question.DELIVERY, Question.BREACH):
                raise AnsweredAlready(self.reference, question, self.answered_by[question])
            raise NotAsked(self.reference, question, self.asks or "")
        if isinstance(answer, Finding):
            self._answer_finding(answer, by, now)
        elif isinstance(answer, DeliveryRepair):
            self._repair_delivery(answer, by, now)
        elif isinstance(answer, Breach):
            self.record(acts.BreachExplained(clock=self.unexplained_breach or "", cause=answer.cause), now, by)
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
        channel, recipient, contacts = letter.channel, letter.recipient, self.contacts_for(letter.prepared.letter)
        if repair.choice is Repair.OTHER_CONTACT:
            if repair.contact > len(contacts):
                reason = f"there are {len(contacts)} contacts for this letter; choose one of them"
                raise AnswerRefused("contact", reason)
            contact = contacts[repair.contact - 1]
            channel, recipient = delivery_channel(contact), contact.value
        elif repair.choice is Repair.BY_POST:
            by_post = next((contact.value for contact in contacts if contact.kind is ContactKind.POST), None)
            if by_post is None and letter.prepared.letter != REPORT_BACK:
                raise AnswerRefused("choice", "no postal address is on file; choose another contact or give up")
            channel, recipient = "hand", by_post or self._authority_by_name
        self.record(acts.LetterRepaired(**which, choice=repair.choice, channel=channel, recipient=recipient), now, by)
        if repair.choice is Repair.ARRIVED:
            self.record(acts.LetterSent(**which, channel=channel, receipt=f"confirmed by {by}"), now, by)

    def watch(self, clock: str, now: datetime) -> Act | None:
        """Record what there is to say of a clock, once; return the act, or None.

        The sweep only finds candidates: whether there is something to say is asked again here.
        """
        act = strike(self, clock, now)
        if act:
            self.record(act, now)
        return act

    def withdraw(self, by: str, now: datetime, *, channel: Channel | None = None, words: str | None = None) -> None:
        """End the procedure because the complainant withdrew; it ends the same day.

        Raises:
            StageError: it has ended already.
        """
        if not self.stage.is_open or self.stage is Stage.ENDED:
            raise StageError(self.reference, self.stage, "withdrawn")
        self.record(acts.Withdrawn(channel=channel, words=words), now, by)
        self.end(Closure.WITHDRAWN, by, now)

    def end(self, closure: Closure, by: str, now: datetime) -> None:
        """Close the case; where an authority waits for a report, only end what is done for the complainant.

        The case is then closed, for the same reason, once the report has gone out.

        Raises:
            StageError: it has ended already.
        """
        self.record((acts.HandlingEnded if self.owes_report else acts.Closed)(closure=closure), now, by)

    def waive_report(self, reason: NoReport, by: str, now: datetime) -> None:
        """Record that the authority is sent no report.

        Raises:
            NoReportOwed: it waits for none.
        """
        if not self.owes_report:
            raise NoReportOwed(self.reference)
        self.record(acts.ReportWaived(reason=reason), now, by)


def closure_of(case: Case) -> Closure:
    """Return why a case whose way has ended is closed."""
    if case.ended:
        return case.ended.closure
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
