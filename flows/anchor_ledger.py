"""The daily anchor: what the ledger is, written outside the database."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from tasks.keeping import anchor


@flow(name="anchor-ledger")
def anchor_ledger() -> State[Any]:
    """台账锚定 · Write the Merkle root over the heads of all chains outside the database.

    Raises:
        AnchorRefused: the ledger is not what the last anchor says; somebody changed it.
    """
    written = anchor()
    if written is None:
        return Completed(message="another process has just written the anchor")
    root = f"{written.root[:16]}…"
    return Completed(message=f"{written}: {written.cases} cases, {written.entries} entries, root {root}")
