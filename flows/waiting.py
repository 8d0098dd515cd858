"""Waiting for people and for dates: the run is suspended and holds nothing in memory.

A suspension's key may fire only once in a run. Keys therefore name the question and its round, which come from the
ledger, and an attempt, for a run that was woken without an answer.

:func:`suspend` does what Prefect's ``suspend_flow_run`` does, in another order: the form is stored *before* the run
is suspended. In Prefect's order a form is missing for a moment, so that a quick answer is refused, and for ever
where the worker dies in that moment. It leans on Prefect's inner parts; ``tests/flows`` hold it to them.
"""

import logging
from collections.abc import Mapping
from itertools import count
from typing import Any, Final

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext
from prefect.exceptions import Abort, Pause, PrefectHTTPStatusError
from prefect.input import RunInput
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
SUSPENDED: Final = "suspended-"
RESPONSE: Final = "-response"
"""How the key begins and ends under which Prefect keeps the answer to a question; a form's ends otherwise."""

log = logging.getLogger("redress.answers")


def ask(reference: str, question: Question) -> None:
    """Suspend until somebody has answered, and record what they said.

    Whoever calls asks again while the case still asks: after a wrong answer the form shows the reason.
    """
    case = look(reference)
    form = form_for(case, question, store().now())
    for attempt in count(1):
        key = f"{question}-{case.round_of(question)}-{attempt}"
        suspend(key, form)
        answers = _answers()
        if key in answers:
            values, by = read_form(_filled(form, answers[key]))
            record_answer(reference, question, values, by)
            _forget(reference, answers, used=key)
            return


def until_reached(reference: str, clock: str) -> None:
    """Suspend until the sweep has found that the date of a waiting clock has come, or the case has ended."""
    for attempt in count(1):
        case = look(reference)
        if case.clocks[clock].reached or not case.stage.is_open:
            return
        suspend(f"until-{clock}-{attempt}")


def suspend(key: str, form: type[RunInput] | None = None) -> None:
    """Suspend this run, once for each ``key``; where that was done before, it was woken, with an answer or without.

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
        return
    if form:
        state.state_details.run_input_keyset = {str(part): name for part, name in keyset.items()}
        if not _store_form(form, keyset) and key in _answers():
            return  # it was given before the run was started anew, and not recorded then
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


def _answers() -> dict[str, Any]:
    """Return what Prefect holds of answers to this run's forms, by the key of the question.

    Prefect's server takes a prefix for the beginning of a pattern: the forms, which stay, are left out.
    """
    with get_client(sync_client=True) as client:
        found = client.filter_flow_run_input(flow_run.id, f"{SUSPENDED}%{RESPONSE}", limit=PAGE, exclude_keys=set())
    answers = {one.key: one.decoded_value for one in found if one.key.endswith(RESPONSE)}
    return {key.removeprefix(SUSPENDED).removesuffix(RESPONSE): given for key, given in answers.items()}


def _filled(form: type[RunInput], given: dict[str, Any]) -> RunInput:
    """Return a form as it was filled in; what Prefect's page let through but is wrong comes as it was entered.

    The page takes any text for a date, for one. Whoever records the answer refuses it, with the reason.
    """
    try:
        return form.model_validate(given)
    except ValidationError:
        return form.model_construct(**given)


def forget_answers(reference: str) -> None:
    """Remove answers from Prefect's database: what counts stands in the ledger. Forms show nobody's data, and stay."""
    _forget(reference, _answers())


def _forget(reference: str, answers: Mapping[str, Any], used: str = "") -> None:
    """Remove answers; of those but ``used``, which was just recorded, each came too late, and a line says so."""
    with get_client(sync_client=True) as client:
        for key, given in answers.items():
            if key != used:
                _tell_too_late(reference, key, str(given.get("answered_by")))
            client.delete_flow_run_input(flow_run.id, f"{SUSPENDED}{key}{RESPONSE}")


def _tell_too_late(reference: str, key: str, by: str) -> None:
    """Note an answer that was not used, because another one had been given elsewhere before."""
    question = Question(key.rsplit("-", 2)[0])
    if look(reference).answered_by.get(question) != by:  # else it was recorded just before the worker died
        log.warning("The answer by %s to '%s' came too late: another one stands", by, question)
