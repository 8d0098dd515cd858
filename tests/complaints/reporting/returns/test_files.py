"""What a return is written as."""

import csv
import io
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from html.parser import HTMLParser

import openpyxl
import pytest

from complaints.reporting.returns.files import FINDINGS, files_of, findings_csv, page, table_csv, workbook
from complaints.reporting.returns.model import Column, Table
from complaints.words import LANGUAGES, Title
from tests.complaints.reporting.returns.building import SYDNEY, UK_FIRM, a_row, answered, made
from tests.complaints.reporting.rows import payments

ITEM = Title(zh="项目", en="item")


def a_table(*rows, is_list: bool = False) -> Table:
    columns = tuple(Column(name, ITEM) for name in ("a", "b")[: len(rows[0]) if rows else 2])
    return Table("numbers", ITEM, columns, tuple(rows), is_list=is_list)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("＝1", "'＝1"),
        ("x\t=1", "x\t'=1"),
        ("投诉", "投诉"),
        (Decimal("-128.50"), "-128.50"),
        (Decimal("1E+3"), "1000"),
        (-3, "-3"),
        (0, "0"),
        (date(2026, 3, 2), "2026-03-02"),
        (None, ""),
    ],
)
def test_texts_are_made_harmless_and_numbers_stay_numbers(value, written):
    (row,) = list(csv.reader(io.StringIO(table_csv(a_table((value, "x"), is_list=True)))))[1:]

    assert row == [written, "x"]


def test_a_list_is_plain_and_a_table_has_the_mark_by_which_excel_knows_utf8():
    assert table_csv(a_table(("x", 1), is_list=True)) == "a,b\nx,1\n"
    assert table_csv(a_table(("x", 1))) == "\ufeffa,b\r\nx,1\r\n"


def test_a_row_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="numbers"):
        Table("numbers", ITEM, (Column("a", ITEM),), ((1, 2),))


def a_return():
    return made("uk-disp", "annex-1r", "2026-H1", a_row(), a_row(product="<Pet & plan>"), own=UK_FIRM)


def test_the_same_return_gives_the_same_bytes():
    assert files_of(a_return()) == files_of(a_return())


def test_a_return_has_its_tables_a_workbook_its_findings_and_a_page_in_each_language():
    assert set(files_of(a_return())) == {
        "details.csv",
        "table-1.csv",
        "table-2.csv",
        "table-3.csv",
        "annex-1r.xlsx",
        "annex-1r.en.html",
        "annex-1r.zh-CN.html",
        FINDINGS,
    }


def test_the_workbook_has_real_types_and_frozen_headers():
    paid = {"payments": payments(("2026-03-05", "12.50", "GBP"))}
    rows = [answered(datetime(2026, 3, 5, tzinfo=SYDNEY), received_at=datetime(2026, 3, 2, tzinfo=SYDNEY), **paid)]
    book = openpyxl.load_workbook(io.BytesIO(workbook(made("uk-disp", "annex-1r", "2026-H1", *rows, own=UK_FIRM))))

    sheet = book["table-2"]
    assert (sheet.freeze_panes, sheet["B2"].value, sheet["G2"].value) == ("A2", 1, 12.5)
    assert sheet["G2"].number_format == "#,##0.00"
    listed = openpyxl.load_workbook(io.BytesIO(workbook(made("au-rg271", "idr-data", "2026-H1", *rows))))["complaints"]
    assert listed["I2"].value == datetime(2026, 3, 2)  # noqa: DTZ001 - a day


def test_nothing_in_the_workbook_is_cut_and_a_finding_names_its_table_by_its_title():
    one = made("cn-nfra", "local-bureau", "2026-Q1", a_row())
    book = openpyxl.load_workbook(io.BytesIO(workbook(one)))

    causes, findings = book["by-cause"], book["校验结果"]
    assert causes.column_dimensions["A"].width >= 2 * len("管理制度、业务规则与流程")
    assert {findings["B2"].value, *(row[1].value for row in findings)} >= {"按业务类别", "整表"}
    assert findings.column_dimensions["D"].width >= 57  # JR/T 0169-2018 一级名称见机构披露实例，编码及下级分类未读
    assert book["说明"].freeze_panes is None
    assert all(sheet.page_setup.fitToHeight == 0 for sheet in book)


def test_a_workbook_holds_no_formula_whatever_a_text_begins_with():
    one = replace(a_return(), tables=(a_table(("=1+1", "x")),))

    cell = openpyxl.load_workbook(io.BytesIO(workbook(one)))["numbers"]["A2"]

    assert (cell.value, cell.data_type) == ("=1+1", "s")


def test_the_findings_have_a_line_for_each_case():
    lines = list(csv.DictReader(io.StringIO(findings_csv(a_return()).removeprefix("\ufeff"))))

    assert {(line["grade"], line["field"], line["case"]) for line in lines if line["case"]} == {
        ("must be put right", "product", "TS00001")
    }


class Page(HTMLParser):
    """Collects the text of a page, and what it would load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text, self.loads = "", []
        self.feed(text)

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag, attrs) -> None:
        self.loads += [value for name, value in attrs if name in ("src", "href")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_what_the_return_is_and_all_that_is_wrong_with_it(language):
    one = a_return()
    shown = Page(page(one, language))

    assert shown.loads == []
    for finding in one.findings:
        for words in (finding.field, finding.reason, finding.cure):
            assert words.word(language) in shown.text
    assert "<Pet & plan>" in shown.text  # as text: it was escaped
    assert (one.entity.number in shown.text, one.dedupe.word(language) in shown.text) == (True, True)
    assert ("2026年8月11日" if language == "zh-CN" else "11 August 2026") in shown.text
    assert ("待核实" if language == "zh-CN" else "to verify") in shown.text


def test_a_list_is_counted_on_the_page_and_not_shown():
    one = made("au-rg271", "idr-data", "2026-H1", a_row())

    assert "Rows: 1, in the file complaints.csv" in Page(page(one, "en")).text
    assert "2026-03-02" not in page(one, "en")
