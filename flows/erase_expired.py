"""The daily end of what was kept long enough: what came back is erased again, what was ordered is erased.

Nothing is erased because a rule says so alone. Two people order it with *approve-erasure*, up to a day and up to a
number of cases; until then this run only shows what is over, and what will be within a month.
"""

from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact, create_progress_artifact, update_progress_artifact
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.states import Completed
from pydantic import Field

from complaints.adapters.keeping.orders import order_erasure, page
from complaints.answers import Staff
from flows.orders import ORDER, refusal_is_an_answer
from tasks.desk import store
from tasks.keeping import clear, erase, look_ahead, redo

KEY: Final = "retention"
_LISTED: Final = 200
"""Cases that the page names; the command line names all."""


@flow(name="erase-expired")
def erase_expired() -> State[Any]:
    """到期删除 · Erase the persons of cases whose retention is over, as far as it was ordered; tell of the others."""
    again = redo()
    seen = look_ahead()
    done = erase(_Progress(min(seen.over_count, seen.ordered)))
    cleared = clear()
    for reference, why in {**again.refused, **done.refused}.items():
        get_run_logger().warning("%s stays: %s", reference, why)
    create_markdown_artifact(page(look_ahead(), _LISTED), key=KEY, description="保存期限 · retention")
    erased = len(done.erased) + len(again.erased)
    left = seen.over_count - len(done.erased)
    return Completed(message=f"{erased} erased, files of {cleared} removed; {left} are over and wait for an order")


@flow(name="approve-erasure", flow_run_name="approve erasure until {until}")
@refusal_is_an_answer
def approve_erasure(
    until: date, most: Annotated[int, Field(gt=0, le=10_000_000)], asked_by: Staff, approver: Staff
) -> State[Any]:
    """批准到期删除 · Order that cases are erased as their retention ends; the daily run does it.

    Args:
        until: 保存期限截止日 · the last day of retention that is covered; at most a year ahead.
        most: 最多件数 · how many cases at most: as many as you have seen on the page "retention".
        asked_by: 经办人工号 · your staff number.
        approver: 审批人工号 · staff number of who approved it; not the one who asks.
    """
    found = _order(until, most, asked_by, approver)
    return Completed(message=f"Recorded. As things stand, {found} cases are erased.")


@task(name="order erasure", **ORDER)
def _order(until: date, most: int, asked_by: str, approver: str) -> int:
    return order_erasure(store(), until, most, asked_by, approver)


class _Progress:
    """Shows how far the run is, on its page; nothing where there is nothing to do."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._artifact: UUID | None = None

    def __call__(self, done: int) -> None:
        share = 100 * done / max(self._total, done, 1)
        if self._artifact is None:
            made = create_progress_artifact(progress=share, description="到期删除 · erasing")
            self._artifact = made if isinstance(made, UUID) else None
        else:
            update_progress_artifact(self._artifact, progress=share)
