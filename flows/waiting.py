"""Waiting for people and for dates: the run is suspended and holds nothing in memory.

A suspension's key may fire only once in a run. Keys therefore name the question and its round, which come from
the ledger, and an attempt, for a form that was lost (a worker died while it was being put up, or the run was
woken without an answer).
"""

from itertools import count

from prefect.client.orchestration import get_client
from prefect.flow_runs import suspend_flow_run
from prefect.runtime import flow_run
from pydantic import ValidationError

from complaints.answers import Question
from flows.forms import form_for, read_form
from tasks.desk import look, store
from tasks.steps import record_answer


def ask(reference: str, question: Question) -> None:
    """Suspend until somebody has answered, and record what they said.

    Whoever calls asks again while the case still asks: after a wrong answer the form shows the reason.
    """
    case = look(reference)
    form = form_for(case, question, store().now())
    for attempt in count(1):
        try:
            answer = suspend_flow_run(wait_for_input=form, key=f"{question}-{case.round_of(question)}-{attempt}")
        except ValidationError:  # this key has fired and nobody's answer stands under it
            continue
        values, by = read_form(answer)
        record_answer(reference, question, values, by)
        forget_answers()
        return


def until_reached(reference: str, clock: str) -> None:
    """Suspend until the sweep has found that the date of a waiting clock has come, or the case has ended."""
    for attempt in count(1):
        case = look(reference)
        if case.clocks[clock].reached or not case.stage.is_open:
            return
        suspend_flow_run(key=f"until-{clock}-{attempt}")


def forget_answers() -> None:
    """Remove answers from Prefect's database: they stand in the ledger now, and may hold an operator's words."""
    with get_client(sync_client=True) as client:
        for given in client.filter_flow_run_input(flow_run.id, key_prefix="suspended-", limit=200, exclude_keys=set()):
            if given.key.endswith("-response"):
                client.delete_flow_run_input(flow_run.id, given.key)
