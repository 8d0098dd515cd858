"""Cases as they were known at a cut-off, in a frame.

A row of ``cases`` stands for a case that nothing was recorded of since. Of the others the ledger tells how they stood:
they are built again from what was recorded before, without any key.

The cut-off is the first instant that is *not* in the frame: an entry of exactly that time is left out. What one
transaction records has one time, so no cut-off divides it. Where a machine's clock was set back, a case is taken up to
its first entry that is not before the cut-off.
"""

import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any, Final

import pandas as pd
import pyarrow as pa
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Float,
    Select,
    String,
    and_,
    cast,
    func,
    literal_column,
    or_,
    select,
    text,
    type_coerce,
)

from complaints.adapters.copying import copied
from complaints.adapters.entries import ledgers_in_clear, replay
from complaints.adapters.projection import case_columns
from complaints.adapters.store import Store
from complaints.adapters.tables import Amount, Base, CaseRow, EntryRow, Instant
from complaints.errors.base import ComplaintError, RetryableError
from complaints.errors.deadlines import NaiveInstant
from complaints.errors.sealing import SealBroken
from complaints.ledger import Entry
from complaints.regimes.rulebook import Rulebook
from complaints.reporting.frame import (
    CODE,
    COLUMNS,
    INSTANT,
    MOMENTS,
    NEVER,
    Window,
    bears_on,
    frame_of,
    frame_of_columns,
    joined,
)
from complaints.reporting.own_words import SENDERS, OwnWords

_PIECE: Final = 50_000  # rows read at a time: what Python holds of them is let go before the next
_BATCH: Final = 500  # ledgers held in memory at a time
_LOCKED_WITHIN: Final = timedelta(seconds=1)
"""How long after asking for the time a writer on PostgreSQL locks what it changes."""
_PATIENCE_SECONDS: Final = 60

_CASES, _LEDGER = (Base.metadata.tables[row.__tablename__] for row in (CaseRow, EntryRow))


class CutOffAhead(ComplaintError):
    """Figures were asked for of what is not yet known."""

    def __init__(self, as_at: datetime, now: datetime) -> None:
        super().__init__(as_at, now)
        self.as_at, self.now = as_at, now

    def __str__(self) -> str:
        return (
            f"as_at: {self.as_at.isoformat(timespec='seconds')} lies in the future "
            f"(it is {self.now.isoformat(timespec='seconds')}); choose a cut-off that has passed, or leave it out"
        )


class StillWriting(RetryableError):
    """Somebody has been writing for so long that it is not known what was recorded before a cut-off."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds

    def __str__(self) -> str:
        return (
            f"A transaction on the case database has been open for over {self.seconds} seconds, and may hold what "
            "belongs to the figures; try again, or look for it in pg_stat_activity."
        )


def load_frame(store: Store, as_at: datetime, *, windows: Sequence[Window], regime: str | None = None) -> pd.DataFrame:
    """Return the cases that bear on some windows of time, as the ledger stood before a cut-off.

    The same cut-off gives the same frame for ever, whatever is recorded later.

    Args:
        store: The case database.
        as_at: The cut-off; aware, and not in the future. It says what was known; a window says when it happened:
            history is recorded years after it happened.
        windows: Spans of time, aware; see :func:`~complaints.reporting.frame.bears_on`.
        regime: Only the cases whose leading regime this is.

    Returns:
        One row a case, by reference, with the columns of :data:`~complaints.reporting.frame.COLUMNS`.

    Raises:
        NaiveInstant: ``as_at`` has no time zone.
        CutOffAhead: it lies in the future.
        StillWriting: a writer did not finish; the same may succeed later.
        SealBroken: the ledger of a case that has changed since cannot be read.
    """
    if as_at.tzinfo is None:
        raise NaiveInstant("as_at")
    if as_at > (now := store.now()):
        raise CutOffAhead(as_at, now.astimezone(as_at.tzinfo))
    _await_writers(store, as_at)
    with store.read() as session:
        connection = session.connection()
        standing = _standing(connection, as_at, windows, regime)
        rebuilt = _rebuilt(connection, store.rules(session), as_at, windows, regime)
        parts = [*standing, *rebuilt]
        return joined(parts) if parts else frame_of([])


# --- cases that stand as they stood ---------------------------------------------------------------


def _standing(
    connection: Connection, as_at: datetime, windows: Sequence[Window], regime: str | None
) -> Iterator[pd.DataFrame]:
    """Yield the cases of which nothing was recorded since, in pieces, from their rows."""
    plain = [_plain(_CASES.c[name], connection.dialect.name) for name in COLUMNS]
    query = _of(regime, select(*plain)).where(_CASES.c.changed_at < as_at, or_(*map(_bears_on, windows)))
    if connection.dialect.name == "postgresql":
        for read in copied(connection, query, _TYPES):
            yield frame_of_columns([one if pa.types.is_dictionary(one.type) else one.to_pylist() for one in read])
        return
    with connection.execute(query) as result:
        for rows in result.partitions(_PIECE):
            yield frame_of_columns(zip(*rows, strict=True))


_ARROW: Final = {
    "str": pa.string(),
    "bool": pa.bool_(),
    "boolean": pa.bool_(),
    "int32": pa.int32(),
    "object": pa.string(),
    CODE: pa.dictionary(pa.int32(), pa.string()),
    INSTANT: pa.int64(),
}
_TYPES: Final = {name: _ARROW[dtype] for name, dtype in COLUMNS.items()}


def _bears_on(window: Window) -> ColumnElement[bool]:
    """Say in SQL what :func:`~complaints.reporting.frame.bears_on` says."""
    starts_at, ends_at = window
    closed_at, history = _CASES.c.closed_at, _CASES.c.history
    unended = or_(closed_at >= starts_at, and_(closed_at.is_(None), history.is_(False)))
    happened = (and_(_CASES.c[name] >= starts_at, _CASES.c[name] < ends_at) for name in MOMENTS)
    return or_(and_(_CASES.c.received_at < ends_at, unended), *happened)


def _of(regime: str | None, query: Select[Any]) -> Select[Any]:
    return query if regime is None else query.where(_CASES.c.regime == regime)


def _plain(column: Column[Any], dialect: str) -> ColumnElement[Any]:
    """Return a column as the driver reads it fastest: as a number or text, not as a Python object of its own."""
    if not isinstance(column.type, Instant | Amount):
        return column
    if dialect == "sqlite":
        return type_coerce(column, String)
    if isinstance(column.type, Amount):
        return cast(column, String)
    microseconds = func.date_part("epoch", column, type_=Float()) * 1_000_000  # exact for centuries to come
    return func.coalesce(cast(microseconds, BigInteger), literal_column(str(NEVER)))


# --- cases that have changed since ----------------------------------------------------------------


def _rebuilt(
    connection: Connection, rules: Rulebook, as_at: datetime, windows: Sequence[Window], regime: str | None
) -> Iterator[pd.DataFrame]:
    """Yield the cases on which something was recorded since, in pieces, from what had been recorded before."""
    changed = connection.execute(_changed(as_at, windows, regime)).all()
    for start in range(0, len(changed), _BATCH):
        regimes: dict[str, str] = dict(row._tuple() for row in changed[start : start + _BATCH])
        ledgers = ledgers_in_clear(connection, regimes)
        frame = frame_of([_as_it_stood(one, leading, ledgers[one], rules, as_at) for one, leading in regimes.items()])
        yield frame[bears_on(frame, windows)]


def _changed(as_at: datetime, windows: Sequence[Window], regime: str | None) -> Select[Any]:
    """Select the cases that were there before a cut-off, have changed since, and may bear on a window.

    What is no history and was closed before all windows began, and never taken up again or reviewed, had been closed
    by the cut-off too; it is in no frame, although it was archived or looked at since.
    """
    starts_at, ends_at = min(min(windows)[0], as_at), max(ends for _, ends in windows)
    at_first = select(_LEDGER.c.at).where(_LEDGER.c.reference == _CASES.c.reference, _LEDGER.c.seq == 1)
    later = (_CASES.c[name].is_not(None) for name in MOMENTS if name != "received_at")
    lasted = or_(_CASES.c.closed_at.is_(None), _CASES.c.closed_at >= starts_at, *later)
    return _of(regime, select(_CASES.c.reference, _CASES.c.regime)).where(
        _CASES.c.changed_at >= as_at,
        at_first.scalar_subquery() < as_at,
        or_(_CASES.c.history, and_(_CASES.c.received_at < ends_at, lasted)),
    )


def _as_it_stood(
    reference: str, regime: str, ledger: Sequence[Entry], rules: Rulebook, as_at: datetime
) -> dict[str, Any]:
    before = takewhile(lambda entry: entry.at < as_at, ledger)
    try:
        return {"reference": reference} | case_columns(replay(reference, regime, before, None, rules))
    except (ValueError, LookupError, TypeError):
        raise SealBroken(reference) from None


# --- what may still be written --------------------------------------------------------------------


def _await_writers(store: Store, as_at: datetime) -> None:
    """Wait for those who asked for the time before the cut-off and have not committed yet.

    Whatever they write is of a time before it. Who begins later writes of a later time.

    Raises:
        StillWriting: one of them does not finish.
    """
    if store.engine.dialect.name == "sqlite":
        with store.write() as session:  # its only writer asks for the time once it is the writer
            session.connection()
        return
    time.sleep(max((as_at + _LOCKED_WITHIN - store.now()).total_seconds(), 0))
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        writing = set(connection.scalars(_WRITERS))
        patience = time.monotonic() + _PATIENCE_SECONDS
        while writing and time.monotonic() < patience:
            time.sleep(0.02)
            writing &= set(connection.scalars(_WRITERS))
    if writing:
        raise StillWriting(_PATIENCE_SECONDS)


_WRITERS: Final = text(
    """
    SELECT DISTINCT virtualtransaction FROM pg_locks
    WHERE relation = 'cases'::regclass AND mode IN ('RowShareLock', 'RowExclusiveLock') AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    """
)
"""Transactions that change cases, or have locked some in order to."""


def own_words(store: Store) -> OwnWords:
    """Return what stands for names that are not shown: the same in every summary and in the archive's statistics."""
    return OwnWords(store.master.mark("names in summaries"))


def without_numbers(cases: pd.DataFrame, words: OwnWords) -> pd.DataFrame:
    """Return cases without the names, in their senders' words, that look like somebody's number or address."""
    names = {name: cases[name].cat.rename_categories(words.shown) for name in SENDERS}
    return cases.assign(**names)
