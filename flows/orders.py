"""What people order on Prefect's page (*Deployments → Run*): what these flows have in common.

Nothing typed there may name a person: Prefect keeps parameters.
"""

from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, Final, ParamSpec, TypeVar

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed
from pydantic import Field

from complaints.adapters.store import OpenCase
from complaints.errors.base import ComplaintError, RetryableError
from tasks.desk import is_retryable, open_case

Asked = ParamSpec("Asked")
Said = TypeVar("Said")

Reference = Annotated[str, Field(title="案件编号 · case reference", pattern=r"^TS\d{6}-[A-Z0-9]{7}$")]
Proof = Annotated[str, Field(title="凭证号 · number of the document", pattern=r"^[A-Za-z0-9./_-]{3,64}$")]

ORDER: Final[dict[str, Any]] = {
    "retries": 3,
    "retry_delay_seconds": [0.2, 1, 5],
    "retry_condition_fn": is_retryable,
    "cache_policy": NO_CACHE,
}
"""How the step that carries an order out is tried again: soon, for somebody waits for it."""

PATIENCE: Final = 15.0
"""Seconds to wait for a run that is just executed; after that reconcile-runs wakes it."""


def refusal_is_an_answer(act: Callable[Asked, State[Any]]) -> Callable[Asked, State[Any]]:
    """Let a run end *Refused*, with the reason and the cure as its message, where ``act`` is refused.

    A refusal is no failure: nothing has to be mended. What may succeed later fails, so that *Retry* is offered.
    """

    @wraps(act)
    def answered(*args: Asked.args, **kwargs: Asked.kwargs) -> State[Any]:
        try:
            return act(*args, **kwargs)
        except RetryableError:
            raise
        except ComplaintError as refused:
            return Completed(name="Refused", message=str(refused))

    return answered


@task(name="carry out", **ORDER)
def carry_out(reference: str, order: Callable[[OpenCase], Said]) -> Said:
    """Let an order change a case, in one transaction; return what it says."""
    with open_case(reference) as desk:
        return order(desk)
