from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import event, func, select, update

from complaints import acts
from complaints.adapters import alerting
from complaints.adapters.alerting import (
    KEPT,
    LEASE,
    arrivals,
    claim_announcements,
    claim_digests,
    mark_announced,
    mark_shown,
    mark_told,
    prune,
    read_board,
    release,
    showings,
)
from complaints.adapters.sweeping import sweep
from complaints.adapters.tables import AlertRow, CaseRow, ClockRow
from complaints.alerts import News
from complaints.regimes.model import Role
from complaints.timekeeping import extend, state
from complaints.words import Stage
from tests.builders import MONDAY, a_stored_case, advance

DUE = MONDAY.replace(day=18, hour=0)  # Wednesday, the end of the 15th day
OPENING = DUE.replace(hour=9)

ONLY_SQLITE = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
"""For what is no question of the database."""


@pytest.fixture(autouse=True)
def at_work(store):
    """It is Monday 2 March 2026, 09:00 in Shanghai."""
    store.make_demo(MONDAY)


def a_case_at(store, when, stage=Stage.UNDER_INVESTIGATION, **changes):
    """A case to whose clocks it has become ``when``, and the sweep has come."""
    reference = a_stored_case(store, stage, **{"number": None} | changes)
    sweep_at(store, when)
    return reference


def sweep_at(store, when):
    store.move_time(when)
    return sweep(store)


def roles_and_counts(claim):
    return {digest.role: dict(digest.counts) for digest in claim.digests}


def tell_all(store):
    """Tell everybody of everything that is due to be told."""
    claim = claim_digests(store)
    mark_told(store, claim, list(Role))
    release(store, claim)
    return claim


def unsent(store):
    with store.read() as session:
        return session.scalar(select(func.count()).where(AlertRow.sent_at.is_(None)))


# --- keeping ------------------------------------------------------------------------------------


def kept(store):
    with store.read() as session:
        return session.scalar(select(func.count()).select_from(AlertRow))


def tell_everything(store):
    mark_announced(store, [one.id for one in claim_announcements(store)])
    tell_all(store)


def test_an_alert_is_removed_thirty_days_after_everybody_was_told_and_not_before(store):
    a_case_at(store, OPENING)
    tell_everything(store)

    store.move_time(OPENING + KEPT - timedelta(minutes=5))
    assert (prune(store), kept(store)) == (0, 1)
    store.move_time(OPENING + KEPT + timedelta(minutes=5))
    assert (prune(store), kept(store)) == (1, 0)
    assert prune(store) == 0


def test_an_alert_of_which_somebody_was_not_told_stays_however_old_it_is(store):
    a_stored_case(store, Stage.UNDER_INVESTIGATION, number=None)
    a_case_at(store, OPENING)
    one, _ = claim_announcements(store)
    mark_announced(store, [one.id])
    tell_all(store)

    store.move_time(OPENING + 2 * KEPT)
    assert (prune(store), kept(store)) == (1, 1)
    assert len(claim_announcements(store)) == 1


def test_what_people_were_not_told_of_stays_too(store):
    a_case_at(store, OPENING)
    mark_announced(store, [one.id for one in claim_announcements(store)])

    store.move_time(OPENING + 2 * KEPT)
    assert (prune(store), kept(store)) == (0, 1)


# --- to Prefect ---------------------------------------------------------------------------------


def test_what_was_recorded_is_announced_once(store):
    reference = a_case_at(store, DUE)

    (one,) = claim_announcements(store)
    assert (one.reference, one.clock, one.what, one.due_at) == (reference, "decision", "clock_missed", DUE)
    assert claim_announcements(store) == []  # somebody is at it

    mark_announced(store, [one.id])
    store.move_time(DUE + 2 * LEASE)
    assert claim_announcements(store) == []


def test_what_a_worker_took_that_died_is_announced_by_the_next(store):
    a_case_at(store, DUE)
    (lost,) = claim_announcements(store)
    store.move_time(DUE + LEASE / 2)
    assert claim_announcements(store) == []

    store.move_time(DUE + LEASE + timedelta(minutes=1))

    assert claim_announcements(store) == [lost]


def test_two_workers_never_take_the_same_announcement(store):
    for _ in range(6):
        a_stored_case(store, Stage.UNDER_INVESTIGATION, number=None)
    sweep_at(store, DUE)
    barrier = Barrier(2)

    def claim():
        barrier.wait(60)
        return [one.id for _ in range(3) for one in claim_announcements(store, most=2)]

    with ThreadPoolExecutor(2) as pool:
        first, second = (one.result(60) for one in [pool.submit(claim), pool.submit(claim)])

    assert len(first + second) == len({*first, *second}) == 6


def test_a_date_that_has_come_stays_until_the_run_is_known_to_know(store):
    reference = a_case_at(store, MONDAY + timedelta(days=60), Stage.PUT_RIGHT)

    assert claim_announcements(store) == []
    (one,) = arrivals(store)
    assert (one.reference, one.clock) == (reference, "follow-up")
    assert arrivals(store, after=one.id) == []
    assert arrivals(store) == [one]
    mark_announced(store, [one.id])
    assert arrivals(store) == []


# --- what runs show -----------------------------------------------------------------------------


def standings(store):
    return {one.reference: one.worst for one in showings(store)}


@ONLY_SQLITE
@pytest.mark.parametrize(("days", "standing"), [(8, None), (13, "soon"), (16, "late")])
def test_a_run_shows_that_a_limit_is_near_or_late_but_not_that_half_of_it_has_passed(store, days, standing):
    reference = a_case_at(store, MONDAY + timedelta(days=days))

    assert standings(store) == ({reference: standing} if standing else {})


def test_what_a_run_shows_is_taken_back_when_the_duty_is_done(store):
    reference = a_case_at(store, DUE)
    mark_shown(store, showings(store))
    assert standings(store) == {}

    with store.open_case(reference) as desk:
        advance(desk.case, Stage.ANSWERED, now=desk.now)

    assert standings(store) == {reference: ""}
    mark_shown(store, showings(store))
    assert standings(store) == {}


@ONLY_SQLITE
def test_what_a_run_shows_is_taken_back_when_the_limit_is_longer(store):
    reference = a_case_at(store, MONDAY + timedelta(days=13))
    mark_shown(store, showings(store))

    with store.open_case(reference) as desk:
        state(desk.case, frozenset({"complex"}), frozenset(), "li.wei", desk.now)
        extend(desk.case, "decision", "complex", "li.wei", desk.now, reason="核对流水")

    assert standings(store) == {reference: ""}


@ONLY_SQLITE
def test_of_several_limits_the_worst_is_shown(store):
    reference = a_case_at(store, MONDAY + timedelta(days=13), Stage.RECEIVED)

    assert standings(store) == {reference: "late"}  # the acknowledgement; the decision is near


def test_what_changes_while_it_is_shown_is_shown_again(store):
    reference = a_case_at(store, MONDAY + timedelta(days=13))
    page = showings(store)
    sweep_at(store, DUE)

    mark_shown(store, page)

    assert standings(store) == {reference: "late"}


def test_what_is_shown_survives_every_other_change_of_the_case(store):
    reference = a_case_at(store, DUE)
    mark_shown(store, showings(store))

    with store.open_case(reference) as desk:
        desk.case.record(acts.Viewed(what="complainant"), desk.now, "li.wei")

    assert standings(store) == {}


# --- to people ----------------------------------------------------------------------------------


def test_a_night_s_alerts_are_one_digest_a_role_at_opening(store):
    references = {a_stored_case(store, Stage.UNDER_INVESTIGATION, number=None) for _ in range(3)}
    sweep_at(store, DUE)
    assert claim_digests(store).digests == []

    store.move_time(OPENING)
    claim = claim_digests(store)

    assert roles_and_counts(claim) == {Role.SUPERVISOR: {News.LATE: 3}, Role.COMPLIANCE: {News.LATE: 3}}
    assert all({limit.reference for _, limit in digest.lines} == references for digest in claim.digests)
    (news, limit) = claim.digests[0].lines[0]
    assert (news, limit.title.en, limit.article.en, limit.due) == (News.LATE, "decision", "art. 18", "2026-03-17 24:00")
    assert claim_digests(store).digests == []  # somebody is at it


def test_everybody_is_told_once(store):
    a_case_at(store, OPENING)

    assert len(tell_all(store).digests) == 2
    assert tell_all(store).digests == []
    assert unsent(store) == 0


def test_who_could_not_be_told_is_told_the_next_time_and_nobody_else(store):
    a_case_at(store, OPENING)
    claim = claim_digests(store)
    mark_told(store, claim, [Role.COMPLIANCE])
    release(store, claim)
    a_case_at(store, OPENING + timedelta(minutes=1), received_at=MONDAY)

    again = claim_digests(store)

    assert roles_and_counts(again) == {Role.SUPERVISOR: {News.LATE: 2}, Role.COMPLIANCE: {News.LATE: 1}}


def test_what_a_worker_took_that_died_is_told_by_the_next(store):
    a_case_at(store, OPENING)
    lost = claim_digests(store)

    store.move_time(OPENING + LEASE + timedelta(minutes=1))

    assert roles_and_counts(claim_digests(store)) == roles_and_counts(lost)


@ONLY_SQLITE
def test_what_was_said_of_a_limit_twice_is_told_as_it_stands_now(store):
    a_case_at(store, MONDAY.replace(day=14))  # Saturday: past its 80 %
    sweep_at(store, DUE)
    store.move_time(OPENING)

    assert roles_and_counts(claim_digests(store)) == {
        Role.HANDLER: {News.LATE: 1},  # who was to be told that it is near
        Role.SUPERVISOR: {News.LATE: 1},
        Role.COMPLIANCE: {News.LATE: 1},
    }


@ONLY_SQLITE
def test_what_was_settled_in_the_night_is_told_to_nobody(store):
    done, paused, withdrawn, late = (a_stored_case(store, Stage.UNDER_INVESTIGATION, number=None) for _ in range(4))
    sweep_at(store, DUE)
    with store.open_case(done) as desk:
        advance(desk.case, Stage.ANSWERED, now=desk.now)
    with store.open_case(paused) as desk:
        desk.case.record(acts.ClockPaused(clock="decision", pause="appraisal", begins=desk.now), desk.now)
    with store.open_case(withdrawn) as desk:
        desk.case.withdraw("li.wei", desk.now)
    store.move_time(OPENING)

    claim = tell_all(store)

    assert [limit.reference for _, limit in claim.digests[0].lines] == [late]
    assert unsent(store) == 0


@ONLY_SQLITE
def test_a_limit_that_was_moved_is_not_near_any_more(store):
    reference = a_case_at(store, MONDAY.replace(day=14))
    with store.open_case(reference) as desk:
        state(desk.case, frozenset({"complex"}), frozenset(), "li.wei", desk.now)
        extend(desk.case, "decision", "complex", "li.wei", desk.now, reason="核对流水")
    store.move_time(MONDAY.replace(day=16))

    assert tell_all(store).digests == []
    assert unsent(store) == 0


@ONLY_SQLITE
def test_that_a_clock_goes_on_by_itself_is_told_to_the_handler(store):
    reference = a_stored_case(store, Stage.UNDER_INVESTIGATION)
    with store.open_case(reference) as desk:
        paused = acts.ClockPaused(
            clock="decision", pause="appraisal", begins=desk.now, resumes_at=desk.now + timedelta(days=1)
        )
        desk.case.record(paused, desk.now)
    sweep_at(store, MONDAY + timedelta(days=1, minutes=1))

    assert roles_and_counts(claim_digests(store)) == {Role.HANDLER: {News.RESUMED: 1}}


@ONLY_SQLITE
def test_of_many_limits_the_most_urgent_are_named_and_all_are_counted(store, monkeypatch):
    monkeypatch.setattr(alerting, "MOST_LINES", 1)
    received = [MONDAY - timedelta(days=days) for days in range(15)]
    references = [a_stored_case(store, Stage.UNDER_INVESTIGATION, number=None, received_at=at) for at in received]
    sweep_at(store, OPENING + timedelta(days=61))

    (digest, *_) = claim_digests(store).digests

    assert digest.counts == {News.LATE: 15}
    assert [limit.reference for _, limit in digest.lines] == [references[-1]]


# --- the board ----------------------------------------------------------------------------------


def test_the_board_lists_the_most_urgent_limits_first(store):
    late = a_case_at(store, MONDAY + timedelta(days=10))
    soon, later = (
        a_stored_case(store, Stage.UNDER_INVESTIGATION, number=None, received_at=MONDAY + timedelta(days=days))
        for days in (1, 9)
    )
    a_stored_case(store, Stage.PUT_RIGHT)  # a date that is waited for is no limit
    sweep_at(store, OPENING)

    board = read_board(store, most=10)

    assert [limit.reference for limit in board.limits] == [late, soon, later]
    assert [limit.asks for limit in board.limits] == ["finding"] * 3
    assert (str(board.late), {days: str(count) for days, count in board.ahead.items()}) == (
        "1",
        {1: "1", 3: "1", 7: "1"},
    )
    assert not board.is_cut


def test_the_board_is_cut_and_nobody_counts_without_end(store, monkeypatch):
    monkeypatch.setattr(alerting, "_MOST_COUNTED", 2)
    for _ in range(3):
        a_stored_case(store, Stage.UNDER_INVESTIGATION, number=None)

    store.move_time(DUE - timedelta(days=2))
    board = read_board(store, most=2)

    assert len(board.limits) == 2
    assert board.is_cut
    assert (str(board.late), str(board.ahead[1]), str(board.ahead[3]), str(board.ahead[7])) == ("0", "0", "2+", "2+")


@ONLY_SQLITE
def test_what_stands_still_or_has_ended_is_not_on_the_board(store):
    paused, done = (a_stored_case(store, Stage.UNDER_INVESTIGATION, number=None) for _ in range(2))
    with store.open_case(paused) as desk:
        desk.case.record(acts.ClockPaused(clock="decision", pause="appraisal", begins=desk.now), desk.now)
    with store.open_case(done) as desk:
        advance(desk.case, Stage.ANSWERED, now=desk.now)

    assert [limit for limit in read_board(store, most=10).limits if limit.clock == "decision"] == []


@ONLY_SQLITE
@pytest.mark.parametrize("clock", ["invented", "gone/decision"])
def test_a_limit_whose_rule_is_not_known_any_more_is_urgent_all_the_same(store, clock):
    reference = a_stored_case(store, Stage.UNDER_INVESTIGATION)
    with store.write() as session:
        session.execute(update(ClockRow).where(ClockRow.name == "decision").values(name=clock))

    (limit,) = [limit for limit in read_board(store, most=10).limits if limit.clock == clock]

    assert (limit.reference, limit.title.en) == (reference, clock.rpartition("/")[2])


@ONLY_SQLITE
def test_a_limit_of_a_further_regime_has_that_regime_s_words(store):
    a_stored_case(store, Stage.UNDER_INVESTIGATION)
    with store.write() as session:
        session.execute(update(ClockRow).where(ClockRow.name == "decision").values(name="cn-nfra/decision"))
        session.execute(update(CaseRow).values(regime="uk-disp"))

    (limit,) = [limit for limit in read_board(store, most=10).limits if limit.clock == "cn-nfra/decision"]

    assert (limit.regime, limit.article.zh) == ("cn-nfra", "第十八条")


# --- what it costs ------------------------------------------------------------------------------


@ONLY_SQLITE
def test_everything_is_found_by_the_index_that_is_there_for_it(store):
    a_case_at(store, DUE)
    plans = {}

    def explain(connection, cursor, statement, parameters, *_):
        if statement.startswith(("SELECT", "UPDATE")):
            steps = connection.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
            plans[statement] = " ".join(step[3] for step in steps)

    event.listen(store.engine, "before_cursor_execute", explain)
    try:
        for work in (claim_announcements, arrivals, showings, tell_all, lambda store: read_board(store, 10)):
            work(store)
    finally:
        event.remove(store.engine, "before_cursor_execute", explain)

    scans = [plan for plan in plans.values() if "SCAN clocks" in plan or "SCAN alerts" in plan or "SCAN cases" in plan]
    assert [plan for plan in scans if "USING" not in plan] == []
    used = " ".join(plans.values())
    for index in ("ix_alerts_unannounced", "ix_alerts_unsent", "ix_clocks_to_show", "ix_clocks_running"):
        assert index in used
