import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from complaints import acts
from complaints.adapters.sweeping import sweep
from complaints.adapters.tables import AnnouncementRow, DispatchRow
from complaints.announcements import Event
from complaints.errors.case import StageError
from complaints.reception import receive
from complaints.words import Stage
from tests.builders import MONDAY, REGIME, a_complaint, a_stored_case, advance, an_act, file_complaint

ALL = frozenset(Event)


@pytest.fixture(autouse=True)
def wants(store, monkeypatch):
    """The CRM wants everything; it is Monday 2 March 2026, 09:00 in Shanghai."""
    store.make_demo(MONDAY)
    monkeypatch.setattr(store, "wants", {"crm": ALL})


def told(store):
    """Who is to be told what, in order."""
    query = (
        select(DispatchRow.receiver, AnnouncementRow.event, AnnouncementRow.reference)
        .join(AnnouncementRow, AnnouncementRow.id == DispatchRow.announcement)
        .order_by(AnnouncementRow.id, DispatchRow.receiver)
    )
    with store.read() as session:
        return [tuple(row) for row in session.execute(query)]


def rows(store):
    with store.read() as session:
        return session.scalars(select(AnnouncementRow).order_by(AnnouncementRow.id)).all()


def test_a_filed_complaint_is_to_be_told_in_the_same_breath(store):
    reference = file_complaint(store)

    assert told(store) == [("crm", "case.opened", reference)]
    assert json.loads(rows(store)[0].facts)["reference"] == reference


def test_the_same_delivery_twice_is_told_once(store):
    for _ in range(2):
        file_complaint(store, delivery_id="msg_1")

    assert len(told(store)) == 1


def test_what_happens_to_a_case_is_to_be_told_with_its_place_in_the_ledger(store):
    reference = a_stored_case(store, Stage.ACKNOWLEDGED)

    assert told(store) == [("crm", "case.opened", reference), ("crm", "case.stage_changed", reference)]
    entries = {one.seq: one.kind for one in store.entries(reference)}
    assert [entries[json.loads(one.facts)["entry"]] for one in rows(store)] == ["received", "acknowledged"]


def test_each_receiver_is_told_what_it_wants(store, monkeypatch):
    monkeypatch.setattr(store, "wants", {"crm": {Event.CLOSED}, "hotline": {Event.OPENED, Event.CLOSED}})
    reference = a_stored_case(store, Stage.CLOSED)

    assert told(store) == [
        ("hotline", "case.opened", reference),
        ("crm", "case.closed", reference),
        ("hotline", "case.closed", reference),
    ]


@pytest.mark.parametrize("wants", [{}, {"crm": {Event.REOPENED}}])
def test_what_nobody_wants_is_not_written(store, monkeypatch, wants):
    monkeypatch.setattr(store, "wants", wants)
    a_stored_case(store, Stage.CLOSED)

    assert rows(store) == []


def test_what_was_not_saved_is_not_told(store):
    reference = file_complaint(store)

    def acknowledge_and_decide():
        with store.open_case(reference) as desk:
            desk.case.record(an_act(acts.Acknowledged), desk.now)
            desk.case.record(an_act(acts.Decided), desk.now)

    with pytest.raises(StageError):
        acknowledge_and_decide()

    assert told(store) == [("crm", "case.opened", reference)]


def test_many_new_cases_are_told_each_and_history_is_not(store):
    with store.write() as session:
        rules, now = store.rules(session), store.now(session)
        made = [
            receive(f"TS260302-AAAAAA{n}", rules.pack(REGIME), a_complaint(number=None), "list", now, history=n == "3")
            for n in "234"
        ]
        store.add_many(session, made)

    assert told(store) == [("crm", "case.opened", f"TS260302-AAAAAA{n}") for n in "24"]


def test_the_sweep_tells_of_limits_that_are_near_and_missed(store, monkeypatch):
    monkeypatch.setattr(store, "wants", {"crm": {Event.DEADLINE_NEAR, Event.DEADLINE_MISSED}})
    reference = a_stored_case(store, Stage.UNDER_INVESTIGATION)
    for days in (8, 13, 16):
        store.move_time(MONDAY + timedelta(days=days))
        sweep(store)
        sweep(store)

    near = ("crm", "case.deadline_near", reference)
    assert told(store) == [near, ("crm", "case.deadline_missed", reference)]
    assert [json.loads(one.facts)["clock"]["name"] for one in rows(store)] == ["decision", "decision"]
    entries = {one.seq: one.kind for one in store.entries(reference)}
    assert [entries[json.loads(one.facts)["entry"]] for one in rows(store)] == ["clock_warned", "clock_missed"]


def test_nothing_personal_is_kept_to_be_told(store):
    reference = a_stored_case(
        store, complainant={"name": "林知夏", "contacts": [{"kind": "phone", "value": "13800000101"}]}
    )
    with store.open_case(reference) as desk:
        advance(desk.case, Stage.ARCHIVED, now=desk.now)

    kept = " ".join(one.facts for one in rows(store))
    assert [words for words in ("林知夏", "13800000101", "账户", "退还", "CRM-0001", "核对") if words in kept] == []
