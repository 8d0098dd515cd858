"""What a return is written as: each table as CSV, all of them as a workbook, and a page for people with the findings.

A list (one row a complaint) is for machines: plain UTF-8, one line a row. A table is for people: it begins with the
mark by which Excel knows UTF-8. Texts go through :func:`~complaints.adapters.spreadsheets.cells.harmless`; numbers,
amounts and dates are written as they are. The same return gives the same bytes.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final

import xlsxwriter

from complaints.adapters.spreadsheets.cells import harmless
from complaints.letters import environment, show_date
from complaints.reporting.labels import period_title
from complaints.reporting.returns.model import Finding, Grade, Return, Table, Value, text_of
from complaints.reporting.sheet_layout import lay_out
from complaints.words import LANGUAGES, Title

FINDINGS: Final = "findings.csv"

_MOST_ROWS: Final = 20_000  # of a sheet: a longer list is for machines alone, and stands in its own file
_NO_TIME: Final = datetime(1980, 1, 1)  # noqa: DTZ001 - what a workbook says of its making: nothing
_FINDING_COLUMNS: Final = ("no", "grade", "place", "field", "reason", "cure", "case")


def files_of(made: Return) -> dict[str, bytes]:
    """Return the files of a return by their names: tables, workbook, findings, and a page in each language."""
    files = {f"{table.name}.csv": table_csv(table).encode() for table in made.tables}
    files |= {f"{made.name}.{language}.html": page(made, language).encode() for language in LANGUAGES}
    files[f"{made.name}.xlsx"] = workbook(made)
    files[FINDINGS] = findings_csv(made).encode()
    return files


def table_csv(table: Table) -> str:
    """Return a table as CSV: its header, then its rows."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n" if table.is_list else "\r\n")
    writer.writerow([harmless(one.header) for one in table.columns])
    writer.writerows([_cell(value) for value in row] for row in table.rows)
    return out.getvalue() if table.is_list else f"\ufeff{out.getvalue()}"


def _cell(value: Value) -> str:
    return harmless(value) if isinstance(value, str) else text_of(value)


def findings_csv(made: Return) -> str:
    """Return the findings, with a line for each case that they are about."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_FINDING_COLUMNS)
    for number, one in enumerate(made.findings, 1):
        words = [harmless(title.word(made.language)) for title in (one.field, one.reason, one.cure)]
        for case in one.cases or ("",):
            writer.writerow([number, one.grade.word(made.language), one.place, *words, harmless(case)])
    return f"\ufeff{out.getvalue()}"


def workbook(made: Return) -> bytes:
    """Return a return as a workbook: its cover, a sheet a table with real types and a frozen header, the findings."""
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content, {"in_memory": True})
    book.set_properties({"created": _NO_TIME, "title": made.title.word(made.language)})
    language, write = made.language, _Sheets(book)
    write.sheet(
        _COVER.word(language), (), [(label.word(language), value.word(language)) for label, value in facts(made)]
    )
    for table in made.tables:
        if len(table.rows) <= _MOST_ROWS:
            write.sheet(table.name, [one.header for one in table.columns], table.rows)
    heads = [one.word(language) for one in _FINDING_HEADS]
    write.sheet(_FINDINGS.word(language), heads, [_finding_row(made, one) for one in made.findings])
    book.close()
    return content.getvalue()


_COVER: Final = Title(zh="说明", en="cover")
_FINDINGS: Final = Title(zh="校验结果", en="findings")
_FINDING_HEADS: Final = (
    Title(zh="级别", en="grade"),
    Title(zh="位置", en="place"),
    Title(zh="字段", en="field"),
    Title(zh="问题", en="reason"),
    Title(zh="处理办法", en="cure"),
    Title(zh="涉及件数", en="cases"),
)


def _finding_row(made: Return, finding: Finding) -> tuple[Value, ...]:
    words = (finding.grade, _place(made, finding), finding.field, finding.reason, finding.cure)
    return (*(one.word(made.language) for one in words), len(finding.cases) or None)


def _place(made: Return, finding: Finding) -> Title:
    return next((table.title for table in made.tables if table.name == finding.place), _WHOLE)


_WHOLE: Final = Title(zh="整表", en="the return")


class _Sheets:
    """Writes sheets with real types, nothing cut."""

    def __init__(self, book: Any) -> None:
        top = {"valign": "top"}
        self._book = book
        self._head = book.add_format(top | {"bold": True, "text_wrap": True})
        self._text = book.add_format(top | {"text_wrap": True})
        self._count = book.add_format(top)
        self._day = book.add_format(top | {"num_format": "yyyy-mm-dd", "align": "left"})
        self._money = book.add_format(top | {"num_format": "#,##0.00"})

    def sheet(self, name: str, header: Sequence[str], rows: Sequence[Sequence[Value]]) -> None:
        """Add a sheet; with a header, that stays in sight."""
        sheet = self._book.add_worksheet(name)
        for at, text in enumerate(header):
            sheet.write_string(0, at, text, self._head)
        for line, row in enumerate(rows, 1 if header else 0):
            for at, value in enumerate(row):
                self._write(sheet, line, at, value)
        texts = [[text_of(value) for value in row] for row in rows]
        lay_out(sheet, [[*header], *texts] if header else texts, has_heads=bool(header))

    def _write(self, sheet: Any, line: int, at: int, value: Value) -> None:
        match value:
            case None:
                pass
            case str():  # never a formula, whatever it begins with
                sheet.write_string(line, at, value, self._text)
            case Decimal():
                sheet.write_number(line, at, float(value), self._money)
            case date():
                sheet.write_datetime(line, at, datetime.combine(value, time()), self._day)
            case _:
                sheet.write_number(line, at, value, self._count)


# --- for people -------------------------------------------------------------------------------------


def _period(made: Return) -> Title:
    days = made.period.first_day, made.period.last_day
    zh, en = ([show_date(day, language) for day in days] for language in LANGUAGES)
    title, zone = period_title(made.period), made.zone.key
    return Title(
        zh=f"{title.zh}（{zh[0]}至{zh[1]}，{'北京时间' if zone == 'Asia/Shanghai' else zone}）",
        en=f"{made.period.name} ({en[0]} to {en[1]}, {zone})",
    )


def facts(made: Return) -> Iterator[tuple[Title, Title]]:
    """Yield what must be known of a return, each with its label: who, for when, due, as at, what counts once."""
    who = made.entity
    yield Title(zh="报表", en="Return"), made.title
    yield Title(zh="填报机构", en="Who reports"), who.name
    if who.number:
        yield Title(zh="机构编号", en="Number"), _same(who.number)
    yield Title(zh="填报层级", en="Level"), who.level
    yield Title(zh="报告期", en="Period"), _period(made)
    yield Title(zh="台账时点", en="As at"), _same(f"{made.as_at.astimezone(made.zone):%Y-%m-%d %H:%M:%S}")
    due = made.due_on
    yield (
        Title(zh="报送期限", en="Last day"),
        Title(zh=show_date(due, "zh-CN"), en=show_date(due, "en")) if due else made.due_words,
    )
    yield Title(zh="零报告", en="Nil return"), Title(zh="是", en="yes") if made.is_nil else Title(zh="否", en="no")
    yield Title(zh="去重规则", en="What counts once"), made.dedupe
    yield Title(zh="因并案未计", en="Left out as merged"), _same(str(made.left_out))
    verify = Title(zh="（待核实）", en=" (to verify)") if made.to_verify else Title(zh="", en="")
    yield Title(zh="依据", en="Source"), Title(zh=made.source.zh + verify.zh, en=made.source.en + verify.en)


def _same(text: str) -> Title:
    return Title(zh=text, en=text)


def page(made: Return, language: str) -> str:
    """Return a return as one self-contained HTML page: what it is, what is wrong with it, and its tables.

    A list is not shown; its file has it.

    Args:
        made: The return.
        language: "zh-CN" or "en".
    """
    return (
        environment()
        .get_template(f"returns/{language}.html")
        .render(
            made=made,
            period=period_title(made.period).word(language),
            facts=[(label.word(language), value.word(language)) for label, value in facts(made)],
            findings=[(one, _place(made, one).word(language)) for one in made.findings],
            counts={one: made.count(one) for one in Grade},
            word=lambda title: title.word(language),
            show=_show,
            is_number=lambda value: isinstance(value, int | Decimal),
        )
    )


def _show(value: Value) -> str:
    if value is None:
        return "—"
    return f"{value:,}" if isinstance(value, int | Decimal) else text_of(value)
