from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from complaints.acts import FollowedUp
from complaints.answers import Question
from complaints.errors import CaseConflict
from complaints.words import Kind, Stage
from tasks import deadlines, desk, steps
from tasks.deadlines import Struck, sleepers, sweep
from tests.builders import MONDAY, a_finding, a_stored_case, file_complaint
from tests.conftest import Databases

ACKNOWLEDGEMENT = MONDAY + timedelta(hours=24)
ACKNOWLEDGEMENT_NEAR = ACKNOWLEDGEMENT - timedelta(hours=4)
DECISION = MONDAY.replace(hour=0) + timedelta(days=16)  # the end of the 15th day
DECISION_NEAR = DECISION - timedelta(hours=72)
MONTHS_LATER = MONDAY + timedelta(days=120)


@pytest.fixture
def databases(request: pytest.FixtureRequest) -> Databases:
    """SQLite, and PostgreSQL where a test asks for both."""
    return request.getfixturevalue(getattr(request, "param", "sqlite"))


BOTH_DATABASES = pytest.mark.parametrize("databases", ["sqlite", "postgresql"], indirect=True)


def struck(store, reference):
    """What the ledger says about clocks, but for their beginning."""
    entries = [entry for entry in store.entries(reference) if entry.kind.startswith("clock_")]
    return [entry.kind for entry in entries if entry.kind not in ("clock_started", "clock_met")]


def an_acknowledged_case(store, **changes):
    """A case of which only the decision's clock runs."""
    return a_stored_case(store, Stage.ACKNOWLEDGED, **{"number": None} | changes)


# --- what is due --------------------------------------------------------------------------------


def test_before_anything_is_near_nothing_is_recorded(store):
    reference = an_acknowledged_case(store)
    store.move_time(DECISION_NEAR - timedelta(minutes=1))

    assert sweep.fn() == []
    assert struck(store, reference) == []


@pytest.mark.parametrize(
    ("to", "what"),
    [
        (DECISION_NEAR, "clock_warned"),
        (DECISION - timedelta(minutes=1), "clock_warned"),
        (DECISION, "clock_missed"),
    ],
)
def test_a_clock_warns_when_it_is_near_and_is_missed_from_its_due_instant_on(store, to, what):
    reference = an_acknowledged_case(store)
    store.move_time(to)

    assert sweep.fn() == [Struck(reference, "decision", what)]
    assert struck(store, reference) == [what]


def test_a_clock_warns_once_and_is_missed_once(store):
    reference = an_acknowledged_case(store)

    for to in (DECISION_NEAR, DECISION_NEAR + timedelta(hours=1), DECISION, DECISION + timedelta(days=9)):
        store.move_time(to)
        sweep.fn()

    assert struck(store, reference) == ["clock_warned", "clock_missed"]
    assert store.read_case(reference).clocks["decision"].next_at is None


def test_a_sweep_done_twice_records_once(store):
    reference = an_acknowledged_case(store)
    store.move_time(DECISION_NEAR)
    assert len(sweep.fn()) == 1
    before = store.entries(reference)

    assert sweep.fn() == []
    assert store.entries(reference) == before


def test_after_months_without_a_sweep_each_clock_is_missed_once_and_not_warned_of_any_more(store):
    reference = file_complaint(store)
    store.move_time(MONTHS_LATER)

    found = sweep.fn()

    assert set(found) == {
        Struck(reference, "acknowledgement", "clock_missed"),
        Struck(reference, "decision", "clock_missed"),
    }
    assert struck(store, reference) == ["clock_missed", "clock_missed"]
    assert sweep.fn() == []


@BOTH_DATABASES
def test_the_longest_overdue_are_found_first(store):
    received = [MONDAY - timedelta(days=days) for days in (1, 3, 2)]
    last, first, second = (an_acknowledged_case(store, received_at=at) for at in received)
    store.move_time(MONTHS_LATER)

    assert [one.reference for one in sweep.fn()] == [first, second, last]


def test_every_case_is_found_however_many_there_are_at_a_time(store, monkeypatch):
    monkeypatch.setattr(deadlines, "BATCH", 2)
    references = {an_acknowledged_case(store) for _ in range(5)}
    store.move_time(MONTHS_LATER)

    found = sweep.fn()

    assert len(found) == 5
    assert {one.reference for one in found} == references


@pytest.mark.parametrize("stage", [Stage.ANSWERED, Stage.CLOSED, Stage.ARCHIVED])
def test_a_duty_that_was_done_strikes_no_more(store, stage):
    reference = a_stored_case(store, stage)
    before = store.entries(reference)
    store.move_time(MONTHS_LATER)

    assert sweep.fn() == []
    assert store.entries(reference) == before


def test_the_withdrawn_are_left_in_peace(store):
    reference = an_acknowledged_case(store)
    with store.open_case(reference) as open_case:
        open_case.case.withdraw("li.wei", open_case.now)
    store.move_time(MONTHS_LATER)

    assert sweep.fn() == []


def test_what_was_late_is_recorded_as_done_late(store):
    reference = file_complaint(store)
    store.move_time(ACKNOWLEDGEMENT + timedelta(hours=1))
    sweep.fn()

    steps.acknowledge.fn(reference)

    clock = store.read_case(reference).clocks["acknowledgement"]
    assert (clock.missed, clock.late) == (True, True)


def test_the_acknowledgement_has_a_clock_of_its_own(store):
    reference = file_complaint(store, received_at=MONDAY)  # to the second: filing takes a moment

    for to, what in ((ACKNOWLEDGEMENT_NEAR, "clock_warned"), (ACKNOWLEDGEMENT, "clock_missed")):
        store.move_time(to)
        assert sweep.fn() == [Struck(reference, "acknowledgement", what)]


# --- side by side -------------------------------------------------------------------------------


def at_once(workers, work):
    """Let several threads do the same at the same moment; return what each got."""
    barrier = Barrier(workers)

    def begin():
        barrier.wait(5)
        return work()

    with ThreadPoolExecutor(workers) as pool:
        return [one.result(30) for one in [pool.submit(begin) for _ in range(workers)]]


@BOTH_DATABASES
def test_sweeps_from_two_workers_at_once_record_once(store):
    references = [an_acknowledged_case(store) for _ in range(6)]
    store.move_time(DECISION)

    first, second = at_once(2, sweep.fn)

    assert sorted(one.reference for one in first + second) == sorted(references)
    assert all(struck(store, reference) == ["clock_missed"] for reference in references)


@BOTH_DATABASES
def test_a_sweep_beside_an_operator_loses_neither_s_entry(store):
    reference = a_stored_case(store, Stage.UNDER_INVESTIGATION)
    store.move_time(DECISION)

    def answer():
        steps.record_answer.fn(reference, Question.FINDING, a_finding().model_dump(mode="json"), "li.wei")

    with ThreadPoolExecutor(2) as pool:
        for one in [pool.submit(sweep.fn), pool.submit(answer)]:
            one.result(30)

    assert struck(store, reference) == ["clock_missed"]
    assert store.read_case(reference).stage is Stage.INVESTIGATED


def test_a_case_that_somebody_is_working_on_is_left_for_the_next_sweep(store, monkeypatch):
    busy, free = an_acknowledged_case(store), an_acknowledged_case(store)
    store.move_time(DECISION)
    opened = desk.store().open_case

    def open_case(reference):
        if reference == busy:
            raise CaseConflict(reference, 7)
        return opened(reference)

    monkeypatch.setattr(desk.store(), "open_case", open_case)
    assert [one.reference for one in sweep.fn()] == [free]

    monkeypatch.undo()
    monkeypatch.setattr(deadlines, "store", lambda: store)
    assert [one.reference for one in sweep.fn()] == [busy]


def test_a_case_that_cannot_be_read_stops_no_other(store):
    broken, sound = an_acknowledged_case(store), an_acknowledged_case(store)
    with store.engine.execution_options(writes=True).begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE ledger SET sealed = X'00112233445566778899AABBCCDDEEFF' WHERE reference = '{broken}' AND seq = 1"
        )
    store.move_time(DECISION)

    assert [one.reference for one in sweep.fn()] == [sound]


# --- dates that are waited for ------------------------------------------------------------------


def test_the_date_of_the_follow_up_is_reached_once_without_a_warning(store):
    reference = a_stored_case(store, Stage.PUT_RIGHT)
    follow_up = store.read_case(reference).clocks["follow-up"].started.due_at

    store.move_time(follow_up - timedelta(minutes=1))
    assert sweep.fn() == []
    store.move_time(follow_up)
    assert sweep.fn() == [Struck(reference, "follow-up", "clock_reached")]
    assert sweep.fn() == []
    assert struck(store, reference) == ["clock_reached"]


def test_a_case_whose_follow_up_has_come_sleeps_until_its_run_opens_it(store):
    reference = a_stored_case(store, Stage.PUT_RIGHT)
    a_stored_case(store, Stage.UNDER_INVESTIGATION, number="CRM-0002")
    assert sleepers() == []

    store.move_time(MONTHS_LATER)
    assert sleepers() == []  # not before the sweep has recorded it
    sweep.fn()
    assert sleepers() == [reference]
    assert sleepers() == [reference]  # until its run has noticed

    steps.open_follow_up.fn(reference)
    assert sleepers() == []


def test_a_case_that_was_followed_up_or_closed_meanwhile_does_not_sleep(store):
    followed_up, withdrawn = (a_stored_case(store, Stage.PUT_RIGHT, number=f"CRM-{n}") for n in (1, 2))
    store.move_time(MONTHS_LATER)
    sweep.fn()
    with store.open_case(followed_up) as open_case:
        open_case.case.record(FollowedUp(satisfaction="satisfied"), open_case.now)
    with store.open_case(withdrawn) as open_case:
        open_case.case.withdraw("li.wei", open_case.now)

    assert sleepers() == []


@pytest.mark.parametrize("kind", [Kind.CONSULTATION, Kind.SUGGESTION, Kind.REPORT])
def test_other_matters_are_not_followed_up(store, kind):
    a_stored_case(store, Stage.ANSWERED, kind=kind)
    store.move_time(MONTHS_LATER)

    assert sweep.fn() == []
    assert sleepers() == []
