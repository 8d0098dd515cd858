"""What orders on Prefect's page have in common: what is refused is answered, what may succeed later fails."""

import pytest
from prefect.client.schemas.objects import State
from prefect.states import Completed

from complaints.errors.case import CaseConflict, StageError
from flows.orders import refusal_is_an_answer

REFERENCE = "TS260301-7K3M9QX"


@refusal_is_an_answer
def an_order(error: Exception | None = None) -> State[object]:
    """What the order is for."""
    if error:
        raise error
    return Completed(message="Recorded.")


def test_what_was_carried_out_is_said() -> None:
    assert an_order().message == "Recorded."


def test_a_refusal_is_the_runs_answer_with_its_reason() -> None:
    error = StageError(REFERENCE, "closed", "decided")

    state = an_order(error)

    assert (state.is_completed(), state.name, state.message) == (True, "Refused", str(error))


@pytest.mark.parametrize("error", [CaseConflict(REFERENCE, 3), ValueError("a bug")], ids=["may succeed later", "bug"])
def test_what_may_succeed_later_and_what_is_a_bug_fails(error: Exception) -> None:
    with pytest.raises(type(error)):
        an_order(error)
