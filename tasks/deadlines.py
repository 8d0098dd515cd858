"""Watching deadlines: find what is near or past due, look again under a lock, act once."""

import logging
from dataclasses import dataclass

from prefect import task
from prefect.cache_policies import NO_CACHE
from sqlalchemy import select

from complaints.adapters.tables import CaseRow, ClockRow
from complaints.errors import ComplaintError
from complaints.words import Stage
from tasks.desk import store

BATCH = 500

log = logging.getLogger("redress.deadlines")


@dataclass(frozen=True)
class Struck:
    """A clock that had something to say: ``clock_warned``, ``clock_missed`` or ``clock_reached``."""

    reference: str
    clock: str
    what: str


@task(name="sweep", cache_policy=NO_CACHE)
def sweep() -> list[Struck]:
    """Record every warning, breach and reached date that is due. Safe to run twice and side by side."""
    struck: list[Struck] = []
    while found := _candidates():
        before = len(struck)
        for reference, clock in found:
            try:
                with store().open_case(reference) as desk:
                    act = desk.case.watch(clock, desk.now)
            except ComplaintError as error:  # one case must not stop the sweep for all others
                log.warning("case %s was not swept: %s", reference, error)
                continue
            if act:
                struck.append(Struck(reference, clock, act.kind_name()))
        if len(struck) == before:
            break
    return struck


def _candidates() -> list[tuple[str, str]]:
    """Return clocks whose next moment has come, the oldest first."""
    with store().read() as session:
        due = select(ClockRow.reference, ClockRow.name).where(ClockRow.next_at <= store().now(session))
        return [(row.reference, row.name) for row in session.execute(due.order_by(ClockRow.next_at).limit(BATCH))]


def sleepers() -> list[str]:
    """Return the cases whose follow-up date has come but whose run has not noticed yet."""
    with store().read() as session:
        query = (
            select(CaseRow.reference)
            .join(ClockRow, ClockRow.reference == CaseRow.reference)
            .where(CaseRow.stage == Stage.PUT_RIGHT, CaseRow.asks.is_(None))
            .where(ClockRow.name == "follow-up", ClockRow.next_at.is_(None))
        )
        return list(session.scalars(query))
