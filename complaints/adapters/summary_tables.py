"""The tables that are kept with each version of a summary, as Parquet: figures, their members, and the cases."""

from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from complaints.adapters.summary_files import SummaryFiles
from complaints.reporting.difference import FIGURE, Tables
from complaints.reporting.figures import SPANS, FigureUnknown
from complaints.reporting.versions import Version

CASES: Final = "cases.parquet"
FIGURES: Final = "figures.parquet"
MEMBERS: Final = "members.parquet"

CASES_TOGETHER: Final = 20_000
"""Rows of cases that are read together: a list shows a hundred of them, one after the other."""
_MEMBERS_TOGETHER: Final = 100_000
_MEMBER: Final = [*FIGURE, "reference"]

Filters = Sequence[tuple[str, str, object]]
"""Which rows, as ``pyarrow.parquet.read_table`` takes filters."""


def read_tables(files: SummaryFiles, version: Version) -> Tables:
    """Return the figures of a version, and the cases behind them.

    Raises:
        SummaryBroken: a file is missing or altered.
    """
    figures = from_parquet(files.read(version, FIGURES))
    members = from_parquet(files.read(version, MEMBERS), categories=_MEMBER)
    reports = from_parquet(files.read(version, CASES), [("confidential", "==", True)], ["reference"])
    return Tables(figures, members, frozenset(reports["reference"]))


def figure_ids(files: SummaryFiles, version: Version) -> list[str]:
    """Return the ids of the figures of a version.

    Raises:
        SummaryBroken: the file is missing or altered.
    """
    figures = from_parquet(files.read(version, FIGURES), [("span", "==", SPANS[0])])
    return [".".join(figure) for figure in figures[FIGURE].itertuples(index=False, name=None)]


def references_behind(files: SummaryFiles, version: Version, figure: str) -> list[str]:
    """Return the references of the cases behind a figure of a version, in order.

    Args:
        files: The files of summaries.
        version: The version.
        figure: The figure's id: section, code and measure, with dots between them.

    Raises:
        FigureUnknown: there is none of that id.
        SummaryBroken: a file is missing or altered.
    """
    if figure not in figure_ids(files, version):
        raise FigureUnknown(figure)
    is_one = [(column, "==", part) for column, part in zip(FIGURE, parts_of(figure), strict=True)]
    found = from_parquet(files.read(version, MEMBERS), is_one, ["reference"])["reference"]
    return sorted(set(found.astype("str")))


def parts_of(figure: str) -> tuple[str, str, str]:
    """Return section, code and measure of a figure; only the code may hold dots."""
    section, _, rest = figure.partition(".")
    code, _, measure = rest.rpartition(".")
    return section, code, measure


def cases_of(files: SummaryFiles, version: Version, references: Collection[str]) -> pd.DataFrame:
    """Return what was known of some cases at the cut-off of a version, by reference.

    Raises:
        SummaryBroken: the file is missing or altered.
    """
    content = files.read(version, CASES)
    if not references:  # a period without a case has no type of reference to compare with
        none: pd.DataFrame = pq.read_schema(pa.BufferReader(content)).empty_table().to_pandas()
        return none
    return from_parquet(content, [("reference", "in", list(references))])


def to_parquet(frame: pd.DataFrame, together: int | None = None) -> bytes:
    """Return a frame as Parquet: the same frame gives the same bytes.

    Args:
        frame: The frame.
        together: Rows that are read together, at the least, by whoever looks for one; None: a million.
    """
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, row_group_size=together, compression="zstd")
    return bytes(sink.getvalue())


def members_to_parquet(members: pd.DataFrame) -> bytes:
    """Return the cases behind figures as Parquet, so that those behind one are found without reading all others.

    What is read together is of one section and measure, as its statistics say. The same members in the same order give
    the same bytes.

    Args:
        members: ``section``, ``code``, ``measure``, ``reference``, each of them a category.
    """
    schema = pa.schema([(name, pa.string()) for name in _MEMBER])
    codes = {name: members[name].cat.codes.to_numpy() for name in _MEMBER}
    labels = {name: pa.array(members[name].cat.categories, pa.string()) for name in _MEMBER}
    is_other = (np.diff(codes["section"]) != 0) | (np.diff(codes["measure"]) != 0)
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, schema, compression="zstd", use_dictionary=FIGURE) as writer:
        for first, after in pairwise([0, *(np.flatnonzero(is_other) + 1).tolist(), len(members)]):
            columns = [labels[name].take(pa.array(codes[name][first:after])) for name in _MEMBER]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema), row_group_size=_MEMBERS_TOGETHER)
    return bytes(sink.getvalue())


def from_parquet(
    content: bytes,
    only: Filters | None = None,
    columns: Sequence[str] | None = None,
    categories: Sequence[str] = (),
) -> pd.DataFrame:
    """Return the frame that was written.

    Args:
        content: The file.
        only: Which rows; None: all.
        columns: Which columns; None: all.
        categories: Columns of texts that become categories.
    """
    read = pq.read_table(
        pa.BufferReader(content),
        filters=None if only is None else list(only),
        columns=None if columns is None else list(columns),
        read_dictionary=list(categories),
    )
    frame: pd.DataFrame = read.to_pandas()
    return frame
