"""The deadline board: the most urgent open limits of all cases, as a table on Prefect's page."""

import json
from collections.abc import Mapping
from typing import Final

from prefect.artifacts import create_table_artifact
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.sorting import ArtifactSort
from prefect.settings import PREFECT_UI_URL
from prefect.utilities.urls import url_for

from complaints.adapters.alerting import read_board
from complaints.alerts import board_note, board_table
from flows.runs import find_runs
from tasks.desk import store

KEY: Final = "deadline-board"
ROWS: Final = 50
KEPT: Final = 5
"""Versions that stay: Prefect would keep each for ever, and the board changes every hour."""


def show_board(client: SyncPrefectClient) -> int:
    """Bring the board up to date where something on it has changed; return how many limits it lists."""
    board = read_board(store(), ROWS)
    links = links_to_runs(find_runs(client, {one.reference for one in board.limits}))
    table, note = board_table(board, links), board_note(board)
    before = client.read_artifacts(
        artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=[KEY])), sort=ArtifactSort.CREATED_DESC, limit=50
    )
    if not before or (before[0].data, before[0].description) != (json.dumps(table), note):
        create_table_artifact(table=list(table), key=KEY, description=note)
        for one in before[KEPT - 1 :]:
            client.delete_artifact(one.id)
    return len(table)


def links_to_runs(runs: Mapping[str, FlowRun]) -> dict[str, str]:
    """Return the addresses of runs on Prefect's page, by reference."""
    return {reference: url_for("flow-run", obj_id=run.id) or "" for reference, run in runs.items()}


def board_address() -> str:
    """Return where the board is on Prefect's page."""
    return f"{PREFECT_UI_URL.value()}/artifacts/key/{KEY}" if PREFECT_UI_URL.value() else ""
