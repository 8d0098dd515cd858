"""Reading the closed cases of a share as they go into packages: four queries for all of them, from one moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, Table, select
from sqlalchemy.orm import Session

from complaints import acts
from complaints.adapters.archive.contents import InOutbox, Source, keep_letters
from complaints.adapters.entries import read_acts, replay, replay_acts
from complaints.adapters.store import Store
from complaints.adapters.tables import Base, CaseKeyRow, CaseRow, EntryRow, LetterRow
from complaints.errors.base import ComplaintError
from complaints.errors.case import StageError, UnknownCase
from complaints.errors.sealing import SealBroken
from complaints.ledger import Entry, check_chain
from complaints.regimes.rulebook import Rulebook

_CASES, _LEDGER, _KEYS, _LETTERS = (
    Base.metadata.tables[row.__tablename__] for row in (CaseRow, EntryRow, CaseKeyRow, LetterRow)
)
_ENTRY: Final = ("reference", "seq", "kind", "at", "by", "facts", "sealed", "previous", "hash")


class ArchiveBroken(ComplaintError):
    """A case cannot be archived because something does not match; nothing was recorded."""

    def __init__(self, reference: str, problems: Sequence[str]) -> None:
        super().__init__(reference, problems)
        self.reference, self.problems = reference, tuple(problems)

    def __str__(self) -> str:
        more = f" (and {len(self.problems) - 1} more)" if len(self.problems) > 1 else ""
        return (
            f"Case {self.reference} was not archived: {self.problems[0]}{more}. Run 'redress verify {self.reference}'; "
            "if it finds nothing, check the disk and archive again."
        )


@dataclass(frozen=True)
class _Rows:
    """What the tables hold of some cases, by reference; a case's key is None once it was destroyed."""

    cases: dict[str, Row[Any]]  # reference, regime, version, head
    ledgers: dict[str, list[Entry]]
    keys: dict[str, bytes | None]
    letters: dict[str, dict[tuple[str, int], InOutbox]]


def read_source(store: Store, reference: str) -> Source | None:
    """Return a closed case as it goes into a package; None where it is in one.

    Raises:
        UnknownCase: there is none.
        StageError: it is not closed.
        SealBroken: its ledger or a letter cannot be read.
        ArchiveBroken: its ledger, or a letter, does not match.
    """
    found = read_sources(store, [reference])[reference]
    if isinstance(found, ComplaintError):
        raise found
    return found


def read_sources(store: Store, references: Sequence[str]) -> dict[str, Source | ComplaintError | None]:
    """Return closed cases as they go into packages.

    Args:
        store: The case database.
        references: The cases; some dozens, whose letters are held in memory.

    Returns:
        By reference, in the order asked for: the case; None where it is in a package; or why it cannot be archived,
        as :func:`read_source` raises it.
    """
    with store.read() as session:
        rules, rows = store.rules(session), _read_rows(session, references)
    found: dict[str, Source | ComplaintError | None] = {}
    for reference in references:
        try:
            found[reference] = _source(store, rules, rows, reference)
        except ComplaintError as wrong:  # the others are archived all the same
            found[reference] = wrong
    return found


def _read_rows(session: Session, references: Sequence[str]) -> _Rows:
    def of_these(table: Table, *columns: str) -> list[Row[Any]]:
        query = select(*(table.c[one] for one in columns)).where(table.c.reference.in_(references))
        return [*session.execute(query.order_by(*table.primary_key))]

    rows = _Rows({}, {one: [] for one in references}, {}, {one: {} for one in references})
    for row in of_these(_CASES, "reference", "regime", "version", "head"):
        rows.cases[row.reference] = row
    for reference, wrapped in of_these(_KEYS, "reference", "wrapped"):
        rows.keys[reference] = wrapped
    for row in of_these(_LEDGER, *_ENTRY):
        rows.ledgers[row.reference].append(Entry(*row))
    for row in of_these(_LETTERS, "reference", "letter", "round", "sealed", "attempt"):
        rows.letters[row.reference][row.letter, row.round] = row.sealed, row.attempt
    return rows


def _source(store: Store, rules: Rulebook, rows: _Rows, reference: str) -> Source | None:
    """Return one of the cases; that of a whistle-blowing report is built without its key: what is not known cannot be
    written.
    """
    if (row := rows.cases.get(reference)) is None:
        raise UnknownCase(reference)
    entries, wrapped = rows.ledgers[reference], rows.keys.get(reference)
    key = store.master.unwrap(reference, wrapped) if wrapped is not None else None
    try:
        recorded = read_acts(entries, key)
        case = replay_acts(reference, row.regime, recorded, rules)
    except (ValueError, KeyError, TypeError):  # as when a case is loaded; the error may say what is personal
        raise SealBroken(reference) from None
    if case.is_packed:
        return None
    if case.stage.is_open:
        raise StageError(reference, case.stage, acts.Archived.kind_name())
    if breaks := check_chain(reference, entries, row.head, row.version):
        raise ArchiveBroken(reference, [str(one) for one in breaks])
    if case.is_confidential:
        case = replay(reference, row.regime, entries, None, rules)
    try:
        letters = keep_letters(case, rows.letters[reference], key)
    except LookupError as wrong:
        raise ArchiveBroken(reference, [str(wrong)]) from None
    return Source(case, entries, key, letters, recorded)
