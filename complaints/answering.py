"""What a case waits for people to say, and what their answers become in its ledger."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from complaints import acts
from complaints.acts import Act
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
from complaints.correspondence import BY_HAND, Letter, authority_by_name, delivery_channel
from complaints.errors.case import AnsweredAlready, AnswerRefused, NotAsked
from complaints.transfers import REPORT_BACK
from complaints.words import ContactKind, Kind, Repair, Stage

if TYPE_CHECKING:
    from complaints.case import Case

RECORDED_AS: Final[dict[type[Answer], type[Act]]] = {
    Decision: acts.Decided,
    RemedyDone: acts.PutRight,
    FollowUp: acts.FollowedUp,
    Reply: acts.Replied,
    ReportFinding: acts.ReportExamined,
}
"""Answers whose fields are those of the act that records them."""


def question_of(case: "Case") -> Question | None:
    """Return what a case waits for a person to answer, or None."""
    if not case.stage.is_open:
        return None
    if case.undelivered:
        return Question.DELIVERY
    match case.stage:
        case Stage.ASSESSED if case.kind is Kind.CONSULTATION and case.replied is None:
            return Question.REPLY
        case Stage.UNDER_INVESTIGATION:
            return Question.REPORT if case.kind is Kind.REPORT else Question.FINDING
        case Stage.INVESTIGATED if case.found and not case.found.conclusion.declines:
            return Question.DECISION
        case Stage.ANSWERED if case.decided and case.decided.remedy.needs_doing:
            return Question.REMEDY
        case Stage.PUT_RIGHT if case.follow_up_opened:
            return Question.FOLLOW_UP
    return Question.BREACH if _way_has_ended(case) and case.unexplained_breach else None


def _way_has_ended(case: "Case") -> bool:
    """Whether nothing is left but to close it."""
    return case.stage is Stage.FOLLOWED_UP or (case.stage is Stage.ANSWERED and case.decided is None)


def record_answer(case: "Case", question: Question, answer: Answer, by: str, now: datetime) -> None:
    """Record an operator's answer, as :meth:`complaints.case.Case.answer` says."""
    if case.asks is not question:
        if question in case.answered_by and question not in (Question.DELIVERY, Question.BREACH):
            raise AnsweredAlready(case.reference, question, case.answered_by[question])
        raise NotAsked(case.reference, question, case.asks or "")
    if isinstance(answer, Finding):
        _record_finding(case, answer, by, now)
    elif isinstance(answer, DeliveryRepair):
        _repair_delivery(case, answer, by, now)
    elif isinstance(answer, Breach):
        case.record(acts.BreachExplained(clock=case.unexplained_breach or "", cause=answer.cause), now, by)
    else:
        if isinstance(answer, RemedyDone):
            _refuse_day(case, answer.done_on, now)
        case.record(RECORDED_AS[type(answer)].model_validate(answer.model_dump()), now, by)


def _refuse_day(case: "Case", done_on: date, now: datetime) -> None:
    """Refuse a day on which a remedy cannot have been carried out: nothing is put right before it was complained of."""
    received_on, today = (one.astimezone(case.pack.tz).date() for one in (case.facts.received_at, now))
    if done_on > today:
        raise AnswerRefused("done_on", "is in the future; enter the day on which it was carried out")
    if done_on < received_on:
        why = f"is before the complaint was received ({received_on}); enter the day that stands in the books"
        raise AnswerRefused("done_on", why)


def _record_finding(case: "Case", finding: Finding, by: str, now: datetime) -> None:
    if finding.conclusion == "need_materials":
        if not case.contacts:
            raise AnswerRefused("conclusion", "no contact is known to ask for materials; choose another finding")
        case.record(acts.MaterialsRequested(reasons=finding.reasons or None), now, by)
    else:
        case.record(acts.Found(**finding.model_dump()), now, by)


def _repair_delivery(case: "Case", repair: DeliveryRepair, by: str, now: datetime) -> None:
    letter = case.undelivered
    if letter is None:  # asks said so a moment ago
        raise NotAsked(case.reference, Question.DELIVERY, case.asks or "")
    which = {"letter": letter.prepared.letter, "round": letter.prepared.round}
    if repair.choice is Repair.GIVE_UP and repair.reason:
        case.record(acts.LetterGivenUp(**which, reason=repair.reason), now, by)
        return
    channel, recipient = _way_to_send(case, letter, repair)
    case.record(acts.LetterRepaired(**which, choice=repair.choice, channel=channel, recipient=recipient), now, by)
    if repair.choice is Repair.ARRIVED:
        case.record(acts.LetterSent(**which, channel=channel, receipt=f"confirmed by {by}"), now, by)


def _way_to_send(case: "Case", letter: Letter, repair: DeliveryRepair) -> tuple[str, str | None]:
    """Return how and to which address an undelivered letter goes on."""
    name = letter.prepared.letter
    contacts = case.contacts_for(name)
    if repair.choice is Repair.OTHER_CONTACT:
        if repair.contact > len(contacts):
            raise AnswerRefused("contact", f"there are {len(contacts)} contacts for this letter; choose one of them")
        contact = contacts[repair.contact - 1]
        return delivery_channel(contact), contact.value
    if repair.choice is Repair.BY_POST:
        by_post = next((contact.value for contact in contacts if contact.kind is ContactKind.POST), None)
        if by_post is None and name != REPORT_BACK:
            raise AnswerRefused("choice", "no postal address is on file; choose another contact or give up")
        return BY_HAND, by_post or authority_by_name(case)
    return letter.channel, letter.recipient
