"""How fast a spreadsheet becomes cases: ``python -m benchmarks.imports FILE``.

A file is imported as history into an empty database, then again, which changes nothing; then the ledger is
verified where that is asked for. SQLite writes as durably as in production, and so does PostgreSQL.
"""

import argparse
import gc
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import make_url
from sqlalchemy.engine import URL

from benchmarks.postgres import a_database, a_server, a_store, say, seconds
from complaints.adapters.spreadsheets.importing import import_file
from complaints.adapters.spreadsheets.layouts import recognise
from complaints.adapters.spreadsheets.report import ImportReport
from complaints.adapters.store import Store
from complaints.adapters.verify import verify

GOAL_ROWS: Final = 3_000
"""Rows a second."""
REGIME: Final = "cn-nfra"


def main() -> None:
    """Measure, print the figures, and end with 1 where the goal is missed or the second import changes something."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", type=Path, help="a spreadsheet that a packaged mapping reads")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--limit", type=int, help="read only so many rows")
    parser.add_argument("--verify", action="store_true", help="check the whole ledger afterwards")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="redress-bench-") as folder, a_place(given.database, Path(folder)) as url:
        store = a_store(url, Path(folder))
        store.migrate()
        gc.freeze()  # as the command does
        _, rate = measured(store, given.file, given.limit)
        again, _ = measured(store, given.file, given.limit)
        if given.verify:
            checked = verify(store)
            say(f"verified: {checked.entries} entries of {checked.cases} cases, {len(checked.breaks)} broken")
        store.engine.dispose()
    changed = again.new + again.updated
    if changed:
        say(f"the second import changed {changed} rows")
    sys.exit(1 if changed or rate < GOAL_ROWS else 0)


def measured(store: Store, file: Path, limit: int | None) -> tuple[ImportReport, float]:
    """Import a file; return what became of its rows, and how many there were a second."""
    layout, reports = recognise(file), list[ImportReport]()
    took = seconds(
        lambda: reports.append(import_file(store, file, layout, regime=REGIME, as_history=True, limit=limit))
    )
    (report,) = reports
    rate = report.read / took
    counts = f"{report.new} new, {report.updated} updated, {report.same} already there, {report.rejected} rejected"
    say(f"{report.read} rows in {took:.1f} s, {rate:,.0f} a second: {counts}")
    return report, rate


@contextmanager
def a_place(kind: str, folder: Path) -> Iterator[URL]:
    """Yield the address of an empty database."""
    if kind == "sqlite":
        yield make_url(f"sqlite:///{folder}/cases.db")
        return
    with a_server() as server, a_database(server) as url:
        yield url


if __name__ == "__main__":
    main()
