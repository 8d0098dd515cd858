"""Waiting for people and for dates: the run is suspended and holds nothing in memory.

A suspension's key may fire only once in a run. Keys therefore name the question and its round, which come from the
ledger, and an attempt, for a run that was woken without an answer.

:func:`suspend` does what Prefect's ``suspend_flow_run`` does, in another order: the form is stored *before* the run
is suspended. In Prefect's order a form is missing for a moment, so that a quick answer is refused, and for ever
where the worker dies in that moment. It leans on Prefect's inner parts; ``tests/flows`` hold it to them.
"""

import logging
from itertools import count
from typing import Any, Final

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext
from prefect.exceptions import Abort, Pause, PrefectHTTPStatusError
from prefect.input import RunInput, read_flow_run_input
from prefect.runtime import flow_run
from prefect.states import Suspended
from pydantic import ValidationError

from complaints.answers import Question
from flows.forms import form_for, read_form
from flows.prefect_parts import Keyset, keyset_from_paused_state, propose_state_sync
from flows.runs import PAGE
from tasks.desk import look, store
from tasks.steps import record_answer

CONFLICT: Final = 409
RESPONSE: Final = "-response"
"""How the key ends under which Prefect keeps an answer; forms end otherwise."""

log = logging.getLogger("redress.answers")


def ask(reference: str, question: Question) -> None:
    """Suspend until somebody has answered, and record what they said.

    Whoever calls asks again while the case still asks: after a wrong answer the form shows the reason.
    """
    case = look(reference)
    form = form_for(case, question, store().now())
    for attempt in count(1):
        key = f"{question}-{case.round_of(question)}-{attempt}"
        answer = suspend(key, form)
        if answer is not None:
            values, by = read_form(answer)
            record_answer(reference, question, values, by)
            forget_answers(reference, used=key)
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
        if not _store_form(form, keyset) and (answer := _answer(form, keyset)) is not None:
            return answer  # it was given before the run was started anew, and not recorded then
    with get_client(sync_client=True) as client:
        accepted = propose_state_sync(client, state, flow_run_id=run.id)
    if not accepted.is_paused():
        raise Abort(f"The run is not ours to suspend any more; Prefect says {accepted.name}.")
    raise Pause(state=accepted)


def _store_form(form: type[RunInput], keyset: Keyset) -> bool:
    """Store a form; one that is left of an earlier try is replaced, but never an answer. Return whether it was new."""
    try:
        form.save(keyset)
    except PrefectHTTPStatusError as error:
        if error.response.status_code != CONFLICT:
            raise
    else:
        return True
    with get_client(sync_client=True) as client:
        for left in client.filter_flow_run_input(flow_run.id, keyset["schema"].removesuffix("schema"), 10, set()):
            if left.key != keyset["response"]:
                client.delete_flow_run_input(flow_run.id, left.key)
    form.save(keyset)
    return False


def _answer(form: type[RunInput], keyset: Keyset) -> RunInput | None:
    """Return what was answered, or None; what Prefect's page let through but is wrong comes as it was entered.

    The page takes any text for a date, for one. Whoever records the answer refuses it, with the reason.
    """
    given: Any = read_flow_run_input(keyset["response"])
    if given is None:
        return None
    try:
        return form.model_validate(given)
    except ValidationError:
        return form.model_construct(**given)


def forget_answers(reference: str, used: str = "") -> None:
    """Remove answers from Prefect's database: what counts stands in the ledger. Forms show nobody's data, and stay.

    Args:
        reference: The case.
        used: The key whose answer was just recorded; of others, which came too late, a line remains in the log.
    """
    with get_client(sync_client=True) as client:
        for one in client.filter_flow_run_input(flow_run.id, "suspended-", limit=PAGE, exclude_keys=set()):
            if one.key.endswith(RESPONSE):
                key = one.key.removeprefix("suspended-").removesuffix(RESPONSE)
                if key != used:
                    _tell_too_late(reference, key, str(one.decoded_value.get("answered_by")))
                client.delete_flow_run_input(flow_run.id, one.key)


def _tell_too_late(reference: str, key: str, by: str) -> None:
    """Note an answer that was not used, because another one had been given elsewhere before."""
    question = Question(key.rsplit("-", 2)[0])
    if look(reference).answered_by.get(question) != by:  # else it was recorded just before the worker died
        log.warning("The answer by %s to '%s' came too late: another one stands", by, question)
