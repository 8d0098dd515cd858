"""What runs the clocks of a case, as specifications. The regime is the tests' own (``tests/a_regime.toml``)."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints import acts, timekeeping
from complaints.answers import Question
from complaints.calendars.files import read_calendar
from complaints.case import SYSTEM, Case
from complaints.clocks import NOT_APPLICABLE
from complaints.errors.base import ComplaintError
from complaints.errors.case import AnsweredAlready, AnswerRefused
from complaints.errors.clocks import (
    ClockNotRunning,
    ClockStandsAlready,
    ClockStandsNot,
    ExtensionRefused,
    ExtensionWithoutApproval,
    ExtensionWithoutNotice,
    PauseNotAllowed,
    PauseWithoutApproval,
    PauseWithoutProof,
    UnknownClock,
)
from complaints.errors.deadlines import NaiveInstant
from complaints.reception import receive
from complaints.regimes.model import Duty, Transition
from complaints.regimes.rulebook import load_pack, packaged_rulebook
from complaints.words import BreachCause, Closure, GiveUpReason, ReopenReason, Stage
from tests.builders import (
    EMAIL,
    MONDAY,
    REFERENCE,
    SHANGHAI,
    a_breach,
    a_case_under,
    a_complaint,
    a_pack,
    a_regime,
    advance,
    an_act,
    fail_letter,
    prepare_letter,
    replayed,
    send_letter,
    sweep,
)

NOBODY = {"complainant": {"name": "林知夏"}}


def day(number, hour=9, minute=0):
    """A moment of the day that lies so many days after the receipt on Monday, 2 March 2026."""
    return MONDAY.replace(hour=hour, minute=minute) + timedelta(days=number)


def a_clocked_case(**changes):
    return a_case_under(a_regime(), **changes)


def with_another(pack, **changes):
    """The pack, whose clock for the decision has other values."""
    decision = pack.clocks[0].model_validate(pack.clocks[0].model_dump() | changes)
    return pack.model_copy(update={"clocks": (decision, *pack.clocks[1:])})


def pause(case, at, name="appraisal", clock="decision", by="li.wei", **changes):
    given = {"proof": "JD-2026-7"} if name == "appraisal" else {}
    timekeeping.pause(case, clock, name, by, at, **given | changes)


def resume(case, at, clock="decision"):
    timekeeping.resume(case, clock, "li.wei", at)


def extend(case, tier, at, clock="decision", by="li.wei", **changes):
    timekeeping.extend(case, clock, tier, by, at, **{"reason": "案情复杂。", "approver": "sun.lei"} | changes)


def state(case, *names, at=MONDAY, revoked=()):
    timekeeping.state(case, frozenset(names), frozenset(revoked), "li.wei", at)


def note(case, event, occurred_at, at=None):
    timekeeping.note(case, event, occurred_at, "li.wei", at or occurred_at)


def due_on(case, clock="decision"):
    """The last day that is in time."""
    return (case.clocks[clock].due_at - timedelta(microseconds=1)).astimezone(SHANGHAI).date()


def march(number):
    return date(2026, 3, number)


def said(case, kind):
    return [one.act for one in case.new if isinstance(one.act, kind)]


def refused(error, action, *args, **changes):
    """Do what is refused, see that nothing was recorded, and return the error."""
    case = args[0]
    before = list(case.new)
    with pytest.raises(error) as wrong:
        action(*args, **changes)
    assert case.new == before
    return wrong.value


# --- pauses -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("paused", "resumed", "last"),
    [
        (day(3), day(8), march(22)),  # five ends of a day in which the clock stood still
        (day(3), day(3, 18), march(17)),  # none
        (day(3, 23, 59), day(4, 0, 1), march(18)),  # one, though it was two minutes
        (day(0), day(1), march(17)),  # at the end of the day of receipt, which is not counted anyway
        (day(15, 23, 59), day(45), date(2026, 4, 16)),  # on the last minute of the last day
    ],
)
def test_days_at_whose_end_a_clock_stood_still_are_not_counted(paused, resumed, last):
    case = a_clocked_case()

    pause(case, paused)
    resume(case, resumed)

    assert due_on(case) == last


@pytest.mark.parametrize("at", [day(0), day(3), day(3, 0, 0), day(15, 23, 59)])
def test_pausing_and_resuming_at_once_changes_nothing(at):
    case = a_clocked_case()
    was = case.clocks["decision"].schedule

    pause(case, at)
    resume(case, at)

    assert case.clocks["decision"].due_at == was.due_at
    assert not case.clocks["decision"].is_paused


def test_a_clock_can_be_paused_again_after_it_went_on():
    case = a_clocked_case()

    for begins, ends in ((2, 4), (4, 5), (8, 11)):
        pause(case, day(begins))
        resume(case, day(ends))

    assert due_on(case) == march(17 + 2 + 1 + 3)


def test_who_paused_a_clock_why_and_on_which_document_is_in_the_ledger():
    case = a_clocked_case()

    pause(case, day(3), reason="等待鉴定。")
    pause_entry = case.new[-1]

    assert (pause_entry.by, pause_entry.at) == ("li.wei", day(3))
    assert pause_entry.act == acts.ClockPaused(
        clock="decision",
        pause="appraisal",
        begins=day(3),
        reason="等待鉴定。",
        proof="JD-2026-7",
        letter="pause_notice",
    )
    assert case.notices == (("pause_notice", 1),)


@pytest.mark.parametrize(
    ("name", "changes", "error", "says"),
    [
        ("holiday", {}, PauseNotAllowed, "may not stand still for 'holiday'; allowed is: appraisal, materials, audit"),
        ("appraisal", {"proof": None}, PauseWithoutProof, "only with the number of a document"),
        ("appraisal", {"proof": ""}, PauseWithoutProof, "only with the number of a document"),
        ("appraisal", {"proof": "林知夏的鉴定书"}, AnswerRefused, "names the complainant"),
        ("audit", {}, PauseWithoutApproval, "must be approved by compliance"),
        ("audit", {"approver": ""}, PauseWithoutApproval, "must be approved by compliance"),
        ("audit", {"approver": "li.wei"}, PauseWithoutApproval, "another person than the one who asks"),
    ],
)
def test_a_pause_that_its_rule_does_not_allow_is_refused(name, changes, error, says):
    assert says in str(refused(error, pause, a_clocked_case(), day(3), name, **changes))


def test_a_clock_whose_rule_knows_no_pause_cannot_be_paused():
    assert "allowed is: nothing" in str(refused(PauseNotAllowed, pause, a_clocked_case(), day(1), clock="informal"))


def test_an_approved_pause_names_who_approved_it():
    case = a_clocked_case()

    pause(case, day(3), "audit", approver="sun.lei")

    assert case.clocks["decision"].pauses[0].approver == "sun.lei"


def test_a_clock_that_stands_still_cannot_be_paused_again():
    case = a_clocked_case()
    pause(case, day(3))

    assert "stands still already" in str(refused(ClockStandsAlready, pause, case, day(4), "materials"))


def test_a_clock_that_runs_cannot_be_resumed():
    assert "does not stand still" in str(refused(ClockStandsNot, resume, a_clocked_case(), day(4)))


def test_a_clock_that_the_regime_does_not_know_is_named_with_those_it_does():
    error = refused(UnknownClock, pause, a_clocked_case(), day(4), clock="deccision")

    assert str(error) == f"clock: case {REFERENCE} has no clock 'deccision'; it has: decision, informal"


@pytest.mark.parametrize(
    ("clock", "happened", "at"),
    [
        ("review", lambda case: None, day(4)),  # has not begun
        ("decision", lambda case: advance(case, Stage.ANSWERED, now=day(3)), day(4)),  # done
        ("decision", lambda case: case.withdraw("li.wei", day(3)), day(4)),
        ("decision", lambda case: note(case, "resolved", day(1)), day(4)),  # replaced
        ("informal", lambda case: sweep(case, day(9)), day(9)),  # passed
        ("decision", lambda case: None, day(16)),  # ran out, though nobody has looked yet
        ("decision", lambda case: sweep(case, day(16)), day(16)),
    ],
)
def test_only_a_clock_that_runs_can_be_paused(clock, happened, at):
    case = a_clocked_case()
    happened(case)

    refused(ClockNotRunning, pause, case, at, clock=clock)


def test_the_sweep_says_nothing_of_a_clock_that_stands_still():
    case = a_clocked_case()
    pause(case, day(3))

    assert case.clocks["decision"].next_at is None
    assert [act for act in sweep(case, day(60)) if act.clock == "decision"] == []


def test_a_clock_goes_on_by_itself_when_its_pause_has_reached_the_rule_s_cap():
    case = a_clocked_case()
    pause(case, day(3), "materials")
    assert case.clocks["decision"].next_at == day(13, 0)  # ten days: until the 14th at midnight
    assert case.watch("decision", day(12, 23, 59)) is None

    act = case.watch("decision", day(20))  # the sweep was away for a week

    assert (act.capped, act.ends) == (True, day(13, 0))
    assert due_on(case) == march(27)
    assert case.watch("decision", day(20)).percent == 50  # and it warns like any other


def test_whoever_resumes_a_clock_after_its_cap_gains_nothing():
    swept, resumed = a_clocked_case(), a_clocked_case()
    for case in (swept, resumed):
        pause(case, day(3), "materials")

    swept.watch("decision", day(14))
    resume(resumed, day(14))

    assert resumed.clocks["decision"].due_at == swept.clocks["decision"].due_at
    assert said(resumed, acts.ClockResumed)[0].capped


def test_a_cap_is_for_all_pauses_of_its_sort_together():
    case = a_clocked_case()
    pause(case, day(1), "materials")
    resume(case, day(7))

    pause(case, day(8), "materials")

    assert case.clocks["decision"].next_at == day(12, 0)
    resume(case, day(12))
    assert "allowed is: appraisal, audit" in str(refused(PauseNotAllowed, pause, case, day(13), "materials"))
    pause(case, day(13), "appraisal")


@pytest.mark.parametrize(
    ("name", "at", "late"),
    [
        ("appraisal", day(60), False),  # it stood still
        ("materials", day(20), False),  # it went on by itself on the 15th, and ran until the 27th
        ("materials", day(26), True),
        ("materials", day(25, 23, 59), False),
    ],
)
def test_a_duty_that_is_done_while_its_clock_stands_still_is_in_time(name, at, late):
    case = a_clocked_case()
    advance(case, Stage.DECIDED)
    pause(case, day(3), name)

    case.record(acts.Answered(), at)

    assert case.clocks["decision"].late is late


# --- a class that stands still --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("circumstances", "received_at", "last"),
    [
        (["class_action"], day(0), march(27)),  # ten days left out, the 10th to the 19th
        ([], day(0), march(17)),  # not of the class
        (["class_action"], day(-3), march(14)),  # received before it
        (["class_action"], day(12), date(2026, 4, 3)),  # received on the 14th: six days left out
        (["class_action"], day(24), date(2026, 4, 10)),  # received when it was over
    ],
)
def test_a_class_wide_suspension_leaves_out_its_days_for_those_it_is_for(circumstances, received_at, last):
    case = a_clocked_case(now=day(30), received_at=received_at, circumstances=circumstances)

    assert due_on(case) == last


def test_a_suspension_is_for_the_clocks_it_names():
    case = a_clocked_case(circumstances=["class_action"], events={"sent_to_portal": MONDAY})

    assert (due_on(case, "portal"), case.clocks["portal"].schedule.left_out) == (date(2026, 5, 1), ())


def test_a_suspension_that_becomes_known_later_moves_the_limit_and_one_that_was_none_moves_it_back():
    case = a_clocked_case()

    state(case, "class_action", at=day(2))
    assert due_on(case) == march(27)

    state(case, at=day(3), revoked=["class_action"])
    assert due_on(case) == march(17)
    assert [act.cause for act in said(case, acts.ClockRecomputed)] == ["circumstances"] * 2


def test_a_day_is_left_out_once_though_both_the_case_and_its_class_stand_still():
    case = a_clocked_case(circumstances=["class_action"])

    pause(case, day(6))  # the 8th, two days before the class
    resume(case, day(12))  # the 14th, within it

    assert due_on(case) == march(17 + 10 + 2)


def test_a_clock_that_stands_still_before_its_class_does_is_extended_from_where_that_ends():
    case = a_clocked_case(circumstances=["class_action", "complex"])
    pause(case, day(2))

    extend(case, "complex", day(3))

    assert due_on(case) == date(2026, 4, 11)  # thirty days, and the ten of the class


def test_a_suspension_that_begins_after_the_end_of_a_limit_leaves_its_marks_where_they_were():
    case = a_clocked_case(now=day(-9), received_at=day(-9), circumstances=["class_action"])
    pack = a_regime()
    late = pack.suspensions[0].model_copy(update={"received_from": None, "begins": march(20), "ends": march(30)})
    other = a_case_under(pack.model_copy(update={"suspensions": (late,)}), now=day(-9), circumstances=["class_action"])

    assert other.clocks["decision"].schedule.marks == case.clocks["decision"].schedule.marks != ()


# --- extensions ---------------------------------------------------------------------------------


def a_special_case(**changes):
    """A case whose first tier counts already, and that has a special cause."""
    case = a_clocked_case(circumstances=["complex", "special_cause"], **changes)
    extend(case, "complex", day(1))
    return case


def test_a_tier_without_a_notice_counts_at_once():
    case = a_clocked_case(circumstances=["complex"])

    extend(case, "complex", day(10))

    assert due_on(case) == date(2026, 4, 1)  # thirty days in all
    assert said(case, acts.ExtensionGranted)[0].approver == "sun.lei"


@pytest.mark.parametrize(
    ("circumstances", "tier", "changes", "error", "says"),
    [
        ([], "complex", {}, ExtensionRefused, "only for cases that are stated to be: complex"),
        ([], "slow", {}, ExtensionRefused, "the rule knows these tiers: complex, special, promised"),
        (["complex"], "special", {}, ExtensionRefused, "the tier 'complex' comes first"),
        (["complex"], "complex", {"promised_on": march(30)}, ExtensionRefused, "leave the new last day out"),
        ([], "promised", {}, ExtensionRefused, "name the new last day"),
        ([], "promised", {"promised_on": march(17)}, ExtensionRefused, "no later than the limit that runs"),
        ([], "promised", {"promised_on": march(1)}, ExtensionRefused, "no later than the limit that runs"),
        ([], "promised", {"promised_on": date(2026, 6, 1)}, ExtensionRefused, "the rule allows 2026-05-31 at most"),
    ],
)
def test_an_extension_that_the_rule_does_not_allow_is_refused(circumstances, tier, changes, error, says):
    case = a_clocked_case(circumstances=circumstances)

    assert says in str(refused(error, extend, case, tier, day(3), **changes))


@pytest.mark.parametrize("approver", [None, "", "li.wei"])
def test_a_tier_that_needs_an_approver_needs_another_person_than_the_one_who_asks(approver):
    error = refused(ExtensionWithoutApproval, extend, a_special_case(), "special", day(3), approver=approver)

    assert "must be approved by senior_management" in str(error)


def test_a_tier_is_granted_once():
    assert "granted before" in str(refused(ExtensionRefused, extend, a_special_case(), "complex", day(3)))


def test_a_limit_that_ran_out_cannot_be_extended():
    case = a_clocked_case(circumstances=["complex"])

    extend(case, "complex", day(15, 23, 59))
    assert "the limit ran out (2026-04-01 24:00)" in str(refused(ExtensionRefused, extend, case, "special", day(31)))


@pytest.mark.parametrize(
    ("told_at", "last"),
    [
        (day(20), date(2026, 5, 1)),  # thirty days more
        (day(30, 23, 59), date(2026, 5, 1)),
        (day(31, 0), date(2026, 4, 1)),  # the limit had run out
        (day(40), date(2026, 4, 1)),
    ],
)
def test_an_extension_counts_once_its_notice_has_gone_out_in_time(told_at, last):
    case = a_special_case()
    extend(case, "special", day(10))
    assert (due_on(case), case.notices) == (date(2026, 4, 1), (("extension_notice", 1),))

    send_letter(case, "extension_notice", now=told_at)

    assert due_on(case) == last


def test_a_notice_that_was_prepared_or_came_back_has_not_gone_out():
    case = a_special_case()
    extend(case, "special", day(10))

    prepare_letter(case, now=day(11), letter="extension_notice")
    fail_letter(case, now=day(11), letter="extension_notice")

    assert due_on(case) == date(2026, 4, 1)


@pytest.mark.parametrize(("letter", "round"), [("extension_notice", 2), ("acknowledgement", 1), ("decision", 1)])
def test_another_letter_announces_nothing(letter, round):
    case = a_special_case()
    extend(case, "special", day(10))

    send_letter(case, letter, now=day(11), round=round)

    assert due_on(case) == date(2026, 4, 1)


def test_an_extension_whose_notice_was_given_up_does_not_count_and_may_be_tried_again():
    case = a_special_case()
    extend(case, "special", day(10))
    prepare_letter(case, now=day(11), letter="extension_notice")
    case.record(an_act(acts.LetterGivenUp, letter="extension_notice", reason=GiveUpReason.REFUSED), day(12))
    assert due_on(case) == date(2026, 4, 1)

    extend(case, "special", day(12), approver="zhao.min")
    send_letter(case, "extension_notice", now=day(13), round=2)

    assert due_on(case) == date(2026, 5, 1)
    assert [one.approver for one in case.clocks["decision"].extensions] == ["sun.lei", "zhao.min"]


def test_nobody_can_be_told_who_left_no_contact():
    case = a_clocked_case(circumstances=["complex"], **NOBODY)
    extend(case, "complex", day(1))

    assert "add a contact" in str(refused(ExtensionWithoutNotice, extend, case, "special", day(3)))

    case.record(acts.ContactAdded(contact=EMAIL), day(3))
    extend(case, "special", day(3))


@pytest.mark.parametrize("promised_on", [march(18), march(31), date(2026, 5, 31)])
def test_a_limit_may_be_extended_to_a_day_that_the_firm_names(promised_on):
    case = a_clocked_case()

    extend(case, "promised", day(3), promised_on=promised_on)
    send_letter(case, "extension_notice", now=day(4))

    assert due_on(case) == promised_on


def test_the_day_that_the_firm_names_stands_whatever_was_left_out_before():
    case = a_clocked_case(circumstances=["class_action"])
    pause(case, day(2))
    resume(case, day(4))
    assert due_on(case) == march(29)

    extend(case, "promised", day(5), promised_on=date(2026, 4, 20))
    send_letter(case, "extension_notice", now=day(6))

    assert due_on(case) == date(2026, 4, 20)


def test_the_day_that_the_firm_names_stands_where_the_day_of_receipt_counts_too():
    case = a_case_under(with_another(a_regime(), first_day=True))
    assert due_on(case) == march(16)

    extend(case, "promised", day(5), promised_on=march(17))
    send_letter(case, "extension_notice", now=day(6))

    assert due_on(case) == march(17)


def test_a_tier_that_would_end_no_later_than_the_limit_that_runs_is_refused():
    case = a_clocked_case(circumstances=["complex"])
    extend(case, "promised", day(3), promised_on=date(2026, 4, 20))
    send_letter(case, "extension_notice", now=day(4))

    assert "it would end no later" in str(refused(ExtensionRefused, extend, case, "complex", day(5)))


def test_a_notice_that_overtook_another_does_not_shorten_the_limit():
    tiers = [one.model_dump() | {"letter": "extension_notice"} for one in a_regime().clocks[0].extensions]
    case = a_case_under(with_another(a_regime(), extensions=tiers), circumstances=["complex"])
    extend(case, "complex", day(3))
    extend(case, "promised", day(3), promised_on=date(2026, 4, 20))

    for round in (2, 1):
        send_letter(case, "extension_notice", now=day(4), round=round)

    assert due_on(case) == date(2026, 4, 20)


def test_a_clock_that_stands_still_may_be_extended_and_goes_on_with_both():
    case = a_clocked_case(circumstances=["complex"])
    pause(case, day(3))

    extend(case, "complex", day(40))  # long after the limit that it had
    assert case.clocks["decision"].is_paused
    resume(case, day(50))

    assert due_on(case) == date(2026, 4, 1) + timedelta(days=47)


def test_a_notice_that_became_pointless_is_not_owed_any_more():
    case = a_special_case()
    extend(case, "special", day(10))

    advance(case, Stage.ANSWERED, now=day(11))

    assert case.notices == ()


def test_a_notice_that_was_begun_is_owed_until_it_has_left():
    case = a_special_case()
    extend(case, "special", day(10))
    prepare_letter(case, now=day(11), letter="extension_notice")

    advance(case, Stage.ANSWERED, now=day(11))

    assert case.notices == (("extension_notice", 1),)


def test_what_a_notice_tells():
    case = a_special_case()
    extend(case, "special", day(10), reason="等待第三方。")
    pause(case, day(11), reason="等待鉴定。")
    pause_notice = timekeeping.notice_of(case, "pause_notice", 1)
    extension_notice = timekeeping.notice_of(case, "extension_notice", 1)

    assert (extension_notice.title.en, extension_notice.reason) == ("special", "等待第三方。")
    assert extension_notice.new_due_on == date(2026, 5, 1)
    assert (pause_notice.title.en, pause_notice.reason, pause_notice.resumes_on) == ("appraisal", "等待鉴定。", None)
    assert timekeeping.notice_of(case, "extension_notice", 2) is None


def test_a_notice_of_a_capped_pause_tells_when_it_ends():
    materials = a_regime().clocks[0].pauses[1].model_dump() | {"letter": "pause_notice"}
    case = a_case_under(with_another(a_regime(), pauses=[materials]))

    pause(case, day(3), "materials")

    assert timekeeping.notice_of(case, "pause_notice", 1).resumes_on == march(15)


# --- the whole period again -----------------------------------------------------------------------


def test_new_facts_start_the_whole_period_again():
    case = a_clocked_case(circumstances=["complex"])
    pause(case, day(2))
    resume(case, day(5))
    extend(case, "complex", day(6))

    note(case, "new_facts", day(10))

    clock = case.clocks["decision"]
    assert (due_on(case), clock.started_at, clock.pauses, clock.extensions) == (march(27), day(10), (), ())
    extend(case, "complex", day(11))  # of the new period
    assert due_on(case) == date(2026, 4, 11)


def test_new_facts_that_are_noted_later_count_from_when_they_came():
    case = a_clocked_case()

    note(case, "new_facts", day(5), at=day(12))

    assert due_on(case) == march(22)


@pytest.mark.parametrize("occurred_at", [day(-5), day(0)])
def test_facts_that_were_there_at_receipt_are_not_new(occurred_at):
    case = a_clocked_case(events={"new_facts": occurred_at})

    assert due_on(case) == march(17)


@pytest.mark.parametrize("swept", [True, False])
def test_new_facts_do_not_mend_a_limit_that_was_missed(swept):
    case = a_clocked_case()
    if swept:
        sweep(case, day(17))

    note(case, "new_facts", day(17))
    sweep(case, day(17))

    assert (due_on(case), case.clocks["decision"].missed) == (march(17), True)


def test_new_facts_let_an_appraisal_go_on():
    case = a_clocked_case()
    pause(case, day(3))

    note(case, "new_facts", day(8))
    assert case.clocks["decision"].is_paused
    resume(case, day(12))

    assert due_on(case) == march(10 + 15 + 3)  # fifteen days from the 10th; it stood still on the 11th to the 13th


def test_a_pause_whose_cap_had_passed_is_not_carried_into_the_new_period():
    case = a_clocked_case()
    pause(case, day(3), "materials")

    note(case, "new_facts", day(14))  # it went on by itself on the 15th, though nobody has looked yet

    assert (case.clocks["decision"].is_paused, due_on(case)) == (False, march(31))


def test_an_extension_that_was_not_announced_yet_goes_with_the_old_period():
    case = a_special_case()
    extend(case, "special", day(10))

    note(case, "new_facts", day(11))
    send_letter(case, "extension_notice", now=day(12))

    assert due_on(case) == march(28)


def test_its_notice_is_not_owed_then():
    case = a_special_case()
    extend(case, "special", day(10))

    note(case, "new_facts", day(11))

    assert case.notices == ()
    extend(case, "complex", day(12))
    extend(case, "special", day(12))
    assert case.notices == (("extension_notice", 2),)


# --- withdrawal, merging, windows and waits -------------------------------------------------------


@pytest.mark.parametrize("closure", [Closure.WITHDRAWN, Closure.MERGED])
@pytest.mark.parametrize("stage", [Stage.RECEIVED, Stage.UNDER_INVESTIGATION, Stage.ANSWERED, Stage.PUT_RIGHT])
def test_a_withdrawal_and_a_merger_end_every_clock_the_same_moment(closure, stage):
    case = a_clocked_case(circumstances=["complex"], events={"sent_to_portal": MONDAY})
    advance(case, stage, now=day(1))

    case.record(acts.Closed(closure=closure), day(2))

    assert all(clock.is_over and clock.next_at is None for clock in case.clocks.values())
    assert sweep(case, day(400)) == []


def test_what_the_rules_end_themselves_is_done_and_the_rest_falls_away():
    case = a_clocked_case(circumstances=["complex"])
    advance(case, Stage.ANSWERED, now=day(1), instead=[an_act(acts.Decided)])
    note(case, "review_requested", day(2))

    case.withdraw("li.wei", day(3))

    ended = {name: clock.ended for name, clock in case.clocks.items()}
    assert ended == {"decision": None, "report": None, "informal": None, "review-request": None, "review": "withdrawn"}


def test_a_limit_that_had_run_out_before_a_withdrawal_was_missed():
    case = a_clocked_case()

    case.withdraw("li.wei", day(17))

    assert case.clocks["decision"].is_breach


@pytest.mark.parametrize(("clock", "begins"), [("informal", Stage.RECEIVED), ("review-request", Stage.ANSWERED)])
def test_a_window_passes_and_is_never_late(clock, begins):
    case = a_clocked_case()
    advance(case, begins, now=day(1))

    assert [type(act) for act in sweep(case, day(60)) if act.clock == clock] == [acts.ClockReached]

    assert not case.clocks[clock].is_breach
    assert clock not in {act.clock for act in sweep(case, day(90))}


def test_a_right_that_was_used_within_its_window_ends_it_and_starts_what_follows():
    case = a_clocked_case()
    advance(case, Stage.ANSWERED, now=day(1))

    note(case, "review_requested", day(20))

    assert (case.clocks["review-request"].late, due_on(case, "review")) == (False, date(2026, 4, 21))


def test_closing_a_case_leaves_the_complainants_window_and_a_review_running():
    case = a_clocked_case()
    advance(case, Stage.CLOSED, now=day(1))

    note(case, "review_requested", day(20))

    assert not case.clocks["review"].is_over
    assert [act.clock for act in sweep(case, day(60)) if isinstance(act, acts.ClockMissed)] == ["review"]


def test_imported_history_runs_no_clock_whatever_happens_to_it():
    complaint = a_complaint(circumstances=["complex"], events={"sent_to_portal": MONDAY})
    case = receive(REFERENCE, a_regime(), complaint, "import", MONDAY, history=True)
    case.record(acts.Closed(closure=Closure.HISTORY), MONDAY)

    note(case, "review_requested", day(20))
    state(case, "class_action", at=day(20))

    assert case.clocks == {}


# --- events ---------------------------------------------------------------------------------------


def test_an_event_that_came_with_the_complaint_starts_its_clock_when_it_happened():
    case = a_clocked_case(events={"sent_to_portal": day(-4)})

    assert case.clocks["portal"].started_at == day(-4)
    assert due_on(case, "portal") == date(2026, 4, 27)
    assert [one.by for one in case.new if isinstance(one.act, acts.Occurred)] == ["crm"]


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"events": {"full_moon": MONDAY}}, "events", "no regime of this case knows 'full_moon'; known are: new_facts"),
        ({"circumstances": ["blue"]}, "circumstances", "no regime of this case knows 'blue'; known are: class_action"),
    ],
)
def test_what_no_regime_knows_is_refused_at_the_door(changes, field, says):
    with pytest.raises(AnswerRefused) as wrong:
        a_clocked_case(**changes)

    assert (wrong.value.field, says in wrong.value.reason) == (field, True)


def test_an_event_is_noted_with_its_time_and_by_whom():
    case = a_clocked_case()

    note(case, "sent_to_portal", day(1), at=day(2))

    occurred = next(one for one in case.new if isinstance(one.act, acts.Occurred))
    assert (occurred.act.occurred_at, occurred.at, occurred.by) == (day(1), day(2), "li.wei")
    assert case.clocks["portal"].started_at == day(1)


@pytest.mark.parametrize(
    ("event", "occurred_at", "error", "says"),
    [
        ("full_moon", day(1), AnswerRefused, "known are: new_facts, resolved"),
        ("new_facts", day(4), AnswerRefused, "in the future"),
        ("new_facts", datetime(2026, 3, 3, 9, 0), NaiveInstant, "has no time zone"),  # noqa: DTZ001
    ],
)
def test_an_event_that_cannot_be_noted_is_refused(event, occurred_at, error, says):
    assert says in str(refused(error, note, a_clocked_case(), event, occurred_at, day(3)))


def test_a_duty_that_was_done_in_time_and_noted_later_was_not_missed():
    case = a_clocked_case()
    note(case, "review_requested", day(1))
    sweep(case, day(40))
    assert case.clocks["review"].is_breach

    note(case, "review_told", day(20), at=day(41))

    clock = case.clocks["review"]
    assert (clock.late, clock.is_breach, clock.met_at) == (False, False, day(20))


def test_a_clock_can_run_a_second_time_and_the_first_one_is_kept():
    case = a_clocked_case()
    for asked, told in ((1, 5), (10, 15)):
        note(case, "review_requested", day(asked))
        note(case, "review_told", day(told))

    rounds = [clock.started.round for name, clock in (*case.past_clocks, *case.clocks.items()) if name == "review"]
    assert rounds == [1, 2]
    assert case.clocks["review"].started_at == day(10)


# --- circumstances --------------------------------------------------------------------------------


def test_a_circumstance_that_becomes_known_later_starts_a_clock_from_where_it_should_have_begun():
    case = a_clocked_case()
    assert "report" not in case.clocks

    state(case, "complex", at=day(12))

    assert (case.clocks["report"].started_at, due_on(case, "report")) == (MONDAY, march(22))


def test_a_clock_that_is_started_too_late_is_missed_in_the_next_sweep():
    case = a_clocked_case()

    state(case, "complex", at=day(30))

    assert [type(act) for act in sweep(case, day(30)) if act.clock == "report"] == [acts.ClockMissed]


@pytest.mark.parametrize("done_at", [day(0), day(3)])
def test_a_duty_that_was_done_before_it_became_known_to_be_one_starts_no_clock(done_at):
    case = a_clocked_case()
    advance(case, Stage.DECIDED, now=done_at)

    state(case, "complex", at=day(12))

    assert "report" not in case.clocks


def test_a_circumstance_that_proves_wrong_ends_its_clock_and_one_that_proves_right_after_all_starts_it_again():
    case = a_clocked_case(circumstances=["complex"])

    state(case, at=day(3), revoked=["complex"])
    assert case.clocks["report"].ended == NOT_APPLICABLE
    assert case.clocks["report"].next_at is None

    state(case, "complex", at=day(5))
    clock = case.clocks["report"]
    assert (clock.started_at, clock.started.round, clock.is_over) == (MONDAY, 2, False)
    assert [(name, past.ended) for name, past in case.past_clocks] == [("report", NOT_APPLICABLE)]


def test_what_proves_to_have_been_no_duty_was_not_missed():
    case = a_clocked_case(circumstances=["complex"])
    sweep(case, day(21))
    assert case.clocks["report"].is_breach

    state(case, at=day(22), revoked=["complex"])

    assert not case.clocks["report"].is_breach


def test_a_circumstance_that_no_regime_knows_is_refused():
    error = refused(AnswerRefused, state, a_clocked_case(), "blue")

    assert "known are: class_action, complex" in error.reason


# --- several regimes ------------------------------------------------------------------------------

BESIDE = """
valid_from = 2020-03-01
when = { categories = ["payment"] }

[[clocks]]
name = "decision"
budget = 10
unit = "working_days"
"""


def a_case_under_two(**changes):
    return a_case_under(a_regime(), a_pack(BESIDE, name="beside"), **changes)


def test_the_strictest_limit_for_the_answer_leads():
    case = a_case_under_two(category="payment")

    assert case.answer_clock is case.clocks["beside/decision"]
    assert (due_on(case), due_on(case, "beside/decision")) == (march(17), march(16))

    advance(case, Stage.ANSWERED, now=day(15, 1), instead=[an_act(acts.Assessed, category="payment")])
    assert (case.clocks["decision"].late, case.clocks["beside/decision"].late) == (False, True)
    assert case.answer_clock.late


def test_of_two_limits_the_one_that_still_runs_leads():
    case = a_clocked_case(events={"sent_to_portal": MONDAY})

    note(case, "resolved", day(1))

    assert case.answer_clock is case.clocks["portal"]


def test_nothing_leads_where_no_limit_runs():
    assert timekeeping.leading(a_clocked_case(), Duty.REVIEW) is None


def test_a_further_regime_whose_condition_does_not_hold_runs_no_clock():
    case = a_case_under_two(category="fees")

    assert not [name for name in case.clocks if name.startswith("beside/")]
    assert case.packs == (case.pack,)


def test_a_further_regime_applies_from_when_its_condition_is_known_to_hold():
    case = a_case_under_two(category=None)
    assert "beside/decision" not in case.clocks
    advance(case, Stage.ACKNOWLEDGED, now=day(1))

    case.record(an_act(acts.Assessed, category="payment"), day(2))

    clock = case.clocks["beside/decision"]
    assert (clock.started_at, clock.started.regime, due_on(case, "beside/decision")) == (MONDAY, "beside", march(16))
    assert [pack.name for pack in case.packs] == ["test-regime", "beside"]


def test_a_further_regime_falls_away_when_its_condition_proves_wrong():
    case = a_case_under_two(category="payment")
    advance(case, Stage.UNDER_INVESTIGATION, now=day(1))

    case.record(an_act(acts.Found, category="service"), day(2))

    assert case.clocks["beside/decision"].ended == NOT_APPLICABLE
    assert case.answer_clock is case.clocks["decision"]


def test_an_event_that_two_regimes_know_moves_the_clocks_of_both():
    case = a_case_under_two(category="payment")

    note(case, "new_facts", day(4))

    assert (due_on(case), due_on(case, "beside/decision")) == (march(21), march(20))


def test_what_is_done_to_a_further_regime_s_clock_follows_its_own_rule():
    case = a_case_under_two(category="payment")

    pause(case, day(3), clock="beside/decision")
    resume(case, day(5), clock="beside/decision")
    assert (due_on(case), due_on(case, "beside/decision")) == (march(17), march(18))

    refused(PauseNotAllowed, pause, case, day(6), "materials", clock="beside/decision")
    refused(UnknownClock, pause, case, day(6), clock="nowhere/decision")


# --- ways that replace a duty ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settled_at", "noted_at", "circumstances", "replaced"),
    [
        (day(2), day(2), [], True),
        (day(3, 23, 59), day(3, 23, 59), [], True),  # the last moment of the third working day
        (day(4, 0), day(4, 0), [], False),
        (day(2), day(9), [], True),  # noted later
        (day(2), day(2), ["written_wanted"], False),
    ],
)
def test_a_matter_that_was_settled_in_time_needs_no_decision_unless_something_asks_for_one(
    settled_at, noted_at, circumstances, replaced
):
    case = a_clocked_case(circumstances=circumstances)
    sweep(case, day(4) if noted_at > day(4) else MONDAY)

    note(case, "resolved", settled_at, at=noted_at)

    assert case.clocks["decision"].ended == ("path:settled" if replaced else None)
    assert case.outcome_letter == ("summary_resolution" if replaced else None)


def test_a_way_is_not_taken_twice_nor_after_the_answer():
    case = a_clocked_case()
    note(case, "resolved", day(1))
    note(case, "resolved", day(2))
    answered = a_clocked_case()
    advance(answered, Stage.ANSWERED, now=day(1))
    note(answered, "resolved", day(2))

    assert len(said(case, acts.PathTaken)) == 1
    assert (said(answered, acts.PathTaken), answered.outcome_letter) == ([], None)


def test_a_duty_that_was_replaced_is_owed_again_when_something_asks_for_it():
    case = a_clocked_case()
    note(case, "resolved", day(1))

    state(case, "written_wanted", at=day(4))

    assert (due_on(case), case.clocks["decision"].is_over, case.outcome_letter) == (march(17), False, None)


def test_a_way_without_a_letter_says_that_none_is_due():
    pack = a_regime()
    silent = pack.paths[0].model_copy(update={"letter": None})
    case = a_case_under(pack.model_copy(update={"paths": (silent,)}))

    note(case, "resolved", day(1))

    assert case.outcome_letter == ""


# --- taken up again ---------------------------------------------------------------------------------


def a_reopened_case(at=day(20), **changes):
    case = a_clocked_case(**changes)
    advance(case, Stage.CLOSED, now=day(10))
    case.record(acts.Reopened(reason=ReopenReason.NEW_FACTS), at, "li.wei")
    return case


def test_a_case_that_is_taken_up_again_owes_an_answer_again():
    case = a_reopened_case()

    clock = case.clocks["decision"]
    assert (clock.started.round, clock.started_at, due_on(case)) == (2, day(20), date(2026, 4, 6))
    assert case.answer_clock is clock
    assert {name for name, _ in case.past_clocks} == {"decision"}
    assert dict(case.past_clocks)["decision"].met_at == day(10)
    assert (case.stage, case.asks, case.reopened) == (Stage.UNDER_INVESTIGATION, Question.FINDING, 1)


def test_the_second_answer_is_late_or_not_by_its_own_limit():
    case = a_reopened_case()

    advance(case, Stage.ANSWERED, now=case.clocks["decision"].due_at)

    assert case.clocks["decision"].late
    assert not dict(case.past_clocks)["decision"].late


def test_the_second_answer_opens_another_window_for_the_complainant():
    case = a_reopened_case()
    assert due_on(case, "review-request") == date(2026, 4, 11)

    advance(case, Stage.ANSWERED, now=day(30))

    assert (case.clocks["review-request"].started.round, due_on(case, "review-request")) == (2, date(2026, 5, 1))
    assert ("review-request", "begins_again") in [(name, clock.ended) for name, clock in case.past_clocks]


def test_letters_of_the_second_round_are_letters_of_their_own():
    case = a_reopened_case()
    prepare_letter(case, letter="decision", round=2, now=day(21))

    assert case.letters["decision", 2].status == "prepared"


def test_a_shorter_way_of_the_first_round_decides_nothing_in_the_second():
    case = a_clocked_case()
    note(case, "resolved", day(1))
    advance(case, Stage.CLOSED, now=day(2))

    case.record(acts.Reopened(reason=ReopenReason.DISSATISFIED), day(5), "li.wei")

    assert case.outcome_letter is None
    assert not case.clocks["decision"].is_over


def test_a_circumstance_that_becomes_known_in_the_second_round_counts_from_its_beginning():
    plain = with_another(a_regime(), when={"without": ["complex"]})
    other = with_another(a_regime(), name="decision-complex", budget=25, when={"circumstances": ["complex"]})
    case = a_case_under(plain.model_copy(update={"clocks": (*plain.clocks, other.clocks[0])}))
    advance(case, Stage.CLOSED, now=day(10))
    case.record(acts.Reopened(reason=ReopenReason.NEW_FACTS), day(20), "li.wei")

    state(case, "complex", at=day(22))

    assert case.clocks["decision"].ended == NOT_APPLICABLE
    assert case.clocks["decision-complex"].started_at == day(20)


# --- what was missed, and why -----------------------------------------------------------------------


def a_missed_case(stage=Stage.FOLLOWED_UP):
    case = a_clocked_case(events={"sent_to_portal": day(-50)})
    sweep(case, day(16))
    advance(case, stage, now=day(16))
    return case


def test_a_breach_is_recorded_once():
    case = a_clocked_case()

    for at in (16, 16, 17, 30):
        sweep(case, day(at))

    assert [act.clock for act in said(case, acts.ClockMissed)] == ["decision"]


@pytest.mark.parametrize(
    ("at", "missed"),
    [(day(15, 23, 59), False), (day(16, 0), True)],  # the last day is in time until it ends
)
def test_a_limit_is_missed_from_the_first_instant_after_its_last_day(at, missed):
    case = a_clocked_case()

    sweep(case, at)

    assert case.clocks["decision"].missed is missed


@pytest.mark.parametrize(("at", "late"), [(day(15, 23, 59), False), (day(16, 0), True)])
def test_a_duty_is_late_from_the_same_instant_whether_or_not_anybody_looked(at, late):
    case = a_clocked_case()
    advance(case, Stage.DECIDED)

    case.record(acts.Answered(), at)

    assert (case.clocks["decision"].late, case.clocks["decision"].is_breach) == (late, late)


def test_the_handler_says_of_each_missed_limit_why_before_the_case_is_closed():
    case = a_missed_case()
    assert case.unexplained_breach == "decision"
    asked = []

    while case.asks is Question.BREACH:
        asked.append((case.unexplained_breach, case.round_of(Question.BREACH)))
        case.answer(Question.BREACH, a_breach(), "li.wei", day(17))

    assert asked == [("decision", 1), ("portal", 2)]
    assert {clock.cause for clock in case.clocks.values() if clock.is_breach} == {BreachCause.STAFFING}


def test_the_cause_of_a_breach_can_be_told_at_any_time_and_once():
    case = a_missed_case(Stage.UNDER_INVESTIGATION)

    timekeeping.explain_breach(case, "decision", BreachCause.THIRD_PARTY, "li.wei", day(17))

    assert case.clocks["decision"].cause is BreachCause.THIRD_PARTY
    error = refused(
        AnsweredAlready, timekeeping.explain_breach, case, "decision", BreachCause.SYSTEM, "wang.fang", day(18)
    )
    assert error.by == "li.wei"


@pytest.mark.parametrize(
    ("clock", "error", "says"),
    [("informal", AnswerRefused, "was not missed"), ("nothing", UnknownClock, "it has: decision, informal")],
)
def test_only_a_breach_can_be_explained(clock, error, says):
    case = a_clocked_case()

    assert says in str(refused(error, timekeeping.explain_breach, case, clock, BreachCause.SYSTEM, "li.wei", day(17)))


# --- whom to tell, and when ---------------------------------------------------------------------------


def told(case, at):
    """Whom the sweep tells of the decision's clock at a moment: what it says, how near, and who."""
    words = [act for act in sweep(case, at) if act.clock == "decision"]
    return [(act.kind_name(), getattr(act, "percent", None), tuple(map(str, act.tell))) for act in words]


HANDLER, BOTH_OF_THEM, SUPERVISOR = ("handler",), ("handler", "supervisor"), ("supervisor",)


def test_the_ladder_tells_at_each_mark_and_on_every_working_day_after_the_limit_up_to_its_number():
    case = a_clocked_case()  # ends on Tuesday the 17th

    heard = {number: words for number in range(40) if (words := told(case, day(number)))}

    assert heard == {
        8: [("clock_warned", 50, HANDLER)],
        13: [("clock_warned", 80, BOTH_OF_THEM)],
        16: [("clock_missed", None, SUPERVISOR)],
        17: [("clock_reminded", None, HANDLER)],  # Thursday
        18: [("clock_reminded", None, HANDLER)],
        21: [("clock_reminded", None, HANDLER)],  # Monday
    }


def test_after_an_outage_only_the_last_word_is_said():
    case = a_clocked_case()

    assert told(case, day(14)) == [("clock_warned", 80, BOTH_OF_THEM)]

    case = a_clocked_case()
    assert told(case, day(30)) == [("clock_missed", None, SUPERVISOR)]
    assert told(case, day(30)) == []


def test_two_sweeps_at_one_moment_say_one_thing():
    case = a_clocked_case()

    assert [told(case, day(9)), told(case, day(9))] == [[("clock_warned", 50, HANDLER)], []]


def test_reminders_come_when_the_office_opens():
    case = a_clocked_case()

    sweep(case, day(18, 22))  # late on Friday the 20th

    assert case.clocks["decision"].remind_at == day(21, 9)


def test_another_office_calendar_has_other_working_days():
    case = a_case_under(a_regime(), rules=packaged_rulebook().for_office("every-day"))

    sweep(case, day(18, 22))

    assert case.clocks["decision"].remind_at == day(19, 0)


def test_a_major_matter_has_another_ladder_from_when_it_is_known_to_be_one():
    case = a_clocked_case()
    advance(case, Stage.ASSESSED, now=day(2), instead=[an_act(acts.Assessed, severity="major")])

    heard = {number: words for number in range(40) if (words := told(case, day(number)))}

    compliance = ("compliance",)
    assert heard == {
        4: [("clock_warned", 25, compliance)],
        15: [("clock_warned", 90, compliance)],
        16: [("clock_missed", None, ("senior_management",))],
        17: [("clock_reminded", None, compliance)],
    }
    assert [act.cause for act in said(case, acts.ClockRecomputed)] == ["severity major"]


def test_what_was_told_already_is_not_told_again_when_the_ladder_changes():
    case = a_clocked_case()
    told(case, day(9))

    advance(case, Stage.ASSESSED, now=day(9), instead=[an_act(acts.Assessed, severity="major")])

    assert [mark.percent for mark in case.clocks["decision"].schedule.marks if mark.at > day(9)] == [90]
    assert told(case, day(9)) == []


def test_a_severity_that_changes_nothing_says_nothing():
    case = a_clocked_case()

    advance(case, Stage.INVESTIGATED, now=day(2))

    assert said(case, acts.ClockRecomputed) == []


def test_what_is_waited_for_is_told_to_nobody():
    case = a_clocked_case()

    assert case.clocks["informal"].schedule.marks == ()


def test_a_mark_stands_at_its_share_of_the_time_that_counts():
    case = a_clocked_case(circumstances=["class_action"])  # the 10th to the 19th are left out
    half, most = (mark.at for mark in case.clocks["decision"].schedule.marks)

    plain_half, plain_most = (mark.at for mark in a_clocked_case().clocks["decision"].schedule.marks)

    assert plain_half == day(8, 4, 30)  # seven and a half hours short of eight days: from nine o'clock to the 17th
    assert (half, most) == (plain_half + timedelta(days=10), plain_most + timedelta(days=10))


# --- when a calendar or a rule changes ------------------------------------------------------------------

A_DAY_OFF = """
name = "cn-public"
version = "2026.9"
extends = "cn-public"
off = [[2026-03-05, "临时放假", "an extra day off"]]
"""


def seen_by(case, rules):
    """The case as it is read once the rulebook is another."""
    return Case.replay(case.reference, case.pack, case.new, rules)


def test_a_day_off_that_becomes_known_moves_the_limits_in_working_days_that_reach_it():
    case = a_clocked_case()
    rules = case.rules.with_calendars([read_calendar(A_DAY_OFF, "off.toml")])

    (move,) = timekeeping.moves(seen_by(case, rules), "calendar cn-public 2026.9", day(1))

    assert (move.clock, move.was, move.becomes) == ("informal", day(4, 0), day(5, 0))
    assert move.until.calendar_version == "2026.9"


def test_the_case_moves_when_that_is_recorded_and_not_before():
    case = a_clocked_case()
    rules = case.rules.with_calendars([read_calendar(A_DAY_OFF, "off.toml")])
    case = seen_by(case, rules)
    assert due_on(case, "informal") == march(5)

    for move in list(timekeeping.moves(case, "calendar", day(1))):
        case.record(acts.ClockRecomputed(clock=move.clock, cause=move.cause, until=move.until), day(1))

    assert due_on(case, "informal") == march(6)
    assert list(timekeeping.moves(case, "calendar", day(1))) == []


def test_an_instant_that_the_calendar_takes_for_unpublished_is_a_move_too():
    case = a_clocked_case()
    schedule = case.clocks["informal"].schedule.model_copy(update={"assumed": (2026,)})
    case.record(acts.ClockRecomputed(clock="informal", cause="test", until=schedule), day(1))

    (move,) = timekeeping.moves(case, "published", day(1))

    assert (move.was, move.becomes, move.until.assumed) == (day(4, 0), day(4, 0), ())


@pytest.mark.parametrize(
    "happened",
    [
        lambda case: advance(case, Stage.ANSWERED, now=day(1)),
        lambda case: case.withdraw("li.wei", day(1)),
        lambda case: sweep(case, day(5)),
    ],
    ids=["answered", "withdrawn", "passed"],
)
def test_what_is_over_does_not_move(happened):
    case = a_clocked_case()
    happened(case)
    rules = case.rules.with_calendars([read_calendar(A_DAY_OFF, "off.toml")])

    assert [one.clock for one in timekeeping.moves(seen_by(case, rules), "test", day(6))] == []


def test_a_clock_that_stands_still_moves_with_the_calendar_too():
    pack = with_another(a_regime(), unit="working_days")
    case = a_case_under(pack)
    pause(case, day(1))
    rules = case.rules.with_calendars([read_calendar(A_DAY_OFF, "off.toml")])

    assert "decision" in [one.clock for one in timekeeping.moves(seen_by(case, rules), "test", day(2))]


def adopted(case, pack):
    """The case, handled by another version of its regime from now on."""
    case = seen_by(case, case.rules.with_packs([pack]))
    case.record(acts.RegimeAdopted(regime=pack.name, version=pack.version), day(2))
    for move in list(timekeeping.moves(case, f"regime {pack.name} {pack.version}", day(2))):
        case.record(acts.ClockRecomputed(clock=move.clock, cause=move.cause, until=move.until), day(2))
    return case


def test_a_case_that_adopts_another_version_follows_its_rules():
    longer = with_another(a_regime(version="2", transition=Transition(open_cases=True)), budget=20)

    before = a_clocked_case()

    case = adopted(before, longer)

    assert (due_on(case), case.clocks["decision"].version) == (march(22), "2")
    assert Case.replay(REFERENCE, before.pack, [*before.new, *case.new], case.rules) == case


def test_a_version_that_drops_a_clock_ends_it_and_the_rest_goes_on():
    pack = a_regime(version="2")
    fewer = pack.model_copy(update={"clocks": tuple(one for one in pack.clocks if one.name != "informal"), "paths": ()})

    case = adopted(a_clocked_case(), fewer)

    assert case.clocks["informal"].ended == NOT_APPLICABLE
    assert not case.clocks["decision"].is_over
    assert case.answer_clock is case.clocks["decision"]
    case.withdraw("li.wei", day(3))


def test_a_version_that_adds_a_clock_starts_it_where_it_should_have_begun():
    pack = a_regime(version="2")
    added = pack.clocks[0].model_copy(update={"name": "interim", "budget": 5, "duty": Duty.OTHER})

    case = adopted(a_clocked_case(), pack.model_copy(update={"clocks": (*pack.clocks, added)}))

    assert case.clocks["interim"].started_at == MONDAY


def test_a_clock_that_is_over_keeps_the_rule_that_it_ran_under():
    case = a_clocked_case()
    note(case, "resolved", day(1))
    longer = with_another(a_regime(version="2"), budget=20)

    case = adopted(case, longer)

    assert timekeeping.rule_of(case, "decision")[0].budget == 15


def test_a_clock_whose_rule_is_in_no_version_any_more_is_read_from_the_ledger():
    case = a_clocked_case()
    pack = a_regime()
    fewer = pack.model_copy(update={"clocks": pack.clocks[:1], "paths": ()})

    again = Case.replay(case.reference, fewer, case.new, case.rules.with_packs([fewer]))

    rule, _ = timekeeping.rule_of(again, "informal")
    assert (rule.title.en, rule.budget, rule.article.en) == ("informal", 3, "art. 6")
    advance(again, Stage.CLOSED, now=day(2))
    assert again.clocks["informal"].is_over


# --- whatever happens -----------------------------------------------------------------------------------

PAUSES, TIERS = ["appraisal", "materials", "audit"], ["complex", "special", "promised"]
CLOCKS = ["decision", "beside/decision", "review", "informal"]
CIRCUMSTANCES = ["complex", "special_cause", "class_action", "written_wanted"]
EVENTS = ["new_facts", "resolved", "review_requested", "review_told", "sent_to_portal"]
ORDINARY = [
    an_act(acts.Acknowledged),
    an_act(acts.Assessed, category="payment", severity="major"),
    an_act(acts.InvestigationOpened),
    an_act(acts.Found),
    an_act(acts.Decided),
    an_act(acts.Answered),
    an_act(acts.PutRight),
    an_act(acts.FollowedUp),
    an_act(acts.Closed),
    an_act(acts.Closed, closure=Closure.WITHDRAWN),
    an_act(acts.Reopened),
]

MOVE = st.one_of(
    st.tuples(st.just("pause"), st.sampled_from(CLOCKS), st.sampled_from(PAUSES)),
    st.tuples(st.just("resume"), st.sampled_from(CLOCKS), st.none()),
    st.tuples(st.just("extend"), st.sampled_from(CLOCKS), st.sampled_from(TIERS)),
    st.tuples(st.just("announce"), st.just("extension_notice"), st.integers(1, 3)),
    st.tuples(st.just("state"), st.sampled_from(CIRCUMSTANCES), st.booleans()),
    st.tuples(st.just("note"), st.sampled_from(EVENTS), st.integers(0, 20)),
    st.tuples(st.just("record"), st.sampled_from(ORDINARY), st.none()),
)
MOVES = st.lists(st.tuples(st.integers(0, 12 * 24 * 60), st.booleans(), MOVE), max_size=25)


def do(case, move, at):
    """Make a move, or see it refused by name."""
    match move:
        case "pause", clock, name:
            pause(case, at, name, clock, proof="JD-1", approver="sun.lei")
        case "resume", clock, _:
            resume(case, at, clock)
        case "extend", clock, tier:
            until = (at + timedelta(days=40)).date() if tier == "promised" else None
            extend(case, tier, at, clock, promised_on=until)
        case "announce", letter, round:
            if (letter, round) not in case.letters:
                send_letter(case, letter, now=at, round=round)
        case "state", name, revoked:
            state(case, *([] if revoked else [name]), at=at, revoked=[name] if revoked else [])
        case "note", event, days_ago:
            note(case, event, max(at - timedelta(days=days_ago), MONDAY), at=at)
        case "record", act, _:
            case.record(act, at, "li.wei")


def dues(case):
    return {name: clock.due_at for name, clock in case.clocks.items() if not clock.is_over}


@given(MOVES)
def test_whatever_is_done_to_its_clocks_the_ledger_tells_it_and_no_limit_moves_earlier(moves):
    case, now = a_case_under_two(category=None), MONDAY

    for minutes, swept, move in moves:
        now += timedelta(minutes=minutes)
        if swept:
            sweep(case, now)
            assert all(clock.next_at is None or clock.next_at > now for clock in case.clocks.values())
        before, happened = dues(case), len(case.new)
        try:
            do(case, move, now)
        except ComplaintError:
            assert len(case.new) == happened or move[0] == "announce"
        if move[0] in ("pause", "resume", "extend", "announce"):
            after = dues(case)
            assert all(after[name] >= was for name, was in before.items() if name in after)
        if move[0] == "pause":
            assert {name: after[name] for name in before} == before

    again = replayed(case)
    assert again == case
    assert {one.by for one in case.new if isinstance(one.act, acts.ClockStarted)} <= {SYSTEM}
    assert sorted(again.clocks) == sorted(case.clocks)


@given(MOVES)
def test_the_acts_on_a_clock_are_in_the_order_of_their_time(moves):
    case, now = a_case_under_two(category="payment"), MONDAY
    for minutes, _, move in moves:
        now += timedelta(minutes=minutes)
        try:
            do(case, move, now)
        except ComplaintError:
            continue
        sweep(case, now)

    for clock in [*case.clocks.values(), *(past for _, past in case.past_clocks)]:
        assert [one.at for one in clock.history] == sorted(one.at for one in clock.history)


def test_sending_a_letter_starts_the_window_that_its_regime_counts_from_it():
    case = a_case_under(load_pack("uk-disp"))
    for act in (acts.LetterPrepared, acts.LetterSent):
        case.record(an_act(act, letter="summary_resolution", round=1), MONDAY)

    assert case.clocks["ombudsman-after-summary"].due_at > MONDAY + timedelta(days=180)
