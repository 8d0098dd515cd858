"""A spreadsheet that an operator imports from Prefect's page."""

import pytest
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import FlowRun

from complaints.answers import Question
from complaints.settings import settings
from flows.runs import prefect_client
from tests.complaints.adapters.spreadsheets.builders import hotline, write_csv
from tests.flows.running import Running

NUMBERS = ("GD-import-1", "GD-import-2", "")


@pytest.fixture
def file(redress: Running) -> str:
    """The bare name of a list of orders in the folder for imports; the last has no number."""
    settings().imports_folder.mkdir(exist_ok=True)
    rows = [hotline(工单编号=number, 来电时间="2026-01-04 09:30", 来电人="林知夏") for number in NUMBERS]
    return write_csv(settings().imports_folder, rows).name


def artifacts(run: FlowRun) -> dict[str, list[str]]:
    """What a run shows on its page, by the kind of artifact."""
    found: dict[str, list[str]] = {}
    with prefect_client() as client:
        of_run = FlowRunFilter(id=FlowRunFilterId(any_=[run.id]))
        for one in client.read_artifacts(flow_run_filter=of_run):
            found.setdefault(one.type or "", []).append(str(one.data))
    return found


def test_an_import_shows_its_progress_its_counts_and_no_cell_and_its_cases_go_on(redress: Running, file: str) -> None:
    before = set(redress.store.open_references())

    run = redress.deploy_and_wait("import-spreadsheet", file=file)

    assert run.name == f"import {file}"
    shown = artifacts(run)
    assert shown["progress"] == ["100"] or shown["progress"] == ["100.0"]
    (counts,) = shown["markdown"]
    assert "| 新立案 · new | 2 |" in counts
    assert "| 未导入 · rejected | 1 |" in counts
    (listed,) = (settings().imports_folder / "rejects").iterdir()
    assert str(listed) in counts
    assert not any(word in counts for word in ("林知夏", "夜间", "GD-import"))
    new = set(redress.store.open_references()) - before
    assert len(new) == 2
    for reference in new:
        redress.until_asked(reference, Question.FINDING)
    redress.withdraw_all()


def test_a_file_that_is_not_there_is_refused_and_no_run_fails(redress: Running) -> None:
    state = redress.deploy_and_wait("import-spreadsheet", file="../master.key").state

    assert state is not None
    assert (state.name, "is a path" in (state.message or "")) == ("Refused", True)
