"""The tables that are kept with a version: as they were, and read no further than needed."""

import io

import pandas as pd
import pyarrow.parquet as pq
import pytest

from complaints.adapters.summary_tables import from_parquet, members_to_parquet
from complaints.reporting.difference import tables_of
from tests.complaints.reporting.rich import rich_figures

MEMBER = ["section", "code", "measure", "reference"]


@pytest.fixture(scope="module")
def members() -> pd.DataFrame:
    """The cases behind every figure of a month of many cases."""
    return tables_of(rich_figures()).members


def test_members_come_back_as_they_were(members: pd.DataFrame) -> None:
    back = from_parquet(members_to_parquet(members), categories=MEMBER)

    pd.testing.assert_frame_equal(back.astype("str"), members[MEMBER].astype("str"))
    assert all(isinstance(back[name].dtype, pd.CategoricalDtype) for name in MEMBER)


def test_the_same_members_give_the_same_bytes(members: pd.DataFrame) -> None:
    assert members_to_parquet(members) == members_to_parquet(members.copy())


def test_no_members_are_a_table_without_rows(members: pd.DataFrame) -> None:
    assert list(from_parquet(members_to_parquet(members.iloc[:0]))) == MEMBER


def test_the_cases_behind_a_figure_are_read_without_those_behind_others(members: pd.DataFrame) -> None:
    kept = pq.ParquetFile(io.BytesIO(members_to_parquet(members))).metadata
    groups = [kept.row_group(place) for place in range(kept.num_row_groups)]

    def said_of(group: pq.RowGroupMetaData) -> tuple[str, str]:
        section, measure = (group.column(place).statistics for place in (0, 2))
        assert (section.min, measure.min) == (section.max, measure.max)
        return section.min, measure.min

    rows = members.groupby(["section", "measure"], observed=True).size().to_dict()
    assert {said_of(group): group.num_rows for group in groups} == rows
