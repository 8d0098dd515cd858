"""The workbook, read again: the figures with their types, and nothing that calculates."""

import io
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from complaints.reporting.cover import Hand
from complaints.reporting.figures import Figures
from complaints.reporting.workbook import workbook
from tests.complaints.reporting.rich import a_cover, rich_figures
from tests.complaints.reporting.rows import a_row, figures_of, on, paid


def opened(figures: Figures, **cover: Any) -> dict[str, Worksheet]:
    book = openpyxl.load_workbook(io.BytesIO(workbook(figures, a_cover(**cover))))
    return {sheet.title: sheet for sheet in book}


def rows_of(sheet: Worksheet) -> list[dict[str, Any]]:
    heads, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(map(str, heads), row, strict=True)) for row in rows]


@pytest.mark.parametrize("period", ["2026-03", "2026-Q1", "2025"])
def test_every_figure_of_the_period_stands_in_the_workbook(period: str) -> None:
    figures = rich_figures(period)
    rows = [row for sheet in opened(figures).values() for row in rows_of(sheet) if "section" in row]
    found = {
        (row["section"], str(row["code"])[:10] if row["section"] == "dimension_time" else row["code"]): row
        for row in rows
    }

    for section, frame in figures.sections.items():
        for record in frame.astype("object").to_dict("records"):
            code = record.pop("code")
            row = [value for value in list(found[section, code].values())[5:] if value is not None]
            for measure, value in record.items():
                if measure in ("begins_on", "ends_on", "day"):
                    assert datetime.fromisoformat(value) in row
                elif isinstance(value, Decimal):
                    assert pytest.approx(float(value), abs=1e-9) in row
                elif value is not None:
                    assert value in row


def test_numbers_dates_and_money_are_of_their_types() -> None:
    sheets = opened(figures_of(paid("1234567.80", "CNY"), a_row()))
    [totals, *_] = rows_of(sheets["总体 Overview"])
    [money] = [row for row in rows_of(sheets["结果 Outcomes"]) if row["section"] == "redress"]
    [week, *_] = rows_of(sheets["五维 Dimensions"])
    cover = {row["项目 Item"]: row["内容 Content"] for row in rows_of(sheets["封面 Cover"])}

    assert totals["件数 · Cases"] == 2
    assert isinstance(totals["件数 · Cases"], int)
    assert money["金额 · Amount"] == 1234567.8
    assert week["code"] == datetime.fromisoformat("2026-02-23")
    assert cover["起 From"] == datetime.fromisoformat("2026-03-01")
    assert cover["止 To"] == datetime.fromisoformat("2026-03-31")
    assert cover["台账时点 Ledger as at"] == datetime.fromisoformat("2026-04-01")  # in the regime's zone
    assert cover["版本 Version"] == 1
    amount = next(cell for row in sheets["结果 Outcomes"].iter_rows() for cell in row if cell.value == 1234567.8)
    assert amount.number_format == "#,##0.00"


def test_earlier_periods_stand_beside_the_figures() -> None:
    figures = figures_of(a_row(), *[a_row(received_at=on(2, 3))] * 2, *[a_row(received_at=on(3, 3, year=2025))] * 3)
    [row] = [
        one for one in rows_of(opened(figures)["接收 Received"]) if (one["section"], one["code"]) == ("channel", "web")
    ]

    assert row["接收 · Received"] == 1
    assert row["上期接收 · Period before: Received"] == 2
    assert row["上年同期接收 · Year before: Received"] == 3


@pytest.mark.parametrize(
    "product", ["=1+1", "+86", "-2", "@SUM(A1)", "＝1+1", "=cmd|' /C calc'!A0", "https://x.example", "{=A1}"]
)
def test_no_cell_is_a_formula_or_a_link(product: str) -> None:
    content = workbook(
        figures_of(a_row(product=product)),
        a_cover(remarks={"zh-CN": product}, prepared=Hand(product, on(4, 1)), link=lambda figure: None),
    )
    book = openpyxl.load_workbook(io.BytesIO(content))

    for sheet in book:
        for row in sheet.iter_rows():
            assert all(cell.data_type != "f" and cell.hyperlink is None for cell in row)
            assert not any(str(cell.value).startswith(tuple("=+-@＝")) for cell in row if isinstance(cell.value, str))
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        assert not any(b"<f>" in parts.read(name) for name in parts.namelist() if "sheet" in name)


def test_a_number_is_a_number_and_a_link_to_its_cases() -> None:
    sheet = opened(figures_of(a_row(), a_row(channel="post")), link=lambda figure: f"https://x.example/{figure}")[
        "接收 Received"
    ]
    links = {cell.hyperlink.target: cell for row in sheet.iter_rows() for cell in row if cell.hyperlink}

    assert {f"https://x.example/{one}" for one in ("channel.web.received", "category.fees.complaints")} <= set(links)
    assert links["https://x.example/channel.web.received"].value == 1
    assert links["https://x.example/channel.web.received"].number_format == "#,##0"
    assert not any(cell.value == 0 for cell in links.values())


def test_heads_are_frozen_and_columns_wide_enough_for_chinese() -> None:
    sheets = opened(rich_figures())

    for sheet in sheets.values():
        assert sheet.freeze_panes == "A2"
        assert sheet.print_title_rows == "$1:$1"
        assert sheet.auto_filter.ref is not None
    wide = sheets["溯源 Root causes"].column_dimensions["D"].width
    assert wide >= 2 * len("债务催收／沟通不当")
    assert all(dimension.width <= 61 for sheet in sheets.values() for dimension in sheet.column_dimensions.values())


def test_a_row_is_as_high_as_its_longest_text_needs() -> None:
    sheets = opened(rich_figures(), remarks={"zh-CN": "整改措施：" * 40})
    heads, remarks = sheets["总体 Overview"].row_dimensions, sheets["情况说明 Remarks"].row_dimensions

    assert heads[1].height == 2 * 15  # 上期件数 · Period before: Cases
    assert heads[2].height is None
    assert remarks[2].height == 7 * 15  # 400 columns wide, 59 to a line


def test_remarks_stand_in_both_languages() -> None:
    rows = rows_of(opened(figures_of(), remarks={"zh-CN": "第一段。\n\n第二段。"})["情况说明 Remarks"])

    assert [tuple(row.values()) for row in rows] == [
        ("zh-CN", "第一段。"),
        ("zh-CN", "第二段。"),
        ("en", "No remarks were added."),
    ]


def test_the_same_figures_give_the_same_bytes_whenever_they_are_written() -> None:
    first = workbook(figures_of(a_row()), a_cover())
    again = workbook(figures_of(a_row()), a_cover())

    assert first == again
    properties = openpyxl.load_workbook(io.BytesIO(first)).properties
    assert properties.created == properties.modified == datetime.fromisoformat("2026-04-01")
    with zipfile.ZipFile(io.BytesIO(first)) as parts:
        assert {one.date_time for one in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_section_that_is_not_there_has_no_sheet() -> None:
    assert not any("Warning" in name or "Conformance" in name for name in opened(figures_of(a_row())))


def test_times_are_shown_in_the_regimes_zone() -> None:
    sheets = opened(figures_of(a_row()), prepared=Hand("zhao.min", datetime(2026, 4, 2, 20, tzinfo=UTC)))
    cover = {row["项目 Item"]: row["内容 Content"] for row in rows_of(sheets["封面 Cover"])}

    assert cover["编制 Prepared: 时间 at"] == datetime.fromisoformat("2026-04-03T04:00")
