"""Which files have been kept long enough, and the order of two people without which none of them is erased.

A retention rule says that a file must go, not that nobody looks at what goes: on the first day with a database of
years, thousands are over. So the daily run only tells what could be erased. Two people order it, up to a day of
retention and up to a number of cases that they have seen; the day may lie ahead, so that one order serves a year.

An order covers what its people could see: cases that did not change since, hardly more of them than there were, and
only until :data:`LASTS` after its day. It is marked with a key made from the master key: nobody without it can have
cases erased by writing a row.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true
from sqlalchemy.orm import Session

from complaints.adapters.keeping.erasing import Erasures, Order, erase
from complaints.adapters.keeping.marks import is_mark_of, mark_of
from complaints.adapters.keeping.outside import Outside
from complaints.adapters.store import Store
from complaints.adapters.tables import CaseRow, ErasureOrderRow
from complaints.errors.base import ComplaintError
from complaints.errors.case import AnswerRefused
from complaints.ledger import Break
from complaints.sealing import MasterKey
from complaints.words import ErasureGround

AHEAD: Final = timedelta(days=30)
"""How long before the end of retention a case is announced."""

FURTHEST: Final = timedelta(days=366)
"""How far ahead an order may reach."""

LASTS: Final = timedelta(days=30)
"""How long after its day an order still serves."""

MARGIN: Final = 10
"""One in so many cases more than were found may be named by an order: some come between looking and ordering."""

_PURPOSE: Final = "redress erasure orders"
_BATCH: Final = 100
_WESTMOST: Final = timedelta(hours=12)  # no zone is further behind UTC


@dataclass(frozen=True)
class Over:
    """A case whose retention is over, or soon will be."""

    reference: str
    regime: str
    retain_until: datetime


@dataclass(frozen=True)
class Outlook:
    """What could be erased.

    Attributes:
        over: Cases whose retention is over, the longest first; only the first some hundred.
        over_count: How many there are.
        over_by_year: How many, by regime and year of receipt.
        coming: How many more will be within :data:`AHEAD`.
        held: How many would be, if no legal hold stood.
        without_end: Closed cases for which no rule gives an end.
        ordered: How many of those that are over the standing orders cover.
    """

    over: tuple[Over, ...]
    over_count: int
    over_by_year: dict[tuple[str, int], int]
    coming: int
    held: int
    without_end: int
    ordered: int


class OrderTooSmall(ComplaintError):
    """An order names fewer cases than it would erase."""

    def __init__(self, until: date, most: int, found: int) -> None:
        super().__init__(until, most, found)
        self.until, self.most, self.found = until, most, found

    def __str__(self) -> str:
        return (
            f"Retention ends by {self.until} for {self.found} cases, but the order names {self.most} at most. "
            "Look at them (redress retention), then order with a number that covers them, or with an earlier day."
        )


class OrderTooLarge(ComplaintError):
    """An order names more cases than anybody can have seen."""

    def __init__(self, until: date, most: int, found: int) -> None:
        super().__init__(until, most, found)
        self.until, self.most, self.found = until, most, found

    def __str__(self) -> str:
        return (
            f"The order names {self.most} cases, but retention ends by {self.until} for {self.found} only. "
            "Look at them (redress retention), then order with that number."
        )


class OrderBreak(Break):
    """An order that nobody with the master key gave."""

    def __str__(self) -> str:
        return f"order for erasure {self.seq}: {self.reason}"


def outlook(store: Store, *, listed: int = 500) -> Outlook:
    """Return what could be erased now and soon.

    Args:
        store: The case database.
        listed: Cases that are named at most.
    """
    with store.read() as session:
        now = store.now(session)
        rows = session.execute(_cases(*_conditions(now)).limit(listed)).tuples()
        years: Counter[tuple[str, int]] = Counter()
        dates = select(CaseRow.regime, CaseRow.received_at).where(*_conditions(now)).execution_options(yield_per=5000)
        for regime, received_at in session.execute(dates).tuples():
            years[regime, received_at.year] += 1
        closed = CaseRow.closed_at.is_not(None), CaseRow.erased_at.is_(None)
        covered = (_covered(session, one, now) for one in _standing(session, store.master, now))
        return Outlook(
            over=tuple(Over(*row) for row in rows),
            over_count=years.total(),
            over_by_year=dict(sorted(years.items())),
            coming=_number(session, *_conditions(now + AHEAD)) - years.total(),
            held=_number(session, CaseRow.on_hold.is_(True), CaseRow.retain_until <= now, CaseRow.erased_at.is_(None)),
            without_end=_number(session, CaseRow.retain_until.is_(None), *closed),
            ordered=min(years.total(), sum(covered)),  # two may cover the same
        )


def page(seen: Outlook, listed: int) -> str:
    """Return what could be erased as a page in Markdown, in both languages; so many cases are named at most."""
    lines = [
        "# 保存期限 · Retention",
        "",
        f"- 已到期，待批准删除 · over, waiting for an order: **{seen.over_count}**",
        f"- {AHEAD.days}日内到期 · over within {AHEAD.days} days: **{seen.coming}**",
        f"- 已到期，因法律保全不得删除 · over, but on legal hold: **{seen.held}**",
        f"- 已办结，截止日未定 · closed, no end known: **{seen.without_end}**",
        f"- 已到期且已批准删除 · over and covered by an order: **{seen.ordered}**",
    ]
    if seen.over_by_year:
        lines += ["", "| 监管规则 · regime | 收到年份 · received in | 件数 · cases |", "|---|---|---|"]
        lines += [f"| {regime} | {year} | {count} |" for (regime, year), count in seen.over_by_year.items()]
    if seen.over:
        lines += ["", "| 案件 · case | 监管规则 · regime | 到期 · over since (UTC) |", "|---|---|---|"]
        lines += [f"| {one.reference} | {one.regime} | {one.retain_until:%Y-%m-%d} |" for one in seen.over[:listed]]
    return "\n".join(lines)


def order_erasure(store: Store, until: date, most: int, asked_by: str, approver: str) -> int:
    """Order that cases may be erased as their retention ends; the daily run does it.

    Args:
        store: The case database.
        until: The last day of retention that is covered; it may lie ahead.
        most: How many cases at most: as many as were seen, that is as many as there are (:data:`MARGIN`).
        asked_by: Who asks for it.
        approver: Who approved it; another person.

    Returns:
        How many cases it would erase as things stand.

    Raises:
        AnswerRefused: nobody else approved it, or the day is too far ahead.
        OrderTooSmall: more cases than that would be erased.
        OrderTooLarge: there are not so many.
    """
    Order(ErasureGround.EXPIRED, asked_by, approver).refuse_unless_approved()
    with store.write() as session:
        now = store.now(session)
        if until > (now + FURTHEST).date():
            raise AnswerRefused("until", f"lies too far ahead; the last day may be {(now + FURTHEST).date()}")
        found = _number(session, *_conditions(_covered_by(until)))
        if found > most:
            raise OrderTooSmall(until, most, found)
        if most > found + found // MARGIN:
            raise OrderTooLarge(until, most, found)
        row = ErasureOrderRow(until=until, most=most, done=0, asked_by=asked_by, approver=approver, at=now, mark="")
        session.add(row)
        session.flush()  # gives it its number
        row.mark = _mark(row, store.master)
    return found


def erase_over(store: Store, outside: Outside, progress: Callable[[int], None] = lambda done: None) -> Erasures:
    """Erase the cases whose retention is over, as far as standing orders cover them. Safe to run twice.

    Args:
        store: The case database.
        outside: Where erasures are recorded.
        progress: Is told how many were erased.

    Raises:
        AnchorsAway: erasures cannot be recorded; the rest is done by the next run.
    """
    done = Erasures()
    with store.read() as session:
        now = store.now(session)
        standing = _standing(session, store.master, now)
        orders = [(one.id, _order(one), one.most - one.done, _reach(one, now)) for one in standing]
    for identifier, order, left, reach in orders:
        for batch in _batches(store, reach):
            allowed = batch[:left]
            if not allowed:
                break
            _count(store, identifier, len(allowed))  # before: after a kill, fewer are erased than were ordered
            part = erase(store, outside, allowed, order)
            _count(store, identifier, len(part.erased) - len(allowed))
            left -= len(part.erased)
            done.erased += part.erased
            done.refused |= part.refused
            progress(len(done.erased))
    return done


def _batches(store: Store, conditions: tuple[ColumnElement[bool], ...]) -> Iterator[list[str]]:
    """Yield the cases that an order covers now, those that are over the longest first."""
    query = _cases(*conditions).limit(_BATCH)
    last: tuple[datetime, str] | None = None
    while True:
        after = _after(*last) if last else true()
        with store.read() as session:
            rows = session.execute(query.where(after)).tuples().all()
        if not rows:
            return
        last = (rows[-1][2], rows[-1][0])
        yield [row[0] for row in rows]


def _after(retain_until: datetime, reference: str) -> ColumnElement[bool]:
    at_once = and_(CaseRow.retain_until == retain_until, CaseRow.reference > reference)
    return or_(CaseRow.retain_until > retain_until, at_once)


def check_orders(store: Store) -> list[Break]:
    """Return every order that nobody with the master key gave, or that was altered; none of these is carried out."""
    with store.read() as session:
        rows = session.scalars(select(ErasureOrderRow).order_by(ErasureOrderRow.id)).all()
        reason = "was altered, or written by hand; it is not carried out"
        return [OrderBreak("", one.id, reason) for one in rows if not _is_marked(one, store.master)]


def _given(row: ErasureOrderRow) -> list[str | int]:
    """Return what is marked: its number as well, so that a copied row is no order."""
    return [row.id, str(row.until), row.most, row.done, row.asked_by, row.approver, row.at.isoformat()]


def _mark(row: ErasureOrderRow, master: MasterKey) -> str:
    return mark_of(_given(row), _PURPOSE, master)


def _is_marked(row: ErasureOrderRow, master: MasterKey) -> bool:
    return is_mark_of(row.mark, _given(row), _PURPOSE, master)


def _order(row: ErasureOrderRow) -> Order:
    return Order(ErasureGround.EXPIRED, row.asked_by, row.approver, until=row.until, given_at=row.at)


def _count(store: Store, identifier: int, cases: int) -> None:
    """Count cases as erased by an order, and mark it anew.

    Raises:
        AnswerRefused: it was altered since it was looked at.
    """
    with store.write() as session:
        row = session.get_one(ErasureOrderRow, identifier, with_for_update=True)
        if not _is_marked(row, store.master):
            raise AnswerRefused("order", f"for erasure {identifier} was altered; see: redress verify")
        row.done += cases
        row.mark = _mark(row, store.master)


def _standing(session: Session, master: MasterKey, now: datetime) -> list[ErasureOrderRow]:
    """Return the orders that serve: given by who has the master key, not used up, and not too old."""
    ends = ErasureOrderRow.until >= (now - LASTS).date()
    query = select(ErasureOrderRow).where(ErasureOrderRow.done < ErasureOrderRow.most, ends)
    return [one for one in session.scalars(query.order_by(ErasureOrderRow.id)) if _is_marked(one, master)]


def _reach(order: ErasureOrderRow, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return what the cases have in common that an order covers now."""
    return *_conditions(min(now, _covered_by(order.until))), CaseRow.changed_at <= order.at


def _covered(session: Session, order: ErasureOrderRow, now: datetime) -> int:
    return min(order.most - order.done, _number(session, *_reach(order, now)))


def _conditions(before: datetime) -> tuple[ColumnElement[bool], ...]:
    return CaseRow.retain_until <= before, CaseRow.on_hold.is_(False), CaseRow.erased_at.is_(None)


def _cases(*conditions: ColumnElement[bool]) -> Select[tuple[str, str, datetime]]:
    query = select(CaseRow.reference, CaseRow.regime, CaseRow.retain_until).where(*conditions)
    return query.order_by(CaseRow.retain_until, CaseRow.reference)  # type: ignore[return-value] # none is NULL here


def _covered_by(until: date) -> datetime:
    """Return an instant by which a day has ended in every zone; whether an order covers a case is asked again."""
    return datetime.combine(until + timedelta(days=1), time(), UTC) + _WESTMOST


def _number(session: Session, *conditions: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(CaseRow).where(*conditions)) or 0
