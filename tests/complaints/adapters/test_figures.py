from datetime import timedelta

import pytest

from complaints import acts
from complaints.adapters import beats
from complaints.adapters.dispatching import claim, settle
from complaints.adapters.figures import Queue, count, count_endings
from complaints.adapters.starting import settle_start, starts_owed
from complaints.adapters.sweeping import sweep
from complaints.adapters.webhooks import Outcome
from complaints.announcements import Event
from complaints.words import Stage
from tests.builders import MONDAY, a_stored_case, an_act, file_complaint, prepare_letter


@pytest.fixture(autouse=True)
def _monday(store, monkeypatch):
    """It is Monday 2 March 2026, 09:00 in Shanghai, and the CRM wants to be told everything."""
    store.make_demo(MONDAY)
    monkeypatch.setattr(store, "wants", {"crm": frozenset(Event)})


def later(store, **span):
    store.move_time(store.now() + timedelta(**span))


def test_an_empty_database_has_nothing_to_do(store):
    figures, endings = count(store), count_endings(store)

    assert (figures.open, figures.asking, figures.missed, figures.workers) == ({}, {}, 0, 0)
    assert figures.near == {1: 0, 3: 0, 7: 0}
    assert figures.starts == figures.alerts == Queue()
    assert (figures.dispatches, endings.ended, endings.dead) == ({}, {}, {})


def test_open_cases_are_counted_by_stage_and_those_that_ended_apart(store):
    for stage in (Stage.RECEIVED, Stage.RECEIVED, Stage.UNDER_INVESTIGATION, Stage.CLOSED):
        a_stored_case(store, stage, number=None)

    assert count(store).open == {"received": 2, "under_investigation": 1}
    assert count_endings(store).ended == {"closed": 1}


def test_cases_that_wait_for_a_person_are_counted_by_the_question(store):
    a_stored_case(store, Stage.UNDER_INVESTIGATION)
    reference = a_stored_case(store, number=None)
    with store.open_case(reference) as desk:
        prepare_letter(desk.case, now=desk.now)
        desk.case.record(an_act(acts.LetterFailed), desk.now)

    assert count(store).asking == {"finding": 1, "delivery": 1}


@pytest.mark.parametrize(
    ("days", "missed", "near"),
    [
        (0, 0, {1: 0, 3: 0, 7: 0}),  # fifteen days are left
        (9, 0, {1: 0, 3: 0, 7: 1}),
        (13, 0, {1: 0, 3: 1, 7: 1}),
        (15, 0, {1: 1, 3: 1, 7: 1}),
        (20, 1, {1: 0, 3: 0, 7: 0}),
    ],
)
def test_duties_are_counted_by_how_near_they_are_and_apart_once_they_are_late(store, days, missed, near):
    a_stored_case(store, Stage.UNDER_INVESTIGATION)
    later(store, days=days)

    figures = count(store)

    assert (figures.missed, figures.near) == (missed, near)


def test_a_case_that_owes_a_run_is_counted_until_prefect_has_it(store):
    file_complaint(store, number=None)
    later(store, minutes=7)

    assert count(store).starts.number == 1
    assert count(store).starts.seconds == pytest.approx(420, abs=30)
    for reference, _ in starts_owed(store, 10):
        settle_start(store, reference)
    assert count(store).starts == Queue()


def test_an_alert_is_untold_from_when_people_work(store):
    a_stored_case(store, Stage.UNDER_INVESTIGATION)
    later(store, days=20)
    sweep(store)
    later(store, days=3)

    alerts = count(store).alerts

    assert alerts.number > 0
    assert alerts.seconds > 86400


def test_what_a_receiver_was_not_told_waits_and_what_it_never_will_be_is_dead(store):
    file_complaint(store, number=None)
    file_complaint(store, number=None)
    later(store, hours=2)
    assert count(store).dispatches["crm"].number == 2
    assert count(store).dispatches["crm"].seconds == pytest.approx(7200, abs=30)

    first = claim(store, "crm", 1)
    settle(store, [(one, Outcome("HTTP 410", is_final=True)) for one in first], lambda low, high: low)

    assert count(store).dispatches["crm"].number == 1
    assert count_endings(store).dead == {"crm": 1}


def test_workers_are_counted_while_they_live(store):
    beats.arrive(store, "a:1", "a", "one")
    beats.arrive(store, "b:2", "b", "two")
    beats.leave(store, "b:2")

    assert count(store).workers == 1
