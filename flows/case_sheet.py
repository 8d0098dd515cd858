"""The case sheet of each complaint on its run's page, as an artifact: where the case stands, without personal data.

It is brought up to date when the run comes to rest, and only then: each time costs a request to Prefect's server.
The run's label says which artifact it is, so that it is changed in place and never looked for.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import ArtifactCreate, ArtifactUpdate
from prefect.context import FlowRunContext
from prefect.exceptions import Pause, PrefectHTTPStatusError
from prefect.logging import get_run_logger
from sqlalchemy.exc import OperationalError

from complaints.errors.base import RetryableError
from complaints.sheet import case_sheet
from tasks.desk import look, store

LABEL: Final = "redress.sheet"
"""The label of a run that holds its artifact's id."""

NOT_FOUND: Final = 404


@contextmanager
def sheet_on_page(reference: str) -> Iterator[None]:
    """Show the case sheet as it stands when the run waits or has ended.

    That is done after the run was suspended: nobody waits for it.
    """
    try:
        yield
    except Pause:
        show_sheet(reference)
        raise
    show_sheet(reference)


def show_sheet(reference: str) -> None:
    """Bring the case sheet on this run's page up to date; where that cannot be done now, it stays as it was."""
    try:
        _show(reference)
    except (PrefectHTTPStatusError, httpx.HTTPError, RetryableError, OperationalError) as error:
        get_run_logger().warning("The case sheet on this page is not up to date: %s", type(error).__name__)


def _show(reference: str) -> None:
    context = FlowRunContext.get()
    if context is None or context.flow_run is None or not isinstance(context.client, SyncPrefectClient):
        raise RuntimeError("Only a run has a page.")
    run, client, case, now = context.flow_run, context.client, look(reference), store().now()
    sheet = case_sheet(case, now)
    description = f"案件表，截至 · case sheet as of {now.astimezone(case.pack.tz):%Y-%m-%d %H:%M}"
    known = run.labels.get(LABEL)
    if known and _change(client, UUID(str(known)), sheet, description):
        return
    key = f"case-{reference.lower()}"
    new = ArtifactCreate(key=key, type="markdown", data=sheet, description=description, flow_run_id=run.id)
    made = client.request("POST", "/artifacts/", json=new.model_dump(mode="json", exclude_unset=True))
    client.update_flow_run_labels(run.id, {LABEL: made.json()["id"]})


def _change(client: SyncPrefectClient, artifact: UUID, sheet: str, description: str) -> bool:
    """Change the artifact; return whether it is still there.

    The client's own method would put the whole sheet into an event too, and open a web socket for it.
    """
    update = ArtifactUpdate(data=sheet, description=description).model_dump(mode="json", exclude_unset=True)
    try:
        client.request("PATCH", "/artifacts/{id}", path_params={"id": artifact}, json=update)
    except PrefectHTTPStatusError as error:
        if error.response.status_code != NOT_FOUND:
            raise
        return False  # somebody deleted it on Prefect's page
    return True
