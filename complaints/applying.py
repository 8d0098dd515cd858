"""What each act of the ledger makes of a case.

Nothing is checked here: what stands in the ledger has happened. That an act is allowed at all is asked before it is
recorded, by :meth:`complaints.case.Case.record`.
"""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from complaints import acts
from complaints.acts import Recorded
from complaints.answers import Question
from complaints.clock_rules import key_of
from complaints.clocks import begun
from complaints.correspondence import Letter, OnALetter
from complaints.exhibits import Exhibit
from complaints.holds import Hold
from complaints.merging import stand_again, standing
from complaints.moves import MOVES
from complaints.payments import payments_by
from complaints.words import Closure

if TYPE_CHECKING:
    from complaints.case import Case

_REST_ON_MATERIALS: Final = frozenset({Question.FINDING, Question.REPORT, Question.DECISION})
"""Questions whose answer what comes in may change."""

_ASKED_ANEW: Final = (Question.FINDING, Question.DECISION, Question.REMEDY, Question.FOLLOW_UP)
"""Questions of a case that is taken up again."""


def apply(case: "Case", recorded: Recorded) -> None:  # noqa: C901 - one branch an act reads better than a registry
    """Take over what one entry of the ledger says."""
    act, at = recorded.act, recorded.at
    case.changed_at = max(at, case.changed_at or at)
    if (move := MOVES.get(type(act))) is not None:
        case.stage = move[1]
    case.happened[act.kind_name()] = at
    match act:  # what is most frequent first: of clocks a ledger tells as often as of all else
        case acts.ClockStarted():
            _start_clock(case, act, recorded)
        case acts.ClockMet():
            case.clocks[act.clock] = case.clocks[act.clock].applied(recorded)
        case acts.Received():
            _receive(case, act)
        case acts.RecordCorrected():
            _correct(case, act)
        case acts.Occurred():
            case.happened[act.event] = act.occurred_at
        case acts.CircumstancesStated():
            case.circumstances = case.circumstances.union(act.stated).difference(act.revoked)
        case acts.RegimeAdopted():
            _adopt(case, act)
        case acts.PathTaken():
            case.paths = (*case.paths, act)
        case acts.Reopened():
            _reopen(case)
        case acts.RepeatsSuggested():
            case.repeats = act.repeats
        case acts.Merged():
            case.merged = standing(case, act.into)
        case acts.MergeUndone() if case.merged:
            stand_again(case, case.merged, recorded)
        case acts.Absorbed():
            case.absorbed[act.reference] = act
        case acts.Separated():
            case.absorbed.pop(act.reference, None)
        case acts.Acknowledged():
            case.acknowledged_at = at
        case acts.Assessed():
            case.assessed = act
        case acts.AnswerWasRefused():
            case.rounds[act.question] += 1
            case.refusal = act
        case acts.MaterialsRequested():
            case.materials_requested += 1
            case.materials_reasons = act.reasons
            case.rounds[Question.FINDING] += 1
            case.handler = recorded.by
            case.refusal = None
        case acts.MaterialsReceived():
            case.materials = (*case.materials, act)
            if case.asks in _REST_ON_MATERIALS:  # asked anew, by a form that shows what came
                case.rounds[case.asks] += 1
        case acts.EvidenceAdded():
            case.evidence = (*case.evidence, Exhibit(act, at, recorded.by))
        case acts.EvidenceRefused():
            case.evidence_refused = (*case.evidence_refused, act)
        case acts.EvidenceOpened():
            case.evidence = tuple(
                replace(one, opened=one.opened + 1) if one.number == act.number else one for one in case.evidence
            )
        case acts.Found():
            case.found = act
            _answered(case, Question.FINDING, recorded.by)
        case acts.Decided():
            case.decided = act
            _answered(case, Question.DECISION, recorded.by)
        case acts.ReportExamined():
            case.report = act
            _answered(case, Question.REPORT, recorded.by)
        case acts.Replied():
            case.replied = act
            _answered(case, Question.REPLY, recorded.by)
        case acts.Answered():
            case.answered_at = at
        case acts.PutRight():
            case.put_right = act
            case.payments += payments_by(case, act, at)
            if act.voucher:
                _answered(case, Question.REMEDY, recorded.by)
        case acts.FollowUpOpened():
            case.follow_up_opened = True
        case acts.FollowedUp():
            case.followed_up = act
            _answered(case, Question.FOLLOW_UP, recorded.by)
        case acts.ContactAdded() if act.contact and act.of_authority:
            case.added_contacts_of_authority = (*case.added_contacts_of_authority, act.contact)
        case acts.ContactAdded() if act.contact:
            case.added_contacts = (*case.added_contacts, act.contact)
        case acts.Withdrawn():
            case.withdrawn = True
        case acts.HandlingEnded():
            case.ended = act
        case acts.Closed():
            case.closed = act
            case.closed_at = act.closed_at or (None if act.closure is Closure.HISTORY else at)
        case acts.Archived():
            case.archived = act
        case acts.Unarchived():
            case.archived = None
        case acts.HoldPlaced():
            case.holds = (*case.holds, Hold(act, at, recorded.by))
        case acts.HoldLifted():
            case.holds = tuple(
                replace(one, lifted=act, lifted_at=at) if one.number == act.hold else one for one in case.holds
            )
        case acts.Erased():
            case.erased = act
        case acts.ExtensionGranted() | acts.ClockPaused():
            if act.letter:
                case.notices_asked = (*case.notices_asked, (act.letter, act.round))
            case.clocks[act.clock] = case.clocks[act.clock].applied(recorded)
        case acts.LetterPrepared():
            case.letters[act.letter, act.round] = Letter(act, act.channel, act.recipient, written_at=at)
        case acts.LetterSent() | acts.DeliveryReported():
            _change_letter(case, act, at)
        case acts.LetterFailed():
            recipient = _change_letter(case, act, at).recipient
            if act.refused and recipient:
                case.refused_by |= {recipient}
        case acts.LetterRepaired() | acts.LetterGivenUp():
            _change_letter(case, act, at)
            _answered(case, Question.DELIVERY, recorded.by)
            case.rounds[Question.DELIVERY] += 1
        case acts.BreachExplained():
            case.clocks[act.clock] = case.clocks[act.clock].applied(recorded)
            _answered(case, Question.BREACH, recorded.by)
            case.rounds[Question.BREACH] += 1
        case _ if (clock := getattr(act, "clock", None)) is not None:
            case.clocks[clock] = case.clocks[clock].applied(recorded)


def _receive(case: "Case", act: acts.Received) -> None:
    case.received = act
    case.happened["received"] = act.received_at
    case.circumstances = frozenset(act.circumstances)
    case.further = tuple(case.rules.pack(name, version) for name, version in act.further)


def _correct(case: "Case", act: acts.RecordCorrected) -> None:
    """Take a matter of history as its source has it now; it keeps its sender and number."""
    both = acts.RecordCorrected.model_fields.keys() & acts.Received.model_fields.keys()
    case.received = case.facts.model_copy(update={name: getattr(act, name) for name in both})
    case.happened["received"] = act.received_at
    if case.closed:
        case.closed = case.closed.model_copy(update={"timely": act.timely, "closed_at": act.closed_at})
        case.closed_at = act.closed_at


def _adopt(case: "Case", act: acts.RegimeAdopted) -> None:
    adopted = case.rules.pack(act.regime, act.version)
    if act.regime == case.pack.name:
        case.pack = adopted
    else:
        case.further = tuple(adopted if one.name == act.regime else one for one in case.further)
    for name in (key_of(case, adopted, rule.name) for rule in adopted.clocks):
        if (clock := case.clocks.get(name)) is not None and not clock.is_over:
            case.clocks[name] = replace(clock, version=adopted.version)


def _start_clock(case: "Case", act: acts.ClockStarted, recorded: Recorded) -> None:
    if (before := case.clocks.get(act.clock)) is not None:
        case.past_clocks.append((act.clock, before))
    version = next((one.version for one in case.all_packs if one.name == (act.regime or case.pack.name)), "")
    case.clocks[act.clock] = begun(act, recorded, version)


def _reopen(case: "Case") -> None:
    """Take the case up again from its investigation; what was found and decided before stands in the ledger."""
    case.reopened += 1
    case.found = case.decided = case.report = case.put_right = case.followed_up = None
    case.closed = case.closed_at = case.answered_at = case.ended = None
    case.follow_up_opened = False
    case.paths = ()
    case.rounds.update(_ASKED_ANEW)


def _answered(case: "Case", question: Question, by: str) -> None:
    case.answered_by[question] = case.handler = by
    case.refusal = None


def _change_letter(case: "Case", act: OnALetter, at: datetime) -> Letter:
    key = (act.letter, act.round)
    case.letters[key] = case.letters[key].applied(act, at)
    return case.letters[key]
