"""The beats of workers: how one learns that another has died, on whatever machine.

All times are the case database's own, so that machines whose clocks differ judge alike.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from complaints.adapters.store import Store
from complaints.adapters.tables import Instant, WorkerRow

BEAT_SECONDS: Final = 5.0
"""How often a worker says that it lives."""

SILENCE: Final = timedelta(seconds=20)
"""After so long without a beat a worker is taken for dead."""

_KEPT: Final = timedelta(days=7)  # after its end a worker is forgotten


def arrive(store: Store, identifier: str, host: str, name: str) -> None:
    """Note a worker that begins, and forget those that ended long ago."""
    with store.write() as session:
        now = _clock(session)
        session.execute(delete(WorkerRow).where(WorkerRow.beat_at < now - _KEPT))
        session.add(WorkerRow(identifier=identifier, host=host, name=name, started_at=now, beat_at=now))


def beat(store: Store, identifier: str) -> bool:
    """Note that a worker lives; return False where it was taken for dead meanwhile: its runs are others' now."""
    with store.write() as session:
        mine = WorkerRow.identifier == identifier
        alive = update(WorkerRow).where(mine, WorkerRow.heir.is_(None)).values(beat_at=_clock(session))
        return bool(session.execute(alive).rowcount)  # type: ignore[attr-defined] # mypy: an UPDATE's result has one


def leave(store: Store, identifier: str) -> None:
    """Note that a worker ended in order and holds no run."""
    with store.write() as session:
        mine = update(WorkerRow).where(WorkerRow.identifier == identifier)
        session.execute(mine.values(stopped_at=_clock(session)))


def is_silent(store: Store, identifier: str) -> bool:
    """Whether a worker has ended, or has not been heard of for long; one that nobody knows of has."""
    with store.read() as session:
        row = session.get(WorkerRow, identifier)
        return row is None or row.stopped_at is not None or row.beat_at < _clock(session) - SILENCE


def inherit(store: Store, dead: str, heir: str, *, is_proven: bool = False) -> str | None:
    """Take over the runs of a dead worker, which one worker alone may do.

    Args:
        store: The case database.
        dead: The worker that died.
        heir: Who wants to take over.
        is_proven: Whether its death is certain, however lately it was heard of.

    Returns:
        The dead worker's name where ``heir`` is to take over, now or since earlier; None where another is, or where it
        has been heard of again.
    """
    with store.write() as session:
        silent = or_(WorkerRow.stopped_at.is_not(None), WorkerRow.beat_at < _clock(session) - SILENCE)
        is_dead = WorkerRow.heir.is_(None) if is_proven else and_(WorkerRow.heir.is_(None), silent)
        heir_died = WorkerRow.heir.in_(select(WorkerRow.identifier).where(silent))
        # One statement: a worker that beats again while it was being judged keeps its runs.
        taken = update(WorkerRow).where(WorkerRow.identifier == dead, or_(is_dead, heir_died))
        session.execute(taken.values(heir=heir))
        row = session.get(WorkerRow, dead)
        return dead if row is None else row.name if row.heir == heir else None


def living(store: Store) -> list[tuple[str, str]]:
    """Return host and name of every worker that lives."""
    with store.read() as session:
        since = _clock(session) - SILENCE
        alive = select(WorkerRow.host, WorkerRow.name).where(
            WorkerRow.beat_at >= since, WorkerRow.stopped_at.is_(None), WorkerRow.heir.is_(None)
        )
        return [(row.host, row.name) for row in session.execute(alive.order_by(WorkerRow.name))]


def _clock(session: Session) -> datetime:
    """Return the database's time; SQLite has none of its own, and serves one machine."""
    if session.get_bind().dialect.name == "postgresql":
        return session.scalars(select(func.clock_timestamp(type_=Instant))).one()
    return datetime.now(UTC)
