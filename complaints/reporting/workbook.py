"""The figures of a summary as an Excel workbook: a sheet a group of sections, real numbers and dates, no formula.

Every sheet is one table in both languages, to be filtered: a row a code, a column a measure, and the same measures of
the period before and of a year before. A number that has cases behind it is a number and a link to them. The bytes
follow from the figures and the cover alone.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from xlsxwriter import Workbook

from complaints.adapters.spreadsheets.cells import harmless
from complaints.reporting.contents import HEADS
from complaints.reporting.cover import Cover, Hand
from complaints.reporting.figures import Figures, Sections
from complaints.reporting.labels import code_title, measure_title, period_title, section_title
from complaints.reporting.sheet_layout import lay_out
from complaints.words import LANGUAGES, Title

_GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "总体 Overview": ("totals",),
    "接收 Received": (
        "kind",
        "category",
        "cause",
        "channel",
        "region",
        "product",
        "issue",
        "urgency",
        "severity",
        "party_type",
        "department",
        "jrt_business",
        "jrt_cause",
        "jrt_channel",
    ),
    "办理 Handled": ("handled", "timeliness", "breach_causes", "closed_by", "durations"),
    "结果 Outcomes": ("outcomes", "upheld", "remedies", "redress"),
    "核查回访 Reviews": ("reviews", "satisfaction"),
    "未结 Open": ("open_by_age",),
    "工作量 Workload": ("departments", "handlers"),
    "五维 Dimensions": (
        "dimension_time",
        "dimension_people",
        "dimension_event",
        "dimension_channel",
        "dimension_solution",
    ),
    "溯源 Root causes": ("root_causes",),
    "预警 Warnings": ("warnings",),
    "预警序列 Warning days": ("warning_days",),
    "合规 Conformance": ("conformance",),
}
"""The sheets after the cover; one of whose sections there is none is left out."""

_DAYS: Final = ("begins_on", "ends_on", "day")
"""Measures of warnings that are days, written as ISO dates."""

_FORMATS: Final = {
    "text": {"text_wrap": True, "valign": "top"},
    "head": {"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#F0F0F0", "border": 1},
    "count": {"num_format": "#,##0", "valign": "top"},
    "decimal": {"num_format": "#,##0.0", "valign": "top"},
    "money": {"num_format": "#,##0.00", "valign": "top"},
    "exact": {"num_format": "0.0E+00", "valign": "top"},
    "date": {"num_format": "yyyy-mm-dd", "align": "left", "valign": "top"},
    "instant": {"num_format": "yyyy-mm-dd hh:mm", "align": "left", "valign": "top"},
}


def workbook(figures: Figures, cover: Cover) -> bytes:
    """Return the workbook (xlsx).

    Times are those of the regime's zone, as Excel knows no zones. Numbers are Excel's own, which keep fifteen digits.

    Args:
        figures: The period.
        cover: Who reports, which version it is, who stands for it, and an editor's remarks.
    """
    target = io.BytesIO()
    book = Workbook(target, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"created": figures.as_at.astimezone(figures.zone).replace(tzinfo=None)})
    sheets = _Sheets(book)
    sheets.add("封面 Cover", ("项目 Item", "内容 Content"), _cover_rows(figures, cover))
    spans = list(figures.rows.values())
    for name, group in _GROUPS.items():
        if present := [section for section in group if section in figures.sections]:
            measures = list(dict.fromkeys(one for section in present for one in _measures(figures.sections, section)))
            earlier = [one for one in measures if any(one in _measures(figures.before, each) for each in present)]
            rows = _rows(figures, spans, present, measures, earlier)
            sheets.add(name, _heads(present, measures, earlier), _linked(rows, measures, cover))
    sheets.add("情况说明 Remarks", ("语言 Language", "内容 Text"), _remarks(cover))
    book.close()
    return target.getvalue()


def _measures(sections: Sections, section: str) -> list[str]:
    return [str(name) for name in sections[section].columns if name != "code"] if section in sections else []


def _heads(sections: Sequence[str], measures: Sequence[str], earlier: Sequence[str]) -> list[str]:
    section = sections[0] if len(sections) == 1 else ""
    names = [measure_title(section, one).both for one in measures]
    spans = [HEADS[span] for span in ("before", "year_before")]
    compared = [
        f"{span.zh}{measure_title(section, one).zh} · {span.en}: {measure_title(section, one).en}"
        for span in spans
        for one in earlier
    ]
    codes = ("项目 Section", "section", "code", "名称", "Name")
    return [*codes, *names, *compared]


def _rows(
    figures: Figures,
    spans: Sequence[Mapping[str, Mapping[str, Mapping[str, Any]]]],
    sections: Sequence[str],
    measures: Sequence[str],
    earlier: Sequence[str],
) -> Iterator[list[Any]]:
    now, *before = spans
    for section in sections:
        for code, row in now[section].items():
            label = code_title(section, code, figures.period)
            is_day = section == "dimension_time"
            names = [
                section_title(section).both,
                section,
                date.fromisoformat(code) if is_day else code,
            ]
            row = {one: _typed(one, value) for one, value in row.items()}
            then = [
                0 if code not in one.get(section, {}) and measure in row and not is_day else value
                for one in before
                for measure in earlier
                for value in [one.get(section, {}).get(code, {}).get(measure)]
            ]
            yield [*names, label.zh, label.en, *(row.get(one) for one in measures), *then]


class Linked(NamedTuple):
    """A figure and the address of its cases."""

    value: int | Decimal
    address: str


def _linked(rows: Iterator[list[Any]], measures: Sequence[str], cover: Cover) -> Iterator[list[Any]]:
    """Add the addresses to the figures of the period itself."""
    for row in rows:
        names, figures, then = row[:5], row[5 : 5 + len(measures)], row[5 + len(measures) :]
        figure = f"{names[1]}.{names[2]}"
        yield [
            *names,
            *(_with_address(value, f"{figure}.{name}", cover) for name, value in zip(measures, figures, strict=True)),
            *then,
        ]


def _with_address(value: Any, figure: str, cover: Cover) -> Any:
    if not isinstance(value, int | Decimal) or isinstance(value, bool) or not value:
        return value
    address = cover.link(figure)
    return Linked(value, address) if address else value


def _typed(measure: str, value: Any) -> Any:
    return date.fromisoformat(value) if measure in _DAYS else value


def _cover_rows(figures: Figures, cover: Cover) -> Iterator[tuple[str, Any]]:
    kind = figures.period.kind
    yield "报告 Report", f"{kind.zh}投诉监管报告 · regulatory summary of complaints ({kind.en})"
    yield "报告期 Period", period_title(figures.period).both
    yield "报送机构 Firm", f"{cover.firm.name_zh} · {cover.firm.name_en}"
    yield "适用规定 Rules", f"《{cover.pack.title.zh}》 · {cover.pack.title.en} ({cover.pack.version})"
    yield "起 From", figures.period.first_day
    yield "止 To", figures.period.last_day
    yield "数据截止 Data up to", _local(figures, figures.until)
    yield "台账时点 Ledger as at", _local(figures, figures.as_at)
    yield "时区 Zone", cover.pack.zone
    yield "版本 Version", cover.version
    steps = {"编制 Prepared": cover.prepared, "复核 Reviewed": cover.reviewed, "签发 Signed off": cover.signed}
    for step, hand in steps.items():
        yield from _hand_rows(figures, step, hand)


def _hand_rows(figures: Figures, step: str, hand: Hand | None) -> Iterator[tuple[str, Any]]:
    yield f"{step}: 人员 by", hand.by if hand else None
    yield f"{step}: 时间 at", _local(figures, hand.at) if hand else None


def _local(figures: Figures, at: datetime) -> datetime:
    return at.astimezone(figures.zone).replace(tzinfo=None)


def _remarks(cover: Cover) -> Iterator[tuple[str, Any]]:
    none = Title(zh="编制人员未作补充说明。", en="No remarks were added.")
    for language in LANGUAGES:
        text = cover.remarks.get(language) or none.word(language)
        yield from ((language, paragraph) for paragraph in text.split("\n") if paragraph.strip())


class _Sheets:
    """Writes tables into a workbook, a sheet each: types kept, heads frozen, nothing cut."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._formats = {name: book.add_format(properties) for name, properties in _FORMATS.items()}

    def add(self, name: str, heads: Sequence[str], rows: Iterator[Sequence[Any]]) -> None:
        """Add a sheet.

        Args:
            name: At most 31 characters.
            heads: Of the columns.
            rows: A value for each head: text, int, bool, Decimal, date, naive datetime, one with a link, or None.
        """
        sheet = self._book.add_worksheet(name)
        texts = [list(heads)]
        for column, head in enumerate(heads):
            sheet.write_string(0, column, head, self._formats["head"])
        for last, row in enumerate(rows, start=1):
            for column, value in enumerate(row):
                self._write(sheet, last, column, value, heads[column])
            texts.append([str(value.value if isinstance(value, Linked) else value) for value in row])
        lay_out(sheet, texts)

    def _write(self, sheet: Any, row: int, column: int, value: Any, head: str) -> None:
        match value:
            case None:
                return
            case Linked():
                sheet.write_url(row, column, value.address)
                self._write(sheet, row, column, value.value, head)  # the number again, and its format; the link stays
            case bool():
                sheet.write_boolean(row, column, value, self._formats["text"])
            case int():
                sheet.write_number(row, column, value, self._formats["count"])
            case Decimal():
                sheet.write_number(row, column, float(value), self._formats[_form(value, head)])
            case datetime():
                sheet.write_datetime(row, column, value, self._formats["instant"])
            case date():
                sheet.write_datetime(row, column, value, self._formats["date"])
            case _:
                sheet.write_string(row, column, harmless(str(value)), self._formats["text"])


def _form(value: Decimal, head: str) -> str:
    """Return how a number is shown: money with its cents, a probability with its power of ten."""
    if "Amount" in head:
        return "money"
    return "decimal" if abs(value) >= Decimal("0.1") or not value else "exact"
