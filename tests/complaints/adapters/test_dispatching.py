from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import event, func, select

from complaints.adapters.dispatch_listing import Standing, dispatches, replay, standings
from complaints.adapters.dispatching import (
    FOR_A_DAY,
    KEPT,
    LEASE,
    Dead,
    claim,
    delay,
    give_up,
    prune,
    settle,
    webhook_id,
)
from complaints.adapters.tables import AnnouncementRow, DispatchRow
from complaints.adapters.webhooks import Outcome
from complaints.announcements import Event
from complaints.words import Stage
from tests.builders import MONDAY, a_stored_case, file_complaint

ONLY_SQLITE = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
"""For what is no question of the database."""

ONLY_POSTGRESQL = pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
"""For what cannot happen where one writes at a time."""

DONE, REFUSED, GONE = Outcome(), Outcome("HTTP 500"), Outcome("HTTP 410", is_final=True)


@pytest.fixture(autouse=True)
def wants(store, monkeypatch):
    """The CRM wants everything; it is Monday 2 March 2026, 09:00 in Shanghai."""
    store.make_demo(MONDAY)
    monkeypatch.setattr(store, "wants", {"crm": frozenset(Event)})


def steady(low, high):
    """Draws what lies in the middle."""
    return (low + high) / 2


def claimed(store, receiver="crm", most=10):
    return [(one.reference, one.event) for one in claim(store, receiver, most)]


def all_with(outcome, store):
    """Make every attempt that is due, with the same outcome."""
    return settle(store, [(one, outcome) for one in claim(store, "crm", 10)], steady)


def later(store, **span):
    store.move_time(store.now() + timedelta(**span))


def states(store):
    return [
        "delivered" if one.delivered_at else "waiting" if one.next_at else "dead" for one in dispatches(store)[::-1]
    ]


# --- claiming -----------------------------------------------------------------------------------


def test_what_is_due_is_taken_once(store):
    reference = file_complaint(store)

    assert claimed(store, "hotline") == []
    assert claimed(store) == [(reference, "case.opened")]
    assert claimed(store) == []


def test_what_a_process_took_that_died_is_taken_by_the_next(store):
    reference = file_complaint(store)
    claim(store, "crm", 1)
    later(store, seconds=LEASE.total_seconds() - 60)
    assert claimed(store) == []

    later(store, minutes=2)

    assert claimed(store) == [(reference, "case.opened")]


def test_who_seemed_dead_marks_nothing_that_was_taken_by_another(store):
    file_complaint(store)
    (late,) = claim(store, "crm", 1)
    later(store, seconds=LEASE.total_seconds() + 1)
    (again,) = claim(store, "crm", 1)

    assert settle(store, [(late, GONE)]) == []
    assert states(store) == ["waiting"]
    settle(store, [(again, DONE)])
    assert states(store) == ["delivered"]


def test_of_one_case_nothing_overtakes_what_still_waits(store):
    reference = a_stored_case(store, Stage.ASSESSED, number=None)
    other = file_complaint(store, number=None)

    assert claimed(store) == [(reference, "case.opened"), (other, "case.opened")]
    assert claimed(store) == []


def test_what_failed_holds_up_its_case_and_no_other(store):
    first = a_stored_case(store, Stage.ACKNOWLEDGED, number=None)
    all_with(REFUSED, store)
    second = a_stored_case(store, Stage.ACKNOWLEDGED, number=None)

    assert claimed(store) == [(second, "case.opened")]

    later(store, seconds=31)
    assert claimed(store) == [(first, "case.opened")]


@pytest.mark.parametrize("outcome", [DONE, GONE])
def test_what_was_delivered_or_given_up_lets_the_next_go(store, outcome):
    reference = a_stored_case(store, Stage.ACKNOWLEDGED)
    all_with(outcome, store)

    assert claimed(store) == [(reference, "case.stage_changed")]


def test_each_receiver_has_an_order_of_its_own(store, monkeypatch):
    monkeypatch.setattr(store, "wants", {"crm": frozenset(Event), "hotline": frozenset(Event)})
    reference = a_stored_case(store, Stage.ACKNOWLEDGED)
    all_with(DONE, store)

    assert claimed(store, "crm") == [(reference, "case.stage_changed")]
    assert claimed(store, "hotline") == [(reference, "case.opened")]


def test_two_workers_never_take_the_same(store):
    for _ in range(12):
        file_complaint(store, number=None)
    barrier = Barrier(2)

    def work():
        barrier.wait(5)
        return [one.id for _ in range(6) for one in claim(store, "crm", 2)]

    with ThreadPoolExecutor(2) as pool:
        first, second = (one.result(30) for one in [pool.submit(work), pool.submit(work)])

    assert len(first + second) == len({*first, *second}) == 12


# --- trying again -------------------------------------------------------------------------------


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 30), (2, 60), (3, 120), (9, 7680), (10, 14_400), (99, 14_400)])
def test_delays_double_up_to_four_hours(attempt, seconds):
    assert delay(attempt, steady).total_seconds() == seconds
    assert 0.8 * seconds <= delay(attempt).total_seconds() <= 1.2 * seconds


def test_what_failed_is_tried_again_for_a_day_and_then_is_a_dead_letter(store):
    reference = file_complaint(store)
    attempts, began = 0, store.now()
    while not (dead := all_with(REFUSED, store)):
        attempts += 1
        (waiting,) = dispatches(store)
        store.move_time(waiting.next_at)

    assert [(one.receiver, one.reference) for one in dead] == [("crm", reference)]
    assert attempts + 1 == 15
    assert timedelta() <= store.now() - began - FOR_A_DAY < timedelta(seconds=120)
    assert (states(store), dispatches(store)[0].failure) == (["dead"], "HTTP 500")


def test_the_day_begins_with_the_first_attempt_not_with_what_happened(store):
    file_complaint(store)
    later(store, days=3)

    assert all_with(REFUSED, store) == []
    assert states(store) == ["waiting"]


def test_a_receiver_that_asks_for_time_gets_it(store):
    reference = file_complaint(store)
    all_with(Outcome("HTTP 503", wait=timedelta(hours=1)), store)

    later(store, minutes=59)
    assert claimed(store) == []
    later(store, minutes=1)
    assert claimed(store) == [(reference, "case.opened")]


def test_a_receiver_that_asks_for_more_than_the_day_is_tried_once_more_at_its_end(store):
    file_complaint(store)
    all_with(Outcome("HTTP 503", wait=timedelta(hours=24)), store)
    later(store, hours=24)

    assert len(all_with(REFUSED, store)) == 1


def test_a_receiver_that_wants_no_more_makes_a_dead_letter_at_once(store):
    reference = file_complaint(store)

    assert all_with(GONE, store) == [Dead(dispatches(store)[0].id, "crm", reference)]
    assert states(store) == ["dead"]


# --- a receiver that is away --------------------------------------------------------------------


def test_what_is_due_for_a_receiver_that_is_away_is_given_up_after_a_day(store):
    references = {file_complaint(store, number=None) for _ in range(3)}

    assert give_up(store, "crm", "away") == []
    later(store, hours=23)
    assert give_up(store, "crm", "away") == []
    later(store, hours=2)

    assert {one.reference for one in give_up(store, "crm", "away")} == references
    assert states(store) == ["dead"] * 3


def test_what_waited_for_a_receiver_that_was_away_is_sent_when_it_is_back(store):
    reference = file_complaint(store)
    give_up(store, "crm", "away")
    later(store, hours=23)

    assert claimed(store) == [(reference, "case.opened")]


# --- replaying and removing ---------------------------------------------------------------------


def test_a_dead_letter_is_replayed_for_another_day(store):
    reference = file_complaint(store)
    all_with(GONE, store)

    assert replay(store, None, "hotline") == 0
    assert replay(store, None) == 1
    assert all_with(REFUSED, store) == []
    later(store, seconds=31)
    assert claimed(store) == [(reference, "case.opened")]
    assert replay(store, None) == 0


def test_what_was_delivered_is_replayed_by_its_id_alone(store):
    file_complaint(store, number=None)
    all_with(DONE, store)
    (one,) = dispatches(store)

    assert replay(store, None) == 0
    assert replay(store, [one.id]) == 1
    assert states(store) == ["waiting"]


def test_a_replay_is_known_by_the_same_id(store):
    file_complaint(store)
    (first,) = claim(store, "crm", 1)
    settle(store, [(first, GONE)])
    replay(store, None)
    (again,) = claim(store, "crm", 1)

    ids = {webhook_id("f", one.id, one.reference, one.event, one.at) for one in (first, again)}
    assert len(ids) == 1
    assert webhook_id("another", first.id, first.reference, first.event, first.at) not in ids


def test_old_announcements_are_removed_unless_they_wait(store):
    for outcome in (DONE, GONE):
        file_complaint(store, number=None)
        all_with(outcome, store)
    file_complaint(store, number=None)
    later(store, days=29)
    assert prune(store) == 0

    later(store, seconds=KEPT.total_seconds() - 29 * 86_400 + 60)

    assert prune(store) == 2
    assert states(store) == ["waiting"]
    with store.read() as session:
        counts = [session.scalar(select(func.count()).select_from(table)) for table in (AnnouncementRow, DispatchRow)]
    assert counts == [1, 1]


@ONLY_POSTGRESQL
def test_an_old_dead_letter_that_is_replayed_while_it_is_being_removed_is_sent(store, monkeypatch):
    monkeypatch.setattr(store, "wants", {"crm": frozenset(Event), "hotline": frozenset(Event)})
    for _ in range(2):
        file_complaint(store, number=None)
        for receiver in ("crm", "hotline"):
            settle(store, [(one, GONE) for one in claim(store, receiver, 10)])
    later(store, seconds=KEPT.total_seconds() + 60)
    replayed = dispatches(store)[0]

    def meanwhile(connection, cursor, statement, *_):
        if statement.startswith("DELETE FROM dispatches"):
            replay(store, [replayed.id], "crm")

    event.listen(store.engine, "before_cursor_execute", meanwhile)
    try:
        assert prune(store) == 1
    finally:
        event.remove(store.engine, "before_cursor_execute", meanwhile)

    assert claimed(store) == [(replayed.reference, "case.opened")]


def test_how_a_receiver_stands_is_counted(store):
    file_complaint(store, number=None)
    all_with(GONE, store)
    file_complaint(store, number=None)
    all_with(DONE, store)
    assert standings(store) == {"crm": Standing(waiting=0, dead=1, since=None)}

    since = store.now()
    file_complaint(store, number=None)

    standing = standings(store)["crm"]
    assert (standing.waiting, standing.dead) == (1, 1)
    assert standing.since is not None
    assert abs(standing.since - since) < timedelta(seconds=10)


def test_dispatches_are_listed_the_newest_first(store, monkeypatch):
    monkeypatch.setattr(store, "wants", {"crm": frozenset(Event), "hotline": frozenset(Event)})
    first = file_complaint(store, number=None)
    all_with(GONE, store)
    second = file_complaint(store, number=None)

    assert [(one.reference, one.receiver) for one in dispatches(store, limit=3)] == [
        (second, "crm"),
        (second, "hotline"),
        (first, "crm"),
    ]
    assert [(one.reference, one.receiver) for one in dispatches(store, only_dead=True)] == [(first, "crm")]
    assert {one.receiver for one in dispatches(store, receiver="hotline")} == {"hotline"}


# --- what it costs ------------------------------------------------------------------------------


@ONLY_SQLITE
def test_what_is_due_is_found_by_the_indexes_that_are_there_for_it(store):
    a_stored_case(store, Stage.ACKNOWLEDGED)
    plans = []

    def explain(connection, cursor, statement, parameters, *_):
        if "dispatches" in statement and statement.startswith(("SELECT", "UPDATE")):
            steps = connection.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
            plans.append(" ".join(step[3] for step in steps))

    event.listen(store.engine, "before_cursor_execute", explain)
    try:
        claim(store, "crm", 5)
        give_up(store, "crm", "away")
        prune(store)
    finally:
        event.remove(store.engine, "before_cursor_execute", explain)

    assert [plan for plan in plans if "SCAN dispatches" in plan or "SCAN announcements" in plan] == []
    for index in ("ix_dispatches_next_at", "ix_dispatches_waiting", "ix_announcements_at"):
        assert index in " ".join(plans)
