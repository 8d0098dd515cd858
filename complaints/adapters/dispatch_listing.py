"""What people look at and do about what other systems are told: lists, counts, replays."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import and_, func, or_, select, update

from complaints.adapters.store import Store
from complaints.adapters.tables import AnnouncementRow, DispatchRow

_IS_DEAD: Final = and_(DispatchRow.next_at.is_(None), DispatchRow.delivered_at.is_(None))


@dataclass(frozen=True)
class Standing:
    """What there is to do for a receiver.

    Attributes:
        since: When the oldest that waits happened.
    """

    waiting: int
    dead: int
    since: datetime | None


@dataclass(frozen=True)
class Listed:
    """A dispatch as people are shown it."""

    id: int
    receiver: str
    reference: str
    event: str
    at: datetime
    attempt: int
    next_at: datetime | None
    delivered_at: datetime | None
    failure: str | None
    facts: dict[str, Any]


def dispatches(
    store: Store, *, id: int | None = None, receiver: str | None = None, only_dead: bool = False, limit: int = 50
) -> list[Listed]:
    """Return dispatches, the newest first."""
    query = (
        select(DispatchRow, AnnouncementRow)
        .join(AnnouncementRow, AnnouncementRow.id == DispatchRow.announcement)
        .order_by(AnnouncementRow.id.desc(), DispatchRow.receiver)
        .limit(limit)
    )
    if id is not None:
        query = query.where(AnnouncementRow.id == id)
    if receiver:
        query = query.where(DispatchRow.receiver == receiver)
    if only_dead:
        query = query.where(_IS_DEAD)
    with store.read() as session:
        return [
            Listed(
                told.id,
                sent.receiver,
                told.reference,
                told.event,
                told.at,
                sent.attempt,
                sent.next_at,
                sent.delivered_at,
                sent.failure,
                json.loads(told.facts),
            )
            for sent, told in session.execute(query)
        ]


def replay(store: Store, ids: Collection[int] | None, receiver: str | None = None) -> int:
    """Send again, for a day: announcements by their ids, or all that are dead; return how many dispatches.

    Args:
        store: The case database.
        ids: Which announcements, delivered or not; None: every dead letter.
        receiver: Only to this one.
    """
    with store.write() as session:
        now = store.now(session)
        again = update(DispatchRow).where(_IS_DEAD if ids is None else DispatchRow.announcement.in_(ids))
        if receiver:
            again = again.where(DispatchRow.receiver == receiver)
        fresh = {"attempt": 0, "next_at": now, "give_up_at": None, "delivered_at": None, "failure": None}
        done = session.execute(again.values(**fresh).execution_options(synchronize_session=False))
        return int(done.rowcount)  # type: ignore[attr-defined] # an UPDATE's result has it


def standings(store: Store) -> dict[str, Standing]:
    """Return what there is to do for each receiver that something waits for, or was given up for."""
    waits = DispatchRow.next_at.is_not(None)
    query = (
        select(
            DispatchRow.receiver,
            func.count().filter(waits),
            func.count().filter(~waits),
            func.min(AnnouncementRow.at).filter(waits),
        )
        .join(AnnouncementRow, AnnouncementRow.id == DispatchRow.announcement)
        .where(or_(waits, _IS_DEAD))
        .group_by(DispatchRow.receiver)
        .order_by(DispatchRow.receiver)
    )
    with store.read() as session:
        return {name: Standing(*counts) for name, *counts in session.execute(query)}
