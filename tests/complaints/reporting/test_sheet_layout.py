"""How a sheet is laid out, read again."""

import io

import openpyxl
import pytest
import xlsxwriter
from openpyxl.worksheet.worksheet import Worksheet

from complaints.reporting.sheet_layout import lay_out, width_of


def laid_out(texts: list[list[str]], *, has_heads: bool = True) -> Worksheet:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        lay_out(book.add_worksheet("one"), texts, has_heads=has_heads)
    return openpyxl.load_workbook(content)["one"]


@pytest.mark.parametrize(("text", "wide"), [("", 0), ("abc", 3), ("投诉 a", 6), ("（一）", 6), ("abc\n投诉", 4)])
def test_a_chinese_character_is_as_wide_as_two_digits(text: str, wide: int) -> None:
    assert width_of(text) == wide


def test_a_column_is_as_wide_as_what_it_holds_up_to_a_bound_beyond_which_the_row_grows() -> None:
    sheet = laid_out([["项目", "内容"], ["管理制度、业务规则与流程", "字" * 100]])

    assert 2 * 12 <= sheet.column_dimensions["A"].width <= 2 * 12 + 3
    assert sheet.column_dimensions["B"].width == pytest.approx(60, abs=1)
    assert sheet.row_dimensions[2].height == 4 * 15
    assert sheet.row_dimensions[1].height is None


def test_a_long_head_is_wrapped_where_what_stands_below_is_short() -> None:
    sheet = laid_out([["Closed after 3 business days, within 8 weeks"], ["7"]])

    assert sheet.column_dimensions["A"].width == pytest.approx(20, abs=1)
    assert sheet.row_dimensions[1].height == 3 * 15


def test_heads_stay_in_sight_and_filter_and_a_sheet_without_them_does_not() -> None:
    with_heads, without = laid_out([["a"], ["1"]]), laid_out([["a", "b"]], has_heads=False)

    assert (with_heads.freeze_panes, with_heads.auto_filter.ref, with_heads.print_title_rows) == (
        "A2",
        "A1:A2",
        "$1:$1",
    )
    assert (without.freeze_panes, without.auto_filter.ref) == (None, None)
    assert with_heads.page_setup.fitToHeight == without.page_setup.fitToHeight == 0
