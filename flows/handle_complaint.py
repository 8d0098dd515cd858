"""One complaint, from receipt to closed case: the procedure, in order.

Every step asks the case first whether it is already done, so the flow may be run again from the top at any time:
after a form was answered, on another machine, in a new run after Prefect's database was lost.
"""

from prefect import flow

from complaints.answers import Question
from complaints.case import Case
from complaints.letters import acknowledgement_letter
from complaints.transfers import REPORT_BACK
from complaints.words import Kind, Stage
from flows.case_sheet import sheet_on_page
from flows.waiting import ask, forget_answers, until_reached
from tasks import steps
from tasks.desk import look
from tasks.letters import deliver_letter, prepare_letter


@flow(name="handle-complaint", flow_run_name="{reference}", log_prints=False)
def handle_complaint(reference: str) -> None:
    """Handle one complaint.

    Args:
        reference: The case's reference. Nothing else about a case ever enters Prefect.
    """
    with sheet_on_page(reference):
        settle_letters(reference)
        acknowledge(reference)
        match assess(reference):
            case Kind.CONSULTATION:
                reply(reference)
            case Kind.SUGGESTION:
                notify(reference)
            case Kind.REPORT:
                investigate(reference)
                notify(reference, letter="report_outcome")
            case Kind.COMPLAINT:
                if investigate(reference):
                    decide(reference)
                    notify(reference, letter="decision")
                    put_right(reference)
                    report_back(reference)
                    follow_up(reference)
                else:
                    notify(reference, letter="decline")
        report_back(reference)
        close(reference)
        forget_answers(reference)


def acknowledge(reference: str) -> None:
    """Tell the complainant that the complaint was received."""
    if look(reference).stage is Stage.RECEIVED:
        send(reference, acknowledgement_letter(look(reference)))
        steps.acknowledge(reference)


def assess(reference: str) -> Kind | None:
    """Settle what kind of matter it is, which decides its way, and whether it looks like an earlier one.

    Repeats are looked for after that: of two that are assessed at one moment, one at least then finds the other.
    """
    if look(reference).stage is Stage.ACKNOWLEDGED:
        steps.assess(reference)
    case = look(reference)
    if case.stage is Stage.ASSESSED and not case.repeats and steps.has_repeats(reference):
        steps.suggest_repeats(reference)
    return case.kind


def reply(reference: str) -> None:
    """Answer a consultation."""
    until_answered(reference, Question.REPLY)
    notify(reference, letter="consultation_answer")


def investigate(reference: str) -> bool:
    """Find out what happened, asking the complainant for materials where needed.

    Returns:
        Whether the matter is accepted; if not, it is declined.
    """
    if look(reference).stage is Stage.ASSESSED:
        steps.open_investigation(reference)
    while (case := look(reference)).stage is Stage.UNDER_INVESTIGATION:
        if case.materials_requested:
            send(reference, "materials_request", round=case.materials_requested)
        tell_of_clocks(reference)
        if (question := look(reference).asks) is Question.DELIVERY:
            settle_letters(reference)
        elif question:
            ask(reference, question)
    found = look(reference).found
    return not (found and found.conclusion.declines)


def decide(reference: str) -> None:
    """Decide whether the complaint is upheld, and what puts it right."""
    until_answered(reference, Question.DECISION)


def notify(reference: str, letter: str | None = None) -> None:
    """Tell the complainant the outcome. A suggestion was thanked for when it was received."""
    case = look(reference)
    if case.stage in (Stage.ASSESSED, Stage.INVESTIGATED, Stage.DECIDED):
        tell_of_clocks(reference)
        if case.outcome_letter is not None:  # a shorter way was taken: another letter, or none
            letter = case.outcome_letter
        if letter:
            send(reference, letter, round=case.reopened + 1)
        steps.mark_answered(reference)


def put_right(reference: str) -> None:
    """Carry out the remedy: wait for the proof where something must be paid or corrected."""
    while (case := look(reference)).stage is Stage.ANSWERED:
        if reports_meanwhile(case):
            report_back(reference)
        elif is_asked(reference, Question.REMEDY):
            tell_of_clocks(reference)
            ask(reference, Question.REMEDY)
        else:
            steps.mark_put_right(reference)


def report_back(reference: str) -> None:
    """Tell the authority that forwarded the matter what became of it, once; also where it was withdrawn or merged."""
    if (case := look(reference)).owes_report:
        send(reference, REPORT_BACK, round=case.reopened + 1)


def reports_meanwhile(case: Case) -> bool:
    """Whether the report must go out although the remedy is still to be carried out: its limit comes near."""
    known = case.letters.get((REPORT_BACK, case.reopened + 1))
    return case.asks is Question.REMEDY and case.report_presses and not (known and known.is_settled)


def follow_up(reference: str) -> None:
    """After some days, ask how satisfied the complainant is."""
    if look(reference).stage is Stage.PUT_RIGHT:
        until_reached(reference, "follow-up")
        case = look(reference)
        if case.stage is Stage.PUT_RIGHT and not case.follow_up_opened:
            send(reference, "follow_up_survey", round=case.reopened + 1)
            steps.open_follow_up(reference)
    until_answered(reference, Question.FOLLOW_UP)


def close(reference: str) -> None:
    """Close the case; where a time limit was missed, its handler says why."""
    while look(reference).stage.is_open:
        until_answered(reference, Question.BREACH)
        steps.close(reference)


def until_answered(reference: str, question: Question) -> None:
    """Ask until a valid answer stands; where one stands already, or the case has ended, do not ask."""
    while is_asked(reference, question):
        tell_of_clocks(reference)
        ask(reference, question)


def is_asked(reference: str, question: Question) -> bool:
    """Whether a question is asked now; where a letter came back, that is dealt with before."""
    while (asked := look(reference).asks) is Question.DELIVERY:
        settle_letters(reference)
    return asked is question


def settle_letters(reference: str) -> None:
    """Have letters delivered that came back after they had left, whatever step they belong to."""
    for (letter, round), known in look(reference).letters.items():
        if known.needs_repair or (known.tries > 1 and not known.is_settled):
            send(reference, letter, round=round)


def tell_of_clocks(reference: str) -> None:
    """Tell the complainant of pauses and extensions that must be told; an extension counts only then."""
    for letter, round in look(reference).notices:
        send(reference, letter, round=round)


def send(reference: str, letter: str, round: int = 1) -> None:
    """Send a letter; where it cannot be delivered, ask a person how it goes on."""
    if (letter, round) not in look(reference).letters:
        prepare_letter(reference, letter, round)
    while (case := look(reference)).sends(letter):
        if (known := case.letters.get((letter, round))) is None or known.is_settled:
            return
        if case.asks is Question.DELIVERY:
            ask(reference, Question.DELIVERY)
        else:
            deliver_letter(reference, letter, round)
