"""Cases as they were known at a cut-off: the same cut-off gives the same frame for ever."""

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from sqlalchemy import select, text, update

from complaints import acts
from complaints.adapters import frames
from complaints.adapters.filing import new_reference
from complaints.adapters.frames import CutOffAhead, load_frame
from complaints.adapters.summary_tables import to_parquet
from complaints.adapters.sweeping import sweep
from complaints.adapters.tables import CaseRow, EntryRow
from complaints.adapters.verify import verify
from complaints.corrections import correct
from complaints.errors.base import ComplaintError
from complaints.errors.deadlines import NaiveInstant
from complaints.errors.sealing import SealBroken
from complaints.merging import merge, unmerge
from complaints.reception import receive
from complaints.regimes.rulebook import load_pack
from complaints.timekeeping import note, state
from complaints.words import Closure, Stage
from tests.builders import AN_ANSWER, MONDAY, REGIME, a_complaint, a_stored_case, advance, an_act, file_complaint

DAY = timedelta(days=1)
MARCH = (datetime(2026, 2, 28, 16, tzinfo=UTC), datetime(2026, 3, 31, 16, tzinfo=UTC))
ALWAYS = (datetime(1990, 1, 1, tzinfo=UTC), datetime(2190, 1, 1, tzinfo=UTC))


@pytest.fixture(autouse=True)
def nobody_else_writes(request, monkeypatch):
    """Where nobody writes beside the test, there is nobody to wait for."""
    if "others" not in request.node.name:
        monkeypatch.setattr(frames, "_LOCKED_WITHIN", timedelta())


@pytest.fixture
def store(store):
    """A store that lives through time, beginning on Monday 2 March 2026 at 09:00 in Shanghai."""
    store.make_demo(MONDAY)
    return store


def at_once(store, *windows, regime=None):
    """The frame of what is known now, and its cut-off."""
    as_at = store.now()
    return as_at, load_frame(store, as_at, windows=windows or (ALWAYS,), regime=regime)


def known(frame, name):
    """A column by reference."""
    return dict(zip(frame["reference"], frame[name].astype("object").where(frame[name].notna(), None), strict=True))


# --- the cut-off ------------------------------------------------------------------------------------


def test_what_is_recorded_later_does_not_change_a_frame(store):
    decided, answered = (a_stored_case(store, Stage.DECIDED, number=number) for number in ("1", "2"))
    as_at, before = at_once(store)
    store.move_time(MONDAY + DAY)

    with store.open_case(answered) as desk:
        advance(desk.case, Stage.CLOSED, now=desk.now)
    file_complaint(store, number="3")

    assert_frame_equal(load_frame(store, as_at, windows=[ALWAYS]), before)
    assert set(known(before, "closed_at").values()) == {None}
    _, after = at_once(store)
    assert len(after) == 3
    assert known(after, "closed_at")[answered] is not None
    assert known(after, "closed_at")[decided] is None


def test_the_same_cut_off_gives_the_same_bytes_when_a_case_with_a_round_amount_was_touched_since(store):
    reference = file_complaint(store)
    with store.open_case(reference) as desk:
        advance(desk.case, Stage.CLOSED, now=desk.now, instead=[an_act(acts.Decided, amount=Decimal("100"))])
    store.move_time(MONDAY + DAY)
    as_at, before = at_once(store)
    with store.open_case(reference) as desk:
        desk.case.record(an_act(acts.Archived), desk.now)

    after = load_frame(store, as_at, windows=[ALWAYS])

    assert [str(one) for one in after["redress_paid"]] == ["100.00"]
    assert to_parquet(after.astype({"redress_paid": "str"})) == to_parquet(before.astype({"redress_paid": "str"}))
    assert to_parquet(after) == to_parquet(before)


def test_an_entry_of_exactly_the_cut_off_is_not_in_the_frame(store):
    reference = file_complaint(store)
    with store.open_case(reference) as desk:
        advance(desk.case, Stage.ASSESSED, now=desk.now)
        recorded_at = desk.now

    at, after = (
        load_frame(store, recorded_at + one, windows=[ALWAYS]) for one in (timedelta(), timedelta(microseconds=1))
    )

    assert known(at, "department") == {reference: None}
    assert known(after, "department") == {reference: "complaints"}


def test_what_one_transaction_recorded_is_never_divided(store):
    reference = a_stored_case(store, Stage.CLOSED)
    times = sorted({entry.at for entry in store.entries(reference)})
    filed, led = times

    frames = [load_frame(store, at, windows=[ALWAYS]) for at in (filed, led, led + timedelta(microseconds=1))]

    assert [len(frame) for frame in frames] == [0, 1, 1]
    assert [known(frame, "closure") for frame in frames] == [{}, {reference: None}, {reference: "completed"}]


def test_a_case_is_taken_up_to_its_first_entry_that_is_not_before_the_cut_off(store):
    reference = file_complaint(store)
    store.move_time(MONDAY + DAY)
    with store.open_case(reference) as desk:
        desk.case.record(an_act(acts.Acknowledged), desk.now)
        advance(desk.case, Stage.ASSESSED, now=desk.now - DAY / 2)  # a machine whose clock was set back

    noon, later = (load_frame(store, MONDAY + one, windows=[ALWAYS]) for one in (DAY * 3 / 4, DAY))

    assert known(noon, "acknowledged_at") == known(later, "acknowledged_at") == {reference: None}
    assert known(noon, "department") == known(later, "department") == {reference: None}
    assert verify(store).breaks == []


def test_a_cut_off_in_the_future_is_refused(store):
    with pytest.raises(CutOffAhead, match=r"as_at: 2027-01-01T00:00:00\+08:00 lies in the future \(it is 2026-03-02T0"):
        load_frame(store, datetime(2027, 1, 1, tzinfo=MONDAY.tzinfo), windows=[ALWAYS])


def test_a_cut_off_without_a_zone_is_refused(store):
    with pytest.raises(NaiveInstant, match="as_at: has no time zone"):
        load_frame(store, datetime(2026, 3, 1), windows=[ALWAYS])  # noqa: DTZ001 - that is the point


def test_history_is_known_since_it_was_imported_and_happened_when_it_happened(store):
    before, _ = at_once(store)
    store.move_time(MONDAY + DAY)
    reference = some_history(store, received_at=MONDAY - 400 * DAY)
    imported, frame = at_once(store)

    assert known(frame, "received_at") == {reference: MONDAY - 400 * DAY}
    assert load_frame(store, before, windows=[ALWAYS]).empty
    store.move_time(MONDAY + 2 * DAY)
    with store.open_case(reference) as desk:
        later = a_complaint(kind=None, received_at=MONDAY - 300 * DAY)
        correct(desk.case, later, desk.now, "import", timely=False, closed_at=MONDAY - 290 * DAY)

    assert_frame_equal(load_frame(store, imported, windows=[ALWAYS]), frame)
    assert known(at_once(store)[1], "late") == {reference: True}
    of_the_old_day = (MONDAY - 401 * DAY, MONDAY - 399 * DAY)
    assert len(load_frame(store, imported, windows=[of_the_old_day])) == 1
    assert at_once(store, of_the_old_day)[1].empty


def test_the_key_is_not_needed(store):
    a_stored_case(store, Stage.CLOSED)
    as_at, before = at_once(store)
    store.move_time(MONDAY + DAY)
    with store.open_case(before["reference"][0]) as desk:
        desk.case.record(acts.Viewed(what="complainant"), desk.now, "li.wei")
    with store.write() as session:
        session.execute(text("UPDATE case_keys SET wrapped = NULL"))

    assert_frame_equal(load_frame(store, as_at, windows=[ALWAYS]), before)


def test_a_ledger_that_cannot_be_read_names_its_case(store):
    reference = file_complaint(store)
    as_at = store.now()
    store.move_time(MONDAY + DAY)
    with store.open_case(reference) as desk:
        desk.case.record(acts.Viewed(what="complainant"), desk.now, "li.wei")
    with store.write() as session:
        session.execute(update(EntryRow).values(facts="{"))

    with pytest.raises(SealBroken, match=reference):
        load_frame(store, as_at, windows=[ALWAYS])


# --- which cases ------------------------------------------------------------------------------------


def test_only_what_bears_on_a_window_is_in_the_frame_whether_it_changed_since_or_not(store):
    old = file_complaint(store, number="old", received_at=MONDAY - 40 * DAY)
    closed = a_stored_case(store, Stage.CLOSED, number="closed")
    over = some_history(store, received_at=MONDAY - 40 * DAY)
    store.move_time(MONDAY + 40 * DAY)
    late = a_stored_case(store, number="late")
    as_at, frame = at_once(store, MARCH)
    assert set(frame["reference"]) == {old, closed}

    store.move_time(MONDAY + 41 * DAY)
    for reference in (old, closed, over, late):
        with store.open_case(reference) as desk:
            desk.case.record(acts.Viewed(what="complainant"), desk.now, "li.wei")

    assert_frame_equal(load_frame(store, as_at, windows=[MARCH]), frame)


def test_what_was_closed_before_all_windows_is_not_built_again_because_it_was_looked_at(store, monkeypatch):
    closed = a_stored_case(store, Stage.CLOSED)
    store.move_time(MONDAY + 40 * DAY)
    as_at, april = store.now(), (MARCH[1], MARCH[1] + 30 * DAY)
    store.move_time(MONDAY + 41 * DAY)
    with store.open_case(closed) as desk:
        desk.case.record(an_act(acts.Archived), desk.now)
    monkeypatch.setattr(frames, "replay", pytest.fail)

    assert load_frame(store, as_at, windows=[april]).empty


def test_one_regime_can_be_asked_for(store):
    reference = file_complaint(store)
    other = store.file(a_complaint(number="2"), "crm", "uk-disp").reference
    as_at, _ = at_once(store)

    assert set(at_once(store, regime=REGIME)[1]["reference"]) == {reference}
    store.move_time(MONDAY + DAY)
    for one in (reference, other):
        with store.open_case(one) as desk:
            desk.case.record(acts.Viewed(what="complainant"), desk.now, "li.wei")

    for regime, expected in ((REGIME, {reference}), ("uk-disp", {other}), (None, {reference, other})):
        assert set(load_frame(store, as_at, windows=[ALWAYS], regime=regime)["reference"]) == expected


def test_many_cases_come_in_pieces_and_are_all_there(store, monkeypatch):
    monkeypatch.setattr(frames, "_PIECE", 3)
    monkeypatch.setattr(frames, "_BATCH", 2)
    references = [file_complaint(store, number=str(n)) for n in range(7)]
    as_at, before = at_once(store)
    store.move_time(MONDAY + DAY)
    for reference in references[::2]:
        with store.open_case(reference) as desk:
            desk.case.record(an_act(acts.Acknowledged), desk.now)

    assert list(before["reference"]) == sorted(references)
    assert_frame_equal(load_frame(store, as_at, windows=[ALWAYS]), before)


def test_words_are_read_as_they_were_written(store):
    words = ["催收,电话", 'said "no"', "NULL", "\\N", "t", "line\nbreak", "100%s", "'; --", "N/A", "nan"]
    references = {file_complaint(store, number=str(n), issue=word): word for n, word in enumerate(words)}

    assert known(at_once(store, regime=REGIME)[1], "issue") == references


# --- those who write at the same moment -------------------------------------------------------------


def test_others_who_asked_for_the_time_before_the_cut_off_are_waited_for(store):
    reference = file_complaint(store)
    begun, may_end = threading.Event(), threading.Event()

    def acknowledge():
        with store.open_case(reference) as desk:
            desk.case.record(an_act(acts.Acknowledged), desk.now)
            begun.set()
            may_end.wait(60)

    other = threading.Thread(target=acknowledge)
    other.start()
    assert begun.wait(60)
    as_at = store.now()
    threading.Timer(0.3, may_end.set).start()

    frame = load_frame(store, as_at, windows=[ALWAYS])

    other.join()
    assert known(frame, "acknowledged_at")[reference] is not None
    assert_frame_equal(load_frame(store, as_at, windows=[ALWAYS]), frame)


# --- any ledger, any cut-off ------------------------------------------------------------------------


def some_history(store, closed_at=None, **changes):
    """Import a matter that is over; nobody knows when it was closed, unless the source says so."""
    with store.write() as session:
        now, pack = store.now(session), load_pack(REGIME)
        complaint = a_complaint(number=None, kind=None, **changes)
        case = receive(new_reference(now, pack.tz), pack, complaint, "import", now, history=True)
        case.record(acts.Closed(closure=Closure.HISTORY, closed_at=closed_at), now)
        store.add(session, case)
    return case.reference


def step_of(store, what, one, two):  # noqa: C901 - one branch a step reads best
    """Let something happen to the cases there are; what a case refuses is refused."""
    references = sorted(store.engine.connect().scalars(select(CaseRow.reference)))
    if what == "file" or not references:
        file_complaint(store, number=None, received_at=store.now() - one * DAY, issue=f"issue {two % 3}")
        return
    if what == "history":
        received_at = store.now() - (one * 20 + 1) * DAY
        some_history(store, received_at=received_at, closed_at=received_at + two * DAY if two % 2 else None)
        return
    if what == "sweep":
        sweep(store)
        return
    reference, other = references[one % len(references)], references[two % len(references)]
    with store.open_cases(reference, other) as desks:
        case, now = desks[reference].case, desks[reference].now
        match what:
            case "forward" if not case.facts.history:
                advance(case, list(Stage)[min(list(Stage).index(case.stage) + two, 10)], now=now)
            case "answer" if case.asks:
                case.answer(case.asks, AN_ANSWER[case.asks](), f"staff-{two}", now)
            case "withdraw":
                case.withdraw("li.wei", now)
            case "reopen":
                case.record(an_act(acts.Reopened), now, "li.wei")
            case "merge":
                merge(case, desks[other].case, "li.wei", now)
            case "unmerge":
                unmerge(case, desks[other].case, "li.wei", now)
            case "group":
                state(case, frozenset({"group"}), frozenset(), "li.wei", now)
            case "review":
                note(case, ("review_requested", "review_told")[two % 2], now - one * DAY, "li.wei", now)
            case "correct":
                complaint = a_complaint(kind=None, received_at=now - (two * 30 + 2) * DAY)
                correct(case, complaint, now, "import", timely=bool(two % 2), closed_at=now - (two * 30 + 1) * DAY)


STEPS = ("file", "forward", "answer", "merge", "unmerge", "reopen", "review", "group", "withdraw", "history", "correct")
A_STEP = st.tuples(st.sampled_from((*STEPS, "forward", "forward", "sweep")), st.integers(0, 9), st.integers(0, 9))
SOME_WINDOWS = st.lists(
    st.tuples(st.integers(-120, 120), st.integers(1, 40)).map(
        lambda days: (MONDAY + days[0] * DAY, MONDAY + (days[0] + days[1]) * DAY)
    ),
    min_size=1,
    max_size=3,
)


def check_every_cut_off(databases, examples, most):
    """Take a frame after every step of a ledger, and all of them again when it has come to its end."""

    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(st.lists(A_STEP, min_size=most // 2, max_size=most), SOME_WINDOWS, st.integers(1, 20))
    def check(steps, windows, hours):
        with databases.shared() as store:
            store.make_demo(MONDAY)
            stood = []
            for number, step in enumerate(steps, 1):
                store.move_time(MONDAY + number * hours * timedelta(hours=1))
                try:
                    step_of(store, *step)
                except (ComplaintError, ValueError):
                    continue
                asked, as_at = windows if number % 2 else [ALWAYS], store.now()
                stood.append((as_at, asked, load_frame(store, as_at, windows=asked)))

            assert verify(store).breaks == []
            for as_at, asked, frame in stood:
                assert_frame_equal(load_frame(store, as_at, windows=asked), frame)

    check()


def test_any_cut_off_of_any_ledger_gives_the_frame_that_stood_there(databases):
    check_every_cut_off(databases, examples=3, most=10)


@pytest.mark.slow
def test_any_cut_off_of_many_ledgers_gives_the_frame_that_stood_there(sqlite):
    check_every_cut_off(sqlite, examples=60, most=20)
