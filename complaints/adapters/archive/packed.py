"""Whose letters and evidence are in packages: asked of the ledger, without opening any case."""

from collections.abc import Iterable
from contextlib import suppress

from sqlalchemy import select
from sqlalchemy.orm import Session

from complaints.acts import Archived
from complaints.adapters.tables import CaseRow, EntryRow
from complaints.words import Stage


def archived_as(session: Session, references: Iterable[str] | None = None) -> dict[str, Archived]:
    """Return how each archived case was archived last, by reference.

    Args:
        session: Of the case database.
        references: Only of these cases, at most some hundreds; without it, of all.
    """
    query = (
        select(EntryRow.reference, EntryRow.facts)
        .join(CaseRow, CaseRow.reference == EntryRow.reference)
        .where(CaseRow.stage == Stage.ARCHIVED, EntryRow.kind == Archived.kind_name())
        .order_by(EntryRow.reference, EntryRow.seq)
    )
    if references is not None:
        query = query.where(CaseRow.reference.in_([*references]))
    found = {}
    for reference, facts in session.execute(query).tuples():
        with suppress(ValueError):  # an altered entry, which 'redress verify' names, stops nobody else's case
            found[reference] = Archived.model_validate_json(facts)
    return found


def packed_cases(session: Session, references: Iterable[str] | None = None) -> set[str]:
    """Return the cases whose letters and evidence are in their packages, and nowhere else."""
    return {reference for reference, archived in archived_as(session, references).items() if archived.format > 1}
