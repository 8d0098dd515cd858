"""The difference between two versions of a summary: figure by figure, with the cases that made it."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from complaints.adapters.spreadsheets.cells import harmless
from complaints.reporting.figures import SPANS, Figures

FIGURE: Final = ["section", "code", "measure"]
"""The columns that name a figure."""

DRAWN_ONLY: Final = frozenset({"warning_days"})
"""Sections that only a chart is made of; what they say of a case, others say."""

_KEYS: Final = ["span", *FIGURE]


@dataclass(frozen=True, eq=False)
class Tables:
    """The figures of a version and the cases behind them, as they are kept with it.

    Attributes:
        figures: ``span`` (one of :data:`SPANS`), ``section``, ``code``, ``measure``, ``value`` (as text, None where
            nothing can be said).
        members: ``section``, ``code``, ``measure``, ``reference``, each of them a category: the cases behind the
            figures of the period.
        confidential: The references of whistle-blowing reports.
    """

    figures: pd.DataFrame
    members: pd.DataFrame
    confidential: frozenset[str]

    def same_as(self, other: "Tables") -> bool:
        """Whether every figure, and every list of cases behind one, is the same."""
        values, others = (one.figures.sort_values(_KEYS, ignore_index=True) for one in (self, other))
        if not values.equals(others):
            return False
        parts = _by_section(self.members, other.members)
        return all(np.array_equal(mine, theirs) for _, mine, theirs, _ in parts)

    @property
    def with_cases(self) -> frozenset[tuple[str, str, str]]:
        """Section, code and measure of every figure that has cases behind it."""
        known = [self.members[column].cat for column in FIGURE]
        seen = np.zeros([len(one.categories) for one in known], bool)
        seen[tuple(one.codes.to_numpy() for one in known)] = True
        names = [one.categories.astype("str") for one in known]
        found = (labels.take(places) for labels, places in zip(names, np.nonzero(seen), strict=True))
        return frozenset(zip(*found, strict=True))


def tables_of(figures: Figures) -> Tables:
    """Return the tables of figures that were just computed."""
    long = [
        (span, section, code, measure, as_text(value))
        for span, sections in figures.rows.items()
        for section, rows in sections.items()
        if section not in DRAWN_ONLY
        for code, row in rows.items()
        for measure, value in row.items()
    ]
    values = pd.DataFrame(long, columns=[*_KEYS, "value"], dtype="object")
    return Tables(values, figures.members[[*FIGURE, "reference"]].astype("category"), figures.confidential)


def as_text(value: Any) -> str | None:
    """Return a figure as text; None where nothing can be said."""
    if value is None or value is pd.NA or value != value:  # NaN is not itself
        return None
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def difference(before: Tables, after: Tables) -> pd.DataFrame:
    """Return every figure that changed, or whose cases did, in the order of the later version.

    Returns:
        ``span``, ``section``, ``code``, ``measure``, ``before`` and ``after`` (text; None: not there, or nothing can
        be said), ``added`` and ``removed`` (tuples of references, in order).
    """
    columns = {"value_before": "before", "value_after": "after"}
    moved = after.figures.merge(before.figures, on=_KEYS, how="outer", suffixes=("_after", "_before"))
    moved = moved.rename(columns=columns).astype("object")
    moved = moved.where(moved.notna(), None)
    added, removed = _moved_cases(before, after)
    figures = list(moved[_KEYS].itertuples(index=False, name=None))
    moved["added"] = [added.get(figure[1:], ()) if figure[0] == SPANS[0] else () for figure in figures]
    moved["removed"] = [removed.get(figure[1:], ()) if figure[0] == SPANS[0] else () for figure in figures]
    is_other = [one != other for one, other in zip(moved["before"], moved["after"], strict=True)]
    changed = moved[np.array(is_other, bool) | moved["added"].map(bool) | moved["removed"].map(bool)]
    place = {figure: number for number, figure in enumerate(after.figures[_KEYS].itertuples(index=False, name=None))}
    order = [place.get(figure, len(place)) for figure in changed[_KEYS].itertuples(index=False, name=None)]
    in_order = changed.assign(place=order).sort_values(["place", *_KEYS], ignore_index=True)
    return in_order[[*_KEYS, "before", "after", "added", "removed"]]


Moved = dict[tuple[str, ...], tuple[str, ...]]
"""By section, code and measure: references, in order."""


def _moved_cases(before: Tables, after: Tables) -> tuple[Moved, Moved]:
    """Return the cases that came to a figure, and those that went; never one that is a report in either version.

    A report that moves would be known by the region, product or handler that it leaves, whichever row names it.
    """
    reports = before.confidential | after.confidential
    added: Moved = {}
    removed: Moved = {}
    for section, earlier, later, names in _by_section(before.members, after.members):
        came, went = np.setdiff1d(later, earlier, True), np.setdiff1d(earlier, later, True)
        for found, numbers in ((added, came), (removed, went)):
            for figure, references in _named(numbers, names).items():
                found[section, *figure] = tuple(one for one in references if one not in reports)
    return added, removed


def _by_section(
    one: pd.DataFrame, other: pd.DataFrame
) -> Iterator[tuple[str, NDArray[np.int64], NDArray[np.int64], list["pd.Index[str]"]]]:
    """Yield for each section the two tables of members as sets of numbers, and what the digits of these stand for.

    A million cases have some fifty million members: all at once they would need more memory than a machine has.
    """
    names, places = [], []
    for column in [*FIGURE, "reference"]:
        own = [frame[column].cat.categories.astype("str") for frame in (one, other)]
        names.append(own[0].union(own[1]))
        places.append([names[-1].get_indexer(known) for known in own])
    codes = [[frame[column].cat.codes.to_numpy() for column in [*FIGURE, "reference"]] for frame in (one, other)]
    for number, section in enumerate(names[0]):
        numbers = []
        for which in (0, 1):
            [place] = np.flatnonzero(places[0][which] == number) if number in places[0][which] else [-2]
            rows = np.flatnonzero(codes[which][0] == place)
            found = np.zeros(len(rows), np.int64)
            for digit in (1, 2, 3):
                found = found * len(names[digit]) + places[digit][which][codes[which][digit][rows]]
            numbers.append(_as_set(found))
        yield section, numbers[0], numbers[1], names[1:]


def _as_set(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    return numbers if bool(np.all(numbers[1:] > numbers[:-1])) else np.unique(numbers)


def _named(numbers: NDArray[np.int64], names: list["pd.Index[str]"]) -> Moved:
    digits = []
    for known in reversed(names):
        numbers, digit = np.divmod(numbers, max(len(known), 1))
        digits.append(known.take(digit))
    found: dict[tuple[str, ...], list[str]] = {}
    for code, measure, reference in zip(*reversed(digits), strict=True):
        found.setdefault((code, measure), []).append(reference)
    return {figure: tuple(references) for figure, references in found.items()}


def difference_csv(changed: pd.DataFrame) -> str:
    """Return a difference as CSV, with the mark by which Excel knows UTF-8; references are separated by blanks."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([*_KEYS, "before", "after", "cases_added", "cases_removed", "added", "removed"])
    for span, section, code, measure, before, after, added, removed in changed.itertuples(index=False, name=None):
        figure = (span, section, harmless(" ".join(code.split())), measure, before, after)
        writer.writerow([*figure, len(added), len(removed), " ".join(added), " ".join(removed)])
    return "\ufeff" + text.getvalue()
