"""The difference between two versions as a page: what people are told of it, in both languages."""

from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

from complaints.regimes.rulebook import load_pack
from complaints.reporting.difference_page import MOST_ROWS, difference_page
from complaints.reporting.versions import Edition, State, Version
from complaints.settings import Firm
from tests.builders import REGIME

COLUMNS = ["span", "section", "code", "measure", "before", "after", "added", "removed"]
ROW = ("period", "channel", "web", "received", "1", "2", ("TS260302-7K3M9QX",), ())


def a_version(number: int, as_at: datetime) -> Version:
    edition = Edition(version=number, as_at=as_at, pack="1", firm=Firm(), pages="", remarks={}, made_with={}, files={})
    return Version(REGIME, "2026-03", edition, State.PREPARED, "li.wei", as_at)


def page(rows: list[tuple[Any, ...]], language: str) -> str:
    earlier, later = (a_version(number, datetime(2026, 4, number, 9, tzinfo=UTC)) for number in (1, 2))
    changed = pd.DataFrame(rows, columns=COLUMNS, dtype="object")
    return " ".join(difference_page(earlier, later, changed, load_pack(REGIME), language).split())


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "zh-CN",
            ("第1版，台账时点 2026-04-01 17:00:00（北京时间）", "两个版本之间有1项数据变动", "接收渠道 · 网页 · 接收"),
        ),
        ("en", ("version 1, ledger as at 2026-04-01 17:00:00", "between the two versions: 1.", "Channel · Web form")),
    ],
)
def test_a_page_says_between_what_and_how_much_has_changed(language: str, said: tuple[str, ...]) -> None:
    shown = page([ROW], language)

    for words in said:
        assert words in shown
    assert "TS260302-7K3M9QX" in shown
    assert "difference.csv" not in shown  # all of it is on the page


@pytest.mark.parametrize(
    ("language", "said"),
    [("zh-CN", "另有 3 项数据有变动，见 difference.csv"), ("en", "that differ: 3; see difference.csv")],
)
def test_a_page_says_how_much_has_no_room_on_it(language: str, said: str) -> None:
    assert said in page([ROW] * (MOST_ROWS + 3), language)


@pytest.mark.parametrize(
    ("language", "said"),
    [("zh-CN", "两个版本的各项数据相同。"), ("en", "All figures of the two versions are the same.")],
)
def test_versions_that_say_the_same_are_told_so(language: str, said: str) -> None:
    shown = page([], language)

    assert said in shown
    assert "<thead>" not in shown
