"""What operators order on Prefect's page about legal holds: place one, lift one.

The reason of a hold is given on the command line, which seals it; Prefect keeps what is typed here.
"""

from collections.abc import Callable
from typing import Annotated, Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed
from pydantic import Field

from complaints import holds
from complaints.adapters.store import OpenCase
from complaints.answers import Staff
from flows.orders import Proof, Reference, carry_out, refusal_is_an_answer

Orderer = Annotated[str, Field(title="决定机关或部门 · who ordered it", min_length=2, max_length=80)]


@flow(name="place-hold", flow_run_name="hold {reference}")
def place_hold(reference: Reference, ordered_by: Orderer, document: Proof, asked_by: Staff) -> State[Any]:
    """法律保全 · Nothing of a case may be erased until this hold is lifted, whatever the retention rules say.

    Args:
        reference: 案件编号，任何阶段均可 · the case, at any stage.
        ordered_by: 决定机关或部门 · the court, authority or department that ordered it; no private person.
        document: 文号 · the number of its order.
        asked_by: 经办人工号 · your staff number.
    """

    def order(desk: OpenCase) -> str:
        return f"Hold {holds.place(desk.case, ordered_by, document, asked_by, desk.now).number} stands."

    return _ordered(reference, order)


@flow(name="lift-hold", flow_run_name="lift hold {hold} of {reference}")
def lift_hold(
    reference: Reference,
    hold: Annotated[int, Field(gt=0)],
    ordered_by: Orderer,
    document: Proof,
    asked_by: Staff,
) -> State[Any]:
    """解除法律保全 · Lift one hold of a case; the others stand.

    Args:
        reference: 案件编号 · the case.
        hold: 保全序号 · which of its holds, from 1.
        ordered_by: 决定机关或部门 · who ordered that it be lifted.
        document: 文号 · the number of that order.
        asked_by: 经办人工号 · your staff number.
    """

    def order(desk: OpenCase) -> str:
        holds.lift(desk.case, hold, ordered_by, document, asked_by, desk.now)
        return f"Hold {hold} is lifted; {len(desk.case.standing_holds)} stand."

    return _ordered(reference, order)


@refusal_is_an_answer
def _ordered(reference: str, order: Callable[[OpenCase], str]) -> State[Any]:
    return Completed(message=carry_out(reference, order))
