"""What operators order on Prefect's page about repeats: merge a later case into an earlier one, and undo it."""

from typing import Any

from prefect import flow, task
from prefect.client.schemas.objects import State
from prefect.states import Completed

from complaints.adapters.repeating import merge_cases as merge
from complaints.adapters.repeating import unmerge_case as unmerge
from complaints.answers import Staff
from flows.orders import ORDER, PATIENCE, Reference, refusal_is_an_answer
from flows.runs import take_up_case, wake_case
from tasks.desk import store


@flow(name="merge-cases", flow_run_name="merge {reference} into {into}")
@refusal_is_an_answer
def merge_cases(reference: Reference, into: Reference, asked_by: Staff, new_facts: bool = False) -> State[Any]:
    """并案 · Merge a later case into an earlier one of the same complaint, which then answers for both.

    Args:
        reference: 后收到的案件 · the later case; it is closed as merged.
        into: 先收到的案件 · the earlier case.
        asked_by: 经办人工号 · your staff number.
        new_facts: 是否提出新的事实和理由 · whether the later one brings new facts; the period then runs again.
    """
    _merge(reference, into, asked_by, new_facts)
    wake_case(reference, PATIENCE)
    wake_case(into, PATIENCE)
    return Completed(message="Recorded.")


@flow(name="unmerge-case", flow_run_name="unmerge {reference}")
@refusal_is_an_answer
def unmerge_case(reference: Reference, asked_by: Staff) -> State[Any]:
    """撤销并案 · Undo a merger: the case stands where it stood, its limits as if they had never stopped.

    Args:
        reference: 已被并入的案件 · the case that was merged.
        asked_by: 经办人工号 · your staff number.
    """
    into = _unmerge(reference, asked_by)
    take_up_case(reference, PATIENCE)
    wake_case(into, PATIENCE)
    return Completed(message="Recorded.")


@task(name="merge", **ORDER)
def _merge(reference: str, into: str, by: str, new_facts: bool) -> None:
    merge(store(), reference, into, by, new_facts=new_facts)


@task(name="unmerge", **ORDER)
def _unmerge(reference: str, by: str) -> str:
    return unmerge(store(), reference, by)
