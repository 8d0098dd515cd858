"""Alerts on their way out: rows that were written together with the acts of the sweep, claimed, told, and marked.

Two are told of an alert, each once and neither waiting for the other: Prefect's server (``announced_at``) and the
people (``sent_at``). A claim is a lease: what a process took that has died is taken again after some minutes.
"""

import contextlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import nsmallest
from itertools import groupby
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, delete, func, literal, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from complaints.acts import ClockReached, ClockResumed
from complaints.adapters.store import Store
from complaints.adapters.tables import AlertRow, CaseRow, ClockRow
from complaints.alerts import MOST_LINES, Board, Count, Digest, Limit, News
from complaints.answers import Question
from complaints.errors.settings import SettingError
from complaints.regimes.model import Nature, Role
from complaints.regimes.rulebook import Rulebook
from complaints.words import Stage, Title

LEASE: Final = timedelta(minutes=5)
"""After so long, whoever took an alert and has not told it is taken to be dead."""

KEPT: Final = timedelta(days=30)
"""How long an alert is kept once everybody was told of it; what it told of stands in the ledger."""

PAGE: Final = 200
_MOST_PRUNED: Final = 1000
_MOST_COUNTED: Final = 10_000
_AHEAD_DAYS: Final = (1, 3, 7)
RUNNING_DUTY: Final = (ClockRow.running, ~ClockRow.paused, ClockRow.nature == Nature.DUTY)


@dataclass(frozen=True)
class Announcement:
    """What Prefect's server is to be told."""

    id: int
    reference: str
    clock: str
    what: str
    percent: int | None
    due_at: datetime


@dataclass(frozen=True)
class Arrival:
    """A date that a case waited for, and that its run has not been seen to know of."""

    id: int
    reference: str
    clock: str


@dataclass(frozen=True)
class Claim:
    """The alerts that this process tells people of, as one digest for each role that there is something to tell."""

    since: datetime
    digests: Sequence[Digest]


@dataclass(frozen=True)
class Showing:
    """How the limits of a case stand.

    Attributes:
        worst: ``late``, ``soon`` or nothing.
        standings: Of each of its clocks.
    """

    reference: str
    worst: str
    standings: Mapping[str, str]


def _expired(since: InstrumentedAttribute[datetime | None], now: datetime) -> ColumnElement[bool]:
    return or_(since.is_(None), since <= now - LEASE)


# --- to Prefect ---------------------------------------------------------------------------------


def claim_announcements(store: Store, most: int = PAGE) -> list[Announcement]:
    """Take alerts that Prefect's server has not been told of, the oldest first; nobody else gets them meanwhile."""
    with store.write() as session:
        now = store.now(session)
        free = (
            select(AlertRow.id)
            .where(AlertRow.announced_at.is_(None), AlertRow.what != ClockReached.kind_name())
            .where(_expired(AlertRow.announcing_since, now))
            .order_by(AlertRow.id)
            .limit(most)
            .with_for_update(skip_locked=True)
        )
        taken = (
            update(AlertRow)
            .where(AlertRow.id.in_(free))
            .values(announcing_since=now)
            .returning(
                AlertRow.id, AlertRow.reference, AlertRow.clock, AlertRow.what, AlertRow.percent, AlertRow.due_at
            )
        )
        return sorted((Announcement(*row) for row in session.execute(taken)), key=lambda one: one.id)


def mark_announced(store: Store, ids: Iterable[int]) -> None:
    """Record that Prefect knows of these alerts."""
    with store.write() as session:
        session.execute(update(AlertRow).where(AlertRow.id.in_(list(ids))).values(announced_at=store.now(session)))


def arrivals(store: Store, after: int = 0) -> list[Arrival]:
    """Return dates that have come and that a run may still wait for, a page at a time."""
    waiting = (
        select(AlertRow.id, AlertRow.reference, AlertRow.clock)
        .where(AlertRow.announced_at.is_(None), AlertRow.what == ClockReached.kind_name(), AlertRow.id > after)
        .order_by(AlertRow.id)
        .limit(PAGE)
    )
    with store.read() as session:
        return [Arrival(*row) for row in session.execute(waiting)]


def showings(store: Store, after: str = "") -> list[Showing]:
    """Return cases whose run shows something else than how their limits stand, a page at a time."""
    lying = (
        select(ClockRow.reference)
        .where(ClockRow.shown != ClockRow.standing, ClockRow.reference > after)
        .distinct()
        .order_by(ClockRow.reference)
        .limit(PAGE)
    )
    with store.read() as session:
        clocks = session.scalars(
            select(ClockRow).where(ClockRow.reference.in_(session.scalars(lying).all())).order_by(ClockRow.reference)
        ).all()
    found = []
    for reference, group in groupby(clocks, key=lambda one: one.reference):
        of_case = list(group)
        standings = {one.standing for one in of_case}
        worst = next((standing for standing in ("late", "soon") if standing in standings), "")
        found.append(Showing(reference, worst, {one.name: one.standing for one in of_case}))
    return found


def mark_shown(store: Store, shown: Sequence[Showing]) -> None:
    """Record what the runs of cases show; a limit that stands otherwise by now is shown anew the next time."""
    seen = {one.reference: one.standings for one in shown}
    with store.write() as session:
        clocks = session.scalars(
            select(ClockRow)
            .where(ClockRow.reference.in_(seen), ClockRow.shown != ClockRow.standing)
            .with_for_update(skip_locked=True)  # who waits for nobody is in nobody's way
        )
        for one in clocks:
            if seen[one.reference].get(one.name) == one.standing:
                one.shown = one.standing


# --- to people ----------------------------------------------------------------------------------


def claim_digests(store: Store) -> Claim:
    """Take every alert whose time to be told has come, and make one digest a role of them.

    What was settled meanwhile, stands still or was moved is told to nobody.
    """
    with store.write() as session:
        now, rules = store.now(session), store.rules(session)
        free = (
            select(AlertRow.id)
            .where(AlertRow.sent_at.is_(None), AlertRow.send_after <= now, _expired(AlertRow.sending_since, now))
            .with_for_update(skip_locked=True)
        )
        session.execute(
            update(AlertRow)
            .where(AlertRow.id.in_(free))
            .values(sending_since=now)
            .execution_options(synchronize_session=False)
        )
        return Claim(now, _digests(session, rules, now))


def mark_told(store: Store, claim: Claim, roles: Collection[Role]) -> None:
    """Record that roles were told, or that there was nothing to tell them; what all were told of is sent."""
    with store.write() as session:
        now = store.now(session)
        claimed = _of(claim)
        for tell in session.scalars(select(AlertRow.tell).where(*claimed).distinct()).all():
            others = [one for one in tell.split() if one not in roles]
            session.execute(
                update(AlertRow)
                .where(*claimed, AlertRow.tell == tell)
                .values(tell=" ".join(others), sent_at=None if others else now)
                .execution_options(synchronize_session=False)
            )


def release(store: Store, claim: Claim) -> None:
    """Give back what could not be told, for the next sweep to try again."""
    with store.write() as session:
        session.execute(
            update(AlertRow).where(*_of(claim)).values(sending_since=None).execution_options(synchronize_session=False)
        )


def prune(store: Store) -> int:
    """Remove alerts of which everybody was told long ago, some at a time; return how many."""
    with store.read() as session:
        until = store.now(session) - KEPT
        old = (
            select(AlertRow.id)
            .where(AlertRow.announced_at <= until, AlertRow.sent_at <= until)
            .order_by(AlertRow.id)
            .limit(_MOST_PRUNED)
        )
        ids = session.scalars(old).all()
    if ids:  # told is told: nobody changes them meanwhile
        with store.write() as session:
            session.execute(delete(AlertRow).where(AlertRow.id.in_(ids)))
    return len(ids)


def _of(claim: Claim) -> tuple[ColumnElement[bool], ...]:
    """Say which alerts were claimed and not told; by an index, past those whose time is still to come."""
    return AlertRow.sent_at.is_(None), AlertRow.send_after <= claim.since, AlertRow.sending_since == claim.since


def _digests(session: Session, rules: Rulebook, since: datetime) -> list[Digest]:
    counts: dict[Role, Counter[News]] = {}
    lines: dict[Role, list[tuple[News, Any]]] = {}
    claimed = _claimed(since)
    for _, group in groupby(session.execute(claimed), key=lambda row: (row.reference, row.name)):
        alerts = list(group)  # of one clock, the newest first
        news = _news(alerts[0])
        if news is None:
            continue
        for role in {Role(one) for alert in alerts for one in alert.tell.split()}:
            counts.setdefault(role, Counter())[news] += 1
            most = lines.setdefault(role, [])
            most.append((news, alerts[0]))
            if len(most) > 10 * MOST_LINES:  # however many there are, few are kept
                lines[role] = nsmallest(MOST_LINES, most, key=_urgency)
    return [
        Digest(role, counts[role], [(news, limit_of(row, rules)) for news, row in _most_urgent(lines[role])])
        for role in Role
        if role in counts
    ]


def _claimed(since: datetime) -> Select[Any]:
    return (
        _limits(
            AlertRow.what,
            AlertRow.tell,
            AlertRow.due_at.label("told_due_at"),
            ClockRow.missed,
            ClockRow.running,
            ClockRow.paused,
        )
        .join(AlertRow, (AlertRow.reference == ClockRow.reference) & (AlertRow.clock == ClockRow.name))
        .where(AlertRow.sending_since == since, AlertRow.sent_at.is_(None))
        .order_by(AlertRow.reference, AlertRow.clock, AlertRow.id.desc())
        .execution_options(yield_per=1000)
    )


def _news(alert: Row[Any]) -> News | None:
    """Return what there still is to tell of an alert, or None."""
    if not alert.running or alert.paused:
        return None
    if alert.missed:
        return News.LATE
    if alert.due_at != alert.told_due_at:
        return None
    return News.RESUMED if alert.what == ClockResumed.kind_name() else News.NEAR


def _urgency(line: tuple[News, Any]) -> tuple[Any, ...]:
    return line[1].due_at, line[1].reference, line[1].name


def _most_urgent(lines: Iterable[tuple[News, Any]]) -> list[tuple[News, Any]]:
    return nsmallest(MOST_LINES, lines, key=_urgency)


# --- the board ----------------------------------------------------------------------------------


def read_board(store: Store, most: int) -> Board:
    """Return the most urgent open limits and how many there are; read through the index of what runs, no further."""
    with store.read() as session:
        now, rules = store.now(session), store.rules(session)
        rows = session.execute(_limits().where(*RUNNING_DUTY).order_by(ClockRow.due_at).limit(most + 1)).all()
        late, ahead, begins = _count(session, None, now), {}, now
        total = Count(0)
        for days in _AHEAD_DAYS:
            ends = now + timedelta(days=days)
            total += _count(session, begins, ends)
            ahead[days], begins = total, ends
    limits = [limit_of(row, rules) for row in rows[:most]]
    return Board(now, limits, late, ahead, is_cut=len(rows) > most)


def _count(session: Session, after: datetime | None, until: datetime) -> Count:
    """Count the limits that run out in a span, but not without end."""
    # In order, so that the index is gone through from its place on, and not the table from its beginning.
    in_order = select(literal(1)).where(*RUNNING_DUTY, ClockRow.due_at <= until).order_by(ClockRow.due_at)
    some = in_order.limit(_MOST_COUNTED + 1)
    if after:
        some = some.where(ClockRow.due_at > after)
    number = session.scalar(select(func.count()).select_from(some.subquery())) or 0
    return Count(min(number, _MOST_COUNTED), number > _MOST_COUNTED)


# --- limits as people are shown them --------------------------------------------------------------


def _limits(*more: Any) -> Select[Any]:
    """Select what :func:`limit_of` needs, and more."""
    clock = (ClockRow.reference, ClockRow.name, ClockRow.due_at)
    case = (CaseRow.regime, CaseRow.received_at, CaseRow.stage, CaseRow.asks)
    return select(*clock, *case, *more).join(CaseRow, CaseRow.reference == ClockRow.reference)


def limit_of(row: Any, rules: Rulebook) -> Limit:
    """Return a limit in words, by the version of its regime that applies to when the case was received."""
    regime, slash, name = row.name.partition("/")
    if not slash:
        regime, name = row.regime, row.name
    title, article, zone = Title(zh=name, en=name), Title(zh="", en=""), rules.office.zone
    with contextlib.suppress(SettingError):  # its rules are not here any more; the limit is urgent all the same
        pack = rules.in_force(regime, row.received_at)
        zone = pack.tz
        for rule in pack.clocks:
            if rule.name == name:
                title, article = rule.title, rule.article
    asks = Question(row.asks) if row.asks else None
    return Limit(row.reference, row.name, title, regime, article, row.due_at, zone, Stage(row.stage), asks)
