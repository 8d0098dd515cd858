"""An answer given the moment the form appears, twice at once, or after a crash: it is never lost, and breaks no run."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId
from prefect.client.schemas.objects import FlowRun
from prefect.states import Crashed

from complaints.answers import Question, parse_answer
from complaints.errors.case import AnsweredAlready
from flows.forms import fill_form
from flows.runs import PAGE, find_runs, prefect_client, revive, wake_case
from tests.flows.running import PLAY, Running

WAITS = (Question.FINDING, Question.DECISION, Question.FOLLOW_UP)


def answer_elsewhere(redress: Running, reference: str, by: str, **values: Any) -> None:
    """Answer as ``redress answer`` does: record it, then wake the run."""
    question = redress.case(reference).asks
    assert question is not None
    with redress.store.open_case(reference) as desk:
        desk.case.answer(question, parse_answer(question, values or PLAY[question]), by, desk.now)
    wake_case(reference)


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Do several things at the same moment; return what came of each, be it an error."""
    start = threading.Barrier(len(acts))

    def act(one: Callable[[], Any]) -> Any:
        start.wait()
        try:
            return one()
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(act, acts))


def answered(redress: Running, reference: str) -> Counter[str]:
    """Count the answers that stand in a ledger."""
    kinds = Counter(entry.kind for entry in redress.store.entries(reference))
    return Counter({kind: kinds[kind] for kind in ("found", "decided", "followed_up")})


# --- early ------------------------------------------------------------------------------------------


def press_resume_at_once(redress: Running, references: list[str], question: Question, seconds: float) -> int:
    """Answer forms as soon as they can be read, without a pause and without heed; return the refusals."""
    refused, open_ones = 0, set(references)
    end = time.monotonic() + seconds
    with prefect_client() as client:
        while open_ones:
            assert time.monotonic() < end, redress.stand(open_ones)
            for run in find_runs(client, open_ones).values():
                if has_form(run, question):
                    values = fill_form(question, PLAY[question], "li.wei")
                    result = client.resume_flow_run(run.id, run_input=values)
                    refused += result.status != "ACCEPT"
                    open_ones.discard(run.name)
    return refused


def has_form(run: FlowRun, question: Question) -> bool:
    """Whether the form of a question can be read on Prefect's page."""
    state = run.state
    return bool(state and state.is_paused() and (state.state_details.pause_key or "").startswith(f"{question}-"))


def live_in_haste(redress: Running, cases: int, seconds: float) -> None:
    references = [redress.file() for _ in range(cases)]
    for question in WAITS:
        if question is Question.FOLLOW_UP:
            redress.until_rest(*references, seconds=seconds)
            redress.pass_days(8)
        assert press_resume_at_once(redress, references, question, seconds) == 0
    redress.until(
        lambda: all(not redress.case(reference).stage.is_open for reference in references), "all are closed", seconds
    )
    redress.until_rest(*references, seconds=seconds)
    for reference in references:
        assert answered(redress, reference) == {"found": 1, "decided": 1, "followed_up": 1}
        assert redress.run(reference).state.is_completed()


def test_forms_answered_the_moment_they_can_be_read_lose_no_answer(redress: Running) -> None:
    live_in_haste(redress, 3, 60)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_sixty_forms_answered_the_moment_they_can_be_read_lose_no_answer(redress: Running) -> None:
    live_in_haste(redress, 20, 240)


# --- twice ------------------------------------------------------------------------------------------


def test_of_two_answers_to_one_form_at_one_moment_one_counts_and_the_other_is_refused(redress: Running) -> None:
    reference = redress.file()
    redress.until_asked(reference, Question.FINDING)
    forms = [fill_form(Question.FINDING, PLAY[Question.FINDING], by) for by in ("li.wei", "zhang.min")]
    said = at_once(*(lambda form=form: redress.resume(reference, form) for form in forms))

    assert sorted(one is None for one in said) == [False, True]
    assert "not paused" in next(one for one in said if one)
    redress.until_asked(reference, Question.DECISION)
    winner = ("li.wei", "zhang.min")[said.index(None)]
    assert redress.case(reference).answered_by[Question.FINDING] == winner
    assert answered(redress, reference)["found"] == 1


def test_of_an_answer_on_prefects_page_and_one_by_command_at_one_moment_one_counts(redress: Running) -> None:
    reference = redress.file()
    redress.until_asked(reference, Question.FINDING)
    form = fill_form(Question.FINDING, PLAY[Question.FINDING], "li.wei")
    at_once(lambda: redress.resume(reference, form), lambda: answer_elsewhere(redress, reference, "zhang.min"))

    redress.until_asked(reference, Question.DECISION)
    assert answered(redress, reference)["found"] == 1
    assert redress.case(reference).answered_by[Question.FINDING] in ("li.wei", "zhang.min")


def test_an_answer_that_came_too_late_is_told_of_in_the_log_of_the_run(redress: Running) -> None:
    reference = redress.file()
    redress.until_asked(reference, Question.FINDING)
    with redress.store.open_case(reference) as desk:  # by command, and the run is not woken yet
        values = parse_answer(Question.FINDING, PLAY[Question.FINDING])
        desk.case.answer(Question.FINDING, values, "zhang.min", desk.now)
    assert redress.resume(reference, fill_form(Question.FINDING, PLAY[Question.FINDING], "li.wei")) is None
    redress.answer(reference, Question.DECISION)
    redress.until(lambda: "answer by li.wei to 'finding' came too late" in logged(redress, reference), "it is told", 30)
    assert redress.case(reference).answered_by[Question.FINDING] == "zhang.min"
    with pytest.raises(AnsweredAlready), redress.store.open_case(reference) as desk:
        desk.case.answer(Question.FINDING, values, "li.wei", desk.now)


def test_an_answer_is_found_among_more_forms_than_prefect_returns_at_once(redress: Running) -> None:
    reference = redress.file()
    redress.until_asked(reference, Question.FINDING)
    run = redress.run(reference).id
    with prefect_client() as client:
        for attempt in range(PAGE):
            client.create_flow_run_input(run, f"suspended-assessment-{attempt}-1-schema", "{}")

    assert redress.resume(reference, fill_form(Question.FINDING, PLAY[Question.FINDING], "li.wei")) is None

    redress.until_asked(reference, Question.DECISION)
    with prefect_client() as client:
        assert not client.filter_flow_run_input(run, "suspended-%-response", PAGE, set())


def logged(redress: Running, reference: str) -> str:
    """Return the log of a run."""
    which = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[redress.run(reference).id]))
    with prefect_client() as client:
        return "\n".join(line.message for line in client.read_logs(which))


# --- late, and after a crash ------------------------------------------------------------------------


def crash(redress: Running, reference: str) -> None:
    with prefect_client() as client:
        client.set_flow_run_state(redress.run(reference).id, Crashed(message="by the test"), force=True)


def test_an_answer_before_a_crashed_run_asks_again_is_refused_and_then_taken(redress: Running) -> None:
    reference = redress.file()
    redress.until_asked(reference, Question.FINDING)
    crash(redress, reference)
    form = fill_form(Question.FINDING, PLAY[Question.FINDING], "li.wei")
    assert "not paused" in (redress.resume(reference, form) or "")
    with prefect_client() as client:
        revive(client, redress.run(reference), "by the test")
    redress.until_asked(reference, Question.FINDING)
    assert redress.resume(reference, form) is None
    redress.until_asked(reference, Question.DECISION)
    assert answered(redress, reference)["found"] == 1


def test_an_answer_that_was_given_before_the_run_crashed_is_still_there_when_it_is_revived(redress: Running) -> None:
    reference = redress.file()
    redress.until_asked(reference, Question.FINDING)
    run = redress.run(reference)
    with redress.stopped_worker(), prefect_client() as client:
        assert redress.resume(reference, fill_form(Question.FINDING, PLAY[Question.FINDING], "li.wei")) is None
        client.set_flow_run_state(run.id, Crashed(message="by the test"), force=True)
        revive(client, client.read_flow_run(run.id), "by the test")
    redress.until_asked(reference, Question.DECISION)
    assert redress.case(reference).answered_by[Question.FINDING] == "li.wei"


def test_a_form_that_was_left_open_in_a_browser_answers_what_is_asked_now_or_is_refused(redress: Running) -> None:
    """Prefect knows of the run alone: an old page of the same question fits its next round, one of another does not."""
    complainant = {"name": "林迟", "contacts": [{"kind": "email", "value": "late@example.com"}]}
    reference = redress.file(complainant=complainant)
    old = fill_form(Question.FINDING, PLAY[Question.FINDING], "zhang.min")
    redress.answer(reference, Question.FINDING, conclusion="need_materials", reasons="请补充材料。")
    redress.until(lambda: redress.case(reference).rounds[Question.FINDING] == 1, "the second round has come")
    redress.until_asked(reference, Question.FINDING)
    assert redress.resume(reference, old) is None
    redress.until_asked(reference, Question.DECISION)
    assert "'conclusion' was unexpected" in (redress.resume(reference, old) or "")
    redress.until_asked(reference, Question.DECISION)
    redress.answer(reference, Question.DECISION)
    redress.until(lambda: redress.case(reference).answered_at, "the complainant was answered")


def test_an_answer_that_the_page_lets_through_but_is_wrong_is_asked_again_with_the_reason(redress: Running) -> None:
    """Prefect checks no dates: what is no day reaches the run."""
    reference = redress.file()
    redress.answer(reference, Question.FINDING)
    decision: Mapping[str, Any] = {"outcome": "upheld", "remedy": "refund", "amount": "10", "reasons": "属实。"}
    redress.answer(reference, Question.DECISION, **decision)
    redress.answer(reference, Question.REMEDY, done_on="not a day", voucher="PAY-17")
    redress.until(lambda: redress.case(reference).rounds[Question.REMEDY] == 1, "the answer was refused")
    redress.until_asked(reference, Question.REMEDY)
    assert [entry.kind for entry in redress.store.entries(reference)][-1] == "answer_was_refused"
