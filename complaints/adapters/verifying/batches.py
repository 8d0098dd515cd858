"""Checking some cases at a time: all that is stored of them is read at once, as plain rows."""

import gc
import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Final, cast

from sqlalchemy import ColumnElement, FromClause, Row, select
from sqlalchemy.orm import Session

from complaints.acts import Recorded
from complaints.adapters.entries import act_of, replay_acts
from complaints.adapters.projection import CLOCK_COLUMNS, case_columns, clock_columns
from complaints.adapters.store import Store
from complaints.adapters.tables import Base, CaseKeyRow, CaseRow, ClockRow, EntryRow, LetterRow
from complaints.case import Case
from complaints.errors.base import ComplaintError
from complaints.ledger import Break, Entry, check_chain, holds
from complaints.regimes.rulebook import Rulebook
from complaints.sealing import CaseKey

_CASES, _LEDGER, _KEYS, _CLOCKS, _LETTERS = (
    Base.metadata.tables[row.__tablename__] for row in (CaseRow, EntryRow, CaseKeyRow, ClockRow, LetterRow)
)
_ENTRY: Final = [_LEDGER.c[one.name] for one in fields(Entry)]
_UNREADABLE: Final = (ComplaintError, ValueError, LookupError, TypeError)
"""What reading something that was written by other hands can end in."""

Content = tuple[str, int, str, datetime, str, str, bytes | None, str, str]
"""An entry as a plain row, in the order of :class:`Entry`: to make objects of all of them costs more than to hash."""


@dataclass
class Checked:
    """What a check came to."""

    cases: int = 0
    entries: int = 0
    breaks: list[Break] = field(default_factory=list)


@dataclass(frozen=True)
class _Stored:
    """What is stored of one case."""

    row: Row[Any]
    entries: Sequence[Content]
    wrapped: bytes | None
    has_key: bool
    clocks: Mapping[str, Mapping[str, Any]]
    letters: Mapping[tuple[str, int], bytes]


def check(store: Store, references: Sequence[str], *, chains_only: bool = False) -> Checked:
    """Check cases: every entry's hash, the chain, its length and its head, and what is stored beside the ledger.

    Args:
        store: The case database.
        references: The cases, some hundred, all of which are held in memory: one after the other in the database's own
            order. One that is not there is left out; one that came between them since is checked as well.
        chains_only: Do not build the cases again.
    """
    result = Checked()
    with store.read() as session, _no_collector():
        rules = store.rules(session)
        for one in _stored(session, references, chains_only=chains_only):
            result.cases += 1
            result.entries += len(one.entries)
            result.breaks += _chain(one) or ([] if chains_only else _compared(store, one, rules))
    return result


@contextmanager
def _no_collector() -> Iterator[None]:
    """Do without Python's search for cycles, a fifth of the time: what a batch makes has none, and is soon free."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _stored(session: Session, references: Sequence[str], *, chains_only: bool) -> Iterator[_Stored]:
    def there(table: FromClause) -> ColumnElement[bool]:
        """A range is read off the index; of some hundred names PostgreSQL would rather look at every row."""
        return table.c.reference.between(references[0], references[-1])

    entries: dict[str, list[Content]] = defaultdict(list)
    ledger = select(*_ENTRY).where(there(_LEDGER))
    connection = session.connection()
    for entry in connection.execute(ledger.order_by(_LEDGER.c.reference, _LEDGER.c.seq)).all():
        entries[entry[0]].append(cast(Content, entry))
    keys: dict[str, bytes | None] = {}
    clocks: dict[str, dict[str, Mapping[str, Any]]] = defaultdict(dict)
    letters: dict[str, dict[tuple[str, int], bytes]] = defaultdict(dict)
    if not chains_only:
        query = select(_KEYS.c.reference, _KEYS.c.wrapped).where(there(_KEYS))
        keys = dict(connection.execute(query).tuples().all())
        columns = [_CLOCKS.c[name] for name in CLOCK_COLUMNS]
        running = select(_CLOCKS.c.reference, _CLOCKS.c.name, *columns).where(there(_CLOCKS))
        for reference, name, *values in connection.execute(running).all():
            clocks[reference][name] = dict(zip(CLOCK_COLUMNS, values, strict=True))
        for row in connection.execute(select(_LETTERS).where(there(_LETTERS))):
            letters[row.reference][row.letter, row.round] = row.sealed
    wanted = select(_CASES) if not chains_only else select(_CASES.c.reference, _CASES.c.version, _CASES.c.head)
    for row in connection.execute(wanted.where(there(_CASES)).order_by(_CASES.c.reference)):
        one = row.reference
        yield _Stored(row, entries[one], keys.get(one), one in keys, clocks[one], letters[one])


def _chain(stored: _Stored) -> list[Break]:
    row = stored.row
    if holds(row.reference, stored.entries, row.head, row.version):
        return []
    return check_chain(row.reference, (Entry(*one) for one in stored.entries), row.head, row.version)


def _compared(store: Store, stored: _Stored, rules: Rulebook) -> list[Break]:
    """Build the case again and compare it with what is stored beside the ledger."""
    row, reference, read = stored.row, stored.row.reference, 0
    recorded: list[Recorded] = []
    try:
        key = store.master.unwrap(reference, stored.wrapped) if stored.wrapped is not None else None
        for _, read, kind, at, by, facts, sealed, _, _ in stored.entries:
            recorded.append(Recorded(act_of(read, kind, facts, sealed, key), at, by))
        case = replay_acts(reference, row.regime, recorded, rules)
        columns = case_columns(case)
    except _UNREADABLE as wrong:
        reason = str(wrong) if isinstance(wrong, ComplaintError) else f"cannot be read: {type(wrong).__name__}"
        return [Break(reference, read or len(stored.entries), reason)]
    there, seq = row._mapping, len(stored.entries)
    breaks = [
        Break(reference, seq, f"the case's column '{column}' does not follow from the ledger")
        for column, value in columns.items()
        if there[column] != value
    ]
    if stored.clocks != clock_columns(case):
        breaks.append(Break(reference, seq, "the case's clocks do not follow from the ledger"))
    if not stored.has_key:
        return [*breaks, Break(reference, seq, "removed: the case's key is gone, its personal data cannot be read")]
    return breaks + _keeping(case, key, seq) + _letters(case, key, stored.letters, seq)


def _keeping(case: Case, key: CaseKey | None, seq: int) -> list[Break]:
    """Compare whether there is a key with whether the person was erased."""
    if case.erased and key is not None:
        return [Break(case.reference, seq, "the person was erased, but the case's key is there")]
    if key is None and not case.erased:
        return [Break(case.reference, seq, "removed: the case's key was destroyed, and no entry says so")]
    return []


def _letters(case: Case, key: CaseKey | None, sealed: Mapping[tuple[str, int], bytes], seq: int) -> list[Break]:
    if key is None:  # the person was erased; the ledger's hash of the letter stays
        return []
    breaks = []
    for (letter, number), known in case.letters.items():
        if case.is_packed and (letter, number) not in sealed:  # 'redress archive verify' looks into the packages
            continue
        try:
            opened = key.open(sealed[letter, number], f"letter/{letter}/{number}")
            same = known.prepared.sha256 == hashlib.sha256(opened).hexdigest()
        except _UNREADABLE:
            same = False
        if not same:
            reason = f"letter '{letter}' round {number} is not the one that was prepared"
            breaks.append(Break(case.reference, seq, reason))
    strays = sealed.keys() - case.letters.keys()
    return breaks + [Break(case.reference, seq, f"letter '{letter}' is in no entry") for letter, _ in sorted(strays)]
