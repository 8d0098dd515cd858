"""The commands about a case's time limits, as a handler and a compliance officer type them."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from complaints.words import Stage
from tests.builders import SHANGHAI, a_stored_case
from tests.deployments.conftest import Installation, Redress, refused

EXAMPLE = Path(__file__).parents[2] / "docs/examples/cn-firm.toml"
CHINESE = """\
初步答复  本机构投诉办理标准 本机构标准第三条
  办理时限：计时中
  - 2026-09-25 10:00 起算（Asia/Shanghai）
  - 当日不计入，自次日起算
  - 延期 5 个工作日
  - 计 15 个工作日：第 1 日 2026-09-30，第 15 日 2026-10-26
  - 其中调休上班 1 日（国庆节）：2026-10-10
  - 不计 2 日（中秋节）：2026-09-26至2026-09-27
  - 不计 7 日（国庆节）：2026-10-01至2026-10-07
  - 不计 5 日（周末）：2026-10-11、2026-10-17至2026-10-18、2026-10-24至2026-10-25
  - 中止 2026-09-28 15:00 至 2026-09-30 09:30，2 日不计入
  - 到期：2026-10-26 24:00
  · 2026-09-28 15:00 h.chen 中止计时：外部鉴定（本机构标准第四条），凭证 JD-2026-117
  · 2026-09-30 09:30 h.chen 恢复计时，到期 2026-10-19 24:00
  · 2026-10-09 11:00 h.chen 批准延期：延长五个工作日（本机构标准第三条），审批人 w.li
  · 2026-10-09 11:00 redress 延期生效，到期 2026-10-26 24:00
"""
ENGLISH = """\
first answer  the firm's own standard firm's own standard, rule 3
  time limit: running
  - starts 2026-09-25 10:00 (Asia/Shanghai)
  - the day of the start is not counted
  - extended by 5 working days
  - 15 working days: day 1 is 2026-09-30, day 15 is 2026-10-26
  - of these 1 make-up working day (National Day): 2026-10-10
  - 2 days left out (Mid-Autumn Festival): 2026-09-26 to 2026-09-27
  - 7 days left out (National Day): 2026-10-01 to 2026-10-07
  - 5 days left out (weekend): 2026-10-11, 2026-10-17 to 2026-10-18, 2026-10-24 to 2026-10-25
  - stood still from 2026-09-28 15:00 to 2026-09-30 09:30: 2 days left out
  - due 2026-10-26 24:00
  · 2026-09-28 15:00 h.chen paused: external appraisal (firm's own standard, rule 4), document JD-2026-117
  · 2026-09-30 09:30 h.chen goes on; due 2026-10-19 24:00
  · 2026-10-09 11:00 h.chen extension approved: five working days more (firm's own standard, rule 3), approved by w.li
  · 2026-10-09 11:00 redress the extension counts; due 2026-10-26 24:00
"""


@pytest.fixture
def story(redress: Redress, firm: Installation) -> str:
    """A case over the holidays of autumn 2026, paused for an appraisal, then extended."""

    def at(month: int, day: int, hour: int, minute: int = 0) -> datetime:
        return datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI)

    firm.store.make_demo(at(9, 25, 10))
    assert redress("regimes", "add", EXAMPLE, "--yes", "--by", "c.zhao").code == 0
    firm.set(REDRESS_REGIME="cn-firm")
    filed = redress("file", "--channel", "telephone", "--narrative", "账户服务费被扣了两次。", "--by", "h.chen")
    reference = filed.out.split()[0]
    firm.store.move_time(at(9, 28, 15))
    paused = redress("pause", reference, "answer", "appraisal", "--proof", "JD-2026-117", "--by", "h.chen")
    assert "after 2026-10-27 24:00" in paused.words
    firm.store.move_time(at(9, 30, 9, 30))
    assert redress("resume", reference, "answer", "--by", "h.chen").code == 0
    firm.store.move_time(at(10, 9, 11))
    more = ("--approver", "w.li", "--reason", "需调取录音", "--by", "h.chen")
    assert redress("extend", reference, "answer", "more", *more).code == 0
    return reference


@pytest.mark.parametrize(("language", "text"), [("zh-CN", CHINESE), ("en", ENGLISH)])
def test_a_case_with_a_holiday_week_a_pause_and_an_extension_is_explained(
    redress: Redress, story: str, language: str, text: str
) -> None:
    explained = redress("explain", story, "--lang", language)

    assert explained.code == 0
    assert text in explained.out
    assert "需调取录音" not in explained.out, "the words of the reason are sealed"


def test_programs_get_every_day_of_the_count(redress: Redress, story: str) -> None:
    explained = json.loads(redress("explain", story, "--json").out)

    answer = next(one for one in explained["clocks"] if one["clock"] == "answer")
    counted = [day["counted"] for day in answer["days"] if "counted" in day]
    assert counted == list(range(1, 16))
    assert answer["last_moment"] == "2026-10-26 24:00"
    assert answer["article"]["en"] == "firm's own standard, rule 3"
    assert {one["by"] for one in answer["events"]} == {"h.chen", "redress"}


def test_the_ledger_of_such_a_case_verifies(redress: Redress, story: str) -> None:
    assert "0 broken" in redress("verify", story).out


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("pause", "decision", "lunch"), "allowed is: appraisal"),
        (("pause", "decision", "appraisal"), "number of a document"),
        (("pause", "verdict", "appraisal"), "has no clock 'verdict'"),
        (("resume", "decision"), "does not stand still"),
        (("extend", "decision", "complex", "--reason", "x"), "stated to be: complex"),
        (("extend", "decision", "special", "--reason", "x"), "'complex' comes first"),
        (("state", "urgent"), "no regime of the case knows it"),
        (("note", "new_moon"), "no regime of the case knows 'new_moon'"),
        (("note", "new_facts", "--at", "2026-03-02T09:00"), "has no UTC offset"),
        (("breach", "decision", "staffing"), "was not missed"),
        (("reopen", "mistake"), "not allowed from there"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_the_rules_do_not_allow_is_refused_in_one_line(
    redress: Redress, firm: Installation, command: tuple[str, ...], said: str
) -> None:
    reference = a_stored_case(firm.store, Stage.UNDER_INVESTIGATION)
    name, *rest = command

    assert refused(redress(name, reference, *rest, "--by", "h.chen"), said)


def test_nobody_approves_their_own_extension(redress: Redress, firm: Installation) -> None:
    reference = a_stored_case(firm.store, Stage.UNDER_INVESTIGATION)
    redress("state", reference, "complex", "special_cause", "--by", "h.chen")
    redress("extend", reference, "decision", "complex", "--reason", "x", "--by", "h.chen")

    again = redress(
        "extend", reference, "decision", "special", "--reason", "x", "--approver", "h.chen", "--by", "h.chen"
    )

    assert refused(again, "senior_management", "another person")


def test_an_extension_that_must_be_told_says_that_it_does_not_count_yet(redress: Redress, firm: Installation) -> None:
    reference = a_stored_case(firm.store, Stage.UNDER_INVESTIGATION)
    redress("state", reference, "complex", "special_cause", "--by", "h.chen")
    redress("extend", reference, "decision", "complex", "--reason", "x", "--by", "h.chen")

    granted = redress(
        "extend", reference, "decision", "special", "--reason", "x", "--approver", "z.wang", "--by", "h.chen"
    )

    assert "counts once the letter 'extension_notice' has gone out" in granted.words


def test_a_circumstance_is_taken_back(redress: Redress, firm: Installation) -> None:
    reference = a_stored_case(firm.store, Stage.UNDER_INVESTIGATION)
    redress("state", reference, "complex", "special_cause", "--by", "h.chen")

    assert redress("state", reference, "!complex", "--by", "h.chen").out.startswith(
        f"Stated of {reference}: special_cause."
    )


def test_a_closed_case_is_taken_up_again(redress: Redress, firm: Installation) -> None:
    reference = a_stored_case(firm.store, Stage.CLOSED)

    assert redress("reopen", reference, "new_facts", "--by", "c.zhao").code == 0
    assert firm.store.read_case(reference).stage is Stage.UNDER_INVESTIGATION
