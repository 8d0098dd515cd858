"""The outbox of runs: a filed case owes a run until Prefect has it.

The row is written with the case, in one transaction, so that a complaint that was taken in gets its run whatever
becomes of the process or of Prefect in between.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select

from complaints.adapters.store import Store
from complaints.adapters.tables import StartRow


def starts_owed(store: Store, limit: int) -> Sequence[tuple[str, bool]]:
    """Return the references of cases that owe a run and whether they are urgent: those first, then by filing.

    Args:
        store: The case database.
        limit: The most to return.
    """
    query = select(StartRow.reference, StartRow.urgent).order_by(StartRow.urgent.desc(), StartRow.filed_at)
    with store.read() as session:
        return [(row.reference, row.urgent) for row in session.execute(query.limit(limit))]


def settle_start(store: Store, reference: str) -> None:
    """Note that Prefect has the run of a case. Safe to call twice."""
    with store.write() as session:
        session.execute(delete(StartRow).where(StartRow.reference == reference))


def owed_since(store: Store) -> tuple[int, datetime | None]:
    """Return how many cases owe a run, and since when the oldest does."""
    with store.read() as session:
        number, oldest = session.execute(select(func.count(), func.min(StartRow.filed_at))).one()
    return number, oldest
