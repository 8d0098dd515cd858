from collections import Counter
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from complaints.alerts import (
    MOST_LINES,
    Board,
    Count,
    Digest,
    Limit,
    News,
    board_note,
    board_table,
    message,
)
from complaints.answers import Question
from complaints.regimes.model import Role
from complaints.words import Stage, Title
from tests.builders import MONDAY, REFERENCE, SHANGHAI

DUE = MONDAY.replace(day=18, hour=0)
LINK = "https://prefect.example/runs/flow-run/4c1d0a52-6f1c-4f0e-9a43-0d5a9a3c2f11"


def a_limit(**changes):
    """The decision of a case under investigation."""
    values = {
        "reference": REFERENCE,
        "clock": "decision",
        "title": Title(zh="投诉处理决定", en="decision"),
        "regime": "cn-nfra",
        "article": Title(zh="第十八条", en="art. 18"),
        "due_at": DUE,
        "zone": SHANGHAI,
        "stage": Stage.UNDER_INVESTIGATION,
        "asks": Question.FINDING,
    }
    return Limit(**values | changes)


def a_digest(*lines, role=Role.HANDLER, **counts):
    """News of limits for a role."""
    counted = Counter({News(name): number for name, number in counts.items()}) or Counter(news for news, _ in lines)
    return Digest(role, counted, lines)


# --- what is left -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (timedelta(days=2, hours=3, minutes=59), "剩 2 天 3 小时 · 2 d 3 h left"),
        (timedelta(minutes=1), "剩 0 天 0 小时 · 0 d 0 h left"),
        (timedelta(), "超期 0 天 0 小时 · 0 d 0 h late"),
        (timedelta(days=-1, hours=-1), "超期 1 天 1 小时 · 1 d 1 h late"),
    ],
)
def test_a_limit_tells_what_is_left_or_how_late_it_is(before, expected):
    assert a_limit().left(DUE - before).both == expected


def test_a_limit_that_ends_with_a_day_is_due_at_24_00_of_it_in_its_own_zone():
    assert a_limit().due == "2026-03-17 24:00"
    assert a_limit(zone=ZoneInfo("UTC")).due == "2026-03-17 16:00"


# --- messages -----------------------------------------------------------------------------------


def test_a_message_says_whom_it_is_for_what_there_is_and_where_to_look():
    digest = a_digest((News.LATE, a_limit()), late=1)

    told = message(digest, "zh-CN", DUE + timedelta(hours=9), {REFERENCE: LINK}, "https://prefect.example/board")

    assert told.title == "投诉时限提醒（经办人）：已超期 1 项"
    assert told.text.splitlines() == [
        f"{REFERENCE} 投诉处理决定（第十八条）已超期，2026-03-17 24:00 到期，超期 0 天 9 小时",
        f"  {LINK}",
        "时限看板：https://prefect.example/board",
    ]


def test_a_message_in_english():
    digest = a_digest((News.NEAR, a_limit()), (News.RESUMED, a_limit()), role=Role.HEAD_OF_COMPLAINTS)

    told = message(digest, "en", DUE - timedelta(days=1))

    assert told.title == "Complaint deadlines (head of complaint handling): coming up 1, running again 1"
    assert told.text.splitlines() == [
        f"{REFERENCE} decision (art. 18) coming up, due 2026-03-17 24:00, 1 d 0 h left",
        f"{REFERENCE} decision (art. 18) running again, due 2026-03-17 24:00, 1 d 0 h left",
    ]


def test_what_is_not_named_is_counted():
    digest = a_digest((News.LATE, a_limit()), late=40, near=3)

    assert message(digest, "zh-CN", DUE).text.splitlines()[-1] == "另有 42 项"
    assert message(digest, "en", DUE).text.splitlines()[-1] == "42 more"


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_a_message_is_short_enough_for_every_service(language):
    long = Title(zh="很长的时限名称" * 8, en="a very long name of a limit " * 8)
    digest = a_digest(*[(News.LATE, a_limit(title=long))] * MOST_LINES, late=5000)

    told = message(digest, language, DUE, {REFERENCE: LINK}, "https://prefect.example/board")

    assert len(told.text.encode()) <= 1900
    assert told.text.count(REFERENCE) >= 1
    named = told.text.count(REFERENCE)
    assert f"{5000 - named}" in told.text.splitlines()[-2]


# --- the board ----------------------------------------------------------------------------------


def a_board(*limits, is_cut=False):
    ahead = {1: Count(2), 3: Count(5), 7: Count(10_000, is_least=True)}
    return Board(DUE - timedelta(days=1), limits, Count(1), ahead, is_cut)


def test_the_board_has_a_row_a_limit_in_both_languages_and_links_to_the_run():
    assert board_table(a_board(a_limit()), {REFERENCE: LINK}) == [
        {
            "案件 · case": f"[{REFERENCE}]({LINK})",
            "时限 · limit": "投诉处理决定 · decision",
            "依据 · rule": "cn-nfra 第十八条 · art. 18",
            "到期 · due": "2026-03-17 24:00",
            "剩余 · left": "剩 1 天 0 小时 · 1 d 0 h left",
            "阶段 · stage": "调查中 · under investigation",
            "待办 · waits for": "调查结论 · finding",
        }
    ]


def test_a_case_without_a_run_or_a_question_has_neither_link_nor_errand():
    (row,) = board_table(a_board(a_limit(asks=None)), {})

    assert row["案件 · case"] == REFERENCE
    assert row["待办 · waits for"] == "—"


@pytest.mark.parametrize("question", Question)
def test_every_question_has_words_for_the_board(question):
    assert a_limit(asks=question).waits_for.zh != "—"


def test_above_the_board_stand_the_counts_and_whether_it_is_cut():
    note = board_note(a_board(a_limit()))
    assert note == (
        "**1** 已超期 late · **2** 24 小时内到期 due within 24 h · **5** 3 天内到期 due within 3 d"
        " · **10,000+** 7 天内到期 due within 7 d"
    )

    cut = board_note(a_board(a_limit(), is_cut=True))
    assert cut == f"{note}\n\n仅列出最紧急的 1 项。 Only the 1 most urgent are listed."


def test_a_sum_with_an_open_end_has_an_open_end():
    assert Count(2) + Count(3) == Count(5)
    assert str(Count(2) + Count(3, is_least=True)) == "5+"
