"""The steps of a case, each one transaction: load, ask the core, save. All are safe to run twice."""

import logging
from collections.abc import Mapping
from typing import Any, Final

from prefect import task
from prefect.cache_policies import NO_CACHE

from complaints import acts
from complaints.adapters.engine import patiently
from complaints.adapters.repeating import find_repeats
from complaints.answers import FREE_WORDS, Question, parse_answer
from complaints.assessment import assess as assess_case
from complaints.case import closure_of
from complaints.errors.case import AnsweredAlready, AnswerRefused, NotAsked
from complaints.intake import Complaint
from complaints.privacy import names_person, personal_data_in
from complaints.words import Stage
from tasks.desk import is_retryable, open_case, store

log = logging.getLogger("redress.answers")

# Somebody else wrote to the same case: look again and repeat.
_STEP: Final[dict[str, Any]] = {
    "retries": 4,
    "retry_delay_seconds": [0.2, 1, 5, 20],
    "retry_jitter_factor": 0.5,
    "retry_condition_fn": is_retryable,
    "cache_policy": NO_CACHE,
}


@task(name="acknowledge", **_STEP)
def acknowledge(reference: str) -> None:
    """Record that the complainant was told of the receipt."""
    with open_case(reference) as desk:
        if desk.case.stage is Stage.RECEIVED:
            desk.case.record(acts.Acknowledged(), desk.now)


@task(name="assess", **_STEP)
def assess(reference: str) -> None:
    """Settle kind, category, weight and department."""
    with open_case(reference) as desk:
        if desk.case.stage is Stage.ACKNOWLEDGED:
            desk.case.record(assess_case(desk.case), desk.now)


def has_repeats(reference: str) -> bool:
    """Whether other cases look like the same complaint; most have none, and are spared a task."""
    return bool(patiently(lambda: find_repeats(store(), reference)))


@task(name="suggest repeats", **_STEP)
def suggest_repeats(reference: str) -> None:
    """Record which other cases look like the same complaint, for people to decide."""
    found = find_repeats(store(), reference)
    with open_case(reference) as desk:
        if found and desk.case.stage is Stage.ASSESSED and not desk.case.repeats:
            desk.case.record(acts.RepeatsSuggested(repeats=found), desk.now)


@task(name="open investigation", **_STEP)
def open_investigation(reference: str) -> None:
    """Hand the case to its department."""
    with open_case(reference) as desk:
        if desk.case.stage is Stage.ASSESSED and desk.case.assessed:
            desk.case.record(acts.InvestigationOpened(department=desk.case.assessed.department), desk.now)


@task(name="record answer", task_run_name="record {question}", **_STEP)
def record_answer(reference: str, question: Question, values: Mapping[str, Any], by: str) -> None:
    """Record what an operator answered on Prefect's form; a wrong answer is recorded as refused, with the reason.

    The form lives in Prefect's database, so words that name the complainant are refused too.
    """
    question = Question(question)
    try:
        with open_case(reference) as desk:
            _refuse_personal_data(values, desk.case.complaint)
            desk.case.answer(question, parse_answer(question, values), by, desk.now)
    except AnswerRefused as refused:
        with open_case(reference) as desk:
            if desk.case.asks is question:
                act = acts.AnswerWasRefused(question=question, field=refused.field, reason=refused.reason)
                desk.case.record(act, desk.now, by)
    except (AnsweredAlready, NotAsked) as late:
        log.warning("The answer by %s came too late: %s", by, late)  # the first valid one stands


def _refuse_personal_data(values: Mapping[str, Any], complaint: Complaint | None) -> None:
    """Refuse words that name the complainant.

    Raises:
        AnswerRefused: the field, and what kind of data it contains.
    """
    for field, value in values.items():
        if not isinstance(value, str):
            continue
        if field in FREE_WORDS and (what := personal_data_in(value, complaint)):
            raise AnswerRefused(field, f"contains {what}; leave it out, the letter names the person by itself")
        if field == "voucher" and names_person(value, complaint):
            raise AnswerRefused(field, "names the complainant; enter the number that stands in the books")


@task(name="mark answered", **_STEP)
def mark_answered(reference: str) -> None:
    """Record that the complainant was told the outcome."""
    with open_case(reference) as desk:
        if desk.case.stage in (Stage.ASSESSED, Stage.INVESTIGATED, Stage.DECIDED):
            desk.case.record(acts.Answered(), desk.now)


@task(name="mark put right", **_STEP)
def mark_put_right(reference: str) -> None:
    """Record that nothing needs doing beyond the letter: an apology, an explanation, or no remedy."""
    with open_case(reference) as desk:
        if desk.case.stage is Stage.ANSWERED and desk.case.asks is None:
            desk.case.record(acts.PutRight(), desk.now)


@task(name="open follow-up", **_STEP)
def open_follow_up(reference: str) -> None:
    """Record that the date of the follow-up has come."""
    with open_case(reference) as desk:
        if desk.case.stage is Stage.PUT_RIGHT and not desk.case.follow_up_opened:
            desk.case.record(acts.FollowUpOpened(), desk.now)


@task(name="close", **_STEP)
def close(reference: str) -> None:
    """Close the case with the reason that its way ended for; not while a letter waits that came back."""
    with open_case(reference) as desk:
        if desk.case.stage.is_open and desk.case.asks is not Question.DELIVERY:
            desk.case.record(acts.Closed(closure=closure_of(desk.case)), desk.now)
