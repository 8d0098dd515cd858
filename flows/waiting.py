"""Waiting for people and for dates: the run is suspended and holds nothing in memory.

A suspension's key may fire only once in a run. Keys therefore name the question and its round, which come from the
ledger, and an attempt, for a run that was woken without an answer.

:func:`suspend` does what Prefect's ``suspend_flow_run`` does, in another order: the form is stored *before* the run
is suspended. In Prefect's order a form is missing for a moment, so that a quick answer is refused, and for ever
where the worker dies in that moment. It leans on Prefect's inner parts; ``tests/flows`` hold it to them.
"""

from itertools import count
from typing import Final, cast

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext
from prefect.exceptions import Abort, Pause, PrefectHTTPStatusError
from prefect.input import Keyset, RunInput, keyset_from_paused_state
from prefect.runtime import flow_run
from prefect.states import Suspended
from prefect.utilities.engine import propose_state_sync
from pydantic import ValidationError

from complaints.answers import Question
from flows.forms import form_for, read_form
from tasks.desk import look, store
from tasks.steps import record_answer

CONFLICT: Final = 409


def ask(reference: str, question: Question) -> None:
    """Suspend until somebody has answered, and record what they said.

    Whoever calls asks again while the case still asks: after a wrong answer the form shows the reason.
    """
    case = look(reference)
    form = form_for(case, question, store().now())
    for attempt in count(1):
        answer = suspend(f"{question}-{case.round_of(question)}-{attempt}", form)
        if answer is not None:
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
        suspend(f"until-{clock}-{attempt}")


def suspend(key: str, form: type[RunInput] | None = None) -> RunInput | None:
    """Suspend this run, once for each ``key``.

    Returns:
        When the run has been suspended under ``key`` before: the answer, or None where it was woken without one.

    Raises:
        Pause: the run is suspended now; it starts again from the top when it is resumed.
        Abort: the run was taken out of our hands meanwhile (cancelled, or started elsewhere).
    """
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        raise RuntimeError("Only a run can be suspended.")
    run = context.flow_run
    state: State[None] = Suspended(pause_key=key)
    keyset = keyset_from_paused_state(state)
    if key in (run.empirical_policy.pause_keys or set()):
        return _answer(form, keyset) if form else None
    if form:
        state.state_details.run_input_keyset = {str(part): name for part, name in keyset.items()}
        _store_form(form, keyset)
    with get_client(sync_client=True) as client:
        accepted = propose_state_sync(client, state, flow_run_id=run.id)
    if not accepted.is_paused():
        raise Abort(f"The run is not ours to suspend any more; Prefect says {accepted.name}.")
    raise Pause(state=accepted)


def _store_form(form: type[RunInput], keyset: Keyset) -> None:
    """Store a form; one that a run left which died before it was suspended is replaced."""
    try:
        form.save(keyset)
    except PrefectHTTPStatusError as error:
        if error.response.status_code != CONFLICT:
            raise
        with get_client(sync_client=True) as client:
            for left in client.filter_flow_run_input(flow_run.id, keyset["schema"].removesuffix("schema"), 10, set()):
                client.delete_flow_run_input(flow_run.id, left.key)
        form.save(keyset)


def _answer(form: type[RunInput], keyset: Keyset) -> RunInput | None:
    try:
        return cast(RunInput, form.load(keyset))
    except ValidationError:  # nothing was answered
        return None


def forget_answers() -> None:
    """Remove forms and answers from Prefect's database: what counts stands in the ledger, in an operator's words."""
    with get_client(sync_client=True) as client:
        while left := client.filter_flow_run_input(flow_run.id, "suspended-", limit=200, exclude_keys=set()):
            for one in left:
                client.delete_flow_run_input(flow_run.id, one.key)
