"""Importing a spreadsheet: its rows become cases, open ones or history, in batches; safe to run twice.

A row is validated before anything is written, and a batch is one transaction, so that a bad row costs nobody
else's, and an import that was killed goes on where it ended when it is started again.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final

from complaints.adapters.spreadsheets import limits
from complaints.adapters.spreadsheets.batches import Batch, Batches, Draft
from complaints.adapters.spreadsheets.cells import Cell
from complaints.adapters.spreadsheets.layout import Layout, Record, RowReader
from complaints.adapters.spreadsheets.opening import Table, open_table
from complaints.adapters.spreadsheets.report import ImportReport, TableRefused, Unusable
from complaints.adapters.spreadsheets.text_table import WronglyEncoded
from complaints.adapters.store import Store

BATCH: Final = 1_000
"""Rows read for each transaction and each word on progress."""

Row = tuple[int, Sequence[Cell] | Unusable]


def import_file(
    store: Store,
    file: Path,
    layout: Layout,
    *,
    regime: str,
    further: Sequence[str] = (),
    as_history: bool | None = None,
    limit: int | None = None,
    dry_run: bool = False,
    progress: Callable[[int], None] = lambda read: None,
) -> ImportReport:
    """Import a spreadsheet; safe to run twice, and to run again after it was broken off.

    Args:
        store: The case database.
        file: CSV, plain, in gzip or alone in a zip archive; or XLSX.
        layout: What its columns mean.
        regime: Name of the leading regime.
        further: Names of the regimes that apply beside it to open cases.
        as_history: Whether the cases are over: they are stored closed, and no clock runs; None: as the layout says.
        limit: How many rows are read at most.
        dry_run: Whether nothing is stored, and the report says what would be.
        progress: Is told the number of rows read after every transaction.

    Raises:
        TableRefused: the file cannot be read, or does not name the columns that are needed.
        SettingError: there is no such regime.
    """
    history = layout.history if as_history is None else as_history
    now = store.now()
    store.rules().choose(regime, further, now)  # an unknown regime is found before the first row
    batches = Batches(store, layout, regime, () if history else tuple(further), history, dry_run)
    with open_table(file, layout.sheet, layout.encoding) as table:
        rows: Iterator[Row] = iter(table.rows())
        reader = _reader(file, layout, rows)
        reading = _Reading(store, layout, table, reader, now)
        report = ImportReport(ignored=reader.ignored, encoding=table.encoding)
        wanted = islice(rows, limit)
        while batch := list(islice(wanted, BATCH)):
            _count(report, batches.take(reading.drafts(batch, report)), len(batch))
            progress(report.read)
    return report


def _reader(file: Path, layout: Layout, rows: Iterator[Row]) -> RowReader:
    """Find the row of column names, among the first; a title may stand above it."""
    nearest: tuple[str, ...] | None = None
    for _, cells in islice(rows, limits.HEADER_WITHIN):
        if isinstance(cells, Unusable):
            break
        header = [cell.strip() if isinstance(cell, str) else "" for cell in cells]
        if twice := layout.twice(header):
            raise TableRefused(str(file), "names columns twice", twice)
        if not (missing := layout.missing(header)):
            return layout.reader(header)
        if nearest is None or len(missing) < len(nearest):
            nearest = missing
    if nearest is None:
        raise TableRefused(str(file), "has no row of column names that can be read", layout.missing([]))
    raise TableRefused(str(file), "lacks the columns", nearest)


@dataclass
class _Reading:
    """A table on its way to become drafts."""

    store: Store
    layout: Layout
    table: Table
    reader: RowReader
    now: datetime

    def drafts(self, rows: Sequence[Row], report: ImportReport) -> Iterator[Draft]:
        """Yield what rows say; reject those that say nothing of use."""
        for number, cells in rows:
            try:
                whole = _whole(self.table, self.reader, cells, is_last=number == rows[-1][0])
                record = self.reader.record(whole, self.now)
            except Unusable as fault:
                report.reject(number, fault)
            else:
                yield _draft(self.store, number, record, marked=not self.layout.keeps_first)


def _whole(table: Table, reader: RowReader, cells: Sequence[Cell] | Unusable, *, is_last: bool) -> Sequence[Cell]:
    """Return a row's cells.

    Raises:
        Unusable: it is not whole, or cannot be read.
    """
    header = reader.header
    if isinstance(cells, WronglyEncoded):
        raise Unusable(header[cells.at] if cells.at < len(header) else "", cells.reason)
    if isinstance(cells, Unusable):
        raise cells
    if len(cells) < len(header) and not table.pads:
        reason = f"the row has {len(cells)} cells of {len(header)}; the file is cut or damaged here"
        raise Unusable(header[len(cells)], reason, cut=True)
    if any(cells[len(header) :]):
        raise Unusable("", f"the row has {len(cells)} cells, but there are {len(header)} column names")
    if is_last and not table.is_ended and not reader.is_whole(cells):
        reason = "the file ends here without a line end and may be cut; add a line end if it is whole"
        raise Unusable(header[-1], reason, cut=True)
    return cells


def _draft(store: Store, row: int, record: Record, *, marked: bool) -> Draft:
    """Give a row its number, and a mark of what it says that tells nothing without the firm's key."""
    complaint, mark = record.complaint, ""
    if marked or complaint.number is None:
        content = f"spreadsheet row {complaint.fingerprint} {record.timely} {record.closed_at}"
        mark = hmac.new(store.master.key, content.encode(), hashlib.sha256).hexdigest()
    if complaint.number is None:  # the source gives none: the same content is the same matter
        complaint = complaint.model_copy(update={"number": f"row-{mark[:32]}"})
    return Draft(row, complaint.number or "", complaint, record.timely, record.closed_at, mark if marked else "")


def _count(report: ImportReport, batch: Batch, read: int) -> None:
    report.read += read
    report.new += batch.new
    report.updated += batch.updated
    report.same += batch.same
    for row, fault in batch.rejected:
        report.reject(row, fault)
