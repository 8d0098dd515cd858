"""What became of a spreadsheet's rows, and why some were not taken."""

import csv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from complaints.adapters.spreadsheets.cells import harmless
from complaints.errors.base import ComplaintError

REJECTS_KEPT: Final = 10_000
"""Rejects listed one by one; the others are only counted, so that memory does not grow with a bad file."""


class TableRefused(ComplaintError):
    """A file is no table that can be read, or lacks columns, so nothing of it was imported."""

    def __init__(self, file: str, reason: str, missing: tuple[str, ...] = ()) -> None:
        super().__init__(file, reason, missing)
        self.file, self.reason, self.missing = file, reason, missing

    def __str__(self) -> str:
        columns = f": {', '.join(self.missing)}" if self.missing else ""
        return f"{self.file}: {self.reason}{columns}. Nothing was imported."


class Unusable(Exception):
    """A row cannot become a case.

    Attributes:
        column: The column at fault, or "" where it is the row.
        reason: What is wrong with it, and what cures it; repeats nothing of what the row says.
        cut: Whether the file may not be whole.
    """

    def __init__(self, column: str, reason: str, *, cut: bool = False) -> None:
        super().__init__(column, reason)
        self.column, self.reason, self.cut = column, reason, cut


@dataclass(frozen=True)
class Reject:
    """A row that was not imported, and why.

    Attributes:
        row: Its number as a spreadsheet shows it: the first is row 1.
        column: The column at fault, or "" where it is the row.
        reason: What is wrong with it; repeats nothing of what the row says.
    """

    row: int
    column: str
    reason: str


@dataclass
class ImportReport:
    """What became of a file's rows; ``read`` is the sum of ``new``, ``updated``, ``same`` and ``rejected``.

    Attributes:
        read: Rows read, but for blank ones.
        new: Rows that became cases.
        updated: Rows that say something else than before of a case of history; the case says so now too.
        same: Rows that are a case already.
        rejected: Rows that were not imported.
        cut: Whether the file is not whole: it ends within a row, or has rows that lack cells.
        rejects: The first of the rejected rows, one by one.
        ignored: Columns that the mapping does not read.
        encoding: How the file's text was read; None for a workbook.
    """

    read: int = 0
    new: int = 0
    updated: int = 0
    same: int = 0
    rejected: int = 0
    cut: bool = False
    rejects: list[Reject] = field(default_factory=list)
    ignored: tuple[str, ...] = ()
    encoding: str | None = None

    def reject(self, row: int, fault: Unusable) -> None:
        """Count a row that was not taken, and list it as long as there is room."""
        self.rejected += 1
        self.cut = self.cut or fault.cut
        if len(self.rejects) < REJECTS_KEPT:
            self.rejects.append(Reject(row, fault.column, fault.reason))


def write_rejects(report: ImportReport, path: Path) -> None:
    """Write the rejected rows as CSV; no cell of it can start a formula in a spreadsheet."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("row", "column", "reason"))
        for reject in sorted(report.rejects, key=lambda one: one.row):
            writer.writerow((reject.row, harmless(reject.column), harmless(reject.reason)))
        if more := report.rejected - len(report.rejects):
            writer.writerow(("", "", f"and {more} more rows, which are not listed"))
