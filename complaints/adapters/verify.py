"""Check the whole ledger: every hash, every chain, and that what is stored beside it follows from it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from complaints.adapters.entries import entry_of, replay
from complaints.adapters.projection import CLOCK_COLUMNS, case_columns, clock_columns
from complaints.adapters.store import Store
from complaints.adapters.tables import (
    AlertRow,
    CaseKeyRow,
    CaseRow,
    ClockRow,
    DeliveryRow,
    EntryRow,
    LetterRow,
    SignRow,
)
from complaints.case import Case
from complaints.errors import ComplaintError, UnknownCase
from complaints.ledger import Break, Entry, check_chain
from complaints.letters import Rendered

_BATCH: Final = 500  # cases held in memory at a time
_UNREADABLE: Final = (ComplaintError, ValueError, LookupError, TypeError)
"""What reading something that was written by other hands can end in."""


@dataclass
class Verified:
    """The result of a verification."""

    cases: int = 0
    entries: int = 0
    breaks: list[Break] = field(default_factory=list)


def verify(store: Store, reference: str | None = None, progress: Callable[[int], None] = lambda _: None) -> Verified:
    """Check one case or all of them.

    For each case: every entry's hash, the chain, its length and its head; then the case is built again from the
    ledger and compared with its row, its clocks and its letters. Last, nothing may refer to a case that is gone.

    Args:
        store: The case database.
        reference: One case, or None for all.
        progress: Called with the number of cases checked so far.

    Raises:
        UnknownCase: there is no case ``reference``.
        SettingError: the master key is not the right one; it would look as if every case had been altered.
    """
    result = Verified()
    _ = store.master
    with store.read() as session:
        for row, entries in _cases(session, reference):
            result.cases += 1
            result.entries += len(entries)
            breaks = check_chain(row.reference, entries, row.head, row.version)
            result.breaks += breaks or _compare(store, session, row, entries)
            progress(result.cases)
        if reference is None:
            result.breaks += _orphans(session)
        elif not result.cases:
            raise UnknownCase(reference)
    return result


def _cases(session: Session, reference: str | None) -> Iterator[tuple[CaseRow, list[Entry]]]:
    """Yield each case with its ledger, in batches so that memory does not grow with the database."""
    last = ""
    while True:
        query = select(CaseRow).order_by(CaseRow.reference).where(CaseRow.reference > last).limit(_BATCH)
        if reference is not None:
            query = query.where(CaseRow.reference == reference)
        rows = session.scalars(query).all()
        if not rows:
            return
        wanted = [row.reference for row in rows]
        ledger: dict[str, list[Entry]] = {one: [] for one in wanted}
        entries = select(EntryRow).where(EntryRow.reference.in_(wanted)).order_by(EntryRow.reference, EntryRow.seq)
        for entry in session.scalars(entries):
            ledger[entry.reference].append(entry_of(entry))
        for row in rows:
            yield row, ledger[row.reference]
        last = wanted[-1]
        session.expunge_all()


def _compare(store: Store, session: Session, row: CaseRow, entries: list[Entry]) -> list[Break]:
    """Build the case again and compare it with what is stored beside the ledger."""
    reference, read = row.reference, 0

    def each() -> Iterator[Entry]:
        nonlocal read
        for entry in entries:
            read = entry.seq
            yield entry

    try:
        case = replay(reference, row.regime, each(), store.case_key(session, reference), store.rules(session))
        columns = case_columns(case)
    except _UNREADABLE as wrong:
        reason = str(wrong) if isinstance(wrong, ComplaintError) else f"cannot be read: {type(wrong).__name__}"
        return [Break(reference, read or len(entries), reason)]
    breaks = [
        Break(reference, len(entries), f"the case's column '{column}' does not follow from the ledger")
        for column, value in columns.items()
        if getattr(row, column) != value
    ]
    clocks = {
        clock.name: {column: getattr(clock, column) for column in CLOCK_COLUMNS}
        for clock in session.scalars(select(ClockRow).where(ClockRow.reference == reference))
    }
    if clocks != clock_columns(case):
        breaks.append(Break(reference, len(entries), "the case's clocks do not follow from the ledger"))
    return breaks + _check_letters(store, session, case, len(entries))


def _check_letters(store: Store, session: Session, case: Case, seq: int) -> list[Break]:
    if session.get(CaseKeyRow, case.reference) is None:
        return [Break(case.reference, seq, "removed: the case's key is gone, its personal data cannot be read")]
    key = store.case_key(session, case.reference)
    if key is None:  # the person was erased; the ledger's hash of the letter stays
        return []
    breaks = []
    rows = {
        (row.letter, row.round): row
        for row in session.scalars(select(LetterRow).where(LetterRow.reference == case.reference))
    }
    for (letter, number), known in case.letters.items():
        row = rows.pop((letter, number), None)
        try:
            same = row is not None and known.prepared.sha256 == (
                Rendered.load(key.open(row.sealed, f"letter/{letter}/{number}")).sha256
            )
        except _UNREADABLE:
            same = False
        if not same:
            breaks.append(
                Break(case.reference, seq, f"letter '{letter}' round {number} is not the one that was prepared")
            )
    breaks += [Break(case.reference, seq, f"letter '{letter}' is in no entry") for letter, _ in rows]
    return breaks


def _orphans(session: Session) -> list[Break]:
    """Find what refers to a case that is not there: the case was removed as a whole."""
    gone: set[str] = set()
    for column in (
        EntryRow.reference,
        CaseKeyRow.reference,
        ClockRow.reference,
        LetterRow.reference,
        DeliveryRow.reference,
        AlertRow.reference,
        SignRow.reference,
    ):
        known = select(CaseRow.reference).where(CaseRow.reference == column).exists()
        gone.update(session.scalars(select(column).where(~known).distinct()))
    return [Break(reference, 0, "removed: the case is gone, but parts of it are left") for reference in sorted(gone)]
