"""Where the run of a case should wait, and whether it waits for something that has come."""

from prefect.client.schemas.objects import FlowRun

from complaints.answers import Question
from complaints.case import Case
from flows.handle_complaint import reports_meanwhile
from tasks.desk import look


def waits_in_vain(reference: str, run: FlowRun) -> bool:
    """Whether a suspended run waits for something that has come already, or has a notice or a report to send."""
    case = look(reference)
    return has_to_tell(case) or not pause_key(run).startswith(awaited(case))


def may_wait(asks: Question | None, run: FlowRun) -> bool:
    """Whether a suspended run waits for what its case asks, as far as that tells: the round may be another."""
    return pause_key(run).startswith(f"{asks}-" if asks else "until-")


def pause_key(run: FlowRun) -> str:
    """Return the key of the suspension in which a run is, or an empty text."""
    return (run.state.state_details.pause_key if run.state else None) or ""


def awaited(case: Case) -> str:
    """Return how the key of the suspension begins in which the run of a case should be."""
    if question := case.asks:
        return f"{question}-{case.round_of(question)}-"
    waiting = (name for name, clock in case.clocks.items() if clock.started.wait and clock.next_at)
    return f"until-{next(waiting, 'nothing')}-"


def rests(case: Case) -> bool:
    """Whether nothing is left to do for a case but to wait: a run of it would go straight to where it waits.

    Where in doubt it says no: a run that starts from the top finds out, at the price of being executed.
    """
    asks_or_waits = case.asks is not None or awaited(case) != "until-nothing-"
    repaired = case.asks is Question.DELIVERY
    settled = all(known.is_settled or (repaired and known.needs_repair) for known in case.letters.values())
    asked_for = not case.materials_requested or ("materials_request", case.materials_requested) in case.letters
    return asks_or_waits and settled and asked_for and not has_to_tell(case)


def has_to_tell(case: Case) -> bool:
    """Whether a notice or a report is to go out while a case waits."""
    return any(notice not in case.letters for notice in case.notices) or reports_meanwhile(case)
