"""Erasing a person: the act and the end of the case's key in one transaction.

Before the transaction ends, the erasure is written outside the database too: whatever happens after that, the next
run brings it to its end, also in a database that was restored from an older backup. The files of the case go then
(:mod:`~complaints.adapters.keeping.remnants`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from sqlalchemy import delete, select, update

from complaints.adapters.keeping.outside import Outside
from complaints.adapters.keeping.records import ErasureRecord, add_records
from complaints.adapters.repeating import forget_signs
from complaints.adapters.store import OpenCase, Store
from complaints.adapters.tables import CaseKeyRow, CaseRow, DeliveryRow, LetterRow, RemnantRow
from complaints.answers import is_same_person
from complaints.errors.base import ComplaintError, RetryableError
from complaints.errors.case import AnswerRefused, UnknownCase
from complaints.errors.sealing import SealBroken
from complaints.retention import StillKept, retention_of
from complaints.words import ErasureGround

_BATCH: Final = 100  # cases erased in one transaction
_UNREADABLE: Final = (ComplaintError, ValueError, LookupError, TypeError)
"""What reading a case that was written by other hands can end in."""


@dataclass(frozen=True)
class Order:
    """Why cases are to be erased, and who wants it.

    Attributes:
        ground: Why.
        by: Who asked for it.
        approver: Who approved it; another person.
        document: The number of the request or order.
        until: Only cases that had to be kept until this day or an earlier one.
        given_at: Only cases that did not change since: as those who ordered it could see them.
    """

    ground: ErasureGround
    by: str
    approver: str
    document: str | None = None
    until: date | None = None
    given_at: datetime | None = None

    def refuse_unless_approved(self) -> None:
        """Refuse what one person alone wants.

        Raises:
            AnswerRefused: who asked and who approved are the same.
        """
        if is_same_person(self.by, self.approver):
            raise AnswerRefused("approver", "must be somebody else than who asks; nobody erases alone")


@dataclass
class Erasures:
    """What became of cases that were to be erased.

    Attributes:
        erased: Their references.
        refused: Why not, by reference.
    """

    erased: list[str] = field(default_factory=list)
    refused: dict[str, ComplaintError] = field(default_factory=dict)


def erase(store: Store, outside: Outside, references: Sequence[str], order: Order) -> Erasures:
    """Erase the persons of cases. Safe to run twice: what was erased before is left alone.

    Each is looked at again under its lock, by the rules in force: what must be kept is, and is told why. One that
    cannot be read does not keep the others.

    Args:
        store: The case database.
        outside: Where erasures are recorded.
        references: The cases.
        order: Why, and who wants it.

    Raises:
        AnswerRefused: nobody else approved it.
        AnchorsAway: they cannot be recorded; the cases of this batch were not erased.
        UnknownCase: there is no such case.
    """
    order.refuse_unless_approved()
    done = Erasures()

    def erase_some(some: Sequence[str]) -> None:
        with store.open_cases(*some) as desks:
            records = list(_recorded(desks, order, done))
            add_records(outside, records, store.master)
        done.erased += [one.reference for one in records]

    in_batches(store, references, done, erase_some)
    return done


def in_batches(store: Store, references: Sequence[str], done: Erasures, work: Callable[[Sequence[str]], None]) -> None:
    """Do something with some cases at a time; of a batch that fails, again with those that can be read."""
    for start in range(0, len(references), _BATCH):
        batch = references[start : start + _BATCH]
        try:
            work(batch)
        except (RetryableError, UnknownCase):
            raise
        except _UNREADABLE:
            readable = [one for one in batch if _is_readable(store, one, done)]
            if len(readable) == len(batch):
                raise
            if readable:
                work(readable)


def _is_readable(store: Store, reference: str, done: Erasures) -> bool:
    try:
        store.read_case(reference)
    except RetryableError:
        raise
    except _UNREADABLE as wrong:
        done.refused[reference] = wrong if isinstance(wrong, ComplaintError) else SealBroken(reference)
        return False
    return True


def _recorded(desks: Mapping[str, OpenCase], order: Order, done: Erasures) -> Iterator[ErasureRecord]:
    for reference, desk in desks.items():
        if desk.case.erased:
            continue
        try:
            record = _ordered(desk, order)
            erase_case(desk, record)
        except ComplaintError as refused:
            done.refused[reference] = refused
        else:
            yield record


def _ordered(desk: OpenCase, order: Order) -> ErasureRecord:
    """Return the record of an erasure, if nothing stands against it.

    Raises:
        HoldStands, StillKept: something does.
    """
    case, asked = desk.case, order.ground is not ErasureGround.EXPIRED
    retention = retention_of(case)
    retention.refuse(desk.now, asked=asked)
    _refuse_before_its_leader(desk)
    refuse_with_held_members(desk)
    leading = retention.leading
    if order.until and (leading is None or leading.until is None or leading.until > order.until):
        raise StillKept(case.reference, f"the order covers what was kept until {order.until}", "Order it anew")
    if order.given_at and case.changed_at and case.changed_at > order.given_at:
        raise StillKept(case.reference, "it changed after the order was given", "Look at it, then order it anew")
    return ErasureRecord(
        reference=case.reference,
        at=desk.now,
        by=order.by,
        ground=order.ground,
        regime=leading.pack.name if leading else "",
        rule=leading.rule.name if leading else "",
        article=leading.rule.article.en if leading else "",
        retained_until=leading.until if leading else None,
        document=order.document,
        approver=order.approver,
    )


def _refuse_before_its_leader(desk: OpenCase) -> None:
    """Keep a case that was merged as long as the one that answers for it, whose file it is a part of.

    Raises:
        StillKept: that one must be kept.
    """
    if desk.case.merged is None:
        return
    leader = desk.session.get_one(CaseRow, desk.case.merged.into)
    is_over = leader.retain_until is not None and leader.retain_until <= desk.now and not leader.on_hold
    if leader.erased_at is None and not is_over:
        reason = f"it is part of the file of {leader.reference}, which must be kept"
        raise StillKept(desk.case.reference, reason, f"See: redress retention {leader.reference}")


def refuse_with_held_members(desk: OpenCase) -> None:
    """Keep the case that answers for others as long as one of these is on hold: its file says what became of them.

    Raises:
        StillKept: one is.
    """
    reference = desk.case.reference
    held = select(CaseRow.reference).where(CaseRow.merged_into == reference, CaseRow.on_hold.is_(True))
    if member := desk.session.scalar(held.order_by(CaseRow.reference).limit(1)):
        raise StillKept(reference, f"{member}, for which it answers, is on hold", f"See: redress hold list {member}")


def erase_case(desk: OpenCase, record: ErasureRecord) -> None:
    """Record an erasure, and take away everything in the database by which the person could be known."""
    reference, session = desk.case.reference, desk.session
    desk.case.record(record.act, desk.now, record.by)
    session.execute(update(CaseKeyRow).where(CaseKeyRow.reference == reference).values(wrapped=None))
    session.execute(delete(LetterRow).where(LetterRow.reference == reference))
    session.execute(delete(DeliveryRow).where(DeliveryRow.reference == reference))
    forget_signs(session, reference)
    session.merge(RemnantRow(reference=reference, erased_at=desk.now))
