"""Erasing again, after an older backup was restored, whoever is in the record outside the database."""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from complaints import acts
from complaints.adapters.keeping.erasing import Erasures, erase_case, in_batches, refuse_with_held_members
from complaints.adapters.keeping.outside import Outside
from complaints.adapters.keeping.records import ErasureRecord, read_records
from complaints.adapters.store import OpenCase, Store
from complaints.adapters.tables import CaseKeyRow, CaseRow
from complaints.errors.base import ComplaintError
from complaints.ledger import Break
from complaints.retention import StillKept, retention_of
from complaints.words import ErasureGround

_AT_ONCE: Final = 500  # references asked for at a time


def not_erased(session: Session, records: Mapping[str, ErasureRecord]) -> list[str]:
    """Return the cases of a record of erasures that still have their key."""
    found: list[str] = []
    wanted = sorted(records)
    for start in range(0, len(wanted), _AT_ONCE):
        part = wanted[start : start + _AT_ONCE]
        query = select(CaseKeyRow.reference).where(CaseKeyRow.reference.in_(part), CaseKeyRow.wrapped.is_not(None))
        found += session.scalars(query.order_by(CaseKeyRow.reference))
    return found


def erase_again(store: Store, outside: Outside) -> Erasures:
    """Erase what was erased before, and is back because an older backup was restored. Safe to run twice.

    Whether something stood against it was looked at when it was erased first. A hold from before that had been
    lifted by then; one from after it stands. A case that went on since is weighed again by the rules in force.

    Returns:
        What was erased again; refused is what came back as an open case, is held or must be kept since, or cannot
        be read.
    """
    records, _ = read_records(outside, store.master)
    done = Erasures()
    with store.read() as session:
        references = not_erased(session, records)

    def erase_some(some: Sequence[str]) -> None:
        erased = []
        with store.open_cases(*some) as desks:
            for reference, desk in desks.items():
                record = records[reference]
                try:
                    _refuse_what_went_on(desk, record)
                    refuse_with_held_members(desk)
                    _lift_older_holds(desk, record)
                    erase_case(desk, record)
                except ComplaintError as refused:
                    done.refused[reference] = refused
                else:
                    erased.append(reference)
        done.erased += erased

    in_batches(store, references, done, erase_some)
    return done


def _refuse_what_went_on(desk: OpenCase, record: ErasureRecord) -> None:
    """Leave to people what is open, and what must be kept because of what happened after it was erased.

    Raises:
        HoldStands, StillKept: it is, or must be.
    """
    case = desk.case
    if case.stage.is_open:
        reason = "its erasure was recorded, but it is open (an older backup came back, or it was opened again)"
        raise StillKept(case.reference, reason, "Close it; how long it is kept is then weighed again")
    if case.merged and (leader := desk.session.get_one(CaseRow, case.merged.into)).on_hold and not leader.erased_at:
        reason = f"it is part of the file of {leader.reference}, on which a hold stands"
        raise StillKept(case.reference, reason, f"See: redress retention {leader.reference}")
    if case.changed_at and case.changed_at > record.at:
        retention_of(case).refuse(desk.now, asked=record.ground is not ErasureGround.EXPIRED)


def _lift_older_holds(desk: OpenCase, record: ErasureRecord) -> None:
    if any(hold.at > record.at for hold in desk.case.standing_holds):
        return
    for hold in desk.case.standing_holds:
        document = f"erased {record.at:%Y-%m-%d}"
        lifted = acts.HoldLifted(hold=hold.number, ordered_by="redress", document=document)
        desk.case.record(lifted, desk.now, record.by)


def check_erasures(store: Store, outside: Outside) -> list[Break]:
    """Return where the record of erasures does not hold, and every case in it that still has its key.

    Raises:
        AnchorsAway: the place does not answer.
    """
    records, breaks = read_records(outside, store.master)
    with store.read() as session:
        for reference in not_erased(session, records):
            at = f"{records[reference].at:%Y-%m-%d}"
            breaks.append(Break(reference, 0, f"was erased on {at}, but its key is there: run 'redress erase --again'"))
    return breaks
