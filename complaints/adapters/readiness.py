"""Whether complaints can be taken in now: what a door, or a worker, says to who sends work its way."""

import shutil
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from complaints.adapters.evidence_files import EvidenceFiles
from complaints.adapters.store import Store

LEAST_FREE_BYTES: Final = 256_000_000
"""What a disk must have left: a few deliveries of the largest size, and the database's own log beside them."""


class Lack(StrEnum):
    """What keeps complaints from being taken in; whoever asks learns no more than the name."""

    CASE_DATABASE = "case-database"
    SCHEMA = "schema"
    DISK = "disk"


def lacks(store: Store, evidence_place: str, least_free_bytes: int = LEAST_FREE_BYTES) -> list[Lack]:
    """Return what keeps complaints from being taken in, nothing where all is well.

    Args:
        store: The case database.
        evidence_place: A folder, or a URL of what is not looked at.
        least_free_bytes: That the disks of folders must have left.
    """
    found = [] if _has_room(_folders(store, evidence_place), least_free_bytes) else [Lack.DISK]
    try:
        if not _takes_changes(store):
            found.append(Lack.CASE_DATABASE)
        elif not store.schema_is_current():
            found.append(Lack.SCHEMA)
    except (SQLAlchemyError, OSError):
        found.append(Lack.CASE_DATABASE)
    return sorted(found)


def _takes_changes(store: Store) -> bool:
    """Whether the database answers and is none that only repeats what another one says."""
    if store.engine.dialect.name == "sqlite":
        file = store.engine.url.database
        return file is not None and Path(file).exists()  # asking would make it
    with store.engine.connect() as connection:
        return not connection.scalar(text("SELECT pg_is_in_recovery()"))


def _folders(store: Store, evidence_place: str) -> Iterable[Path]:
    """Return the folders that grow by what is taken in."""
    if store.engine.dialect.name == "sqlite" and (file := store.engine.url.database):
        yield Path(file).parent
    if folder := EvidenceFiles(evidence_place).folder:
        yield folder


def _has_room(folders: Iterable[Path], least_free_bytes: int) -> bool:
    for folder in folders:
        there = next((one for one in (folder, *folder.parents) if one.exists()), None)
        if there is None or shutil.disk_usage(there).free < least_free_bytes:
            return False
    return True
