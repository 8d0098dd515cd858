"""Announcements on their way: claimed for a receiver, marked with what came of it, tried again, given up, removed.

A claim is a lease: it moves the time of the next attempt some minutes ahead, so that what was taken by a process that
died is taken again. Of one case, a receiver is sent nothing as long as something earlier still waits.
"""

import json
import random
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import ColumnElement, delete, exists, select, update
from sqlalchemy.orm import aliased

from complaints.adapters.store import Store
from complaints.adapters.tables import AnnouncementRow, CaseRow, DispatchRow
from complaints.adapters.webhooks import Outcome

LEASE: Final = timedelta(minutes=5)
"""After so long, whoever took a dispatch and has not marked it is taken to be dead."""

FOR_A_DAY: Final = timedelta(hours=24)
"""How long a dispatch is tried, from its first attempt on."""

KEPT: Final = timedelta(days=30)
"""How long an announcement is kept, delivered or dead."""

_FIRST_DELAY: Final = timedelta(seconds=30)
_LONGEST_DELAY: Final = timedelta(hours=4)
_MOST_PRUNED: Final = 1000

Draw = Callable[[float, float], float]
"""Draws a number between two."""


@dataclass(frozen=True)
class Dispatch:
    """An announcement that this process sends to one receiver.

    Attributes:
        attempt: The how-manieth it is; who marks it must have made it.
        give_up_at: When no further attempt follows.
        facts: What is told; without personal data.
        kind: The case's kind by now; what was filed as a complaint can prove to be a report.
        sender: Who filed it.
        number: Its number with that sender.
    """

    id: int
    receiver: str
    attempt: int
    give_up_at: datetime
    reference: str
    event: str
    at: datetime
    facts: dict[str, Any]
    kind: str | None
    sender: str
    number: str | None


@dataclass(frozen=True)
class Dead:
    """A dispatch that is not tried any more."""

    id: int
    receiver: str
    reference: str


def webhook_id(fingerprint: str, id: int, reference: str, event: str, at: datetime) -> str:
    """Return what an announcement is known by to receivers, whenever it is sent; nobody else's is the same."""
    made_from = f"redress/{fingerprint}/announcement/{id}/{reference}/{event}/{at.timestamp():.0f}"
    return f"msg_{uuid5(NAMESPACE_URL, made_from).hex}"


def delay(attempt: int, draw: Draw = random.uniform) -> timedelta:
    """Return how long to wait after an attempt that failed: half a minute, then doubled, up to four hours.

    A fifth less or more is drawn, so that not all come back at once.
    """
    growing = _FIRST_DELAY * 2 ** min(attempt - 1, 16)
    return timedelta(seconds=min(growing, _LONGEST_DELAY).total_seconds() * draw(0.8, 1.2))


def claim(store: Store, receiver: str, most: int) -> list[Dispatch]:
    """Take what is due for a receiver, the longest due first and one of each case; nobody else gets it meanwhile."""
    with store.write() as session:
        now = store.now(session)
        due = (
            select(DispatchRow, AnnouncementRow, CaseRow)
            .join(AnnouncementRow, AnnouncementRow.id == DispatchRow.announcement)
            .join(CaseRow, CaseRow.reference == DispatchRow.reference)
            .where(*_due(receiver, now), ~_has_earlier())
            .order_by(DispatchRow.next_at, DispatchRow.announcement)
            .limit(most)
            .with_for_update(of=DispatchRow, skip_locked=True)
        )
        taken = []
        for sent, told, case in session.execute(due):
            sent.attempt += 1
            sent.next_at = now + LEASE
            sent.give_up_at = sent.give_up_at or now + FOR_A_DAY
            taken.append(
                Dispatch(
                    id=told.id,
                    receiver=receiver,
                    attempt=sent.attempt,
                    give_up_at=sent.give_up_at,
                    reference=told.reference,
                    event=told.event,
                    at=told.at,
                    facts=json.loads(told.facts),
                    kind=case.kind,
                    sender=case.sender,
                    number=case.number,
                )
            )
        return taken


def settle(store: Store, made: Collection[tuple[Dispatch, Outcome]], draw: Draw = random.uniform) -> list[Dead]:
    """Mark what came of attempts; return those after which no further one follows.

    What somebody else took meanwhile, because this process seemed dead, or replayed, is left alone.
    """
    dead = []
    with store.write() as session:
        now = store.now(session)
        for one, outcome in made:
            gives_up = outcome.is_final or now >= one.give_up_at
            values: dict[str, Any] = {"next_at": None, "failure": outcome.failure[:200]}
            if not outcome.failure:
                values = {"next_at": None, "failure": None, "delivered_at": now}
            elif not gives_up:
                values["next_at"] = min(now + max(delay(one.attempt, draw), outcome.wait), one.give_up_at)
            marked = session.execute(
                update(DispatchRow)
                .where(DispatchRow.receiver == one.receiver, DispatchRow.announcement == one.id)
                .where(DispatchRow.attempt == one.attempt, DispatchRow.next_at.is_not(None))
                .values(**values)
                .execution_options(synchronize_session=False)
            )
            if outcome.failure and gives_up and marked.rowcount:  # type: ignore[attr-defined] # an UPDATE has it
                dead.append(Dead(one.id, one.receiver, one.reference))
    return dead


def give_up(store: Store, receiver: str, failure: str) -> list[Dead]:
    """Count the day of all that is due for a receiver that cannot be sent to now; return those whose day is over."""
    with store.write() as session:
        now = store.now(session)
        session.execute(
            update(DispatchRow)
            .where(*_due(receiver, now), DispatchRow.give_up_at.is_(None))
            .values(give_up_at=now + FOR_A_DAY, failure=failure)
            .execution_options(synchronize_session=False)
        )
        over = (
            update(DispatchRow)
            .where(*_due(receiver, now), DispatchRow.give_up_at <= now)
            .values(next_at=None, failure=failure)
            .returning(DispatchRow.announcement, DispatchRow.receiver, DispatchRow.reference)
            .execution_options(synchronize_session=False)
        )
        return [Dead(*row) for row in session.execute(over)]


def waited_for(store: Store) -> set[str]:
    """Return the names of receivers that something waits for, in the settings or not."""
    with store.read() as session:
        return {*session.scalars(select(DispatchRow.receiver).where(DispatchRow.next_at.is_not(None)).distinct())}


def prune(store: Store) -> int:
    """Remove old announcements that nobody is to be sent any more, some at a time; return how many."""
    with store.write() as session:
        waits = exists().where(DispatchRow.announcement == AnnouncementRow.id, DispatchRow.next_at.is_not(None))
        old = (
            select(AnnouncementRow.id)
            .where(AnnouncementRow.at <= store.now(session) - KEPT, ~waits)
            .order_by(AnnouncementRow.at)
            .limit(_MOST_PRUNED)
        )
        ids = session.scalars(old).all()
        if not ids:
            return 0
        # Asked again row by row: one that was replayed since is sent.
        sent = delete(DispatchRow).where(DispatchRow.announcement.in_(ids), DispatchRow.next_at.is_(None))
        session.execute(sent.execution_options(synchronize_session=False))
        left = exists().where(DispatchRow.announcement == AnnouncementRow.id)
        told = delete(AnnouncementRow).where(AnnouncementRow.id.in_(ids), ~left)
        gone = session.execute(told.execution_options(synchronize_session=False))
        return int(gone.rowcount)  # type: ignore[attr-defined] # a DELETE's result has it


def _due(receiver: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return DispatchRow.receiver == receiver, DispatchRow.next_at <= now


def _has_earlier() -> ColumnElement[bool]:
    """Whether something earlier of the same case still waits for the same receiver."""
    earlier = aliased(DispatchRow)
    return exists().where(
        earlier.reference == DispatchRow.reference,
        earlier.receiver == DispatchRow.receiver,
        earlier.announcement < DispatchRow.announcement,
        earlier.next_at.is_not(None),
    )
