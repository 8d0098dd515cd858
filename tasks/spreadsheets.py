"""Importing a spreadsheet that an operator has put into the folder for imports.

Nothing of what its cells say leaves this module but into the case database and the list of rejects beside the file.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from complaints.adapters.mail import write_private
from complaints.adapters.spreadsheets.importing import import_file
from complaints.adapters.spreadsheets.layout import Layout
from complaints.adapters.spreadsheets.layouts import find_layout, packaged_layouts, recognise
from complaints.adapters.spreadsheets.opening import open_table
from complaints.adapters.spreadsheets.report import ImportReport, write_rejects
from complaints.errors.settings import SettingError
from complaints.settings import settings
from tasks.desk import store

REJECTS: Final = "rejects"
"""The folder of lists of rejects, in the folder for imports."""

PAUSE: Final = 2.0
"""Seconds between two words on progress."""

_LISTED: Final = 20

Say = Callable[[int, int], None]
"""Is told how many rows were read, and of how many."""


@dataclass(frozen=True)
class Chosen:
    """A file to be imported, and how it is read."""

    file: Path
    layout: Layout


def choose(name: str, mapping: str | None) -> Chosen:
    """Find a file in the folder for imports, and what its columns mean.

    Args:
        name: The file's bare name.
        mapping: Name of a packaged mapping, or a TOML file in the same folder; None: told by the file's columns.

    Raises:
        SettingError: there is no such file, or no such mapping.
        TableRefused: the file cannot be read, or fits no mapping.
        RuleFileInvalid: the mapping's file cannot be used.
    """
    file = _in_folder("file", name)
    if not mapping:
        return Chosen(file, recognise(file))
    if mapping.endswith(".toml"):
        return Chosen(file, find_layout(str(_in_folder("mapping", mapping))))
    known = [layout.name for layout in packaged_layouts()]
    if mapping not in known:
        cure = f"Choose one of {', '.join(known)}, or put a file such as own.toml into {settings().imports_folder}"
        raise SettingError("mapping", "there is none of this name", cure)
    return Chosen(file, find_layout(mapping))


def _in_folder(field: str, name: str) -> Path:
    """Return a file of the folder for imports.

    Raises:
        SettingError: the name is none of a file in it.
    """
    folder = settings().imports_folder
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    there = sorted(one.name for one in folder.iterdir() if one.is_file() and not one.is_symlink())
    if name in there:
        return folder / name
    reason = "is a path" if "/" in name or "\\" in name or ".." in name else "there is no file of this name"
    listed = ", ".join(there[:_LISTED]) + (f" and {len(there) - _LISTED} more" if len(there) > _LISTED else "")
    cure = f"Put the file into {folder} and give its bare name; there are now: {listed or 'none'}"
    raise SettingError(field, reason, cure)


def count_rows(chosen: Chosen, limit: int | None) -> int:
    """Return about how many rows are to be read: a file's rows with content, but for the one of column names."""
    with open_table(chosen.file, chosen.layout.sheet, chosen.layout.encoding) as table:
        number = max(sum(1 for _ in table.rows()) - 1, 0)
    return min(number, limit) if limit else number


def import_rows(
    chosen: Chosen, *, history: bool | None, limit: int | None, dry_run: bool, say: Say
) -> tuple[ImportReport, Path | None]:
    """Import a file; return what became of its rows, and the list of rejects where there are any. Safe to run twice.

    Args:
        chosen: The file.
        history: Whether its cases are over; None: as the mapping says.
        limit: How many rows are read at most.
        dry_run: Whether nothing is stored.
        say: Is told of progress every few seconds.

    Raises:
        TableRefused: the file cannot be read, or does not name the columns that are needed.
    """
    total, next_word = count_rows(chosen, limit), time.monotonic()

    def progress(read: int) -> None:
        nonlocal next_word
        if time.monotonic() >= next_word:
            next_word = time.monotonic() + PAUSE
            say(read, total)

    report = import_file(
        store(),
        chosen.file,
        chosen.layout,
        regime=settings().regime,
        further=settings().further_regimes,
        as_history=history,
        limit=limit,
        dry_run=dry_run,
        progress=progress,
    )
    say(total, total)
    return report, _list_rejects(report, chosen.file) if report.rejected else None


def _list_rejects(report: ImportReport, file: Path) -> Path:
    """Write the list of rejects, with its time in its name: the file may come again, corrected."""
    folder = file.parent / REJECTS
    folder.mkdir(exist_ok=True, mode=0o700)
    listed = folder / f"{file.name}.{datetime.now(UTC):%Y%m%dT%H%M%SZ}.csv"
    write_private(listed, b"")
    write_rejects(report, listed)
    return listed
