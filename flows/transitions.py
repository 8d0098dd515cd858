"""Changing a run's state from the one in which it was read, and from no other: of several who want to, one does.

Whoever reads a run and then changes it may come late: another worker has it, it waits again, somebody has cancelled
it. Prefect lets a running run run once more, and its client repeats a request whose answer was lost. So the request
is named after the state that it leaves, and Redress's server takes it only from there
(``deployments.server_parts.set_flow_run_state``).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid5

from httpx import HTTPStatusError, Response
from prefect.client.orchestration import PrefectClient, SyncPrefectClient
from prefect.client.schemas import OrchestrationResult
from prefect.client.schemas.objects import FlowRun, State
from prefect.client.schemas.responses import SetStateStatus
from prefect.exceptions import ObjectNotFound
from prefect.states import to_state_create


def transition_from(state: UUID | None) -> UUID:
    """Return the name of a transition that leaves a state; Prefect's own names are random (version 4)."""
    return uuid5(state or UUID(int=0), "redress")


def move(client: SyncPrefectClient, run: FlowRun, state: State[Any], *, force: bool = False) -> State[Any] | None:
    """Set the state of a run that still is in the one in which it was read.

    Args:
        client: Prefect's API.
        run: As it was read.
        state: The new state.
        force: Whether Prefect's own rules are left aside.

    Returns:
        The state that it has now, or None where it had moved on or Prefect's rules refuse it.

    Raises:
        ObjectNotFound: the run is no more.
    """
    with _told_when_gone():
        return _accepted(client.request(**_request(run, state, force)))


async def move_async(
    client: PrefectClient, run: FlowRun, state: State[Any], *, force: bool = False
) -> State[Any] | None:
    """Do as :func:`move` does."""
    with _told_when_gone():
        return _accepted(await client.request(**_request(run, state, force)))


def _request(run: FlowRun, state: State[Any], force: bool) -> dict[str, Any]:
    proposed = to_state_create(state)
    proposed.state_details.flow_run_id = run.id
    proposed.state_details.transition_id = transition_from(run.state_id)
    body = {"state": proposed.model_dump(mode="json", serialize_as_any=True), "force": force}
    return {"method": "POST", "path": "/flow_runs/{id}/set_state", "path_params": {"id": run.id}, "json": body}


def _accepted(answer: Response) -> State[Any] | None:
    result = OrchestrationResult[Any].model_validate(answer.json())
    return result.state if result.status is SetStateStatus.ACCEPT else None


@contextmanager
def _told_when_gone() -> Iterator[None]:
    try:
        yield
    except HTTPStatusError as error:
        if error.response.status_code == 404:
            raise ObjectNotFound(http_exc=error) from error
        raise
