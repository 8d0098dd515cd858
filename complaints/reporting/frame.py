"""The frame that every figure is counted in: one row a case, by reference, as it was known at a cut-off.

It holds no personal data. What a case *is* stands in codes (categories, which have few values however many cases there
are); what *happened* stands with its time, so that periods are told apart by whoever counts.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

INSTANT: Final = "datetime64[us, UTC]"
CODE: Final = "category"

COLUMNS: Final[Mapping[str, str]] = {
    "reference": "str",
    "kind": CODE,
    "category": CODE,
    "cause": CODE,
    "channel": CODE,
    "region": CODE,
    "product": CODE,
    "sub_product": CODE,
    "issue": CODE,
    "urgency": CODE,
    "severity": CODE,
    "department": CODE,
    "handler": CODE,  # a staff number
    "party_type": CODE,
    "represented": "bool",
    "forwarded": "bool",
    "is_group": "bool",
    "history": "bool",
    "received_at": INSTANT,
    "acknowledged_at": INSTANT,
    "answered_at": INSTANT,
    "closed_at": INSTANT,
    "decision_due_at": INSTANT,
    "late": "boolean",
    "breach_cause": CODE,
    "outcome": CODE,
    "remedy": CODE,
    "redress_paid": "object",  # Decimal or None
    "redress_currency": CODE,
    "payments": "str",  # JSON: all that was ever paid, see complaints.payments
    "satisfaction": CODE,
    "closure": CODE,
    "repeats": "int32",
    "merged_into": "str",
    "merged_at": INSTANT,
    "reopened": "int32",
    "reopened_at": INSTANT,
    "review": CODE,
    "review_asked_at": INSTANT,
    "review_told_at": INSTANT,
}
"""The columns of a frame of cases, named as in ``cases``, with their dtypes."""

NEVER: Final = int(np.iinfo("int64").min)
"""What stands for no instant among microseconds."""

Window = tuple[datetime, datetime]
"""A first instant, and the first one after."""

MOMENTS: Final = ("received_at", "reopened_at", "review_asked_at", "review_told_at")
"""What makes a case belong to a window that it falls into, beside having been open or closed in it."""


def frame_of(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return a frame of cases, each given by its columns (others are left out), in the order of their references."""
    values = [[row[name] for name in COLUMNS] for row in rows]
    return joined([frame_of_columns(zip(*values, strict=True) if values else [()] * len(COLUMNS))])


def frame_of_columns(columns: Iterable[Sequence[Any]]) -> pd.DataFrame:
    """Return a frame of cases from the values of each column, in the order of :data:`COLUMNS`.

    Args:
        columns: None is nothing. Instants are aware datetimes, ISO texts in UTC, or whole microseconds since 1970
            (:data:`NEVER` is nothing); codes are texts, or Arrow's dictionaries of them.
    """
    pairs = zip(COLUMNS.items(), columns, strict=True)
    return pd.DataFrame({name: _ARRAYS[dtype](values) for (name, dtype), values in pairs})


def _instants(values: Sequence[Any]) -> pd.DatetimeIndex:
    one = next((value for value in values if value is not None), None)
    if isinstance(one, int):
        read = np.array(values, "int64").view("datetime64[us]")
    elif isinstance(one, str):
        read = np.array(values, "datetime64[us]")
    else:
        read = np.array([value and value.astimezone(UTC).replace(tzinfo=None) for value in values], "datetime64[us]")
    return pd.DatetimeIndex(read).tz_localize("UTC")


def _codes(values: Sequence[Any]) -> pd.Categorical:
    # By way of Arrow in any case: several times as fast as pandas.
    read: Any = values if isinstance(values, pa.DictionaryArray) else pa.array(values, pa.string()).dictionary_encode()
    labels = pd.Index(read.dictionary.to_pylist(), dtype="str")
    return pd.Categorical.from_codes(read.indices.fill_null(-1).to_numpy(), categories=labels)


_CENT: Final = Decimal("0.01")
"""As rows keep amounts: a ledger says 100 where its row says 100.00, and both must give the same bytes."""

_ARRAYS: Final[Mapping[str, Callable[[Sequence[Any]], Any]]] = {
    "str": lambda values: pd.array(values, dtype="str"),
    "bool": lambda values: np.array(values, "bool"),
    "boolean": lambda values: pd.array(values, dtype="boolean"),
    "int32": lambda values: np.array(values, "int32"),
    "object": lambda values: np.array(
        [None if one is None else Decimal(one).quantize(_CENT) for one in values], "object"
    ),
    CODE: _codes,
    INSTANT: _instants,
}
"""How the values of a column become an array, by its dtype."""


def joined(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return several frames of cases as one, in the order of their references.

    The codes of a column are those that occur, in their order: the same cases give the same frame, however many
    frames they came in.
    """
    columns = {name: _together([frame[name] for frame in frames]) for name in COLUMNS}
    order = columns["reference"].argsort()
    return pd.DataFrame({name: column.take(order) for name, column in columns.items()})


def _together(columns: Sequence["pd.Series[Any]"]) -> Any:
    if not isinstance(columns[0].dtype, pd.CategoricalDtype):
        return pd.concat(columns, ignore_index=True).array
    parts = [(column.cat.categories, column.cat.codes.to_numpy("int32")) for column in columns]
    occur = {label for own, codes in parts for label in own[np.bincount(codes + 1, minlength=len(own) + 1)[1:] > 0]}
    labels = sorted(occur)
    place_of = {label: place for place, label in enumerate(labels)}
    moved = [np.array([*(place_of.get(one, -1) for one in own), -1], "int32")[codes] for own, codes in parts]
    return pd.Categorical.from_codes(np.concatenate(moved), categories=pd.Index(labels, dtype="str"))


def bears_on(frame: pd.DataFrame, windows: Iterable[Window]) -> "pd.Series[bool]":
    """Return which cases bear on a window: those received, answered or closed in it, open at its end, taken up again in
    it, or reviewed in it.

    Whoever had been received by its end and was not closed before it began was answered or closed in it, or open at
    its end. Imported history whose day of closing nobody knows is never open.
    """
    found = pd.Series(data=False, index=frame.index)
    never_open = frame["history"] & frame["closed_at"].isna()
    for starts_at, ends_at in windows:
        unended = ~(frame["closed_at"] < starts_at) & ~never_open
        happened = [(frame[name] >= starts_at) & (frame[name] < ends_at) for name in MOMENTS]
        found |= (frame["received_at"] < ends_at) & unended
        for one in happened:
            found |= one
    return found
