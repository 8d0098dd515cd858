"""The CSV of a summary: every figure once, under its id and its names."""

import csv
import io
from decimal import Decimal

import pytest

from complaints.reporting.figures import Figures
from complaints.reporting.long_csv import figures_csv, warning_days_csv
from tests.complaints.reporting.rich import rich_figures
from tests.complaints.reporting.rows import a_closed_row, a_row, figures_of, paid

ACTIVE = tuple("=+-@\t\r＝＋－＠")


def rows_of(figures: Figures) -> list[dict[str, str]]:
    source = figures_csv(figures)
    assert source.startswith("\ufeffsection,code,label_zh,label_en,measure,value,currency\r\n")
    return list(csv.DictReader(io.StringIO(source.removeprefix("\ufeff"), newline="")))


@pytest.mark.parametrize("period", ["2026-03", "2026-Q1", "2025"])
def test_the_csv_holds_every_figure_once(period: str) -> None:
    figures = rich_figures(period)
    rows = rows_of(figures)
    found = {(row["section"], row["code"], row["measure"]): row["value"] for row in rows}

    assert len(found) == len(rows)
    expected = {
        (section, record["code"], measure): ""
        if value is None
        else f"{value:f}"
        if isinstance(value, Decimal)
        else str(value)
        for section, frame in figures.sections.items()
        if section != "warning_days"
        for record in frame.astype("object").to_dict("records")
        for measure, value in record.items()
        if measure != "code"
    }
    assert {key: value for key, value in found.items() if key[0] != "report"} == expected


def test_it_says_of_what_period_and_cut_off_it_is() -> None:
    told = {row["code"]: row["value"] for row in rows_of(figures_of()) if row["section"] == "report"}

    assert told == {"period": "2026-03", "until": "2026-04-01T00:00:00+08:00", "as_at": "2026-04-01T00:00:00+08:00"}


def test_figures_have_names_in_both_languages_and_amounts_their_currency() -> None:
    rows = rows_of(figures_of(a_closed_row(), paid("128.50", "CNY"), a_row()))

    assert {
        "section": "channel",
        "code": "web",
        "label_zh": "接收渠道 · 网页 · 投诉",
        "label_en": "Channel · Web form · Complaints",
        "measure": "complaints",
        "value": "3",
        "currency": "",
    } in rows
    [amount] = [row for row in rows if row["measure"] == "amount"]
    assert (amount["value"], amount["currency"]) == ("128.50", "CNY")
    assert {row["value"] for row in rows if row["section"] == "durations" and row["measure"] == "average_days"} != {""}


@pytest.mark.parametrize(
    "product",
    ["=1+1", "+86", "-2", "@SUM(A1)", "\t=1", " =1", "\n=1", "＝1+1", "a;=1+1", 'a",=1+1', "=cmd|' /C calc'!A0"],
)
def test_no_cell_is_a_formula(product: str) -> None:
    source = figures_csv(figures_of(a_row(product=product, handler=product), a_closed_row(handler=product)))

    for separator in ",;\t":
        for row in csv.reader(io.StringIO(source.removeprefix("\ufeff"), newline=""), delimiter=separator):
            assert not any(cell.strip().startswith(ACTIVE) for cell in row)


def test_the_same_figures_give_the_same_text() -> None:
    assert figures_csv(figures_of(a_row())) == figures_csv(figures_of(a_row()))


# --- the days behind the warnings -------------------------------------------------------------------


def test_the_days_behind_the_warnings_have_a_table_of_their_own_with_a_row_a_day() -> None:
    source = warning_days_csv(rich_figures())
    assert source is not None
    rows = list(csv.DictReader(io.StringIO(source.removeprefix("\ufeff"), newline="")))

    assert source.startswith("\ufeffdimension,code,label_zh,label_en,day,observed,expected,usual_from,usual_to,gap\r\n")
    assert len({(row["dimension"], row["code"], row["day"]) for row in rows}) == len(rows) == 2 * 31
    assert tuple(rows[0].values()) == (
        *("product", "轻舟消费贷", "产品／轻舟消费贷", "Product: 轻舟消费贷", "2026-03-01"),
        *("0", "", "", "", "0"),
    )
    assert tuple(rows[-6].values()) == (
        *("channel", "hotline", "渠道／热线转办", "Channel: hotline", "2026-03-26"),
        *("0", "1.3", "0", "4", "1"),
    )


def test_figures_without_early_warning_have_no_such_table() -> None:
    assert warning_days_csv(figures_of(a_row())) is None
