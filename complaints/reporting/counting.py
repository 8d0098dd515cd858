"""Counting cases by a code, and finding again which cases were counted.

Nothing is counted row by row: a code is a small number for every case, a measure says of every case whether it counts,
and a table is one ``bincount`` a measure. The same two arrays tell later which cases stand behind a number, so that
no list of them is made before somebody asks.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
"""Of every case: whether it counts."""

Codes = NDArray[np.int32]
"""Of every case: the place of its code in a list of labels; -1 where it has none."""


@dataclass(frozen=True, eq=False)
class Coded:
    """A code for every case.

    Attributes:
        labels: The codes there are.
        codes: For every case the place of its code in ``labels``, or -1.
    """

    labels: tuple[str, ...]
    codes: Codes

    @classmethod
    def of(cls, column: "pd.Series[Any]", missing: str | None = None) -> Self:
        """Return the codes of a column.

        Args:
            column: Strings or categories.
            missing: The code of those that have none; None: they have none.
        """
        categorical = column if isinstance(column.dtype, pd.CategoricalDtype) else column.astype("category")
        coded = cls(tuple(map(str, categorical.cat.categories)), np.asarray(categorical.cat.codes, np.int32))
        return coded.replaced(coded.codes < 0, missing) if missing else coded

    def replaced(self, mask: Mask, label: str) -> Self:
        """Return the same with another code for the cases of ``mask``."""
        labels = self.labels if label in self.labels else (*self.labels, label)
        return replace(self, labels=labels, codes=np.where(mask, np.int32(labels.index(label)), self.codes))

    def renamed(self, rename: Callable[[str], str]) -> Self:
        """Return the same with other names for its codes."""
        return replace(self, labels=tuple(map(rename, self.labels)))

    def within(self, other: "Coded") -> "Coded":
        """Return the pair of both codes, written with a slash; none where either has none."""
        labels = tuple(f"{one}/{two}" for one in self.labels for two in other.labels)
        codes = self.codes * np.int32(len(other.labels)) + other.codes
        return Coded(labels, np.where((self.codes < 0) | (other.codes < 0), np.int32(-1), codes))


class Layer(NamedTuple):
    """Cases that count, each under its code: an array, or one code for all of them."""

    mask: Mask
    codes: Codes | int


@dataclass(frozen=True, eq=False)
class Table:
    """One section of figures: a row a code, a column a measure.

    Attributes:
        labels: The codes that may occur.
        measures: What is counted; a measure of several layers counts each of them.
        listed: Codes that are always shown, in this order, before any others that occur. None: those that occur,
            the most frequent by the first measure first, by code where that is equal.
        values: Figures that are no counts, for each of ``labels``; of which cases, their layers in ``measures`` say.
    """

    labels: tuple[str, ...]
    measures: Mapping[str, Sequence[Layer]]
    listed: tuple[str, ...] | None = None
    values: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    @cached_property
    def counts(self) -> Mapping[str, NDArray[np.int64]]:
        """The number of cases of each measure, for each of ``labels``."""
        return {name: self._counted(layers) for name, layers in self.measures.items()}

    def _counted(self, layers: Sequence[Layer]) -> NDArray[np.int64]:
        total = np.zeros(len(self.labels) + 1, np.int64)  # the last place is for those without a code
        for mask, codes in layers:
            if isinstance(codes, int):
                total[codes] += np.count_nonzero(mask)
            else:
                total += np.bincount(codes[mask] + 1, minlength=len(total))[np.r_[1 : len(total), 0]]
        return total[:-1]

    @cached_property
    def rows(self) -> list[int]:
        """The places in ``labels`` of the codes that are shown, in their order."""
        occurs = [place for place in range(len(self.labels)) if any(one[place] for one in self.counts.values())]
        if self.listed is None:
            leading = next(iter(self.counts.values()))
            return sorted(occurs, key=lambda place: (-leading[place], self.labels[place]))
        listed = [self.labels.index(label) for label in self.listed]
        return [*listed, *sorted(set(occurs) - set(listed), key=lambda place: self.labels[place])]

    @property
    def frame(self) -> pd.DataFrame:
        """The section: ``code``, then the measures."""
        rows = self.rows
        columns: dict[str, Any] = {"code": pd.array([self.labels[place] for place in rows], dtype="str")}
        for name, counts in self.counts.items():
            if name in self.values:
                columns[name] = pd.array([self.values[name][place] for place in rows], dtype="object")
            else:
                columns[name] = counts[rows]
        return pd.DataFrame(columns)

    def positions(self, code: str, measure: str) -> NDArray[np.int64]:
        """Return the rows of the frame of cases that stand behind a figure, in their order.

        Raises:
            KeyError: there is no such figure.
        """
        layers = self.measures[measure]
        if code not in self.labels:
            raise KeyError(code)
        place = self.labels.index(code)
        found = [
            np.flatnonzero(mask if isinstance(codes, int) else mask & (codes == place))
            for mask, codes in layers
            if not isinstance(codes, int) or codes == place
        ]
        return np.sort(np.concatenate([np.zeros(0, np.int64), *found]))


def by_code(coded: Coded, measures: Mapping[str, Mask], listed: Sequence[str] | None = None) -> Table:
    """Return a table of one code a case.

    Args:
        coded: The code of every case.
        measures: Which cases count, by measure.
        listed: See :class:`Table`.
    """
    layers = {name: (Layer(mask, coded.codes),) for name, mask in measures.items()}
    return Table(_with(coded.labels, listed), layers, None if listed is None else tuple(map(str, listed)))


def by_name(measures: Mapping[str, Mapping[str, Mask]]) -> Table:
    """Return a table of cases that have names of their own, and may count under several.

    Args:
        measures: For each code, in its order, which cases count, by measure.
    """
    labels = tuple(measures)
    names = next(iter(measures.values()))
    layers = {name: [Layer(measures[label][name], place) for place, label in enumerate(labels)] for name in names}
    return Table(labels, layers, labels)


def _with(labels: tuple[str, ...], listed: Sequence[str] | None) -> tuple[str, ...]:
    return (*labels, *(str(one) for one in listed or () if one not in labels))


def members_of(tables: Mapping[str, Table], references: "pd.Index[str]") -> pd.DataFrame:
    """Return the cases behind every figure: ``section``, ``code``, ``measure``, ``reference``, all of them categories.

    Args:
        tables: By section.
        references: Those of the frame that the tables were made of, in its order.
    """
    codes = sorted({table.labels[place] for table in tables.values() for place in table.rows})
    measures = list(dict.fromkeys(name for table in tables.values() for name in table.measures))
    place_of = {code: place for place, code in enumerate(codes)}
    total = int(sum(counts.sum() for table in tables.values() for counts in table.counts.values()))
    columns: dict[str, NDArray[Any]] = {
        "section": np.empty(total, np.int16),
        "code": np.empty(total, np.int32),
        "measure": np.empty(total, np.int16),
        "reference": np.empty(total, np.int32),
    }
    filled = 0
    for number, table in enumerate(tables.values()):
        places = np.array([place_of.get(label, -1) for label in table.labels], np.int32)
        for measure, layers in table.measures.items():
            for layer in layers:
                found, own = _found(layer, table)
                here = slice(filled, filled + len(found))
                columns["section"][here], columns["measure"][here] = number, measures.index(measure)
                columns["code"][here], columns["reference"][here] = places[own], found
                filled += len(found)
    names: list[Any] = [list(tables), codes, measures, references]
    return pd.DataFrame(
        {
            name: pd.Categorical.from_codes(column, categories=categories, validate=False)
            for (name, column), categories in zip(columns.items(), names, strict=True)
        },
        copy=False,
    )


def _found(layer: Layer, table: Table) -> tuple[NDArray[np.int32], Codes | int]:
    """Return the cases that count, each code's together in the order in which codes are shown, and their codes."""
    mask, codes = layer
    if isinstance(codes, int):
        return np.flatnonzero(mask).astype(np.int32), codes
    found = np.flatnonzero(mask & (codes >= 0)).astype(np.int32)
    own = codes[found]
    shown = np.empty(len(table.labels), np.int32)
    shown[table.rows] = np.arange(len(table.rows), dtype=np.int32)
    order = np.argsort(shown[own], kind="stable")
    return found[order], own[order]
