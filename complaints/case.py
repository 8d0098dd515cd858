"""The case: where it stands, what it may do next, and the acts that say so.

A case is nothing but its acts. Every move checks the stage, then records an act; :meth:`Case.replay` builds the
same case from the acts alone, so that what is stored beside the ledger can always be compared with it.

What each act makes of a case stands in :mod:`complaints.applying`, what it asks people in :mod:`complaints.answering`,
what follows for its clocks in :mod:`complaints.consequences`.
"""

from collections import Counter
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from complaints import acts
from complaints.acts import Act, Recorded
from complaints.answering import question_of, record_answer
from complaints.answers import Answer, Question
from complaints.applying import apply
from complaints.clock_rules import applies, leading
from complaints.clocks import Clock
from complaints.consequences import consequences
from complaints.correspondence import Letter, best_of, delivery_of
from complaints.errors.case import NoReportOwed, ReportOwed, StageError
from complaints.errors.evidence import UnknownEvidence
from complaints.exhibits import Exhibit
from complaints.holds import Hold, refuse_erased
from complaints.intake import Complaint, Contact
from complaints.merging import Merge, refuse_move
from complaints.moves import CLOSED_FROM, MOVES
from complaints.notices import is_owed
from complaints.payments import Payment
from complaints.regimes.model import Duty, Pack
from complaints.regimes.rulebook import Rulebook, packaged_rulebook
from complaints.timekeeping import rule_of, strike
from complaints.transfers import REPORT_BACK, REPORT_BACK_SENT
from complaints.words import Category, Channel, Closure, Kind, NoReport, Severity, Stage

SYSTEM: Final = "redress"
"""Who did what no person did."""


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
    payments: tuple[Payment, ...] = ()  # stand though the case be taken up again
    follow_up_opened: bool = False
    followed_up: acts.FollowedUp | None = field(default=None, repr=False)
    closed: acts.Closed | None = None
    closed_at: datetime | None = None
    archived: acts.Archived | None = None
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
    holds: tuple[Hold, ...] = ()  # those that were lifted, too
    erased: acts.Erased | None = None
    handler: str | None = None  # who answered a question of the case last
    changed_at: datetime | None = None  # the latest time in its ledger
    new: list[Recorded] = field(default_factory=list, repr=False, compare=False)

    # --- from and to the ledger -----------------------------------------------------------------

    @classmethod
    def replay(cls, reference: str, pack: Pack, recorded: Iterable[Recorded], rules: Rulebook | None = None) -> "Case":
        """Build the case from its acts."""
        case = cls(reference, pack, rules or packaged_rulebook())
        for one in recorded:
            apply(case, one)
        return case

    def copy(self) -> "Case":
        """Return the same case, to go on from without changing this one. What its containers hold never changes."""
        other = copy(self)
        vars(other).update({name: copy(one) for name, one in vars(self).items() if isinstance(one, dict | list)})
        return other

    def record(self, act: Act, now: datetime, by: str = SYSTEM) -> None:
        """Check that ``act`` is allowed now, apply it, and run the clocks that it starts or ends.

        Raises:
            StageError: the case's stage does not allow it.
            KeyDestroyed: the person was erased; nothing is recorded any more.
        """
        refuse_erased(self, act)
        rule = MOVES.get(type(act))
        allowed = rule[0] if rule else None
        if isinstance(act, acts.Closed):
            allowed = CLOSED_FROM[act.closure]
        if isinstance(act, acts.Archived) and self.archived and not self.is_packed:  # the first version's folder
            allowed = frozenset({Stage.ARCHIVED})
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
        apply(self, recorded)
        self.new.append(recorded)

    def _run_clocks(self, act: Act, now: datetime) -> None:
        for follows in list(consequences(self, act, now)):
            self._add(follows, now, SYSTEM)

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
    def is_packed(self) -> bool:
        """Whether its letters and evidence are in its archive package, and nowhere else."""
        return self.archived is not None and self.archived.format > 1

    @property
    def standing_holds(self) -> tuple[Hold, ...]:
        """The holds that were not lifted; as long as there is one, nothing of the case may be erased."""
        return tuple(one for one in self.holds if one.lifted is None)

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
        return best_of(self.contacts, self.refused_by)

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
        return delivery_of(self, letter)

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
        return question_of(self)

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
        record_answer(self, question, answer, by, now)

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
