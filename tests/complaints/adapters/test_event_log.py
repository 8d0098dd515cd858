"""Event logs written from the case database."""

import json
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest

from complaints.adapters import event_log
from complaints.adapters.event_log import export_ocel, export_xes
from complaints.adapters.store import Store
from complaints.adapters.tables import CaseKeyRow
from complaints.words import Kind, Stage
from tests.builders import a_stored_case


def test_a_log_has_every_case_also_where_they_are_read_in_batches(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_log, "_BATCH", 2)
    for number in range(5):
        a_stored_case(store, Stage.CLOSED, number=str(number))
    cases, events = export_xes(store, tmp_path / "log.xes", None, None)
    log = ElementTree.parse(tmp_path / "log.xes").getroot()
    names = [one.find("string[@key='concept:name']").attrib["value"] for one in log.findall("trace")]  # type: ignore[union-attr]
    assert cases == len(set(names)) == 5
    assert events == len(log.findall("trace/event"))
    assert export_ocel(store, tmp_path / "log.json", None, None) == (cases, events)
    ocel = json.loads((tmp_path / "log.json").read_text(encoding="utf-8"))
    assert {one["id"] for one in ocel["objects"] if one["type"] == "case"} == set(names)


def test_only_cases_received_in_the_span_are_in_it(store: Store, tmp_path: Path) -> None:
    a_stored_case(store)
    now, day = store.now(), timedelta(days=1)
    assert export_xes(store, tmp_path / "log.xes", now - day, now + day)[0] == 1
    assert export_xes(store, tmp_path / "log.xes", now + day, None)[0] == 0
    assert export_xes(store, tmp_path / "log.xes", None, now - day)[0] == 0


def test_a_log_needs_no_key_of_any_case(store: Store, tmp_path: Path) -> None:
    reference = a_stored_case(store, Stage.CLOSED, kind=Kind.REPORT)
    with store.write() as session:
        session.get_one(CaseKeyRow, reference).wrapped = None
    assert export_xes(store, tmp_path / "log.xes", None, None)[0] == 1


def test_only_its_owner_may_read_a_log_and_a_failed_one_leaves_nothing(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_stored_case(store)
    export_xes(store, tmp_path / "log.xes", None, None)
    assert (tmp_path / "log.xes").stat().st_mode & 0o777 == 0o600
    before = (tmp_path / "log.xes").read_bytes()
    monkeypatch.setattr(event_log, "trace_of", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        export_xes(store, tmp_path / "log.xes", None, None)
    assert [one.name for one in tmp_path.iterdir()] == ["log.xes"]
    assert (tmp_path / "log.xes").read_bytes() == before
