"""Recording in the ledger, for all cases of a share at once, that they are in the archive.

A case is locked, and found to stand as it did when its package was made: then the case that went into the package is
recorded on, and none is built again. An act of archiving holds nothing personal, so no key is needed.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from complaints import acts
from complaints.adapters.announcing import announce
from complaints.adapters.archive.packed import archived_as
from complaints.adapters.entries import new_entries
from complaints.adapters.projection import case_columns, clock_columns
from complaints.adapters.tables import CaseRow, ClockRow, EntryRow, LetterRow
from complaints.announcements import Wants
from complaints.case import Case


@dataclass(frozen=True)
class Change:
    """A case on which its archiving is recorded, with what is to be saved of it.

    Attributes:
        version: How many entries its ledger had.
        head: The hash of the last of them.
        columns: Of its row, those that are others now.
        moved: Rows of clocks that are others now.
        begun: Rows of clocks that were not there.
    """

    case: Case
    version: int
    head: str
    columns: Mapping[str, Any]
    moved: Sequence[Mapping[str, Any]]
    begun: Sequence[Mapping[str, Any]]


def lock_cases(session: Session, references: Collection[str]) -> dict[str, str]:
    """Lock cases until the transaction ends, in the order of their references; return the head of each one's chain."""
    query = select(CaseRow.reference, CaseRow.head).where(CaseRow.reference.in_(references))
    return dict(session.execute(query.order_by(CaseRow.reference).with_for_update()).tuples().all())


def lock_packed(session: Session, references: Collection[str]) -> dict[str, acts.Archived]:
    """Lock cases; return those whose letters and evidence are in packages, as the ledger says now."""
    lock_cases(session, references)
    return {one: archived for one, archived in archived_as(session, references).items() if archived.format > 1}


def record_archived(case: Case, sha256: str, version: int, head: str, now: datetime) -> Change:
    """Record on a case that it is in the archive; :func:`save` writes it.

    Args:
        case: As it went into its package.
        sha256: Of the package.
        version: How many entries its ledger has.
        head: The hash of the last one.
        now: The firm's time.

    Raises:
        StageError: it is not closed.
        KeyDestroyed: the person was erased; nothing is recorded any more.
    """
    columns, clocks = case_columns(case), dict(case.clocks)
    case.record(acts.Archived(sha256=sha256, format=2), now)
    changed = {name: value for name, value in case_columns(case).items() if value != columns[name]}
    moved = [name for name, clock in case.clocks.items() if clock is not clocks.get(name)]
    rows = clock_columns(case) if moved else {}
    known = {name: {"reference": case.reference, "name": name} | rows[name] for name in moved}
    begun = [known.pop(name) for name in moved if name not in clocks]
    return Change(case, version, head, changed, [*known.values()], begun)


def save(session: Session, wants: Wants, changes: Sequence[Change]) -> None:
    """Save what was recorded, tell those who asked for it, and let the letters leave the outbox.

    Args:
        session: In whose transaction the cases were locked.
        wants: What each receiver of announcements asks for.
        changes: The cases.
    """
    if not changes:
        return
    rows, entries = [], []
    for one in changes:
        new = new_entries(one.case, None, one.version, one.head)
        rows.append({"reference": one.case.reference, "version": new[-1].seq, "head": new[-1].hash, **one.columns})
        entries += [vars(entry) for entry in new]
    session.execute(update(CaseRow), rows)
    session.execute(insert(EntryRow), entries)
    if moved := [row for one in changes for row in one.moved]:
        session.execute(update(ClockRow), moved)
    if begun := [row for one in changes for row in one.begun]:
        session.execute(insert(ClockRow), begun)
    announce(session.connection(), wants, [(one.case, one.version) for one in changes])
    session.execute(delete(LetterRow).where(LetterRow.reference.in_([row["reference"] for row in rows])))
