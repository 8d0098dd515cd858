"""The sweep over all clocks: an index finds those whose moment has come, and each is looked at again under a lock.

Cases are swept in batches, one transaction each: their ledgers are read in one query, built again without any key
(no clock depends on personal data), and what there is to say is saved in bulk together with the alerts that tell of
it. What a sweep costs depends on what is due, not on what is open.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Table, bindparam, insert, select, tuple_, update
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from complaints.acts import Act, ClockMissed, ClockReminded, ClockResumed, ClockWarned
from complaints.adapters.announcing import announce
from complaints.adapters.entries import ledgers_in_clear, new_entry, replay
from complaints.adapters.projection import case_columns, clock_columns
from complaints.adapters.store import Store
from complaints.adapters.tables import AlertRow, Base, CaseRow, ClockRow, EntryRow
from complaints.case import Case
from complaints.errors.case import CaseConflict
from complaints.errors.sealing import SealBroken
from complaints.ledger import Entry
from complaints.regimes.model import Role
from complaints.regimes.rulebook import Rulebook

BATCH: Final = 200
"""Clocks in one transaction: few enough that nobody waits long for a case, or for SQLite's only writer."""

log = logging.getLogger("redress.deadlines")

_CASES, _LEDGER, _CLOCKS, _ALERTS = (
    Base.metadata.tables[row.__tablename__] for row in (CaseRow, EntryRow, ClockRow, AlertRow)
)


@dataclass(frozen=True)
class Struck:
    """A clock that had something to say: ``clock_warned``, ``clock_missed``, ``clock_reached`` …"""

    reference: str
    clock: str
    what: str


@dataclass(frozen=True)
class Place:
    """A clock's place in the order in which they are swept: the longest overdue first."""

    next_at: datetime
    reference: str
    name: str


@dataclass(frozen=True)
class Swept:
    """What became of a batch; ``last`` is None where nothing is left."""

    struck: tuple[Struck, ...]
    last: Place | None


@dataclass(frozen=True)
class _Found:
    """A case as it was read under its lock."""

    reference: str
    regime: str
    version: int
    head: str
    ledger: Sequence[Entry]


@dataclass
class _Change:
    """A case with something new to save."""

    found: _Found
    case: Case
    acts: list[tuple[str, Act]]
    entries: list[Entry]
    columns: dict[str, Any]
    moved: dict[str, dict[str, Any]]
    begun: dict[str, dict[str, Any]]


def sweep(store: Store, size: int = BATCH) -> list[Struck]:
    """Record every warning, breach and reached date that is due. Safe to run twice and side by side.

    A case that somebody else works on at this moment is left for the next sweep, and so is one that cannot be read.
    """
    struck: list[Struck] = []
    place, single = None, 0
    while True:
        try:
            swept = sweep_batch(store, place, 1 if single else size)
        except (CaseConflict, DataError, IntegrityError) as error:
            if not single:  # one case of these cannot be saved; it must not keep the others from it
                single = size
                continue
            swept = _passed_over(store, place, error)
        single = max(single - 1, 0)
        struck += swept.struck
        if swept.last is None:
            return struck
        place = swept.last


def sweep_batch(store: Store, after: Place | None = None, size: int = BATCH) -> Swept:
    """Sweep the next clocks that are due, in one transaction.

    Args:
        store: The case database.
        after: The last clock of the batch before.
        size: How many clocks at most.

    Raises:
        CaseConflict, DataError, IntegrityError: one of them cannot be saved; nothing was.
    """
    with store.write() as session:
        now, rules = store.now(session), store.rules(session)
        due = _candidates(session, now, after, size)
        by_case: dict[str, list[Place]] = {}
        for place in due:
            by_case.setdefault(place.reference, []).append(place)
        cases, changes = _locked(session, by_case), []
        for reference in filter(cases.get, by_case):
            try:
                changes.append(_watched(cases[reference], by_case[reference], rules, now))
            except Exception as error:  # whatever is wrong with one case must not stop the sweep for all others
                log.warning("case %s was not swept: %s", reference, type(error).__name__)
        _save(session.connection(), changes, rules, now)
        announce(session.connection(), store.wants, [(one.case, one.found.version) for one in changes])
    struck = tuple(Struck(one.found.reference, clock, act.kind_name()) for one in changes for clock, act in one.acts)
    return Swept(struck, due[-1] if len(due) == size else None)


def _passed_over(store: Store, place: Place | None, error: Exception) -> Swept:
    """Return the place after a single clock whose case cannot be saved."""
    with store.read() as session:
        due = _candidates(session, store.now(session), place, 1)
    for one in due:
        log.warning("case %s was not swept: %s", one.reference, type(error).__name__)
    return Swept((), due[-1] if due else None)


# --- finding and reading ------------------------------------------------------------------------


def _candidates(session: Session, now: datetime, after: Place | None, size: int) -> list[Place]:
    order = (ClockRow.next_at, ClockRow.reference, ClockRow.name)
    due = select(*order).where(ClockRow.next_at <= now).order_by(*order).limit(size)
    if after:
        due = due.where(tuple_(*order) > (after.next_at, after.reference, after.name))
    return [Place(next_at, reference, name) for next_at, reference, name in session.execute(due) if next_at]


def _locked(session: Session, references: Iterable[str]) -> dict[str, _Found]:
    """Lock the cases that nobody else has locked, and read their ledgers.

    Where nobody waits, nobody can wait in a circle: the order of the locks does not matter.
    """
    cases = (
        select(CaseRow.reference, CaseRow.regime, CaseRow.version, CaseRow.head)
        .where(CaseRow.reference.in_(sorted(references)))
        .with_for_update(skip_locked=True)  # SQLite's one writer holds the whole database already
    )
    rows = session.execute(cases).all()
    ledgers = ledgers_in_clear(session.connection(), [row.reference for row in rows])
    return {one: _Found(one, regime, version, head, ledgers[one]) for one, regime, version, head in rows}


def _watched(found: _Found, places: Sequence[Place], rules: Rulebook, now: datetime) -> _Change:
    """Look at the clocks of a case again, now that nobody else can change it, and return what is new."""
    if len(found.ledger) != found.version or found.ledger[-1].hash != found.head:
        raise SealBroken(found.reference)
    case = replay(found.reference, found.regime, found.ledger, None, rules)
    stood, clocks = case_columns(case), dict(case.clocks)
    watched = [(place.name, case.watch(place.name, now)) for place in places]
    columns = {name: value for name, value in case_columns(case).items() if value != stood[name]}
    # A row that fell behind its ledger would be found by every sweep to come: it is put right without an act.
    behind = {place.name for place in places if clocks[place.name].next_at != place.next_at}
    changed = {name for name, clock in case.clocks.items() if name in behind or clock is not clocks.get(name)}
    rows = {name: row for name, row in clock_columns(case).items() if name in changed} if changed else {}
    return _Change(
        found,
        case,
        acts=[(name, act) for name, act in watched if act],
        entries=list(_chained(found, case)),
        columns=columns,
        moved={name: row for name, row in rows.items() if name in clocks},
        begun={name: row for name, row in rows.items() if name not in clocks},
    )


def _chained(found: _Found, case: Case) -> Iterator[Entry]:
    """Chain what was recorded to the case's ledger; an act with personal data would need the key, and is refused."""
    seq, head = found.version, found.head
    for recorded in case.new:
        entry = new_entry(found.reference, seq := seq + 1, head, recorded, None)
        head = entry.hash
        yield entry


# --- saving -------------------------------------------------------------------------------------


def _save(connection: Connection, changes: Sequence[_Change], rules: Rulebook, now: datetime) -> None:
    _save_cases(connection, [one for one in changes if one.entries])
    _insert(connection, _LEDGER, [dict(entry.__dict__) for one in changes for entry in one.entries])
    moved = [
        {"is_reference": one.found.reference, "is_name": name} | row
        for one in changes
        for name, row in one.moved.items()
    ]
    _update(connection, _CLOCKS, ("reference", "name"), moved)
    begun = [
        {"reference": one.found.reference, "name": name, "shown": ""} | row
        for one in changes
        for name, row in one.begun.items()
    ]
    _insert(connection, _CLOCKS, begun)
    opening = rules.office.next_opening(now)
    _insert(connection, _ALERTS, [alert for one in changes for alert in _alerts(one, now, opening)])


def _save_cases(connection: Connection, changes: Sequence[_Change]) -> None:
    """Save new versions with what has changed: mostly nothing that lists show, so that few columns are sent."""
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for one in changes:
        read = {"is_reference": one.found.reference, "is_version": one.found.version}
        version = {"version": one.entries[-1].seq, "head": one.entries[-1].hash}
        alike.setdefault(tuple(one.columns), []).append(read | version | one.columns)
    for rows in alike.values():
        if _update(connection, _CASES, ("reference", "version"), rows) != len(rows):
            raise CaseConflict(rows[0]["is_reference"], rows[0]["is_version"])


def _update(connection: Connection, table: Table, keys: Sequence[str], rows: Sequence[dict[str, Any]]) -> int:
    """Change rows that are found by what their keys are (``is_…``); return how many were."""
    if not rows:
        return 0
    where = [table.c[key] == bindparam(f"is_{key}") for key in keys]
    values: dict[str, Any] = {name: bindparam(name) for name in rows[0] if name in table.c}
    return connection.execute(update(table).where(*where).values(values), rows).rowcount


def _insert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(insert(table), rows)


def _alerts(change: _Change, now: datetime, opening: datetime) -> Iterator[dict[str, Any]]:
    """Yield what is to be told of each act; a date that has come is told to the case's run alone."""
    for name, act in change.acts:
        tell = _told(act)
        yield {
            "reference": change.found.reference,
            "clock": name,
            "what": act.kind_name(),
            "percent": act.percent if isinstance(act, ClockWarned) else None,
            "tell": " ".join(tell),
            "due_at": change.case.clocks[name].due_at,
            "send_after": opening,
            "sent_at": None if tell else now,
        }


def _told(act: Act) -> tuple[str, ...]:
    """Return the roles that learn of an act."""
    match act:
        case ClockWarned() | ClockMissed() | ClockReminded():
            return act.tell
        case ClockResumed():  # by itself, or somebody would know
            return (Role.HANDLER,)
    return ()
