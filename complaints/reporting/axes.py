"""The axes of JR/T 0169-2018, by which authorities in China want complaints counted: business type, cause, channel.

What our own codes become in them is data (``returns/data/cn-nfra.toml``), every part of which is to be verified; a firm
lays its own over it. Returns and summaries are made with the same.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np

from complaints.reporting.counting import Coded, Table, by_code
from complaints.reporting.returns.data import Code, CodeMap, ReturnData, read_data
from complaints.reporting.spans import Cases, Span

AXES: Final[Mapping[str, tuple[str, ...]]] = {
    "business": ("business_by_category", "business"),
    "cause": ("cause",),
    "channel": ("channel",),
}
"""The maps of each axis, by names of the data; the first that has a code for a complaint wins."""

SECTION: Final = "jrt_"
"""Before the name of an axis stands this in that of its section."""

UNMAPPED: Final = "unmapped"
"""The code of a complaint that no map has one for."""


REGIMES: Final = frozenset({"cn-nfra"})
"""Whose summaries have sections for the axes."""


def axes_data(regime: str, own: str = "") -> ReturnData | None:
    """Return the lists and maps of a regime's axes, with a firm's own laid over them; None where it has no axes.

    Args:
        regime: The regime.
        own: The firm's file, as text (see :func:`~complaints.reporting.returns.data.read_data`).

    Raises:
        SettingError: the firm's file is not in order.
    """
    return read_data(regime, own) if regime in REGIMES else None


def packaged_codes() -> dict[str, tuple[Code, ...]]:
    """Return the codes of each axis with their titles; those of a firm's own list stand for themselves."""
    [data] = [read_data(regime) for regime in REGIMES]
    return {axis: data.lists[data.maps[names[-1]].to].codes for axis, names in AXES.items()}


def axes_of(span: Span, data: ReturnData) -> dict[str, Table]:
    """Return a section for each axis that the data have: the complaints received, with all codes of its list.

    Args:
        span: The cases.
        data: Lists and maps.
    """
    complaints = {"complaints": span.complaints, "deduplicated": span.deduplicated}
    tables = {}
    for axis, names in AXES.items():
        if maps := [data.maps[name] for name in names if name in data.maps]:
            codes = [one.code for one in data.lists[maps[-1].to].codes]
            tables[SECTION + axis] = by_code(_mapped(span.cases, maps), complaints, codes)
    return tables


def _mapped(cases: Cases, maps: list[CodeMap]) -> Coded:
    """Return for every case the code of the first map that has one; the first code where it has several."""
    coded = Coded((UNMAPPED,), np.full(len(cases), -1, np.int32))
    for map_ in maps:
        further = _looked_up(cases, map_)
        labels = (*coded.labels, *(label for label in further.labels if label not in coded.labels))
        place = np.array([labels.index(label) for label in further.labels], np.int32)
        is_new = (coded.codes < 0) & (further.codes >= 0)
        coded = Coded(labels, np.where(is_new, place[further.codes], coded.codes))
    return coded.replaced(coded.codes < 0, UNMAPPED)


def _looked_up(cases: Cases, map_: CodeMap) -> Coded:
    """Look every combination of values up once, however many cases have it."""
    columns = [Coded.of(cases.frame[name]) for name in map_.by]
    keys = np.zeros(len(cases), np.int64)
    for column in columns:
        keys = keys * (len(column.labels) + 1) + column.codes + 1
    occurring, place = np.unique(keys, return_inverse=True)
    found = [next(iter(map_.look_up(_values(int(key), columns))), None) for key in occurring]
    labels = (*sorted({code for code in found if code is not None}), UNMAPPED)
    own = np.array([-1 if code is None else labels.index(code) for code in found], np.int32)
    return Coded(labels, own[place])


def _values(key: int, columns: list[Coded]) -> tuple[str | None, ...]:
    values: list[str | None] = []
    for column in reversed(columns):
        key, code = divmod(key, len(column.labels) + 1)
        values.append(column.labels[code - 1] if code else None)
    return tuple(reversed(values))
