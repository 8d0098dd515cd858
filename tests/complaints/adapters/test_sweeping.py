from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import event, func, select, text, update

from complaints import acts
from complaints.adapters import sweeping
from complaints.adapters.entries import replay
from complaints.adapters.projection import case_columns, clock_columns
from complaints.adapters.sweeping import Struck, sweep, sweep_batch
from complaints.adapters.tables import AlertRow, CaseRow, ClockRow, EntryRow
from complaints.adapters.verify import verify
from complaints.errors.base import ComplaintError
from complaints.reception import receive
from complaints.regimes.rulebook import load_pack
from complaints.words import Kind, Severity, Stage
from tests.builders import (
    EMAIL,
    MONDAY,
    REGIME,
    SHANGHAI,
    a_complaint,
    a_stored_case,
    advance,
    an_act,
    fail_letter,
    file_complaint,
    prepare_letter,
)

DUE = MONDAY.replace(day=18, hour=0)  # the end of the 15th day
AT_80_PERCENT = DUE - (DUE - MONDAY) / 5
MONTHS_LATER = MONDAY + timedelta(days=120)


@pytest.fixture(autouse=True)
def at_work(store):
    """It is Monday 2 March 2026, 09:00 in Shanghai."""
    store.make_demo(MONDAY)


def many_cases(store, number, stage=Stage.ACKNOWLEDGED, **changes):
    """Store cases in one transaction, which is several times as fast as filing each."""
    references = [f"TS260302-{count:07}" for count in range(number)]
    with store.write() as session:
        for reference in references:
            complaint = a_complaint(number=None, **changes)
            case = receive(reference, load_pack(REGIME), complaint, "crm", MONDAY, rules=store.rules(session))
            advance(case, stage)
            store.add(session, case)
    return references


def told_of(store, reference):
    """What the ledger says about clocks, but for their beginning and end."""
    kinds = [entry.kind for entry in store.entries(reference) if entry.kind.startswith("clock_")]
    return [kind for kind in kinds if kind not in ("clock_started", "clock_met")]


def alerts_of(store, *columns):
    """The given columns of all alerts, in order."""
    with store.read() as session:
        return [tuple(row) for row in session.execute(select(*columns).order_by(AlertRow.id))]


def pause(store, reference, **changes):
    """Let the decision's clock stand still."""
    with store.open_case(reference) as desk:
        desk.case.record(acts.ClockPaused(clock="decision", pause="appraisal", begins=desk.now, **changes), desk.now)


def whole(store):
    """All that a sweep may change."""
    with store.read() as session:
        return [
            session.execute(select(table.__table__).order_by(*table.__table__.primary_key)).all()
            for table in (CaseRow, EntryRow, ClockRow, AlertRow)
        ]


# --- what it records ----------------------------------------------------------------------------


@pytest.mark.parametrize("days", [1, 13, 120])
def test_a_sweep_records_what_watching_each_case_by_itself_would(store, days):
    references = [
        file_complaint(store, number=None),
        a_stored_case(store, Stage.UNDER_INVESTIGATION, number=None, letter=True),
        a_stored_case(store, Stage.PUT_RIGHT, number=None),
        a_stored_case(store, Stage.INVESTIGATED, number=None, kind=Kind.REPORT),
    ]
    pause(store, a_stored_case(store, Stage.UNDER_INVESTIGATION, number="P-1"), resumes_at=MONDAY + timedelta(days=5))
    store.move_time(MONDAY + timedelta(days=days, hours=-1))  # while the test runs, no limit passes
    now, expected = store.now(), {}
    for reference in references:
        case = store.read_case(reference)
        expected[reference] = [act for name in sorted(case.clocks) if (act := case.watch(name, now))]

    before = {reference: len(store.entries(reference)) for reference in references}
    sweep(store)

    for reference in references:
        added = store.read_case(reference)
        recorded = [one.act for clock in sorted(added.clocks) for one in added.clocks[clock].history if one.at >= now]
        assert recorded == expected[reference]
        assert len(store.entries(reference)) - before[reference] == len(recorded)
    assert verify(store).breaks == []


@pytest.mark.parametrize("kind", Kind)
def test_what_stands_beside_the_ledger_follows_from_it_without_the_case_s_key_too(store, kind):
    with_representative = {"name": "林知夏", "contacts": [EMAIL], "identity_number": "310101199001011234"}
    reference = file_complaint(store, kind=kind, complainant=with_representative, contract="QZ-0001", respondent="张三")
    for stage in Stage:
        with store.open_case(reference) as desk:
            try:
                advance(desk.case, stage, now=desk.now)
            except ValueError:  # not every kind comes to every stage
                continue
            if stage is Stage.ACKNOWLEDGED:
                prepare_letter(desk.case, now=desk.now)
                fail_letter(desk.case, now=desk.now, refused=True)

        with_key, entries = store.read_case(reference), store.entries(reference)
        without = replay(reference, REGIME, entries, None)
        assert without.complaint is None
        assert case_columns(without) == case_columns(with_key)
        assert clock_columns(without) == clock_columns(with_key)


def test_nothing_that_a_sweep_writes_is_or_needs_to_be_sealed(store):
    reference = a_stored_case(store, Stage.UNDER_INVESTIGATION, contract="QZ-0001", respondent="张三")
    before = len(store.entries(reference))
    store.move_time(MONTHS_LATER)
    sweep(store)

    added = store.entries(reference)[before:]
    assert [entry.sealed for entry in added] == [None]
    written = str([entry.facts for entry in added] + alerts_of(store, *AlertRow.__table__.columns))
    for personal in ("林知夏", EMAIL["value"], "QZ-0001", "张三"):
        assert personal not in written


def test_a_sweep_done_twice_changes_nothing_more(store):
    a_stored_case(store, Stage.UNDER_INVESTIGATION)
    store.move_time(DUE)
    assert len(sweep(store)) == 1
    before = whole(store)

    assert sweep(store) == []
    assert whole(store) == before


def test_the_columns_that_lists_read_follow_at_once(store):
    reference = a_stored_case(store, Stage.UNDER_INVESTIGATION)
    pause(store, reference, resumes_at=MONDAY + timedelta(days=10))
    store.move_time(MONDAY + timedelta(days=11))

    assert sweep(store) == [Struck(reference, "decision", "clock_resumed")]

    with store.read() as session:
        row = session.get_one(CaseRow, reference)
    assert row.decision_due_at == DUE + timedelta(days=9)  # the day of receipt is not counted anyway
    assert row.version == len(store.entries(reference))
    assert verify(store).breaks == []


def test_the_longest_overdue_come_first_whatever_the_batch(store):
    received = [MONDAY - timedelta(days=days) for days in (1, 3, 2)]
    last, first, second = (a_stored_case(store, Stage.ACKNOWLEDGED, number=None, received_at=at) for at in received)
    store.move_time(MONTHS_LATER)

    assert [one.reference for one in sweep(store, size=2)] == [first, second, last]


def test_a_moment_at_which_more_is_due_than_a_batch_holds_is_swept_to_its_end(store):
    references = many_cases(store, 7)
    store.move_time(DUE)

    struck = sweep(store, size=3)

    assert sorted(one.reference for one in struck) == references
    assert all(told_of(store, reference) == ["clock_missed"] for reference in references)


# --- alerts -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "severity", "expected"),
    [
        (8, Severity.ORDINARY, ("clock_warned", 50, "handler")),
        (13, Severity.ORDINARY, ("clock_warned", 80, "handler supervisor")),
        (16, Severity.ORDINARY, ("clock_missed", None, "supervisor compliance")),
        (16, Severity.MAJOR, ("clock_missed", None, "supervisor compliance head_of_complaints senior_management")),
    ],
)
def test_the_act_and_its_alert_are_written_together(store, days, severity, expected):
    reference = file_complaint(store)
    with store.open_case(reference) as desk:
        advance(desk.case, Stage.ASSESSED, now=desk.now, instead=[an_act(acts.Assessed, severity=severity)])
    store.move_time(MONDAY + timedelta(days=days))

    sweep(store)

    assert alerts_of(store, AlertRow.reference, AlertRow.clock) == [(reference, "decision")]
    assert alerts_of(store, AlertRow.what, AlertRow.percent, AlertRow.tell) == [expected]
    assert alerts_of(store, AlertRow.due_at, AlertRow.announced_at, AlertRow.sent_at) == [(DUE, None, None)]


def test_of_a_clock_that_goes_on_by_itself_the_handler_is_told(store):
    pause(store, a_stored_case(store, Stage.UNDER_INVESTIGATION), resumes_at=MONDAY + timedelta(days=1))
    store.move_time(MONDAY + timedelta(days=1))

    sweep(store)

    assert alerts_of(store, AlertRow.what, AlertRow.tell) == [("clock_resumed", "handler")]


def test_of_a_date_that_has_come_only_the_run_is_told(store):
    a_stored_case(store, Stage.PUT_RIGHT)
    store.move_time(MONTHS_LATER)

    sweep(store)

    assert alerts_of(store, AlertRow.what, AlertRow.tell, AlertRow.announced_at) == [("clock_reached", "", None)]
    assert alerts_of(store, AlertRow.sent_at) != [(None,)]


@pytest.mark.parametrize(
    ("swept", "told"),
    [
        ((2026, 3, 18, 0, 0), (2026, 3, 18, 9, 0)),  # Wednesday, at midnight
        ((2026, 3, 18, 14, 30), (2026, 3, 18, 14, 30)),
        ((2026, 3, 20, 22, 0), (2026, 3, 23, 9, 0)),  # Friday night
        ((2026, 5, 1, 11, 0), (2026, 5, 6, 9, 0)),  # Labour Day: five days off
    ],
)
def test_people_are_told_in_working_time(store, swept, told):
    a_stored_case(store, Stage.ACKNOWLEDGED)
    at, opening = (MONDAY.replace(year=y, month=m, day=d, hour=h, minute=i) for y, m, d, h, i in (swept, told))
    store.move_time(at)

    sweep(store)

    (send_after,) = alerts_of(store, AlertRow.send_after)[0]
    assert timedelta() <= send_after - opening.astimezone(SHANGHAI) < timedelta(minutes=1)


# --- side by side -------------------------------------------------------------------------------


def at_once(workers, work):
    """Let several threads do the same at the same moment; return what each got."""
    barrier = Barrier(workers)

    def begin():
        barrier.wait(5)
        return work()

    with ThreadPoolExecutor(workers) as pool:
        return [one.result(60) for one in [pool.submit(begin) for _ in range(workers)]]


def test_sweeps_at_once_say_everything_once(store):
    references = many_cases(store, 40)
    store.move_time(DUE)

    struck = [one for found in at_once(3, lambda: sweep(store, size=7)) for one in found]
    struck += sweep(store)  # what one had locked while another passed by, and lost to it

    assert sorted(one.reference for one in struck) == references
    assert Counter(alerts_of(store, AlertRow.reference)) == {(reference,): 1 for reference in references}
    assert verify(store).breaks == []


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
def test_a_case_that_somebody_works_on_is_not_waited_for(store):
    busy, free = many_cases(store, 2)
    store.move_time(DUE)

    with store.open_case(busy):
        assert [one.reference for one in sweep(store)] == [free]

    assert [one.reference for one in sweep(store)] == [busy]


def test_a_sweep_beside_people_at_work_loses_nobody_s_entry(store):
    references = many_cases(store, 12, Stage.UNDER_INVESTIGATION)
    store.move_time(DUE)

    def work():
        for reference in references:
            with store.open_case(reference) as desk:
                desk.case.record(acts.Viewed(what="complainant"), desk.now, "li.wei")

    with ThreadPoolExecutor(2) as pool:
        for one in [pool.submit(work), pool.submit(sweep, store, 5)]:
            one.result(60)
    sweep(store)

    for reference in references:
        kinds = Counter(entry.kind for entry in store.entries(reference))
        assert (kinds["clock_missed"], kinds["viewed"]) == (1, 1)
    assert verify(store).breaks == []


def test_a_process_that_dies_in_a_batch_leaves_nothing_of_it(store, monkeypatch):
    many_cases(store, 3)
    store.move_time(DUE)
    before = whole(store)

    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(sweeping, "_alerts", die)
        with pytest.raises(KeyboardInterrupt):
            sweep(store)
    assert whole(store) == before

    assert len(sweep(store)) == 3


# --- what is wrong with one case ----------------------------------------------------------------

DAMAGE = {
    "no JSON": "UPDATE ledger SET facts = '{' WHERE reference = :reference AND seq = 1",
    "no known act": "UPDATE ledger SET kind = 'invented' WHERE reference = :reference AND seq = 2",
    "an entry is missing": "DELETE FROM ledger WHERE reference = :reference AND seq = 3",
    "another head": "UPDATE cases SET head = 'f' WHERE reference = :reference",
    "no such regime": "UPDATE cases SET regime = 'invented' WHERE reference = :reference",
    "nothing at all": "DELETE FROM ledger WHERE reference = :reference",
}


def spoil(store, reference, statement):
    with store.write() as session:
        session.execute(text(statement), {"reference": reference})


def test_cases_that_cannot_be_read_stop_no_other_even_at_the_head(store, caplog):
    references = many_cases(store, 10)
    broken, sound = references[: len(DAMAGE)], references[len(DAMAGE) :]
    for reference, statement in zip(broken, DAMAGE.values(), strict=True):
        spoil(store, reference, statement)
    store.move_time(DUE)

    assert [one.reference for one in sweep(store, size=2)] == sound

    assert [record.args[0] for record in caplog.records] == broken
    assert {record.args[1] for record in caplog.records} == {
        "SealBroken",
        "ValidationError",
        "KeyError",
        "SettingError",
    }
    assert not any(word in caplog.text for word in ("林知夏", EMAIL["value"], "账户服务费"))


def test_a_clock_without_a_ledger_stops_no_other(store):
    odd, sound = many_cases(store, 2)
    with store.write() as session:
        values = {"due_at": MONDAY, "next_at": MONDAY, "missed": False, "running": True, "paused": False}
        session.add(ClockRow(reference=odd, name="invented", nature="duty", calendar="", **values))
    store.move_time(DUE)

    assert [one.reference for one in sweep(store)] == [sound]


def test_a_case_that_cannot_be_saved_keeps_none_of_its_batch_from_it(store, monkeypatch, caplog):
    references = many_cases(store, 5)
    broken = references[1]
    chained = sweeping._chained

    def once_more(found, case):
        for entry in chained(found, case):
            yield entry
            if found.reference == broken:
                yield entry  # the same place in the ledger twice

    monkeypatch.setattr(sweeping, "_chained", once_more)
    store.move_time(DUE)

    assert [one.reference for one in sweep(store, size=3)] == [one for one in references if one != broken]
    said = [record for record in caplog.records if record.name == "redress.deadlines"]  # psycopg may warn, too
    assert [record.args[0] for record in said] == [broken]


def test_a_row_that_fell_behind_its_ledger_is_put_right_without_an_act(store):
    (reference,) = many_cases(store, 1)
    with store.write() as session:
        session.execute(update(ClockRow).where(ClockRow.name == "decision").values(next_at=MONDAY))
    before = store.entries(reference)

    assert sweep(store) == []

    assert store.entries(reference) == before
    assert verify(store).breaks == []


def test_an_erased_person_s_clocks_run_on(store):
    (reference,) = many_cases(store, 1)
    spoil(store, reference, "UPDATE case_keys SET wrapped = NULL WHERE reference = :reference")
    store.move_time(DUE)

    assert len(sweep(store)) == 1


# --- what it costs ------------------------------------------------------------------------------


def statements_of(store, work):
    """How many statements ``work`` sends."""
    counted = []

    def count(*_):
        counted.append(1)

    event.listen(store.engine, "before_cursor_execute", count)
    try:
        work()
    finally:
        event.remove(store.engine, "before_cursor_execute", count)
    return len(counted)


def test_a_batch_takes_as_many_statements_for_forty_cases_as_for_one(store):
    due = many_cases(store, 41)
    with store.write() as session:
        later = update(ClockRow).where(ClockRow.reference.in_(due[1:])).values(next_at=MONTHS_LATER)
        session.execute(later)
    store.move_time(DUE)
    for_one = statements_of(store, lambda: sweep_batch(store))
    store.move_time(MONTHS_LATER + timedelta(days=1))

    assert statements_of(store, lambda: sweep_batch(store)) == for_one


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_what_is_due_is_found_by_an_index_alone(store):
    with store.read() as session:
        plans = []

        def explain(connection, cursor, statement, parameters, *_):
            if statement.startswith("SELECT clocks.next_at"):
                plans.append(connection.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall())

        event.listen(store.engine, "after_cursor_execute", explain)
        try:
            place = sweeping.Place(MONDAY, "TS", "decision")
            for after in (None, place):
                sweeping._candidates(session, MONTHS_LATER, after, 10)
        finally:
            event.remove(store.engine, "after_cursor_execute", explain)

    details = [step[3] for plan in plans for step in plan]
    assert details
    assert all("COVERING INDEX ix_clocks_next_at" in detail for detail in details)


def test_an_empty_database_is_swept(store):
    assert sweep(store) == []


def test_errors_of_the_database_itself_are_not_swallowed(store, monkeypatch):
    many_cases(store, 1)
    store.move_time(DUE)

    def away(*_):
        raise ComplaintError("the database is away")

    monkeypatch.setattr(sweeping, "_locked", away)
    with pytest.raises(ComplaintError):
        sweep(store)
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(AlertRow)) == 0
