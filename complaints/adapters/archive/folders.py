"""Folders of the first format: they are still checked, and become packages when the archive runs next.

Such a folder, ``<year>/<reference>/``, holds the case file in clear, while letters and evidence stayed where they were.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sqlalchemy import select

from complaints.adapters.archive.package import LEDGER, MANIFEST, Listed, digest_of, load_entry
from complaints.adapters.archive.packed import packed_cases
from complaints.adapters.store import Store
from complaints.adapters.tables import CaseRow
from complaints.ledger import check_chain
from complaints.words import Stage

_YEARS: Final = "[0-9]*"


def folder_path(package: Path) -> Path:
    """Return where the folder of a case is, by the place of its package."""
    return package.with_suffix("")


def find_folder(folder: Path, reference: str) -> Path | None:
    """Return the folder of a case, or None where there is none."""
    return next((one for one in sorted(folder.glob(f"{_YEARS}/{reference}")) if one.is_dir()), None)


def folders(folder: Path) -> Iterator[Path]:
    """Yield every folder of the first format that is in the archive."""
    yield from (one for one in folder.glob(f"{_YEARS}/*") if one.is_dir() and not one.name.startswith("."))


def in_folders(store: Store, folder: Path) -> list[str]:
    """Return the archived cases that are to become packages yet; those that were erased never do."""
    there = {one.name for one in folders(folder)}
    if not there:
        return []
    with store.read() as session:
        query = select(CaseRow.reference).where(CaseRow.stage == Stage.ARCHIVED, CaseRow.erased_at.is_(None))
        return sorted(there.intersection(session.scalars(query)) - packed_cases(session))


def check_folder(folder: Path) -> list[str]:
    """Return every mismatch of a folder: files with the manifest, ledger entries with their chain."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        listed = {str(name): Listed.model_validate(one) for name, one in manifest["files"].items()}
        reference, head, count = str(manifest["reference"]), str(manifest["head"]), int(manifest["entries"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as wrong:
        return [f"{MANIFEST} cannot be read: {type(wrong).__name__}"]
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()}
    problems = [f"{name} is missing" for name in sorted(listed.keys() - there)]
    problems += [f"{name} is not in the manifest" for name in sorted(there - listed.keys() - {MANIFEST})]
    for name in sorted(listed.keys() & there):
        problems += _check_file(folder / name, name, listed[name])
    if LEDGER not in listed:
        return [*problems, f"{LEDGER} is not in the manifest"]
    if LEDGER in there:
        try:
            entries = [load_entry(line) for line in (folder / LEDGER).read_bytes().splitlines()]
        except (OSError, ValueError, KeyError, TypeError):
            return [*problems, f"{LEDGER} cannot be read"]
        problems += [f"{LEDGER}: entry {one.seq}: {one.reason}" for one in check_chain(reference, entries, head, count)]
    return problems


def _check_file(file: Path, name: str, listed: Listed) -> list[str]:
    if file.is_symlink() or not file.is_file():
        return [f"{name} is not a plain file"]
    try:
        with file.open("rb") as content:
            found = digest_of(content)
    except OSError as wrong:
        return [f"{name} cannot be read: {type(wrong).__name__}"]
    if found.size != listed.size:
        return [f"{name} has {found.size} bytes, the manifest says {listed.size}"]
    return [] if found == listed else [f"{name} was altered"]
