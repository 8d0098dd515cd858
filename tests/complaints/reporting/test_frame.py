"""The frame that figures are counted in: its columns, its order, and which cases bear on a window."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from complaints.adapters.projection import case_columns
from complaints.reporting.frame import COLUMNS, INSTANT, NEVER, bears_on, frame_of, frame_of_columns, joined
from complaints.words import Stage
from tests.builders import REFERENCE, a_case

MARCH = (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
TICK = timedelta(microseconds=1)


def a_row(**changes):
    """The columns of an open complaint of 2 March 2026."""
    return {"reference": REFERENCE} | case_columns(a_case()) | changes


def instants(values):
    """One column of instants, read."""
    at = list(COLUMNS).index("received_at")
    empty = [[None] * len(values)] * len(COLUMNS)
    columns = [
        [0] * len(values) if dtype in ("bool", "int32") else column
        for column, dtype in zip(empty, COLUMNS.values(), strict=True)
    ]
    columns[at] = values
    return frame_of_columns(columns)["received_at"]


def test_a_frame_has_every_column_with_its_dtype_even_without_cases():
    for rows in ([], [a_row()], [a_row(), a_row(reference="TS1", kind=None, late=True)]):
        frame = frame_of(rows)

        assert list(frame.columns) == list(COLUMNS)
        assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == dict(COLUMNS)


def test_what_is_in_a_frame_is_what_the_case_says():
    frame = frame_of([{"reference": REFERENCE} | case_columns(a_case(Stage.CLOSED))])

    (row,) = frame.astype("object").where(frame.notna(), None).to_dict("records")

    assert row["redress_paid"] == Decimal("128.50")
    assert {name: row[name] for name in ("kind", "outcome", "redress_currency", "late", "reopened")} == {
        "kind": "complaint",
        "outcome": "upheld",
        "redress_currency": "CNY",
        "late": False,
        "reopened": 0,
    }


def test_cases_stand_by_reference_and_codes_by_name_however_many_frames_they_came_in():
    rows = [a_row(reference=f"TS{n}", channel=channel) for n, channel in enumerate(("web", "app", "web", "post"))]

    together = frame_of(rows)
    apart = joined([frame_of(rows[2:]), frame_of(rows[:1]), frame_of([]), frame_of(rows[1:2])])

    assert_frame_equal(together, apart)
    assert list(together["reference"]) == ["TS0", "TS1", "TS2", "TS3"]
    assert list(apart["channel"].cat.categories) == ["app", "post", "web"]


def test_a_code_that_no_case_of_the_frame_has_is_not_in_it():
    frame = frame_of([a_row(channel="web"), a_row(reference="TS1", channel="app")])

    assert list(joined([frame[frame["reference"] == "TS1"]])["channel"].cat.categories) == ["app"]


@pytest.mark.parametrize(
    "at",
    [datetime(2026, 3, 31, 23, 59, 59, 999_999, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC), MARCH[0] + TICK],
)
def test_an_instant_is_the_same_to_the_microsecond_in_whatever_way_it_is_read(at):
    as_text = at.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")

    microseconds = (at - datetime(1970, 1, 1, tzinfo=UTC)) // TICK

    for value, nothing in ((at, None), (microseconds, NEVER), (as_text, None)):
        read = instants([value, nothing])

        assert str(read.dtype) == INSTANT
        assert list(read.isna()) == [False, True]
        assert read[0] == pd.Timestamp(at)


JANUARY, LATER = datetime(2026, 1, 9, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "bears"),
    [
        ({"received_at": MARCH[0]}, True),
        ({"received_at": MARCH[1] - TICK}, True),
        ({"received_at": MARCH[1]}, False),
        ({"received_at": JANUARY}, True),  # open at its end
        ({"received_at": JANUARY, "closed_at": MARCH[0] - TICK}, False),
        ({"received_at": JANUARY, "closed_at": MARCH[0]}, True),
        ({"received_at": JANUARY, "closed_at": LATER}, True),
        ({"received_at": JANUARY, "history": True}, False),  # closed, nobody knows when
        ({"received_at": MARCH[0], "history": True}, True),
        ({"received_at": JANUARY, "history": True, "closed_at": MARCH[0]}, True),
        ({"received_at": MARCH[0], "closed_at": JANUARY}, True),  # the source says so
        ({"received_at": JANUARY, "closed_at": JANUARY, "review_told_at": MARCH[0]}, True),
        ({"received_at": JANUARY, "closed_at": JANUARY, "review_told_at": MARCH[1]}, False),
    ],
)
def test_a_case_bears_on_a_window_in_which_something_happened_or_at_whose_end_it_was_open(changes, bears):
    (found,) = bears_on(frame_of([a_row(**changes)]), [MARCH])

    assert bool(found) is bears


def test_each_of_several_windows_counts():
    frame = frame_of([a_row(received_at=JANUARY, closed_at=JANUARY + TICK)])

    assert not bears_on(frame, [MARCH]).any()
    assert bears_on(frame, [MARCH, (JANUARY, JANUARY + TICK)]).all()
