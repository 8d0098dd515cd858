"""The figures of a period from a frame of cases: what they are is said in ``docs/figures.md``.

A figure's id is ``section.code.measure``, such as ``channel.web.received``; a code may hold points itself.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Final
from zoneinfo import ZoneInfo

import pandas as pd

from complaints.errors.base import ComplaintError
from complaints.reporting.axes import axes_of
from complaints.reporting.counting import Table, members_of
from complaints.reporting.dimensions import dimensions_of
from complaints.reporting.own_words import OwnWords
from complaints.reporting.periods import Period
from complaints.reporting.returns.data import ReturnData
from complaints.reporting.sections import sections_of
from complaints.reporting.spans import Cases, Span


class PeriodNotBegun(ComplaintError):
    """Figures were asked for of a period that lies ahead."""

    def __init__(self, period: str) -> None:
        super().__init__(period)
        self.period = period

    def __str__(self) -> str:
        return f"period: {self.period} has not begun at the cut-off. Choose this period or an earlier one"


class FigureTwice(AssertionError):
    """Two figures have one id: a bug, for the cases of one would stand behind the other."""

    def __init__(self, section: str, code: str) -> None:
        super().__init__(section, code)
        self.section, self.code = section, code

    def __str__(self) -> str:
        return f"section '{self.section}' has the code '{self.code}' twice"


class FigureUnknown(ComplaintError):
    """The cases behind a figure were asked for that there is none of."""

    def __init__(self, figure: str) -> None:
        super().__init__(figure)
        self.figure = figure

    def __str__(self) -> str:
        return f"figure: there is no '{self.figure}'. Write section.code.measure, such as channel.web.received"


Sections = Mapping[str, pd.DataFrame]
"""By name: ``code``, then a column a measure (counts; Decimal; None where nothing can be said)."""

SPANS: Final = ("period", "before", "year_before")
"""To what a figure belongs: the period itself, the one before it, or the same one a year before."""

Rows = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""By section, code and measure; None where nothing can be said."""


@dataclass(frozen=True, eq=False)
class Figures:
    """The figures of a period.

    Attributes:
        period: The month, quarter, half-year or year.
        zone: The regime's zone, in which days and months begin.
        as_at: The cut-off: what was known before.
        until: The end of the period, or ``as_at`` while it is not over.
        sections: By name.
        before: The same of the period before.
        year_before: The same of this period a year before.
        confidential: The references of whistle-blowing reports, which no list of what changed may name.
    """

    period: Period
    zone: ZoneInfo
    as_at: datetime
    until: datetime
    sections: Sections
    before: Sections
    year_before: Sections
    confidential: frozenset[str]
    _tables: Mapping[str, Table] = field(repr=False)
    _references: "pd.Index[str]" = field(repr=False)
    _further: pd.DataFrame | None = field(default=None, repr=False)  # the members of sections that were added

    @cached_property
    def members(self) -> pd.DataFrame:
        """The cases behind every figure above zero: ``section``, ``code``, ``measure``, ``reference``, by reference.

        Averages and amounts are listed with the cases that they were made of. It has a row for every time that a case
        is counted, some fifty a case; for one figure ask :meth:`cases_of`.
        """
        members = members_of(self._tables, self._references)
        return members if self._further is None else _joined(members, self._further)

    @cached_property
    def rows(self) -> Mapping[str, Rows]:
        """The figures one by one, in their order, by span (one of :data:`SPANS`); read once for all who show them.

        Raises:
            FigureTwice: two figures have one id.
        """
        return dict(zip(SPANS, map(by_code, (self.sections, self.before, self.year_before)), strict=True))

    def cases_of(self, figure: str) -> list[str]:
        """Return the references of the cases behind a figure, in order.

        Args:
            figure: Its id, ``section.code.measure``.

        Raises:
            FigureUnknown: there is none of that name.
        """
        section, _, rest = figure.partition(".")
        code, _, measure = rest.rpartition(".")
        shown = self.sections.get(section)
        if shown is None or measure not in shown or measure == "code" or code not in set(shown["code"]):
            raise FigureUnknown(figure)
        if section in self._tables:
            return list(self._references[self._tables[section].positions(code, measure)])
        if self._further is None:
            return []
        wanted = {"section": section, "code": code, "measure": measure}
        return sorted(self._further.loc[(self._further[list(wanted)] == wanted).all(axis=1), "reference"])

    def with_sections(
        self,
        sections: Sections,
        *,
        before: Sections | None = None,
        year_before: Sections | None = None,
        members: pd.DataFrame | None = None,
    ) -> "Figures":
        """Return the figures with further sections after the others.

        Args:
            sections: By name; a section of the same name is replaced.
            before: Those of the period before, where there are any.
            year_before: Those of the period a year before, where there are any.
            members: The cases behind their counts: ``section``, ``code``, ``measure``, ``reference``.
        """
        further = [one for one in (self._further, members) if one is not None]
        return replace(
            self,
            sections={**self.sections, **sections},
            before={**self.before, **(before or {})},
            year_before={**self.year_before, **(year_before or {})},
            _tables={name: table for name, table in self._tables.items() if name not in sections},
            _further=pd.concat(further, ignore_index=True) if further else None,
        )


def make_figures(
    frame: pd.DataFrame,
    period: Period,
    zone: ZoneInfo,
    as_at: datetime,
    axes: ReturnData | None = None,
    words: OwnWords | None = None,
) -> Figures:
    """Return the figures of a period.

    Args:
        frame: At least the cases that were received, answered or closed in the period, in the one before or in the same
            a year before, and those open at the end of each; columns as in
            :data:`complaints.reporting.frame.COLUMNS`, in any order of rows.
        period: The period; while it is not over, its figures end at ``as_at``.
        zone: The regime's zone.
        as_at: The cut-off; aware.
        axes: Lists and maps of JR/T 0169-2018, each axis of which makes a further section (see
            :mod:`complaints.reporting.axes`); None: no such sections.
        words: Makes codes of products and other names.

    Raises:
        PeriodNotBegun: the period begins after the cut-off.
    """
    starts_at, ends_at = period.span(zone)
    if as_at <= starts_at:
        raise PeriodNotBegun(period.name)
    until = min(ends_at, as_at.astimezone(zone))
    if not frame["reference"].is_monotonic_increasing:
        frame = frame.sort_values("reference", ignore_index=True)
    cases = Cases(frame, zone, (words or OwnWords()).code)
    spans = [
        Span(cases, starts_at, until),
        Span(cases, period.before.span(zone)[0], starts_at),
        Span(cases, *period.year_before.span(zone)),
    ]
    tables, *earlier = (
        sections_of(span) | (axes_of(span, axes) if axes else {}) | dimensions_of(span, which)
        for span, which in zip(spans, (period, period.before, period.year_before), strict=True)
    )
    before, year_before = (_frames(one) for one in earlier)
    return Figures(
        period=period,
        zone=zone,
        as_at=as_at,
        until=until,
        sections=_frames(tables),
        before=before,
        year_before=year_before,
        confidential=frozenset(frame["reference"][cases.is_report]),
        _tables=tables,
        _references=pd.Index(frame["reference"]),
    )


def by_code(sections: Sections) -> Rows:
    """Return every section as figures by code and measure, in their order.

    Raises:
        FigureTwice: two figures have one id.
    """
    return {name: _by_code(name, frame) for name, frame in sections.items()}


def _by_code(section: str, frame: pd.DataFrame) -> dict[str, dict[str, Any]]:
    codes, *columns = ([None if _is_nothing(one) else one for one in frame[name].tolist()] for name in frame)
    measures = [str(name) for name in frame.columns[1:]]
    rows = {str(code): dict(zip(measures, values, strict=True)) for code, *values in zip(codes, *columns, strict=True)}
    if len(rows) < len(codes):
        raise FigureTwice(section, str(next(code for code, times in Counter(codes).items() if times > 1)))
    return rows


def _is_nothing(value: Any) -> bool:
    return value is None or value is pd.NA or bool(value != value)  # NaN is not itself


def _frames(tables: Mapping[str, Table]) -> dict[str, pd.DataFrame]:
    return {name: table.frame for name, table in tables.items()}


def _joined(members: pd.DataFrame, further: pd.DataFrame) -> pd.DataFrame:
    """Put both together, their columns categories of one list each."""
    columns: dict[str, Any] = {}
    for name in members.columns:
        both = [one[name].astype("category") for one in (members, further)]
        columns[name] = pd.api.types.union_categoricals(both)
    return pd.DataFrame(columns)
