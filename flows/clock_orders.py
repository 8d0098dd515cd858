"""What operators order on Prefect's page about clocks: pause, resume and extend them, note facts that move them."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed
from pydantic import AwareDatetime, Field

from complaints import timekeeping
from complaints.adapters.store import OpenCase
from complaints.answers import Staff
from flows.orders import PATIENCE, Proof, Reference, carry_out, refusal_is_an_answer
from flows.runs import wake_case

Clock = Annotated[str, Field(title="时限 · clock", description="decision", pattern=r"^[a-z0-9/_-]{1,80}$")]
Code = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]


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
        reference: 案件编号 · the case.
        clock: 时限代码，如 decision · which of its clocks.
        pause: 中止事由代码，以规则所列为准，如 appraisal · the reason, by the rule's name.
        asked_by: 经办人工号 · your staff number.
        proof: 规则要求的凭证编号 · the number of the document that the rule asks for.
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
        reference: 案件编号 · the case.
        clock: 时限代码，如 decision · which of its clocks.
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
        reference: 案件编号 · the case.
        clock: 时限代码，如 decision · which of its clocks.
        tier: 延期档次代码，如 complex、special · the tier of the rule.
        asked_by: 经办人工号 · your staff number.
        approver: 审批人工号 · staff number of who approved it; not the one who asks.
        until: 新的截止日，限规则允许由机构自定的 · the new last day, where the rule lets the firm name it.
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
        reference: 案件编号 · the case.
        event: 事件代码，以规则所列为准 · what happened, by a name of the regime.
        asked_by: 经办人工号 · your staff number.
        at: 发生时间，不填为当前时间 · when; now if left out.
    """
    when: datetime | None = at
    return _ordered(reference, lambda desk: timekeeping.note(desk.case, event, when or desk.now, asked_by, desk.now))


@flow(name="state-circumstances", flow_run_name="state {reference}")
def state_circumstances(
    reference: Reference, asked_by: Staff, stated: tuple[Code, ...] = (), revoked: tuple[Code, ...] = ()
) -> State[Any]:
    """登记案情 · State facts of a case on which its rules depend: complex, decided by a branch …

    Args:
        reference: 案件编号 · the case.
        asked_by: 经办人工号 · your staff number.
        stated: 认定的情形，填规则所列代码 · what is the case, by names of the regime.
        revoked: 撤销认定的情形 · what proved not to be the case.
    """
    return _ordered(
        reference,
        lambda desk: timekeeping.state(desk.case, frozenset(stated), frozenset(revoked), asked_by, desk.now),
    )


@refusal_is_an_answer
def _ordered(reference: str, order: Callable[[OpenCase], None]) -> State[Any]:
    """Carry an order out and let the case's run see it."""
    carry_out(reference, order)
    wake_case(reference, PATIENCE)
    return Completed(message="Recorded.")
