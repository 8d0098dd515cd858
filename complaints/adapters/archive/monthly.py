"""The statistics of past months, kept with the archive as Parquet: ``statistics/<regime>/<month>.parquet``.

A case stands in the month in which it was closed, in its regime's zone, with the columns of
:data:`complaints.reporting.frame.COLUMNS` but without who handled it: nothing in them is personal, and they stay when
the person is erased. Of a whistle-blowing report, what could lead to the person is left out. A month's file
says in its metadata as at when it was made; it is made again once a case of that month has changed.
"""

from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from complaints.adapters.archive.contents import WITHHELD
from complaints.adapters.durable import write_whole
from complaints.adapters.frames import load_frame, own_words, without_numbers
from complaints.adapters.store import Store
from complaints.adapters.tables import CaseRow
from complaints.reporting.frame import CODE, COLUMNS, INSTANT
from complaints.reporting.periods import Period, PeriodKind
from complaints.words import Kind

FOLDER: Final = "statistics"

LEFT_OUT: Final = frozenset({"handler"})
"""What is said of a member of staff, not of a case."""

_REPORTS_WITHOUT: Final = (WITHHELD | {"category", "cause"}) & COLUMNS.keys()
_TYPES: Final = {
    "str": pa.string(),
    CODE: pa.string(),
    "bool": pa.bool_(),
    "boolean": pa.bool_(),
    "int32": pa.int32(),
    "object": pa.decimal128(18, 2),
    INSTANT: pa.timestamp("us", "UTC"),
}
_SCHEMA: Final = pa.schema([(name, _TYPES[dtype]) for name, dtype in COLUMNS.items() if name not in LEFT_OUT])
"""The same columns of the same types in every month, whatever happened in it."""
_AS_AT: Final = b"as_at"


def write_statistics(store: Store, folder: Path, as_at: datetime) -> list[Path]:
    """Write the months that are over and have no file yet, or one that is out of date. Safe to run twice.

    Args:
        store: The case database.
        folder: The archive.
        as_at: The cut-off: the firm's time, now.

    Returns:
        The files that were written.
    """
    with store.read() as session:
        wanted = [*_out_of_date(session, store, folder, as_at)]
        wanted += _emptied(session, store, folder, {path for *_, path in wanted})
    words = own_words(store)
    for regime, month, path in wanted:
        window = month.span(store.rules().pack(regime).tz)
        frame = load_frame(store, as_at, windows=[window], regime=regime)
        closed = frame[(frame["closed_at"] >= window[0]) & (frame["closed_at"] < window[1])]
        _write(path, to_table(without_numbers(closed, words), regime, month, as_at))
    return [path for *_, path in wanted]


def to_table(frame: pd.DataFrame, regime: str, month: Period, as_at: datetime) -> pa.Table:
    """Return a month's cases as they are kept.

    Args:
        frame: With the columns of :data:`complaints.reporting.frame.COLUMNS`.
        regime: Its name.
        month: In which they were closed.
        as_at: The cut-off.
    """
    reports = (frame["kind"] == Kind.REPORT).to_numpy()
    columns = []
    for one in _SCHEMA:
        hidden = reports if one.name in _REPORTS_WITHOUT else None
        columns.append(pa.Array.from_pandas(frame[one.name].astype(object), mask=hidden, type=one.type))
    facts = {b"regime": regime.encode(), b"month": month.name.encode(), _AS_AT: as_at.isoformat().encode()}
    return pa.Table.from_arrays(columns, schema=_SCHEMA.with_metadata(facts))


def _out_of_date(session: Session, store: Store, folder: Path, as_at: datetime) -> Iterator[tuple[str, Period, Path]]:
    closed = CaseRow.closed_at
    first = select(CaseRow.regime, func.min(closed)).where(closed.is_not(None)).group_by(CaseRow.regime)
    for regime, earliest in session.execute(first.order_by(CaseRow.regime)).tuples():
        zone = store.rules(session).pack(regime).tz
        assert earliest is not None  # the query left out those that are not closed
        month = Period.containing(PeriodKind.MONTH, earliest.astimezone(zone).date())
        while (span := month.span(zone))[1] <= as_at:
            inside = (CaseRow.regime == regime, closed >= span[0], closed < span[1])
            there = session.execute(select(func.count(), func.max(CaseRow.changed_at)).where(*inside)).one()
            path = folder / FOLDER / regime / f"{month.name}.parquet"
            if not _covers(path, *there):
                yield regime, month, path
            month = month.after


def _emptied(session: Session, store: Store, folder: Path, wanted: set[Path]) -> Iterator[tuple[str, Period, Path]]:
    """Yield the months whose file names cases, and in which none is closed any more: one was taken up again."""
    for path in sorted((folder / FOLDER).glob("*/[0-9]*.parquet")):
        regime, month = path.parent.name, Period.parse(path.stem)
        starts, ends = month.span(store.rules(session).pack(regime).tz)
        inside = (CaseRow.regime == regime, CaseRow.closed_at >= starts, CaseRow.closed_at < ends)
        if path not in wanted and _state_of(path)[0] and not session.scalar(select(func.count()).where(*inside)):
            yield regime, month, path


_NOTHING: Final = (0, None)


def _state_of(path: Path) -> tuple[int, datetime | None]:
    """Return how many cases a month's file has, and as at when; a file that cannot be read is none."""
    try:
        known = pq.read_metadata(path)
        return known.num_rows, datetime.fromisoformat((known.metadata or {})[_AS_AT].decode())
    except (OSError, pa.ArrowInvalid, KeyError, ValueError):
        return _NOTHING


def _covers(path: Path, count: int, changed_at: datetime | None) -> bool:
    known, as_at = _state_of(path)
    return known == count and (changed_at is None or (as_at is not None and changed_at < as_at))


def _write(path: Path, table: pa.Table) -> None:
    """Write a month's file, of some ten thousand rows at most."""
    for place in (path.parent.parent.parent, path.parent.parent, path.parent):
        place.mkdir(mode=0o700, exist_ok=True, parents=True)
    content = BytesIO()
    pq.write_table(table, content, compression="zstd")
    write_whole(path, content.getvalue())
