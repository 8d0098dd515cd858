"""The command that writes event logs."""

import json
from pathlib import Path
from xml.etree import ElementTree

from complaints.words import Stage
from tests.builders import a_stored_case
from tests.deployments.conftest import Installation, Redress, refused


def test_both_formats_are_written_at_once(redress: Redress, firm: Installation, tmp_path: Path) -> None:
    a_stored_case(firm.store, Stage.CLOSED)
    xes, ocel = tmp_path / "log.xes", tmp_path / "log.json"
    done = redress("events", "export", "--xes", xes, "--ocel", ocel, "--since", "2020-01-01")
    assert done.code == 0
    assert "1 cases" in done.words
    assert len(ElementTree.parse(xes).getroot().findall("trace")) == 1
    assert json.loads(ocel.read_text(encoding="utf-8"))["events"]


def test_days_are_those_of_the_regime_and_the_last_is_left_out(
    redress: Redress, firm: Installation, tmp_path: Path
) -> None:
    a_stored_case(firm.store)
    done = redress("events", "export", "--xes", tmp_path / "log.xes", "--until", "2020-01-01")
    assert "0 cases, 0 events" in done.words


def test_without_a_file_it_says_what_to_give(redress: Redress) -> None:
    assert refused(redress("events", "export"), "--xes FILE, --ocel FILE")


def test_a_folder_that_is_not_there_is_named(redress: Redress, tmp_path: Path) -> None:
    assert refused(redress("events", "export", "--xes", tmp_path / "nowhere" / "log.xes"), "nowhere")
