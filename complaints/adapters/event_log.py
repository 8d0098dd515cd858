"""Event logs for process mining, written from the case database to a file."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Final, TextIO

from sqlalchemy import select

from complaints.adapters.durable import draft_beside, sync_folder
from complaints.adapters.entries import ledgers_in_clear
from complaints.adapters.store import Store
from complaints.adapters.tables import CaseRow
from complaints.reporting.event_log.ocel import write_ocel
from complaints.reporting.event_log.traces import PURPOSE, Pseudonyms, Trace, trace_of
from complaints.reporting.event_log.xes import write_xes

_BATCH: Final = 500  # cases held in memory at a time


def traces(store: Store, since: datetime | None, until: datetime | None) -> Iterator[Trace]:
    """Yield the whole lives of the cases that were received in a span of time, by reference.

    Args:
        store: The case database.
        since: The first instant; None: from the first case on.
        until: The first instant after; None: up to now.
    """
    names = Pseudonyms(store.master.mark(PURPOSE))
    query = select(CaseRow.reference).order_by(CaseRow.reference)
    if since is not None:
        query = query.where(CaseRow.received_at >= since)
    if until is not None:
        query = query.where(CaseRow.received_at < until)
    with store.read() as session:
        connection, after = session.connection(), ""
        while batch := session.scalars(query.where(CaseRow.reference > after).limit(_BATCH)).all():
            for reference, ledger in ledgers_in_clear(connection, batch).items():
                yield trace_of(reference, ledger, names)
            after = batch[-1]


def export_xes(store: Store, file: Path, since: datetime | None, until: datetime | None) -> tuple[int, int]:
    """Write an event log as XES; return how many cases and events it holds.

    The file is there whole or not at all.
    """
    with _whole(file) as out:
        return write_xes(out, traces(store, since, until))


def export_ocel(store: Store, file: Path, since: datetime | None, until: datetime | None) -> tuple[int, int]:
    """Write an event log as OCEL 2.0 in JSON; return how many cases and events it holds.

    The file is there whole or not at all.
    """
    with _whole(file) as out, tempfile.TemporaryFile("w+", encoding="utf-8", dir=file.parent) as spool:
        return write_ocel(out, spool, traces(store, since, until))


@contextmanager
def _whole(file: Path) -> Iterator[TextIO]:
    """Open a file to write that takes its name once all of it is on the disk; only its owner may read it."""
    with draft_beside(file) as draft:
        out = TextIOWrapper(draft, encoding="utf-8")
        yield out
        out.detach()  # what it holds back goes into the draft, which stays open
    try:
        Path(draft.name).replace(file)
    finally:
        Path(draft.name).unlink(missing_ok=True)
    sync_folder(file.parent)
