import json
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints import acts, timekeeping
from complaints.calendars.files import read_calendar
from complaints.case import Case
from complaints.case_explanation import explain_case
from complaints.errors.base import ComplaintError
from complaints.sheet import case_sheet
from complaints.words import EN, LANGUAGES, ZH, BreachCause, Closure, ReopenReason, Stage
from tests.builders import (
    MONDAY,
    SHANGHAI,
    a_case_under,
    a_pack,
    a_regime,
    advance,
    an_act,
    send_letter,
    sweep,
)

FRIDAY = datetime(2026, 9, 25, 10, 0, tzinfo=SHANGHAI)
"""The day on which the mid-autumn holiday of 2026 begins; the national holiday follows on 1 October."""

SECRET = "林知夏与丈夫的病历"
IN_WORKING_DAYS = """
valid_from = 2020-03-01

[[clocks]]
name = "decision"
budget = 10
unit = "working_days"
"""


def explained(case, name="decision"):
    """How the clock of a case is explained; of several of that name, the last one."""
    return [one for one in explain_case(case) if one.name == name][-1]


def lines(case, language, name="decision"):
    return explained(case, name).lines(language)


def a_case_with_a_holiday_a_pause_and_an_extension():
    """Received before the national holiday, paused for an appraisal, and extended with a notice."""
    case = a_case_under(a_pack(IN_WORKING_DAYS), now=FRIDAY, circumstances=["complex", "special_cause"])
    timekeeping.pause(
        case, "decision", "appraisal", "li.wei", FRIDAY + timedelta(days=3), reason=SECRET, proof="JD-2026-18"
    )
    timekeeping.resume(case, "decision", "wang.fang", FRIDAY + timedelta(days=5))
    for tier in ("complex", "special"):
        at = FRIDAY + timedelta(days=6)
        timekeeping.extend(case, "decision", tier, "li.wei", at, reason=SECRET, approver="sun.lei")
    send_letter(case, "extension_notice", now=FRIDAY + timedelta(days=7))
    return case


# --- what it says -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (
            ZH,
            """\
处理决定  银行业保险业消费投诉处理管理办法 第十八条
  办理时限：计时中
  - 2026-09-25 10:00 起算（Asia/Shanghai）
  - 当日不计入，自次日起算
  - 计 10 个工作日：第 1 日 2026-09-30，第 10 日 2026-10-20
  - 不计 2 日（中秋节）：2026-09-26至2026-09-27
  - 不计 7 日（国庆节）：2026-10-01至2026-10-07
  - 不计 1 日（国庆节调休，本机构休息）：2026-10-10
  - 不计 3 日（周末）：2026-10-11、2026-10-17至2026-10-18
  - 中止 2026-09-28 10:00 至 2026-09-30 10:00，2 日不计入
  - 到期：2026-10-20 24:00
  · 2026-09-28 10:00 li.wei 中止计时：外部鉴定、检测、评估（第十八条），凭证 JD-2026-18
  · 2026-09-30 10:00 wang.fang 恢复计时，到期 2026-10-20 24:00""",
        ),
        (
            EN,
            """\
decision  Measures for handling consumer complaints in banking and insurance art. 18
  time limit: running
  - starts 2026-09-25 10:00 (Asia/Shanghai)
  - the day of the start is not counted
  - 10 working days: day 1 is 2026-09-30, day 10 is 2026-10-20
  - 2 days left out (Mid-Autumn Festival): 2026-09-26 to 2026-09-27
  - 7 days left out (National Day): 2026-10-01 to 2026-10-07
  - 1 day left out (National Day: make-up day, the firm rests): 2026-10-10
  - 3 days left out (weekend): 2026-10-11, 2026-10-17 to 2026-10-18
  - stood still from 2026-09-28 10:00 to 2026-09-30 10:00: 2 days left out
  - due 2026-10-20 24:00
  · 2026-09-28 10:00 li.wei paused: external appraisal, testing or valuation (art. 18), document JD-2026-18
  · 2026-09-30 10:00 wang.fang goes on; due 2026-10-20 24:00""",
        ),
    ],
)
def test_every_day_left_out_is_named_with_its_holiday_and_every_act_with_its_author(language, text):
    case = a_case_under(a_pack(IN_WORKING_DAYS), now=FRIDAY)
    timekeeping.pause(case, "decision", "appraisal", "li.wei", FRIDAY + timedelta(days=3), proof="JD-2026-18")
    timekeeping.resume(case, "decision", "wang.fang", FRIDAY + timedelta(days=5))

    assert "\n".join(lines(case, language)) == text


def test_an_extension_is_shown_with_its_article_its_approver_and_when_it_began_to_count():
    events = [
        line.partition(" · ")[2] for line in lines(a_case_with_a_holiday_a_pause_and_an_extension(), EN) if "·" in line
    ]

    waits = "counts once the notice has gone out"
    special = f"specially complex or another special cause: thirty days more (art. 18), {waits}"
    assert events[2:] == [
        "2026-10-01 10:00 li.wei extension approved: complex: thirty days in all (art. 18), approved by sun.lei",
        "2026-10-01 10:00 redress the extension counts; due 2026-11-17 24:00",  # thirty working days in all
        f"2026-10-01 10:00 li.wei extension approved: {special}, approved by sun.lei",
        "2026-10-02 10:00 redress the extension counts; due 2026-12-29 24:00",
    ]


def test_a_rule_that_was_not_verified_says_so_with_its_source():
    case = a_case_under(a_pack(), now=FRIDAY)

    assert "  * 待核实（L）：办法未规定受理告知时限" in "\n".join(lines(case, ZH, "acknowledgement"))
    assert "  * to verify (L): the measure of 2020 names no number" in "\n".join(lines(case, EN, "acknowledgement"))
    assert "to verify" not in "\n".join(lines(case, EN))


def test_a_pause_whose_rule_was_not_verified_says_so_too():
    pack = a_regime()
    doubtful = pack.clocks[0].pauses[1].model_copy(update={"confidence": "M"})
    decision = pack.clocks[0].model_copy(update={"pauses": (doubtful,)})
    case = a_case_under(pack.model_copy(update={"clocks": (decision,), "paths": ()}))

    timekeeping.pause(case, "decision", "materials", "li.wei", MONDAY)

    assert lines(case, EN)[-1].endswith("paused: waiting for materials (art. 2, to verify)")


@pytest.mark.parametrize(
    ("language", "line"),
    [
        (ZH, "  - 2026-03-10 至 2026-03-19 不计入：集体事项中止（第九条）"),
        (EN, "  - 2026-03-10 to 2026-03-19 left out: the class stands still (art. 9)"),
    ],
)
def test_what_is_left_out_for_a_class_is_named_with_its_rule(language, line):
    of_the_class, another = (
        a_case_under(a_regime(), circumstances=circumstances) for circumstances in (["class_action"], [])
    )

    assert line in lines(of_the_class, language)
    assert line not in lines(another, language)


def day(number):
    return MONDAY + timedelta(days=number)


HAPPENINGS = {
    "running": (lambda case: None, "计时中", "running"),
    "near": (lambda case: sweep(case, day(13)), "临近到期", "near"),
    "missed": (lambda case: sweep(case, day(17)), "超期", "missed"),
    "paused": (
        lambda case: timekeeping.pause(case, "decision", "materials", "li.wei", day(3)),
        "中止计时",
        "stands still",
    ),
    "done": (lambda case: advance(case, Stage.ANSWERED, now=day(3)), "按时完成", "done in time"),
    "done late": (lambda case: advance(case, Stage.ANSWERED, now=day(17)), "超期完成", "done late"),
    "replaced": (
        lambda case: timekeeping.note(case, "resolved", day(1), "li.wei", day(1)),
        "已不适用",
        "fell away",
    ),
}


@pytest.mark.parametrize(("happened", "zh", "en"), list(HAPPENINGS.values()), ids=list(HAPPENINGS))
def test_a_clock_says_where_it_stands(happened, zh, en):
    case = a_case_under(a_regime())

    happened(case)

    assert (explained(case).state.zh, explained(case).state.en) == (zh, en)


@pytest.mark.parametrize(
    ("happened", "clock", "zh", "en"),
    [
        (lambda case: sweep(case, day(4)), "informal", "已到期", "reached"),
        (lambda case: advance(case, Stage.ANSWERED, now=day(1)), "informal", "已结束", "over"),
        (lambda case: advance(case, Stage.FOLLOWED_UP, now=day(1)), "follow-up", "已结束", "over"),
    ],
)
def test_a_window_or_a_wait_is_neither_in_time_nor_late(happened, clock, zh, en):
    case = a_case_under(a_regime())

    happened(case)

    assert (explained(case, clock).state.zh, explained(case, clock).state.en) == (zh, en)


def reopened(case):
    advance(case, Stage.CLOSED, now=day(1))
    case.record(acts.Reopened(reason=ReopenReason.REVIEW), day(2), "li.wei")


def noted(case, event, at, clock_at=None):
    timekeeping.note(case, event, day(at), "li.wei", day(clock_at or at))


def explain_the_breach(case):
    sweep(case, day(17))
    timekeeping.explain_breach(case, "decision", BreachCause.STAFFING, "li.wei", day(17))


EVENTS = {
    "capped": (
        lambda case: (
            timekeeping.pause(case, "decision", "materials", "li.wei", day(3)),
            sweep(case, day(14)),
        ),
        "decision",
        ["中止达到上限，自动恢复，到期 2026-03-27 24:00", "goes on: the pause may be no longer; due 2026-03-27 24:00"],
    ),
    "approved": (
        lambda case: timekeeping.pause(case, "decision", "audit", "li.wei", day(3), approver="sun.lei"),
        "decision",
        ["中止计时：审计（第二条），审批人 sun.lei", "paused: audit (art. 2), approved by sun.lei"],
    ),
    "restarted": (
        lambda case: noted(case, "new_facts", 5),
        "decision",
        ["重新起算：新事实，到期 2026-03-22 24:00", "runs again: new facts; due 2026-03-22 24:00"],
    ),
    "warned": (
        lambda case: sweep(case, day(13)),
        "decision",
        ["临近到期（已用 80%），提醒经办人、主管", "near (80% used); told: handler, supervisor"],
    ),
    "missed": (lambda case: sweep(case, day(17)), "decision", ["超期，提醒主管", "missed; told: supervisor"]),
    "reminded": (
        lambda case: (sweep(case, day(17)), sweep(case, day(18))),
        "decision",
        ["仍未完成，提醒经办人", "still not done; told: handler"],
    ),
    "explained": (explain_the_breach, "decision", ["超期原因：人手不足", "missed because: too few hands"]),
    "noted later": (
        lambda case: (noted(case, "review_requested", 1), noted(case, "review_told", 5, clock_at=9)),
        "review",
        ["按时完成，完成于 2026-03-07 09:00", "done in time, on 2026-03-07 09:00"],
    ),
    "replaced": (
        lambda case: noted(case, "resolved", 1),
        "decision",
        ["由其他方式代替：快速解决", "replaced: settled early"],
    ),
    "withdrawn": (
        lambda case: (noted(case, "review_requested", 1), case.withdraw("li.wei", day(2))),
        "review",
        ["投诉人撤回，程序当日终结", "withdrawn: the procedure ends the same day"],
    ),
    "merged": (
        lambda case: (noted(case, "review_requested", 1), case.record(acts.Closed(closure=Closure.MERGED), day(2))),
        "review",
        ["已并案", "merged into an earlier case"],
    ),
    "no longer applies": (
        lambda case: (
            timekeeping.state(case, frozenset({"complex"}), frozenset(), "li.wei", day(1)),
            timekeeping.state(case, frozenset(), frozenset({"complex"}), "li.wei", day(2)),
        ),
        "report",
        ["不再适用于本案", "does not apply to this case any more"],
    ),
    "other circumstances": (
        lambda case: timekeeping.state(case, frozenset({"class_action"}), frozenset(), "li.wei", day(1)),
        "decision",
        ["重新计算（案件情形），到期 2026-03-27 24:00", "computed again (circumstances); due 2026-03-27 24:00"],
    ),
    "another severity": (
        lambda case: advance(case, Stage.ASSESSED, now=day(1), instead=[an_act(acts.Assessed, severity="major")]),
        "decision",
        ["重新计算（严重程度：重大），到期 2026-03-17 24:00", "computed again (severity: major); due 2026-03-17 24:00"],
    ),
}


@pytest.mark.parametrize(("happened", "clock", "words"), list(EVENTS.values()), ids=list(EVENTS))
def test_what_was_done_to_a_clock_is_said_in_both_languages(happened, clock, words):
    case = a_case_under(a_regime())

    happened(case)

    last = explained(case, clock).events[-1].what
    assert [last.zh, last.en] == words


def test_every_round_of_a_clock_is_explained_the_first_one_first():
    case = a_case_under(a_regime())

    reopened(case)

    found = [one for one in explain_case(case) if one.name == "decision"]
    assert [one.clock.started.round for one in found] == [1, 2]
    assert [one.lines(EN)[0] for one in found] == [
        "decision  test rules art. 1",
        "decision (round 2)  test rules art. 1",
    ]


def test_of_several_limits_the_one_that_leads_is_marked():
    strict = a_pack(IN_WORKING_DAYS, name="beside")
    alone, beside = a_case_under(a_regime()), a_case_under(a_regime(), strict)

    assert [one.name for one in explain_case(alone) if one.leads] == []
    assert [one.name for one in explain_case(beside) if one.leads] == ["beside/decision"]
    assert "【最严，以此为准】" in lines(beside, ZH, "beside/decision")[0]
    assert "[strictest: leads]" in lines(beside, EN, "beside/decision")[0]


def test_a_due_time_that_the_ledger_has_otherwise_stands_as_the_ledger_has_it():
    case = a_case_under(a_pack(IN_WORKING_DAYS), now=FRIDAY)
    file = 'name = "cn-finance"\nversion = "9"\nextends = "cn-finance"\noff = [[2026-09-28, "休", "off"]]'
    rules = case.rules.with_calendars([read_calendar(file, "off.toml")])
    later = Case.replay(case.reference, case.pack, case.new, rules)

    version = case.clocks["decision"].schedule.calendar_version
    assert lines(later, EN)[-1] == f"  - the ledger says 2026-10-16 24:00 (by calendar version {version}), which stands"
    assert explained(later).due == "2026-10-16 24:00"


# --- for programs -------------------------------------------------------------------------------


def test_programs_get_every_day_every_event_and_the_same_sentences():
    case = a_case_with_a_holiday_a_pause_and_an_extension()
    one = explained(case)

    told = json.loads(json.dumps(one.as_json()))

    assert (told["clock"], told["regime"], told["version"], told["round"]) == ("decision", "test-firm", "1", 1)
    assert (told["article"]["en"], told["confidence"], told["to_verify"]) == ("art. 18", "H", False)
    assert told["due_at"] == "2026-12-29T16:00:00+00:00"
    assert told["last_moment"] == "2026-12-29 24:00"
    assert [step["en"] for step in told["steps"]] == [step.en for step in one.steps]
    assert [event["by"] for event in told["events"]] == [
        *("li.wei", "wang.fang"),
        *("li.wei", "redress", "li.wei", "redress"),
    ]
    left_out = {str(day["on"]): day["left_out"]["en"] for day in told["days"] if "left_out" in day}
    assert left_out["2026-09-28"] == "the clock stood still"
    assert told["calendar"]["name"] == "cn-finance"


def test_every_clock_of_a_case_is_there_for_programs():
    case = a_case_under(a_regime(), circumstances=["complex"])

    assert [one.as_json()["clock"] for one in explain_case(case)] == ["decision", "report", "informal"]


# --- nothing personal ---------------------------------------------------------------------------


def test_why_somebody_asked_is_sealed_and_shown_nowhere():
    case = a_case_with_a_holiday_a_pause_and_an_extension()
    shown = [case_sheet(case, FRIDAY)]

    for one in explain_case(case):
        shown += [*one.lines(ZH), *one.lines(EN), json.dumps(one.as_json(), ensure_ascii=False)]

    assert [text for text in shown if SECRET in text or "林知夏" in text] == []
    for act in (acts.ClockPaused, acts.ExtensionGranted):
        assert act.personal == {"reason"}


def test_the_sheet_shows_how_each_limit_was_counted_in_both_languages():
    case = a_case_with_a_holiday_a_pause_and_an_extension()

    sheet = case_sheet(case, FRIDAY)

    for one in explain_case(case):
        for step in one.steps:
            assert step.both in sheet
        for event in one.events:
            assert f"{event.by}: {event.what.both}" in sheet


# --- whatever happens ---------------------------------------------------------------------------

ACTIONS = [
    lambda case, at: timekeeping.pause(case, "decision", "appraisal", "li.wei", at, proof="JD-1", reason=SECRET),
    lambda case, at: timekeeping.pause(case, "decision", "materials", "li.wei", at),
    lambda case, at: timekeeping.pause(case, "beside/decision", "appraisal", "li.wei", at, proof="JD-1"),
    lambda case, at: timekeeping.resume(case, "decision", "li.wei", at),
    lambda case, at: timekeeping.resume(case, "beside/decision", "li.wei", at),
    lambda case, at: timekeeping.extend(case, "decision", "complex", "li.wei", at, reason=SECRET),
    lambda case, at: timekeeping.extend(case, "decision", "special", "li.wei", at, reason=SECRET, approver="sun.lei"),
    lambda case, at: send_letter(case, "extension_notice", now=at, round=len(case.letters) + 1),
    lambda case, at: timekeeping.note(case, "new_facts", at, "li.wei", at),
    lambda case, at: timekeeping.note(case, "review_requested", at, "li.wei", at),
    lambda case, at: timekeeping.state(case, frozenset({"class_action"}), frozenset(), "li.wei", at),
    lambda case, at: timekeeping.state(case, frozenset({"complex"}), frozenset(), "li.wei", at),
    lambda case, at: sweep(case, at),
]


@given(st.lists(st.tuples(st.integers(0, 10 * 24 * 60), st.sampled_from(ACTIONS)), max_size=12))
def test_the_explanation_adds_up_to_what_the_ledger_says(happenings):
    case, now = a_case_under(a_regime(), a_pack(IN_WORKING_DAYS, name="beside")), MONDAY
    for minutes, action in happenings:
        now += timedelta(minutes=minutes)
        try:
            action(case, now)
        except ComplaintError:
            continue

    for one in explain_case(case):
        if not one.clock.is_over:
            assert one.explanation.due.at == one.clock.due_at
            assert any("stands still since" in step.en for step in one.steps) is one.clock.is_paused
        for language in LANGUAGES:
            assert not any("None" in line or SECRET in line for line in one.lines(language))
