from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints import acts
from complaints.acts import Recorded
from complaints.calendars.files import load_calendar
from complaints.clocks import Clock, begun, class_pauses, schedule_of, term_of
from complaints.deadlines import Pause, Unit
from complaints.regimes.model import Ladder, Mark, Role
from tests.builders import MONDAY, SHANGHAI, a_regime, an_act

LATER = MONDAY + timedelta(hours=1)
LADDER = Ladder(
    marks=(
        Mark(percent=80, tell=(Role.HANDLER, Role.SUPERVISOR)),  # a ladder may name its steps in any order
        Mark(percent=50, tell=(Role.HANDLER,)),
    )
)


def a_clock(*happened, **changes):
    """A clock on which acts were recorded, an hour after its start."""
    started = an_act(acts.ClockStarted, **changes)
    clock = begun(started, Recorded(started, MONDAY, "redress"), "1")
    for act in happened:
        clock = clock.applied(Recorded(act, LATER, "li.wei"))
    return clock


def until(due_at=None, **changes):
    return acts.Schedule(due_at=due_at or MONDAY + timedelta(days=40), **changes)


def a_term(*left_out, hours=100):
    pack = a_regime()
    rule = pack.clock("decision").model_copy(update={"budget": hours, "unit": Unit.HOURS})
    pauses = [Pause(MONDAY + timedelta(hours=begins), MONDAY + timedelta(hours=ends)) for begins, ends in left_out]
    return term_of(rule, pack, load_calendar("cn-public"), MONDAY, pauses)


def hours(moment):
    """How many hours after the start a moment lies."""
    return (moment - MONDAY) / timedelta(hours=1)


# --- the schedule -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left_out", "due", "marks"),
    [
        ([], 100, [50, 80]),
        ([(10, 30)], 120, [70, 100]),  # before both marks
        ([(60, 70)], 110, [50, 90]),  # between them
        ([(90, 95)], 105, [50, 80]),  # after both
        ([(40, 60)], 120, [70, 100]),  # a mark never stands within what is left out
        ([(10, 20), (15, 30)], 120, [70, 100]),  # overlapping ones of different causes are left out once
        ([(200, 300)], 100, [50, 80]),  # after the end
        ([(-50, 10)], 110, [60, 90]),  # begun before the start
    ],
)
def test_a_mark_stands_where_its_share_of_the_time_that_counts_has_passed(left_out, due, marks):
    schedule = schedule_of(a_term(*left_out), LADDER, MONDAY - timedelta(hours=1))

    assert hours(schedule.due_at) == due
    assert [(mark.percent, hours(mark.at)) for mark in schedule.marks] == list(zip((50, 80), marks, strict=True))


@pytest.mark.parametrize(("now", "percents"), [(49, [50, 80]), (50, [80]), (79, [80]), (80, []), (200, [])])
def test_marks_that_lie_behind_are_not_told_any_more(now, percents):
    schedule = schedule_of(a_term(), LADDER, MONDAY + timedelta(hours=now))

    assert [mark.percent for mark in schedule.marks] == percents


def test_nobody_is_told_without_a_ladder():
    assert schedule_of(a_term(), None, MONDAY).marks == ()


def test_a_schedule_says_which_calendar_it_was_computed_with():
    schedule = schedule_of(a_term(), None, MONDAY)

    assert (schedule.calendar, schedule.calendar_version) == ("cn-public", load_calendar("cn-public").version)


@given(
    st.lists(st.tuples(st.integers(-50, 250), st.integers(1, 60)), max_size=4),
    st.lists(st.integers(1, 99), min_size=1, max_size=5, unique=True),
)
def test_marks_stand_between_start_and_end_in_their_order(spans, percents):
    term = a_term(*[(begins, begins + length) for begins, length in spans])
    ladder = Ladder(marks=tuple(Mark(percent=one, tell=()) for one in percents))

    schedule = schedule_of(term, ladder, MONDAY - timedelta(days=1))

    moments = [term.started_at, *(mark.at for mark in schedule.marks), schedule.due_at]
    assert [mark.percent for mark in schedule.marks] == sorted(percents)
    assert all(earlier < later for earlier, later in pairwise(moments))


# --- the class of complaints ----------------------------------------------------------------------


def test_a_suspension_lasts_from_its_first_day_to_the_end_of_its_last_one_in_the_regimes_zone():
    pack = a_regime()

    (pause,) = class_pauses(pack.clock("decision"), pack, MONDAY, lambda when: True)

    assert pause.begins.astimezone(SHANGHAI).isoformat() == "2026-03-10T00:00:00+08:00"
    assert pause.ends.astimezone(SHANGHAI).isoformat() == "2026-03-20T00:00:00+08:00"


@pytest.mark.parametrize(
    ("clock", "changes", "applies", "found"),
    [
        ("decision", {}, True, 1),
        ("decision", {}, False, 0),
        ("portal", {}, True, 0),  # it names the clocks that it is for
        ("portal", {"clocks": ()}, True, 1),  # or is for all
        ("decision", {"received_from": date(2026, 3, 2)}, True, 1),
        ("decision", {"received_from": date(2026, 3, 3)}, True, 0),
        ("decision", {"received_to": date(2026, 3, 2)}, True, 1),
        ("decision", {"received_to": date(2026, 3, 1)}, True, 0),
        ("decision", {"received_from": None, "received_to": None}, True, 1),
    ],
)
def test_a_suspension_is_for_a_class_of_complaints(clock, changes, applies, found):
    pack = a_regime()
    suspension = pack.suspensions[0].model_copy(update=changes)
    pack = pack.model_copy(update={"suspensions": (suspension,)})

    assert len(class_pauses(pack.clock(clock), pack, MONDAY, lambda when: applies)) == found


# --- what the acts make of a clock ------------------------------------------------------------------

PAUSED = an_act(acts.ClockPaused, begins=MONDAY + timedelta(days=2))
RESUMED = an_act(acts.ClockResumed, ends=MONDAY + timedelta(days=5), until=until())
GRANTED = an_act(acts.ExtensionGranted)
MISSED = an_act(acts.ClockMissed)


@pytest.mark.parametrize(
    ("happened", "running", "paused", "breach"),
    [
        ([], True, False, False),
        ([PAUSED], True, True, False),
        ([PAUSED, RESUMED], True, False, False),
        ([MISSED], True, False, True),
        ([MISSED, an_act(acts.ClockMet, late=True)], False, False, True),
        ([an_act(acts.ClockMet, late=True)], False, False, True),  # nobody looked in between
        ([MISSED, an_act(acts.ClockMet, late=False)], False, False, False),  # done in time, noted later
        ([MISSED, acts.ClockEnded(clock="decision", reason="not_applicable")], False, False, False),
        ([MISSED, acts.ClockEnded(clock="decision", reason="withdrawn")], False, False, True),
        ([MISSED, an_act(acts.ClockRecomputed, until=until())], True, False, False),  # it had not run out after all
    ],
)
def test_where_a_clock_stands_follows_from_its_acts(happened, running, paused, breach):
    clock = a_clock(*happened)

    assert (not clock.is_over, clock.is_paused, clock.is_breach) == (running, paused, breach)


def test_what_was_told_of_one_due_time_is_told_anew_of_another():
    warned = a_clock(an_act(acts.ClockWarned, percent=80), MISSED, an_act(acts.BreachExplained))

    same = warned.applied(Recorded(an_act(acts.ClockRecomputed, until=until(warned.due_at)), LATER, "redress"))
    moved = warned.applied(Recorded(an_act(acts.ClockRecomputed, until=until()), LATER, "redress"))

    assert (same.struck, same.missed, same.cause) == (80, True, "staffing")
    assert (moved.struck, moved.missed, moved.cause, moved.next_at) == (0, False, None, moved.due_at)


def test_an_extension_counts_from_its_own_act_on():
    granted = a_clock(GRANTED)
    extended = a_clock(GRANTED, an_act(acts.ClockExtended, until=until()))

    assert (granted.granted, granted.extensions) == ((GRANTED,), ())
    assert (extended.granted, extended.extensions, extended.due_at) == ((), (GRANTED,), until().due_at)


def test_a_tier_that_is_granted_anew_takes_the_place_of_the_one_that_came_to_nothing():
    again = an_act(acts.ExtensionGranted, budget=20, round=2)

    clock = a_clock(GRANTED, again, an_act(acts.ClockExtended, until=until()))

    assert (clock.granted, clock.extensions) == ((), (again,))


def test_a_restart_leaves_nothing_of_the_old_period_but_a_pause_that_lasts():
    restarted = an_act(acts.ClockRestarted, started_at=MONDAY + timedelta(days=4), until=until())

    over = a_clock(PAUSED, RESUMED, GRANTED, restarted)
    lasting = a_clock(PAUSED, restarted)

    assert (over.own_pauses, over.granted, over.started_at) == ((), (), MONDAY + timedelta(days=4))
    assert lasting.own_pauses == (Pause(MONDAY + timedelta(days=4), None),)


def test_what_is_left_out_is_the_case_s_own_pauses_and_those_of_its_class():
    own = Pause(MONDAY + timedelta(days=2), MONDAY + timedelta(days=5))
    of_the_class = (MONDAY + timedelta(days=4), MONDAY + timedelta(days=9))

    clock = a_clock(PAUSED, an_act(acts.ClockResumed, ends=own.ends, until=until(left_out=(of_the_class,))))

    assert clock.own_pauses == (own,)
    assert clock.left_out == (Pause(own.begins, of_the_class[1]),)


def test_the_history_of_a_clock_names_every_act_with_its_author():
    assert [(type(one.act), one.by) for one in a_clock(PAUSED, RESUMED).history] == [
        (acts.ClockStarted, "redress"),
        (acts.ClockPaused, "li.wei"),
        (acts.ClockResumed, "li.wei"),
    ]


def test_a_clock_is_a_value():
    assert a_clock(PAUSED) == a_clock(PAUSED) != a_clock()
    assert isinstance(a_clock(), Clock)
