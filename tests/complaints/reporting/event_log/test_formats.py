"""Event logs as XES and OCEL 2.0, and what is not in them."""

import io
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from complaints import acts
from complaints.acts import ACTS
from complaints.adapters.entries import new_entries
from complaints.case import Case
from complaints.reporting.event_log.activities import ACTIVITIES, FACTS, activity
from complaints.reporting.event_log.ocel import write_ocel
from complaints.reporting.event_log.traces import Pseudonyms, Trace, trace_of
from complaints.reporting.event_log.xes import write_xes
from complaints.sealing import CaseKey
from complaints.words import Kind, Stage
from tests.builders import EARLIER, MONDAY, REFERENCE, a_case, an_act, prepare_letter, send_letter

NAMES = Pseudonyms(b"k" * 32)
SECRET = ("林知夏", "lin.zhixia", "13800000101", "CRM-0001", REFERENCE, EARLIER, "li.wei", "128.50", "PAY-2026-0042")


def trace(case: Case) -> Trace:
    ledger = new_entries(case, CaseKey.new(REFERENCE), 0, "")
    return trace_of(REFERENCE, ledger, NAMES)


def a_whole_life(**changes: Any) -> Case:
    case = a_case(product="消费贷<&>\x0b", region="CN-SH", **changes)
    send_letter(case, "acknowledgement", now=MONDAY)
    for act in (acts.Acknowledged, acts.Assessed, acts.InvestigationOpened, acts.Found, acts.Decided, acts.Answered):
        case.record(an_act(act), MONDAY, "li.wei")
    case.record(an_act(acts.PutRight), MONDAY, "wang.fang")
    return case


def as_xes(*traces: Trace) -> ElementTree.Element:
    out = io.StringIO()
    write_xes(out, traces)
    return ElementTree.fromstring(out.getvalue().encode())


def as_ocel(*traces: Trace) -> dict[str, Any]:
    out = io.StringIO()
    write_ocel(out, io.StringIO(), traces)
    log: dict[str, Any] = json.loads(out.getvalue())
    return log


def values(element: ElementTree.Element) -> dict[str, str]:
    return {one.attrib["key"]: one.attrib["value"] for one in element if "key" in one.attrib}


def test_every_act_has_words_in_both_languages_and_every_fact_is_one_of_its_act():
    assert set(ACTIVITIES) == set(ACTS)
    for kind, names in FACTS.items():
        open_fields = set(ACTS[kind].model_fields) - ACTS[kind].personal
        assert set(names) <= open_fields, kind
    assert activity("something_new").en == "something new"


@pytest.mark.parametrize("write", [as_xes, as_ocel])
def test_nobody_can_be_told_from_an_event_log(write):
    case = a_whole_life()
    case.record(an_act(acts.Absorbed), MONDAY, "li.wei")
    written = write(trace(case))
    text = (
        ElementTree.tostring(written, encoding="unicode")
        if write is as_xes
        else json.dumps(written, ensure_ascii=False)
    )
    assert [one for one in SECRET if one in text] == []
    assert "消费贷" in text


def test_the_same_case_and_the_same_staff_have_the_same_pseudonym_under_one_key_only():
    assert NAMES.case(REFERENCE) == Pseudonyms(b"k" * 32).case(REFERENCE)
    assert NAMES.case(REFERENCE) != Pseudonyms(b"l" * 32).case(REFERENCE)
    assert NAMES.case(REFERENCE) != NAMES.staff(REFERENCE)
    assert NAMES.staff("redress") == "redress"


@pytest.mark.parametrize("kind", [Kind.REPORT, None], ids=["a report", "not known yet"])
def test_a_whistle_blowing_report_has_no_sender_region_product_or_channel(kind):
    case = a_case(kind=kind, region="CN-SH", product="消费贷", channel="web")
    assert {"sender", "region", "product", "channel"}.isdisjoint(trace(case).attributes)
    assert {"sender", "region", "product", "channel"} <= set(trace(a_whole_life()).attributes)


def test_what_comes_in_for_a_report_does_not_say_how():
    case = a_case(kind=Kind.REPORT)
    case.record(an_act(acts.MaterialsReceived), MONDAY)
    assert trace(case).events[-1].facts == {}


def test_xes_has_a_trace_a_case_with_its_acts_in_order():
    log = as_xes(trace(a_whole_life()), trace(a_case(kind=Kind.CONSULTATION)))
    assert len(log.findall("trace")) == 2
    events = [values(one) for one in log.find("trace").findall("event")]
    done = [one["concept:name"] for one in events if not one["concept:name"].startswith("clock")]
    assert done[:4] == ["received", "letter_prepared", "letter_sent", "acknowledged"]
    found = next(one for one in events if one["concept:name"] == "found")
    assert found["activity_zh"] == "调查结论"
    assert found["org:resource"] == NAMES.staff("li.wei")
    assert found["org:group"] == "complaints"
    assert datetime.fromisoformat(found["time:timestamp"]) == MONDAY
    everywhere = {one.attrib["key"] for one in log.findall("global[@scope='event']/*")}
    assert all(everywhere <= set(one) for one in events)
    keys = {key for one in log.findall("classifier") for key in one.attrib["keys"].split()}
    assert keys <= everywhere


def test_ocel_relates_each_event_to_its_case_handler_letter_and_clock():
    case = a_whole_life()
    log = as_ocel(trace(case))
    objects = {one["id"]: one for one in log["objects"]}
    assert len(objects) == len(log["objects"])
    assert {one["type"] for one in objects.values()} == {"case", "letter", "clock", "handler"}
    related = [one["objectId"] for each in log["events"] + log["objects"] for one in each["relationships"]]
    assert set(related) <= set(objects)
    sent = next(one for one in log["events"] if one["type"] == "letter_sent")
    of_letter = {"objectId": f"{NAMES.case(REFERENCE)}/letter/acknowledgement/1", "qualifier": "about letter"}
    assert of_letter in sent["relationships"]
    declared = {one["name"]: {each["name"] for each in one["attributes"]} for one in log["eventTypes"]}
    for event in log["events"]:
        assert {one["name"] for one in event["attributes"]} <= declared[event["type"]]
        assert all(isinstance(one["value"], str) for one in event["attributes"])


def test_a_merged_case_leads_to_the_one_that_answers_for_it_also_where_that_is_not_in_the_log():
    case = a_case()
    case.record(an_act(acts.Merged), MONDAY, "li.wei")
    log = as_ocel(trace(case))
    merged = next(one for one in log["events"] if one["type"] == "merged")
    assert {"objectId": NAMES.case(EARLIER), "qualifier": "into case"} in merged["relationships"]
    assert [one["type"] for one in log["objects"] if one["id"] == NAMES.case(EARLIER)] == ["case"]


def test_an_empty_log_is_whole():
    assert as_xes().findall("trace") == []
    assert as_ocel()["events"] == []


def test_a_trace_is_written_before_the_next_one_is_asked_for(tmp_path: Path):
    file = (tmp_path / "log.xes").open("w+", buffering=1, encoding="utf-8")
    written: list[int] = []

    def traces() -> Iterator[Trace]:
        for _ in range(3):
            written.append((tmp_path / "log.xes").stat().st_size)
            yield trace(a_case(Stage.ACKNOWLEDGED))

    with file:
        assert write_xes(file, traces())[0] == 3
    assert written[0] < written[1] < written[2]


def test_a_letter_that_was_prepared_twice_is_one_object():
    case = a_case()
    prepare_letter(case)
    case.record(an_act(acts.LetterFailed), MONDAY)
    case.record(an_act(acts.LetterRepaired), MONDAY, "li.wei")
    letters = [one for one in as_ocel(trace(case))["objects"] if one["type"] == "letter"]
    assert len(letters) == 1


def test_a_report_does_not_say_who_sent_it_by_the_pseudonym_of_the_sender() -> None:
    report, complaint = trace(a_whole_life(kind=Kind.REPORT)), trace(a_whole_life())

    assert report.events[0].kind == complaint.events[0].kind == "received"
    assert report.events[0].by == "redress"
    assert complaint.events[0].by.startswith("staff-")
    assert {one.by for one in report.events[1:]} - {"redress"}  # of the staff it is told
