"""How much there is to do, counted in the case database: what the metrics tell of it.

Two sorts, for they cost differently. What is open is found through the indexes of what is open. What has ended is
most of an old database, and is counted seldom.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, func, select, text
from sqlalchemy.orm import Session

from complaints.adapters.alerting import RUNNING_DUTY
from complaints.adapters.beats import living
from complaints.adapters.store import Store
from complaints.adapters.tables import AlertRow, AnnouncementRow, CaseRow, ClockRow, DispatchRow, StartRow
from complaints.moves import OPEN
from complaints.words import Stage

NEAR_DAYS: Final = (1, 3, 7)
"""How near a deadline is, in calendar days."""

_TIMEOUT: Final = text("SET LOCAL statement_timeout = '5s'")  # counting must not add to what a slow database has to do


@dataclass(frozen=True)
class Queue:
    """What waits to be done: how many, and for how many seconds the oldest has."""

    number: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Figures:
    """What there is to do now.

    Attributes:
        open: Open cases by stage.
        asking: Open cases that wait for a person, by the question.
        missed: Duties of open cases whose time has run out.
        near: Duties whose time runs out within so many days.
        workers: Workers that live.
        starts: Cases that owe a run.
        alerts: Alerts that people should have been told of.
        dispatches: What each receiver was not told yet.
    """

    open: Mapping[str, int]
    asking: Mapping[str, int]
    missed: int
    near: Mapping[int, int]
    workers: int
    starts: Queue
    alerts: Queue
    dispatches: Mapping[str, Queue]


@dataclass(frozen=True)
class Endings:
    """What was done: cases that have ended by stage, and what each receiver will never be told unless people act."""

    ended: Mapping[str, int]
    dead: Mapping[str, int]


def count(store: Store) -> Figures:
    """Count what there is to do.

    Raises:
        SQLAlchemyError: the database does not answer, or not in time.
    """
    workers = len(living(store))
    with store.read() as session:
        _limit(session)
        now = store.now(session)
        stages, asking = _open_cases(session)
        missed, *near = _duties(session, now)
        return Figures(
            stages,
            asking,
            missed,
            dict(zip(NEAR_DAYS, near, strict=True)),
            workers,
            _queue(session, select(func.count(), func.min(StartRow.filed_at)), now),
            _queue(session, _untold_alerts(now), now),
            _dispatches(session, now),
        )


def count_endings(store: Store) -> Endings:
    """Count what was done; it reads the index of all cases and every dispatch.

    Raises:
        SQLAlchemyError: the database does not answer, or not in time.
    """
    ended = select(CaseRow.stage, func.count()).where(CaseRow.stage.in_(set(Stage) - OPEN)).group_by(CaseRow.stage)
    is_dead = DispatchRow.next_at.is_(None), DispatchRow.delivered_at.is_(None)
    dead = select(DispatchRow.receiver, func.count()).where(*is_dead).group_by(DispatchRow.receiver)
    with store.read() as session:
        _limit(session)
        return Endings(_pairs(session, ended), _pairs(session, dead))


def _limit(session: Session) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(_TIMEOUT)


def _open_cases(session: Session) -> tuple[Mapping[str, int], Mapping[str, int]]:
    query = select(CaseRow.stage, CaseRow.asks, func.count()).where(CaseRow.stage.in_(OPEN))
    stages, asking = Counter[str](), Counter[str]()
    for stage, asks, number in session.execute(query.group_by(CaseRow.stage, CaseRow.asks)):
        stages[stage] += number
        if asks:
            asking[asks] += number
    return stages, asking


def _duties(session: Session, now: datetime) -> list[int]:
    """Count duties that are late, and those that will be; read through the index of what runs, no further."""
    ends = [now + timedelta(days=days) for days in NEAR_DAYS]
    within = [func.count().filter(ClockRow.due_at > now, ClockRow.due_at <= end) for end in ends]
    query = select(func.count().filter(ClockRow.due_at <= now), *within)
    return [int(one) for one in session.execute(query.where(*RUNNING_DUTY, ClockRow.due_at <= ends[-1])).one()]


def _untold_alerts(now: datetime) -> Select[Any]:
    query = select(func.count(), func.min(AlertRow.send_after))
    return query.where(AlertRow.sent_at.is_(None), AlertRow.send_after <= now)


def _dispatches(session: Session, now: datetime) -> dict[str, Queue]:
    oldest = func.min(AnnouncementRow.at)
    query = (
        select(DispatchRow.receiver, func.count(), oldest)
        .join(AnnouncementRow, AnnouncementRow.id == DispatchRow.announcement)
        .where(DispatchRow.next_at.is_not(None))
        .group_by(DispatchRow.receiver)
    )
    return {name: _since(number, at, now) for name, number, at in session.execute(query)}


def _queue(session: Session, query: Select[Any], now: datetime) -> Queue:
    number, oldest = session.execute(query).one()
    return _since(number, oldest, now)


def _since(number: int, oldest: datetime | None, now: datetime) -> Queue:
    return Queue(number, max(0.0, (now - oldest).total_seconds()) if oldest else 0.0)


def _pairs(session: Session, query: Select[tuple[str, int]]) -> dict[str, int]:
    return dict(session.execute(query).tuples().all())
