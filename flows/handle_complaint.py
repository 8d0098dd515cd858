"""One complaint, from receipt to closed case: the procedure, in order.

Every step asks the case first whether it is already done, so the flow may be run again from the top at any time:
after a form was answered, on another machine, in a new run after Prefect's database was lost.
"""

from prefect import flow

from complaints.answers import Question
from complaints.letters import acknowledgement_letter
from complaints.words import Kind, Stage
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
                follow_up(reference)
            else:
                notify(reference, letter="decline")
    close(reference)
    forget_answers()


def acknowledge(reference: str) -> None:
    """Tell the complainant that the complaint was received."""
    if look(reference).stage is Stage.RECEIVED:
        send(reference, acknowledgement_letter(look(reference)))
        steps.acknowledge(reference)


def assess(reference: str) -> Kind | None:
    """Settle what kind of matter it is; the kind decides its way."""
    if look(reference).stage is Stage.ACKNOWLEDGED:
        steps.assess(reference)
    return look(reference).kind


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
        if question := look(reference).asks:
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
    until_answered(reference, Question.REMEDY)
    if look(reference).stage is Stage.ANSWERED:
        steps.mark_put_right(reference)


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
    until_answered(reference, Question.BREACH)
    if look(reference).stage.is_open:
        steps.close(reference)


def until_answered(reference: str, question: Question) -> None:
    """Ask until a valid answer stands; where one stands already, or the case has ended, do not ask."""
    while look(reference).asks is question:
        tell_of_clocks(reference)
        ask(reference, question)


def tell_of_clocks(reference: str) -> None:
    """Tell the complainant of pauses and extensions that must be told; an extension counts only then."""
    for letter, round in look(reference).notices:
        send(reference, letter, round=round)


def send(reference: str, letter: str, round: int = 1) -> None:
    """Send a letter; where it cannot be delivered, ask a person how it goes on."""
    if (letter, round) not in look(reference).letters:
        prepare_letter(reference, letter, round)
    while (case := look(reference)).stage.is_open:
        if (known := case.letters.get((letter, round))) is None or known.is_settled:
            return
        if case.asks is Question.DELIVERY:
            ask(reference, Question.DELIVERY)
        else:
            deliver_letter(reference, letter, round)
