"""The tables of a summary: what stands in each column, and what is made of it."""

from decimal import Decimal

import pytest

from complaints.reporting.contents import PARTS, Contents, change, number, share
from complaints.reporting.figures import Figures
from tests.complaints.reporting.rich import rich_figures
from tests.complaints.reporting.rows import a_closed_row, a_row, figures_of, on, paid


def contents_of(figures: Figures, language: str = "zh-CN") -> Contents:
    return Contents(figures, language, lambda figure: None)


def rows_of(figures: Figures, section: str) -> dict[str, list[str]]:
    shown = contents_of(figures).shown(section)
    rows = [*shown.rows, *([shown.total] if shown.total else [])]
    return {row.label: [str(cell) for cell in row.cells] for row in rows}


def test_every_section_of_the_figures_has_its_table() -> None:
    assert set(PARTS) >= set(figures_of(a_row()).sections)


@pytest.mark.parametrize("period", ["2026-03", "2026-Q1", "2025"])
def test_a_table_has_a_cell_for_every_head_and_the_totals_add_up(period: str) -> None:
    figures = rich_figures(period)
    contents = contents_of(figures)

    for section in PARTS.keys() & figures.sections.keys():
        shown = contents.shown(section)
        for row in (*shown.rows, shown.total):
            assert row is None or len(row.cells) == len(shown.heads) - 1
        if shown.total is not None:
            first = PARTS[section].columns[0]
            assert int(str(shown.total.cells[0]).replace(",", "")) == figures.sections[section][first.measure].sum()


def test_rows_beyond_the_most_are_one() -> None:
    figures = figures_of(*(a_row(product=f"产品{n:02}") for n in range(40) for _ in range(60 - n)))
    shown = contents_of(figures).shown("product")

    assert len(shown.rows) == 26
    assert shown.rows[-1].label == "其余15项"
    assert shown.rows[-1].cells[0] == number(sum(60 - n for n in range(25, 40)))
    assert shown.total is not None
    assert shown.total.cells[0] == number(sum(60 - n for n in range(40)))


def test_decisions_have_a_rate_of_those_upheld_also_in_part() -> None:
    outcomes = ["upheld"] * 3 + ["partly_upheld"] * 2 + ["not_upheld"] * 5
    figures = figures_of(*(a_closed_row(outcome=one) for one in outcomes))

    assert rows_of(figures, "upheld") == {"定价收费": ["3", "2", "5", "50.0%"], "合计": ["3", "2", "5", "50.0%"]}


def test_limits_have_a_rate_of_those_kept() -> None:
    figures = figures_of(*(a_closed_row(late=late) for late in (True, False, False, False)))

    assert rows_of(figures, "timeliness")["投诉"] == ["3", "1", "75.0%"]


def test_money_stands_by_currency_beside_that_of_earlier_periods_and_is_never_added_up() -> None:
    earlier = paid("3.20", "CNY", "2026-02-06", answered_at=on(2, 3), closed_at=on(2, 9), received_at=on(2, 1))
    figures = figures_of(paid("1234567.80", "CNY"), paid("10.00", "USD"), earlier)

    assert rows_of(figures, "redress") == {
        "人民币": ["1", "1,234,567.80", "3.20", "0"],
        "美元": ["1", "10.00", "0", "0"],
    }


def test_months_are_compared_by_their_place() -> None:
    quarter = [a_row(received_at=on(month, 5)) for month in (1, 1, 2)]
    before = [a_row(received_at=on(10, 5, year=2025)), a_row(received_at=on(12, 5, year=2025))]
    table = rows_of(figures_of(*quarter, *before, period="2026-Q1"), "dimension_time")

    assert table["2026年1月"] == ["2", "2", "+100.0%", "—", "2"]
    assert table["2026年2月"] == ["1", "1", "—", "—", "1"]
    assert table["2026年3月"] == ["0", "0", "−100.0%", "—", "0"]
    assert table["合计"] == ["3", "3", "+50.0%", "—", "3"]


def test_the_weeks_of_a_month_are_not_compared() -> None:
    table = rows_of(figures_of(a_row(received_at=on(3, 1)), a_row(received_at=on(3, 31))), "dimension_time")

    assert table["3月1日"] == ["1", "1", "1"]
    assert table["3月30日—31日"] == ["1", "1", "1"]
    assert table["3月2日—8日"] == ["0", "0", "0"]


def test_what_nothing_can_be_said_of_is_a_dash() -> None:
    assert rows_of(figures_of(a_row()), "durations") == {
        "接收至答复": ["0", "—", "—", "—", "—"],
        "接收至结案": ["0", "—", "—", "—", "—"],
    }


def test_a_total_is_linked_to_the_figure_that_it_is() -> None:
    contents = Contents(figures_of(a_row(), a_row(channel="post")), "zh-CN", lambda figure: f"x:{figure}")
    total = contents.shown("channel").total

    assert total is not None
    assert total.cells[0] == '<a href="x:totals.matters.cases">2</a>'
    assert total.cells[2] == '<a href="x:totals.complaints.cases">2</a>'


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (1234567890, "1,234,567,890"), (Decimal("1234.50"), "1,234.50"), (Decimal("8.7"), "8.7"), (None, "—")],
)
def test_numbers_are_shown_in_threes(value: int | Decimal | None, shown: str) -> None:
    assert number(value) == shown


@pytest.mark.parametrize(
    ("part", "whole", "shown"), [(1, 3, "33.3%"), (2, 3, "66.7%"), (1, 8, "12.5%"), (1, 2000, "0.1%"), (0, 0, "—")]
)
def test_shares_are_rounded_half_up_to_one_decimal(part: int, whole: int, shown: str) -> None:
    assert share(part, whole) == shown


@pytest.mark.parametrize(
    ("now", "before", "shown"),
    [
        (3, 2, "+50.0%"),
        (1, 2, "−50.0%"),
        (2, 2, "持平"),
        (0, 0, "—"),
        (5, 0, "—"),
        (0, 5, "−100.0%"),
        (10_001, 10_000, "+0.0%"),
        (9_999, 10_000, "−0.0%"),
    ],
)
def test_a_change_is_told_in_per_cent_of_what_was_before(now: int, before: int, shown: str) -> None:
    assert change(now, before, "zh-CN") == shown
