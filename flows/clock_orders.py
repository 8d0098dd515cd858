"""What operators order on Prefect's page (*Deployments → Run*): pause, resume and extend clocks, note facts.

Nothing typed here may name a person: Prefect keeps parameters. A refusal is an answer, not a failure: the run ends
*Refused*, with the reason and the cure as its message.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any, Final

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed
from pydantic import AwareDatetime, Field

from complaints import timekeeping
from complaints.adapters.store import OpenCase
from complaints.answers import Staff
from complaints.errors.base import ComplaintError
from flows.runs import wake_case
from tasks.desk import is_retryable, store

PATIENCE: Final = 15.0
"""Seconds to wait for a run that is just executed; after that reconcile-runs wakes it."""

Reference = Annotated[str, Field(title="案件编号 · case reference", pattern=r"^TS\d{6}-[A-Z0-9]{7}$")]
Clock = Annotated[str, Field(title="时限 · clock", description="decision", pattern=r"^[a-z0-9/_-]{1,80}$")]
Code = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
Proof = Annotated[str, Field(title="凭证号 · number of the document", pattern=r"^[A-Za-z0-9./_-]{3,64}$")]


@flow(name="pause-clock", flow_run_name="pause {reference} {clock}")
def pause_clock(
    reference: Reference,
    clock: Clock,
    pause: Code,
    asked_by: Staff,
    proof: Proof | None = None,
    approver: Staff | None = None,
) -> State[Any]:
    """中止计时 · Let a clock of a case stand still, for a reason that its rule allows (external appraisal …).

    Args:
        reference: The case.
        clock: Which of its clocks, such as decision.
        pause: The reason, by the rule's name, such as appraisal.
        asked_by: 经办人工号 · your staff number.
        proof: The number of the document that the rule asks for.
        approver: 审批人工号 · staff number of who approved it; not the one who asks.
    """
    return _ordered(
        reference,
        lambda desk: timekeeping.pause(desk.case, clock, pause, asked_by, desk.now, proof=proof, approver=approver),
    )


@flow(name="resume-clock", flow_run_name="resume {reference} {clock}")
def resume_clock(reference: Reference, clock: Clock, asked_by: Staff) -> State[Any]:
    """恢复计时 · Let a clock of a case go on; the time it stood still is left out.

    Args:
        reference: The case.
        clock: Which of its clocks.
        asked_by: 经办人工号 · your staff number.
    """
    return _ordered(reference, lambda desk: timekeeping.resume(desk.case, clock, asked_by, desk.now))


@flow(name="extend-clock", flow_run_name="extend {reference} {clock}")
def extend_clock(
    reference: Reference,
    clock: Clock,
    tier: Code,
    asked_by: Staff,
    approver: Staff | None = None,
    until: date | None = None,
) -> State[Any]:
    """延期 · Extend a limit of a case by a tier of its rule; where a notice is due, it counts once that has gone out.

    Args:
        reference: The case.
        clock: Which of its clocks, such as decision.
        tier: The tier of the rule, such as complex or special.
        asked_by: 经办人工号 · your staff number.
        approver: 审批人工号 · staff number of who approved it; not the one who asks.
        until: The new last day, where the rule lets the firm name it.
    """
    return _ordered(
        reference,
        lambda desk: timekeeping.extend(
            desk.case, clock, tier, asked_by, desk.now, reason=None, approver=approver, promised_on=until
        ),
    )


@flow(name="note-event", flow_run_name="note {reference} {event}")
def note_event(reference: Reference, event: Code, asked_by: Staff, at: AwareDatetime | None = None) -> State[Any]:
    """登记事件 · Record something that starts or ends clocks: new facts, a review asked for.

    Args:
        reference: The case.
        event: What happened, by a name of the regime.
        asked_by: 经办人工号 · your staff number.
        at: When; now if left out.
    """
    when: datetime | None = at
    return _ordered(reference, lambda desk: timekeeping.note(desk.case, event, when or desk.now, asked_by, desk.now))


@flow(name="state-circumstances", flow_run_name="state {reference}")
def state_circumstances(
    reference: Reference, asked_by: Staff, stated: tuple[Code, ...] = (), revoked: tuple[Code, ...] = ()
) -> State[Any]:
    """登记案情 · State facts of a case on which its rules depend: complex, decided by a branch …

    Args:
        reference: The case.
        asked_by: 经办人工号 · your staff number.
        stated: What is the case, by names of the regime.
        revoked: What proved not to be the case.
    """
    return _ordered(
        reference,
        lambda desk: timekeeping.state(desk.case, frozenset(stated), frozenset(revoked), asked_by, desk.now),
    )


def _ordered(reference: str, order: Callable[[OpenCase], None]) -> State[Any]:
    """Carry an order out and let the case's run see it."""
    try:
        _carry_out(reference, order)
    except ComplaintError as refused:
        return Completed(name="Refused", message=str(refused))
    wake_case(reference, PATIENCE)
    return Completed(message="Recorded.")


@task(
    name="carry out",
    retries=3,
    retry_delay_seconds=[0.2, 1, 5],
    retry_condition_fn=is_retryable,
    cache_policy=NO_CACHE,
)
def _carry_out(reference: str, order: Callable[[OpenCase], None]) -> None:
    with store().open_case(reference) as desk:
        order(desk)
