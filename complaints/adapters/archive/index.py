"""The index of the archive: a line a package in ``<year>/index.csv``, which any spreadsheet opens.

It only helps to find: every line follows from the manifest of a package, and :func:`rebuild_index` writes it again.
Lines are appended before the ledger says that a case is archived, so none is ever missing; the last line of a case
counts, and only while its package is there.
"""

import csv
import fcntl
import io
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any, Final

from complaints.adapters.archive.package import Manifest, Package, PackageBroken, digest_of, package_path
from complaints.adapters.durable import write_whole

INDEX: Final = "index.csv"


@dataclass(frozen=True)
class Indexed:
    """A package, as the index has it.

    Attributes:
        kind: Of the matter; empty where nobody knows.
        closed_on: In the regime's own zone; None where nobody knows.
        entries: Of the ledger in it.
        sha256: Of the package.
        size: In bytes.
    """

    reference: str
    regime: str
    kind: str
    closed_on: date | None
    entries: int
    head: str
    sha256: str
    size: int

    @classmethod
    def of(cls, manifest: Manifest, sha256: str, size: int) -> "Indexed":
        """Return the line of a package."""
        one = manifest
        kind, closed_on = one.kind or "", one.closed_on
        return cls(one.reference, one.regime, kind, closed_on, one.entries, one.head, sha256, size)


_COLUMNS: Final = tuple(field.name for field in fields(Indexed))


def add_to_index(folder: Path, year: int, lines: Iterable[Indexed]) -> None:
    """Append lines to the index of a year; they are on the disk when this returns."""
    with _locked(folder / str(year)) as place:
        _append(place / INDEX, lines)


def read_index(folder: Path, year: int | None = None) -> Iterator[Indexed]:
    """Yield the packages of a year, or of all, by reference; those only that are there.

    Args:
        folder: The archive.
        year: Of closing.
    """
    for place in sorted(folder.glob(f"{year or '[0-9]*'}/{INDEX}")):
        known = {line.reference: line for line in _read(place)}
        for reference in sorted(known):
            if package_path(folder, reference, int(place.parent.name)).is_file():
                yield known[reference]


def rebuild_index(folder: Path, progress: Callable[[int], None] = lambda _: None) -> list[str]:
    """Write the index anew from the packages; return what could not be read.

    Args:
        folder: The archive.
        progress: Is told how many packages were read.
    """
    problems, done = [], 0
    for place in sorted(one for one in folder.glob("[0-9]*") if one.is_dir()):
        lines = []
        with _locked(place):
            for path in sorted(place.glob("*.zip")):
                try:
                    with Package.open(path) as package, path.open("rb") as file:
                        found = digest_of(file)
                        lines.append(Indexed.of(package.manifest, found.sha256, found.size))
                except PackageBroken as broken:
                    problems.append(f"{path.stem}: {broken}")
                progress(done := done + 1)
            write_whole(place / INDEX, _csv([_COLUMNS, *map(astuple, lines)]))
    return problems


def _read(file: Path) -> Iterator[Indexed]:
    with file.open(encoding="utf-8", newline="") as lines:
        for line in csv.reader(lines):
            try:
                one = dict(zip(_COLUMNS, line, strict=True))
                closed_on = date.fromisoformat(one["closed_on"]) if one["closed_on"] else None
                numbers = {name: int(one[name]) for name in ("entries", "size")}
            except ValueError:  # the heading, or what a full disk left of a line
                continue
            yield Indexed(**{**one, **numbers, "closed_on": closed_on})  # type: ignore[arg-type] # each as its field


def _append(file: Path, lines: Iterable[Indexed]) -> None:
    rows: list[tuple[Any, ...]] = [astuple(line) for line in lines]
    with os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as out:
        if not (end := out.seek(0, os.SEEK_END)):
            rows = [_COLUMNS, *rows]
        elif out.seek(end - 1) is not None and out.read(1) != b"\n":
            out.write(b"\n")  # ends what a full disk left of a line
        out.write(_csv(rows))
        out.flush()
        os.fsync(out.fileno())


def _csv(rows: Iterable[Iterable[Any]]) -> bytes:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(rows)  # None is written as nothing
    return written.getvalue().encode()


@contextmanager
def _locked(place: Path) -> Iterator[Path]:
    """Let one process at a time write the index of a year; the lock ends with the process that holds it."""
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(place, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield place
    finally:
        os.close(descriptor)
