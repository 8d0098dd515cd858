"""What the reconciliation of cases and runs asks of the case database; none of it opens a case."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import func, select

from complaints.adapters.store import Store
from complaints.adapters.tables import CaseRow, ClockRow, EntryRow, StartRow
from complaints.answers import Question
from complaints.moves import OPEN

_PAGE: Final = 500  # references asked for at once


def count_driven(store: Store) -> int:
    """Return how many open cases must have a run: all but those that are owed their first one."""
    is_open = CaseRow.stage.in_(OPEN)  # a list, so that the index serves
    owed = select(func.count()).select_from(StartRow).join(CaseRow).where(is_open)
    with store.read() as session:
        number = session.scalars(select(func.count()).select_from(CaseRow).where(is_open)).one()
        return number - session.scalars(owed).one()


def driven(store: Store) -> dict[str, Question | None]:
    """Return the open cases that must have a run, oldest first, and what each asks; tens of bytes a case."""
    owed = select(StartRow.reference)
    query = select(CaseRow.reference, CaseRow.asks).where(CaseRow.stage.in_(OPEN), CaseRow.reference.not_in(owed))
    with store.read() as session:
        rows = session.execute(query.order_by(CaseRow.received_at))
        return {row.reference: Question(row.asks) if row.asks else None for row in rows}


def moved_since(store: Store, instant: datetime) -> list[str]:
    """Return the cases on which anything was recorded since an instant of the firm's time."""
    query = select(EntryRow.reference).where(EntryRow.at >= instant).distinct()
    with store.read() as session:
        return sorted(session.scalars(query))


def are_open(store: Store, references: Sequence[str]) -> dict[str, bool]:
    """Return of each case that there is whether it is open."""
    found: dict[str, bool] = {}
    with store.read() as session:
        for start in range(0, len(references), _PAGE):
            some = CaseRow.reference.in_(references[start : start + _PAGE])
            rows = session.execute(select(CaseRow.reference, CaseRow.stage).where(some))
            found |= {row.reference: row.stage in OPEN for row in rows}
    return found


def shown_on(store: Store, references: Sequence[str]) -> dict[str, str]:
    """Return what the tags of runs are said to show of their cases' limits: ``late`` or ``soon``."""
    query = select(ClockRow.reference, ClockRow.shown).where(ClockRow.shown != "", ClockRow.reference.in_(references))
    with store.read() as session:
        rows = sorted(((row.reference, row.shown) for row in session.execute(query)), key=lambda row: row[1] == "late")
    return dict(rows)
