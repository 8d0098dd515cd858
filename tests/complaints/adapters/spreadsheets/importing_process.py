"""Imports a file in a process of its own, to be killed: it says how many rows are stored, and then waits to go on."""

import sys
from pathlib import Path

from complaints.adapters.spreadsheets import importing
from complaints.adapters.spreadsheets.layouts import find_layout
from complaints.adapters.store import Store
from tests.builders import REGIME


def main(url: str, key_file: str, file: str, mapping: str) -> None:
    importing.BATCH = 50

    def progress(rows: int) -> None:
        sys.stdout.write(f"{rows}\n")
        sys.stdout.flush()
        sys.stdin.readline()

    store = Store(url, Path(key_file))
    importing.import_file(store, Path(file), find_layout(mapping), regime=REGIME, progress=progress)


if __name__ == "__main__":
    main(*sys.argv[1:])
