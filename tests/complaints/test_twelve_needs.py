"""What the rule model must be able to express, one test per need: each with a pack, and a case or what is asked of it.

Where the packaged packs do not show it whole, a small overlay does.
"""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from complaints import acts, holds, timekeeping
from complaints.case import Case
from complaints.contacts.attempts import ContactAttempt
from complaints.contacts.checking import check
from complaints.errors.clocks import ExtensionRefused, ExtensionWithoutApproval
from complaints.errors.letters import LetterIncomplete
from complaints.letters import render_letter
from complaints.reception import receive
from complaints.regimes.due_dates import report_due_on
from complaints.regimes.model import Pack
from complaints.regimes.rulebook import load_pack, packaged_rulebook
from complaints.retention import retention_of
from complaints.settings import Firm
from complaints.words import LANGUAGES, Channel, Closure, ReopenReason, Stage
from tests.builders import (
    MONDAY,
    REFERENCE,
    a_case_under,
    a_complaint,
    a_pack,
    advance,
    an_act,
    send_letter,
    sweep,
)

LONDON, NEW_YORK = ZoneInfo("Europe/London"), ZoneInfo("America/New_York")
RULES = packaged_rulebook()


def day(number, hour=9):
    """A moment of the day that lies so many days after the receipt on Monday, 2 March 2026, in Shanghai."""
    return MONDAY.replace(hour=hour) + timedelta(days=number)


def due_on(case, clock):
    """The last day that is in time, in the zone of the clock's regime."""
    _, pack = timekeeping.rule_of(case, clock)
    return (case.clocks[clock].due_at - timedelta(microseconds=1)).astimezone(pack.tz).date()


def last_days(case):
    return {name: due_on(case, name) for name in case.clocks}


def test_1_several_clocks_run_on_one_case_each_with_its_own_trigger_and_unit():
    """A complaint about a payment: the regulator's portal, and the statute on payment errors."""
    received = datetime(2026, 3, 2, 9, 0, tzinfo=NEW_YORK)
    portal = received - timedelta(days=3)

    case = a_case_under(
        load_pack("us-cfpb"),
        load_pack("us-reg-e"),
        now=received,
        category="payment",
        events={"sent_to_portal": portal},
    )

    decision, statute = case.clocks["decision"], case.clocks["us-reg-e/determination"]
    assert (decision.started.unit, decision.started_at) == ("calendar_days", portal)
    assert (statute.started.unit, statute.started_at) == ("working_days", received)
    assert (due_on(case, "decision"), due_on(case, "us-reg-e/determination")) == (date(2026, 3, 14), date(2026, 3, 16))
    assert case.answer_clock is decision


def test_1_each_regime_counts_by_its_own_calendar():
    """A payment firm in London and on the continent: 1 May is a holiday of one, 4 May of the other."""
    received = datetime(2026, 4, 10, 9, 0, tzinfo=LONDON)

    case = a_case_under(load_pack("uk-disp"), load_pack("eu-base"), now=received, circumstances=["payment_service"])

    by_calendar = {
        clock.schedule.calendar: due_on(case, name)
        for name, clock in case.clocks.items()
        if name.endswith("decision-payment")
    }
    assert by_calendar == {"england-and-wales": date(2026, 5, 1), "target": date(2026, 5, 4)}


def test_2_what_starts_a_clock_differs_by_the_channel():
    """Received by the firm; forwarded by a regulator; sent to a portal; asked for in writing."""
    own, forwarded = (
        a_case_under(load_pack("cn-nfra"), load_pack("cn-pbc"), channel=channel)
        for channel in (Channel.WEB, Channel.REGULATOR)
    )
    assert "cn-pbc/reply" not in own.clocks
    assert forwarded.clocks["cn-pbc/reply"].started_at == MONDAY

    portal = a_case_under(load_pack("us-cfpb"), received_at=MONDAY, now=day(9))
    assert "decision" not in portal.clocks
    timekeeping.note(portal, "sent_to_portal", day(4), "li.wei", day(9))
    assert portal.clocks["decision"].started_at == day(4)

    oral = a_case_under(load_pack("us-reg-e"), circumstances=["confirmation_asked"])
    assert "written-confirmation" in oral.clocks
    timekeeping.note(oral, "confirmed_in_writing", day(3), "li.wei", day(3))
    assert oral.clocks["written-confirmation"].is_over


def test_3_a_limit_has_tiers_each_with_its_condition_its_approver_and_its_duty_to_tell():
    """15 days → 30 → 30 more (CN-NFRA 2020-3 art. 18)."""
    case = a_case_under(load_pack("cn-nfra"))
    assert due_on(case, "decision") == date(2026, 3, 17)

    def extend(tier, at, approver=None):
        timekeeping.extend(case, "decision", tier, "li.wei", at, reason="案情复杂。", approver=approver)

    with pytest.raises(ExtensionRefused, match="only for cases that are stated to be: complex"):
        extend("complex", day(1))
    timekeeping.state(case, frozenset({"complex", "special_cause"}), frozenset(), "li.wei", day(1))
    extend("complex", day(2))
    assert due_on(case, "decision") == date(2026, 4, 1)

    with pytest.raises(ExtensionWithoutApproval, match="senior_management"):
        extend("special", day(20))
    extend("special", day(20), approver="zhang.hua")
    assert due_on(case, "decision") == date(2026, 4, 1)
    send_letter(case, "extension_notice", now=day(21))
    assert due_on(case, "decision") == date(2026, 5, 1)


def test_4_time_is_left_out_the_period_runs_again_cases_merge_and_a_withdrawal_ends():
    """CN-NFRA 2020-3 art. 15 and 18."""
    cases = [a_case_under(load_pack("cn-nfra")) for _ in range(4)]
    appraised, restarted, merged, withdrawn = cases

    timekeeping.pause(appraised, "decision", "appraisal", "li.wei", day(3), proof="JD-2026-18")
    timekeeping.resume(appraised, "decision", "li.wei", day(9))
    timekeeping.note(restarted, "new_facts", day(10), "li.wei", day(10))
    merged.record(acts.Closed(closure=Closure.MERGED), day(2))
    withdrawn.withdraw("li.wei", day(2, 18))

    assert due_on(appraised, "decision") == date(2026, 3, 23)
    assert due_on(restarted, "decision") == date(2026, 3, 27)
    for case in (merged, withdrawn):
        assert all(clock.is_over for clock in case.clocks.values())
        assert sweep(case, day(90)) == []
    assert withdrawn.closed_at.date() == day(2).date()


@pytest.mark.parametrize(
    ("circumstances", "last"),
    [([], date(2024, 3, 28)), (["motor_finance_dca"], date(2026, 7, 26))],  # eight weeks, from 1 June 2026
)
def test_5_a_whole_class_of_complaints_stands_still_between_two_dates(circumstances, last):
    """Motor-finance commission complaints in the United Kingdom (DISP App 5.2.1R)."""
    received = datetime(2024, 2, 1, 10, 0, tzinfo=LONDON)

    case = a_case_under(load_pack("uk-disp"), now=received, circumstances=circumstances)

    assert due_on(case, "decision") == last


def test_6_another_way_replaces_a_duty_where_it_is_taken_in_time_and_nothing_forbids_it():
    """Settled by the third business day: a summary letter; by the fifth: none, unless somebody wants one."""
    british = a_case_under(load_pack("uk-disp"), now=datetime(2026, 3, 2, 9, 0, tzinfo=LONDON))
    australian, on_hardship = (
        a_case_under(load_pack("au-rg271"), circumstances=circumstances) for circumstances in ([], ["hardship"])
    )

    for case in (british, australian, on_hardship):
        timekeeping.note(case, "resolved", day(3), "li.wei", day(3))

    assert (british.clocks["decision"].ended, british.outcome_letter) == (
        "path:summary-resolution",
        "summary_resolution",
    )
    assert (australian.clocks["decision"].ended, australian.outcome_letter) == ("path:closed-early", "")
    assert (on_hardship.clocks["decision"].ended, on_hardship.outcome_letter) == (None, None)


def test_7_a_second_level_looks_again_and_windows_to_other_bodies_are_known():
    """A review of a branch's result (CN-NFRA art. 20), and the way to an ombudsman."""
    chinese = a_case_under(load_pack("cn-nfra"), circumstances=["branch_result"])
    advance(chinese, Stage.CLOSED, now=day(5))
    timekeeping.note(chinese, "review_requested", day(20), "li.wei", day(20))
    assert (due_on(chinese, "review-request"), due_on(chinese, "review")) == (date(2026, 4, 6), date(2026, 4, 21))

    chinese.record(acts.Reopened(reason=ReopenReason.REVIEW), day(30), "li.wei")
    assert (chinese.stage, chinese.clocks["decision"].started.round) == (Stage.UNDER_INVESTIGATION, 2)

    for regime, window, last in (
        ("uk-disp", "ombudsman-referral", date(2026, 9, 7)),  # six months
        ("in-rbi", "ombudsman", date(2027, 3, 7)),  # a year
    ):
        case = a_case_under(load_pack(regime))
        advance(case, Stage.ANSWERED, now=day(5))
        assert (case.clocks[window].nature, due_on(case, window)) == ("window", last)


STRICTER_LETTER = """
valid_from = 2026-07-01

[[letters]]
name = "decision"
elements = ["verified", "outcome", "appeal_form"]
"""


@pytest.mark.parametrize("language", LANGUAGES)
def test_8_a_letter_is_a_list_of_elements_checked_in_every_version_and_language(language):
    whole, stricter = (
        a_case_under(pack, language=language) for pack in (load_pack("cn-nfra"), a_pack(STRICTER_LETTER))
    )
    for case in (whole, stricter):
        advance(case, Stage.DECIDED)

    rendered = render_letter(whole, "decision", Firm(), MONDAY)
    with pytest.raises(LetterIncomplete, match="lacks appeal_form"):
        render_letter(stricter, "decision", Firm(), MONDAY)

    for element in whole.pack.letter("decision").elements:
        assert f'data-element="{element}"' in rendered.html


def a_version(version, valid_from, budget, *, open_cases):
    text = f"""
valid_from = {valid_from}
transition = {{ open_cases = {str(open_cases).lower()} }}

[[clocks]]
name = "decision"
budget = {budget}
"""
    return a_pack(text, version=version)


@pytest.mark.parametrize(
    ("received_at", "version"),
    [
        (datetime(2026, 6, 30, 23, 59, tzinfo=ZoneInfo("Asia/Kolkata")), "2021"),
        (datetime(2026, 7, 1, 0, 0, tzinfo=ZoneInfo("Asia/Kolkata")), "2026"),
    ],
)
def test_9_the_day_of_receipt_chooses_the_version(received_at, version):
    pack, _ = RULES.choose("in-rbi", (), received_at)

    case = receive(REFERENCE, pack, a_complaint(received_at=received_at), "crm", received_at, rules=RULES)

    assert case.facts.regime_version == pack.version == version


@pytest.mark.parametrize(("open_cases", "last"), [(False, date(2026, 3, 17)), (True, date(2026, 3, 12))])
def test_9_a_new_version_applies_to_open_cases_where_its_transition_rule_says_so(open_cases, last):
    old, new = (
        a_version("1", "2020-03-01", 15, open_cases=False),
        a_version("2", "2026-03-05", 10, open_cases=open_cases),
    )
    case = a_case_under(old)
    rules = case.rules.with_packs([new])
    assert rules.in_force("test-firm", case.facts.received_at).version == "1"
    assert rules.in_force("test-firm", day(10)).version == "2"

    later = Case.replay(REFERENCE, old, case.new, rules)
    if new.transition.open_cases:
        later.record(acts.RegimeAdopted(regime=new.name, version=new.version), day(4))
        for move in list(timekeeping.moves(later, "regime test-firm 2", day(4))):
            until = acts.ClockRecomputed(clock=move.clock, cause=move.cause, until=move.until)
            later.record(until, day(4))

    assert due_on(later, "decision") == last


def test_10_a_report_has_a_period_a_due_rule_a_level_what_counts_once_a_nil_return_and_a_threshold():
    british = {rule.name: rule for rule in load_pack("uk-disp").reports}
    (australian,) = load_pack("au-rg271").reports
    thirty = next(rule for rule in british.values() if rule.period == "half_year" and rule.due_budget == 30)
    new = next(rule for rule in british.values() if rule.periods_from)

    assert report_due_on(thirty, date(2026, 6, 30), RULES.calendar("england-and-wales")) == date(2026, 8, 11)
    assert report_due_on(australian, date(2026, 6, 30), RULES.calendar("au-national")) == date(2026, 8, 31)
    assert report_due_on(australian, date(2027, 12, 31), RULES.calendar("au-national")) == date(2028, 2, 29)
    assert report_due_on(thirty, date(2027, 6, 30), RULES.calendar("england-and-wales")) is None  # replaced by then
    assert (thirty.publish_from, new.level, new.nil, australian.nil) == (500, "legal_entity", True, True)
    assert "one row per complaint" in australian.dedupe.en


@pytest.mark.parametrize(
    ("packs", "circumstances", "until", "rule"),
    [
        (("uk-disp",), [], date(2029, 3, 2), "complaint-records"),
        (("uk-disp",), ["ucits_management"], date(2031, 3, 2), "ucits-records"),  # the longer one
        (("cn-nfra", "cn-pbc"), [], date(2031, 3, 12), "case-files"),  # five years from closing against three
        (("cn-nfra", "cn-credit"), [], date(2036, 3, 12), "credit-complaints"),
    ],
)
def test_11_of_several_retention_rules_the_longest_wins(packs, circumstances, until, rule):
    lead, *further = map(load_pack, packs)
    case = a_case_under(
        lead, *further, circumstances=circumstances, channel=Channel.REGULATOR, category="credit_report"
    )
    assert retention_of(case).ends_at is None  # an open case is kept
    advance(case, Stage.CLOSED, now=day(10), instead=[an_act(acts.Assessed, category="credit_report")])

    kept = retention_of(case).leading

    assert (kept.until, kept.rule.name) == (until, rule)
    holds.place(case, "上海金融法院", "（2026）沪74民初1号", "li.wei", day(20))
    with pytest.raises(holds.HoldStands):
        retention_of(case).refuse(day(40_000))


def a_call(place, at, zone, **changes):
    values = {
        "id": f"c{place}",
        "at": at.replace(tzinfo=ZoneInfo(zone)).isoformat(),
        "by": "firm",
        "debt": "loan-1",
        "person": "p1",
        "number": "n1",
        "zones": zone,
        "medium": "call",
        "outcome": "unanswered",
    }
    return ContactAttempt.model_validate(values | changes)


def broken(pack: Pack, log):
    return {(one.rule, one.record) for one in check(pack.contacts, log)}


def test_12_contacts_are_counted_by_local_time_window_debt_person_number_and_outcome_across_agencies():
    china, usa = load_pack("cn-collections"), load_pack("us-reg-f")
    monday = datetime(2026, 3, 2, 10, 0)  # noqa: DTZ001 - local, in the zone of each call
    shanghai, new_york, los_angeles = "Asia/Shanghai", "America/New_York", "America/Los_Angeles"

    # the debtor's own evening, not the collector's
    assert broken(usa, [a_call(1, monday.replace(hour=7), los_angeles)]) == {("inconvenient-hours", "c1")}
    assert broken(usa, [a_call(1, monday.replace(hour=10), new_york)]) == set()

    # a calendar day: the fourth answered call to a person, by the firm and its agency together
    answered = [
        a_call(n, monday + timedelta(hours=n), shanghai, outcome="answered", by="firm" if n % 2 else "agency")
        for n in range(1, 5)
    ]
    assert ("answered-calls", "c4") in broken(china, answered)
    assert broken(china, answered[:3]) == set()

    # attempts are counted by number: the seventh in vain
    in_vain = [a_call(n, monday + timedelta(minutes=n), shanghai) for n in range(1, 7)]
    again = monday + timedelta(minutes=7)
    assert broken(china, [*in_vain, a_call(7, again, shanghai)]) == {("unanswered-attempts", "c7")}
    assert broken(china, [*in_vain, a_call(7, again, shanghai, number="n2")]) == set()

    # a rolling week: the eighth connected call about one debt; another debt is counted by itself
    week = [a_call(n, monday + timedelta(hours=n, days=n), new_york) for n in range(7)]
    again = monday + timedelta(days=6, hours=9)
    assert broken(usa, [*week, a_call(8, again, new_york)]) == {("seven-calls-in-seven-days", "c8")}
    assert broken(usa, [*week, a_call(8, again, new_york, debt="loan-2")]) == set()
    assert broken(usa, [*week, a_call(8, again + timedelta(days=1), new_york)]) == set()

    # consent excuses
    at_night = a_call(1, monday.replace(hour=22, minute=30), new_york, consent_at="2026-03-01T12:00:00-05:00")
    assert broken(usa, [at_night]) == set()
