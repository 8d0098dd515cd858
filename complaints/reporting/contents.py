"""What the tables of a summary show: which columns of each section, with shares, rates and changes beside them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, NamedTuple

from markupsafe import Markup

from complaints.reporting.axes import AXES, SECTION
from complaints.reporting.figures import Figures
from complaints.reporting.labels import code_title, codes_title, measure_title, section_title
from complaints.reporting.periods import PeriodKind
from complaints.reporting.sections import BREAKDOWNS
from complaints.words import Title

Number = int | Decimal | None
"""A figure; None where nothing can be said."""

MINUS: Final = "−"


class Column(NamedTuple):
    """A column: a measure itself, or what is made of it.

    Attributes:
        measure: Of the section.
        made: "figure"; "share" of the whole column; "rate" of it in the sum of ``over``; "before" and "year_before",
            the same in an earlier period; "change" and "year_change", the difference to that in per cent.
        also: The measures that count with it in a rate.
        over: The measures of which a rate is a part.
        title: Its head, where the usual one says too little.
    """

    measure: str
    made: str = "figure"
    also: tuple[str, ...] = ()
    over: tuple[str, ...] = ()
    title: Title | None = None


@dataclass(frozen=True)
class Part:
    """How a section is shown.

    Attributes:
        columns: From the left.
        total: Whether the last row is the sum.
        most: Rows beyond so many are shown as one.
        zeros: Whether rows without any case are shown.
        by_place: Rows are compared with those of earlier periods by their place, not by their code: the first month
            with the first. The weeks of a month are not compared at all.
    """

    columns: tuple[Column, ...]
    total: bool = True
    most: int = 25
    zeros: bool = True
    by_place: bool = False


SHARE: Final = Title(zh="占比", en="Share")
HEADS: Final[Mapping[str, Title]] = {
    "share": SHARE,
    "before": Title(zh="上期", en="Period before"),
    "change": Title(zh="环比", en="Change"),
    "year_before": Title(zh="上年同期", en="Year before"),
    "year_change": Title(zh="同比", en="On the year"),
}
"""What a column is called that is made of a measure."""

_CHANGES: Final = ("change", "year_change")
_COMPARED: Final = ("before", "change", "year_before", "year_change")


def _plain(*measures: str) -> tuple[Column, ...]:
    return tuple(Column(one) for one in measures)


def _made(measure: str, *made: str) -> tuple[Column, ...]:
    return tuple(Column(measure, one) for one in made)


_RECEIVED: Final = Part(
    (
        *_made("received", "figure", "share"),
        Column("complaints"),
        Column("complaints", "change", title=Title(zh="投诉环比", en="Change in complaints")),
        Column("complaints", "year_change", title=Title(zh="投诉同比", en="Complaints on the year")),
        *_plain("deduplicated"),
    )
)
_ON_AXIS: Final = Part((*_made("complaints", "figure", "share", *_CHANGES), *_plain("deduplicated")))
_COURSE: Final = Part((*_made("complaints", "figure", *_CHANGES), *_plain("deduplicated", "late", "upheld")))
_COUNTED: Final = Part(_made("cases", "figure", "share", *_CHANGES))
_DECISIONS: Final = ("upheld", "partly_upheld", "not_upheld")
_LOAD: Final = Part(_plain("received", "closed", "open", "late"), most=60)

PARTS: Final[Mapping[str, Part]] = {
    "totals": Part(_made("cases", "figure", *_COMPARED), total=False),
    **dict.fromkeys(BREAKDOWNS, _RECEIVED),
    **dict.fromkeys([SECTION + axis for axis in AXES], _ON_AXIS),
    "kind": Part(_made("received", "figure", "share", *_COMPARED)),
    "handled": Part((*_made("cases", "figure", "share", *_CHANGES), *_plain("late"))),
    "timeliness": Part(
        (
            *_plain("in_time", "late"),
            Column("in_time", "rate", over=("in_time", "late"), title=Title(zh="按时办理率", en="In time")),
        )
    ),
    "breach_causes": _COUNTED,
    "outcomes": _COUNTED,
    "upheld": Part(
        (
            *_plain(*_DECISIONS),
            Column("upheld", "rate", ("partly_upheld",), _DECISIONS, Title(zh="成立率（含部分）", en="Upheld share")),
        )
    ),
    "remedies": _COUNTED,
    "closed_by": Part(_made("closed", "figure", "share", *_CHANGES)),
    "redress": Part(
        (
            *_plain("cases", "amount"),
            Column("amount", "before", title=Title(zh="上期金额", en="Amount, period before")),
            Column("amount", "year_before", title=Title(zh="上年同期金额", en="Amount, year before")),
        ),
        total=False,
    ),
    "reviews": Part(_made("cases", "figure", *_COMPARED), total=False),
    "satisfaction": _COUNTED,
    "open_by_age": Part((*_made("open", "figure", "share"), *_plain("unanswered", "overdue"))),
    "durations": Part(
        (
            *_plain("cases", "average_days", "median_days"),
            Column("average_days", "before", title=Title(zh="上期平均（日）", en="Average, period before")),
            Column("average_days", "year_before", title=Title(zh="上年同期平均（日）", en="Average, year before")),
        ),
        total=False,
    ),
    "departments": _LOAD,
    "handlers": _LOAD,
    "dimension_time": Part(
        (*_plain("received"), *_made("complaints", "figure", *_CHANGES), *_plain("deduplicated")), by_place=True
    ),
    "dimension_people": _COURSE,
    "dimension_event": replace(_COURSE, most=15),
    "dimension_channel": _COURSE,
    "dimension_solution": Part(
        (
            *_made("cases", "figure", *_CHANGES),
            *_plain("satisfied", "broadly_satisfied", "dissatisfied"),
            Column(
                "satisfied",
                "rate",
                also=("broadly_satisfied",),
                over=("satisfied", "broadly_satisfied", "dissatisfied"),
                title=Title(zh="满意率", en="Satisfied share"),
            ),
            *_plain("reopened"),
        )
    ),
    "root_causes": Part(_made("cases", "figure", "share", *_COMPARED), most=15),
    "conformance": Part(_plain("cases"), total=False, zeros=False),  # a case may stand in several rows
}
"""How each section is shown."""

_WHOLES: Final[Mapping[str, str]] = {
    "received": "totals.matters.cases",
    "complaints": "totals.complaints.cases",
    "deduplicated": "totals.complaints_deduplicated.cases",
    "closed": "totals.closed.cases",
}
"""The figure that is the sum of a measure, whatever it is broken down by."""


@dataclass(frozen=True)
class Row:
    """A row of a table: its label, and its cells ready for a page."""

    label: str
    cells: Sequence[str]


@dataclass(frozen=True)
class Shown:
    """A section ready for a page.

    Attributes:
        heads: Of all columns, that of the codes first.
        total: The sum; None where there is none.
        is_empty: There is nothing to count.
    """

    heads: Sequence[str]
    rows: Sequence[Row]
    total: Row | None
    is_empty: bool


class Contents:
    """The figures as a page shows them in one language."""

    def __init__(self, figures: Figures, language: str, link: Callable[[str], str | None]) -> None:
        self.figures, self.language, self._link, self._rows = figures, language, link, figures.rows

    def value(self, section: str, code: str, measure: str, span: str = "period") -> Number:
        """Return a figure; 0 where its code does not occur.

        Args:
            section: The section.
            code: The code.
            measure: The measure.
            span: "period", "before" or "year_before".
        """
        value: Number = self._rows[span].get(section, {}).get(code, {}).get(measure, 0)
        return value

    def sum(self, section: str, measure: str, span: str = "period") -> int:
        """Return the sum of a measure over all codes of a section."""
        return sum(int(row[measure] or 0) for row in self._rows[span].get(section, {}).values() if measure in row)

    def figure(self, section: str, code: str, measure: str = "cases") -> Markup:
        """Return a figure as text, linked to its cases where they have an address."""
        return self._linked(self.value(section, code, measure), f"{section}.{code}.{measure}")

    def _linked(self, value: Number, figure: str) -> Markup:
        text = number(value)
        address = self._link(figure) if value else None
        return Markup('<a href="{}">{}</a>').format(address, text) if address else Markup(text)

    def label(self, section: str, code: str) -> str:
        """Return what a code is called."""
        return code_title(section, code, self.figures.period).word(self.language)

    def title(self, section: str) -> str:
        """Return what a section is called."""
        return section_title(section).word(self.language)

    @property
    def compares_twice(self) -> bool:
        """Whether the period before is another one than that of the year before."""
        return self.figures.period.before != self.figures.period.year_before

    @property
    def unrecorded(self) -> list[str]:
        """The earlier spans of which nothing at all is on record: their zeros may be no count, but a lack of data."""
        spans = ("before", "year_before") if self.compares_twice else ("year_before",)
        return [
            span
            for span in spans
            if not any(value for rows in self._rows[span].values() for row in rows.values() for value in row.values())
        ]

    def shown(self, section: str) -> Shown:
        """Return a section as a table."""
        part = PARTS[section]
        columns = self._columns(part)
        codes = self._codes(section, part)
        kept, rest = (codes, []) if len(codes) <= part.most + 1 else (codes[: part.most], codes[part.most :])
        rows = [Row(self.label(section, code), [self._cell(section, code, one) for one in columns]) for code in kept]
        if rest:
            more = Title(zh=f"其余{len(rest)}项", en=f"{len(rest)} more").word(self.language)
            rows.append(Row(more, [self._over(section, rest, one, codes) for one in columns]))
        total = None
        if part.total:
            word = Title(zh="合计", en="Total").word(self.language)
            total = Row(word, [self._over(section, codes, one, codes) for one in columns])
        counted = [one.measure for one in columns if one.made == "figure"]
        return Shown(
            heads=[codes_title(section).word(self.language), *(self._head(section, one) for one in columns)],
            rows=rows,
            total=total,
            is_empty=not any(self.value(section, code, measure) for code in codes for measure in counted),
        )

    def _columns(self, part: Part) -> list[Column]:
        if part.by_place and self.figures.period.kind is PeriodKind.MONTH:
            left_out: tuple[str, ...] = _COMPARED
        else:
            left_out = () if self.compares_twice else ("before", "change")
        return [one for one in part.columns if one.made not in left_out]

    def _codes(self, section: str, part: Part) -> list[str]:
        """Return the codes of a section, and those that only occurred before, where that is compared."""
        now = self._rows["period"].get(section, {})
        if not part.zeros:
            return [code for code, row in now.items() if any(row.values())]
        if part.by_place or not any(one.made in _CHANGES for one in part.columns):
            return list(now)
        return list({**now, **self._rows["before"].get(section, {}), **self._rows["year_before"].get(section, {})})

    def _head(self, section: str, column: Column) -> str:
        title = column.title or HEADS.get(column.made) or measure_title(section, column.measure)
        return title.word(self.language)

    def _cell(self, section: str, code: str, column: Column) -> str:
        if column.made == "figure":
            return self.figure(section, code, column.measure)
        if column.made in ("before", "year_before"):
            return number(self._earlier(section, [code], column.measure, column.made))
        return self._over(section, [code], column, list(self._rows["period"].get(section, {})))

    def _over(self, section: str, codes: Sequence[str], column: Column, everything: Sequence[str]) -> str:
        """Return what a column says of some codes together."""
        here = self._together(section, codes, column.measure)
        match column.made:
            case "figure":
                is_whole = len(codes) == len(everything) and section in _BROKEN_DOWN
                return self._linked(here, _WHOLES.get(column.measure, "")) if is_whole else number(here)
            case "share":
                return share(here, self._together(section, everything, column.measure))
            case "rate":
                part = here + sum(self._together(section, codes, one) for one in column.also)
                return share(part, sum(self._together(section, codes, one) for one in column.over))
            case "before" | "year_before":
                return number(self._earlier(section, codes, column.measure, column.made))
            case _:
                span = "before" if column.made == "change" else "year_before"
                return change(here, int(self._earlier(section, codes, column.measure, span) or 0), self.language)

    def _together(self, section: str, codes: Sequence[str], measure: str) -> int:
        return sum(int(self.value(section, code, measure) or 0) for code in codes)

    def _earlier(self, section: str, codes: Sequence[str], measure: str, span: str) -> Number:
        if PARTS[section].by_place:
            then = dict(zip(self._rows["period"][section], self._rows[span].get(section, {}), strict=True))
            codes = [then[code] for code in codes]
        if len(codes) == 1:
            return self.value(section, codes[0], measure, span)
        return sum(int(self.value(section, code, measure, span) or 0) for code in codes)


_BROKEN_DOWN: Final = frozenset({*BREAKDOWNS, "closed_by"})


def number(value: Number) -> str:
    """Return a number as a page shows it: in threes, money with its cents."""
    return "—" if value is None else f"{value:,}"


def share(part: int, whole: int) -> str:
    """Return a part in per cent of the whole, to one decimal."""
    return f"{_tenth(Decimal(100 * part) / whole)}%" if whole else "—"


def change(now: int, before: int, language: str) -> str:
    """Return how far a number has changed, in per cent of what it was."""
    if now == before:
        return Title(zh="持平", en="same").word(language) if now else "—"
    if not before:
        return "—"
    per_cent = _tenth(Decimal(100 * (now - before)) / before)
    return f"{'+' if now > before else MINUS}{abs(per_cent)}%"


def _tenth(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.1"), ROUND_HALF_UP)
