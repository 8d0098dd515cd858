"""New cases: stored in bulk, each with its key, its ledger, its clocks and the run that it is owed.

A new case is written once, as it stands: nothing that was just inserted is changed again, and each table takes all
rows of a batch in one statement.
"""

import secrets
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Table, bindparam, insert, select, text, tuple_
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from complaints.adapters.announcing import announce
from complaints.adapters.entries import new_entries
from complaints.adapters.projection import case_columns, clock_columns
from complaints.adapters.repeating import sign_rows
from complaints.adapters.tables import (
    Base,
    CaseKeyRow,
    CaseRow,
    ClockRow,
    DeliveryRow,
    EntryRow,
    FirmRow,
    SignRow,
    StartRow,
)
from complaints.announcements import NOBODY, Wants
from complaints.case import Case
from complaints.errors.case import AnswerRefused
from complaints.intake import Transfer
from complaints.ledger import Entry, genesis
from complaints.sealing import CaseKey, MasterKey

_LONGEST_SENDER: Final = 64
_LONGEST_DELIVERY_ID: Final = 128
_ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # no 0/O, 1/I/L, U: read aloud without mistakes
_LETTERS: Final = 7
_DRAWS: Final = len(_ALPHABET) ** _LETTERS

_CASES, _KEYS, _LEDGER, _CLOCKS, _STARTS, _SIGNS, _DELIVERIES = (
    Base.metadata.tables[row.__tablename__]
    for row in (CaseRow, CaseKeyRow, EntryRow, ClockRow, StartRow, SignRow, DeliveryRow)
)
_COLUMNS: Final = [column.name for column in _CASES.c]
_NEW_CASES: Final = text(  # SQLAlchemy would compile its own ON CONFLICT anew for each filing
    f"INSERT INTO cases ({', '.join(_COLUMNS)}) VALUES (:{', :'.join(_COLUMNS)}) ON CONFLICT DO NOTHING"
).bindparams(*(bindparam(column.name, type_=column.type) for column in _CASES.c))
_DELIVERED = select(DeliveryRow.reference).where(
    DeliveryRow.sender == bindparam("sender"), DeliveryRow.delivery_id == bindparam("delivery_id")
)
_DELIVERED_OF_MANY: Final = select(DeliveryRow.sender, DeliveryRow.delivery_id).where(
    tuple_(DeliveryRow.sender, DeliveryRow.delivery_id).in_(bindparam("deliveries", expanding=True))
)
_NUMBERED = select(CaseRow.reference).where(
    CaseRow.sender == bindparam("sender"), CaseRow.number == bindparam("number")
)
_LOOK: Final = select(
    FirmRow.rules_version,
    FirmRow.is_demo,
    FirmRow.offset_seconds,
    _DELIVERED.scalar_subquery(),
    _NUMBERED.scalar_subquery(),
)


@dataclass(frozen=True)
class Filed:
    """The answer to a filing."""

    reference: str
    is_new: bool


@dataclass(frozen=True)
class Added:
    """A case that was just stored: its key, how many entries its ledger has, and the hash of the last."""

    key: CaseKey
    version: int
    head: str


@dataclass(frozen=True)
class Look:
    """What is known before a filing, seen in one look.

    Attributes:
        rules_version: Of the firm's rules.
        offset: Seconds between the real time and the firm's.
        delivered: The case that the same delivery became.
        numbered: The case that has the sender's number.
    """

    rules_version: int
    offset: int
    delivered: str | None
    numbered: str | None


def look(session: Session, sender: str, number: str | None, delivery_id: str | None) -> Look:
    """See whether a complaint is known, and by which rules and time it would be filed."""
    sought = {"sender": sender, "number": number, "delivery_id": delivery_id}
    row = session.connection().execute(_LOOK, sought).first()
    if row is None:  # a database that was never set up: its master key will be missed, and that says so
        return Look(0, 0, None, None)
    version, is_demo, offset, delivered, numbered = row
    return Look(version, offset if is_demo else 0, delivered, numbered)


def delivered(session: Session, deliveries: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return those of some deliveries, each with its sender, that came in before."""
    rows = session.connection().execute(_DELIVERED_OF_MANY, {"deliveries": list(deliveries)})
    return {(sender, delivery_id) for sender, delivery_id in rows}


def forwarded_case(session: Session, transfer: Transfer) -> str | None:
    """Return the case that an authority's number stands for, whoever delivered it."""
    authority, number = transfer.key
    query = select(CaseRow.reference).where(CaseRow.authority == authority, CaseRow.authority_number == number)
    return session.scalar(query)


def refuse_unless_it_fits(sender: str, delivery_id: str | None) -> None:
    """Refuse what the columns cannot hold.

    Raises:
        AnswerRefused: it is too long, or has control characters.
    """
    for field, value, longest in (
        ("sender", sender, _LONGEST_SENDER),
        ("delivery_id", delivery_id or "", _LONGEST_DELIVERY_ID),
    ):
        if len(value) > longest or not value.isprintable():
            raise AnswerRefused(field, f"must be at most {longest} printable characters")


def new_reference(now: datetime, zone: ZoneInfo, draw: Callable[[int], int] = secrets.randbelow) -> str:
    """Return a fresh case reference such as ``TS260302-7K3M9QX``: the firm's date, and letters nobody can guess."""
    drawn, letters = draw(_DRAWS), ""
    while len(letters) < _LETTERS:
        drawn, at = divmod(drawn, len(_ALPHABET))
        letters += _ALPHABET[at]
    return f"TS{now.astimezone(zone):%y%m%d}-{letters}"


def add_many(session: Session, cases: Sequence[Case], master: MasterKey, wants: Wants = NOBODY) -> dict[str, Added]:
    """Store cases that were just received, each with a fresh key of its own.

    A case whose reference, or whose sender's number, is taken is left out; it can be given another reference and be
    stored again. The others are stored all the same.

    Args:
        session: In whose transaction.
        cases: New cases; their references differ.
        master: The key that wraps theirs.
        wants: What other systems ask to be told.

    Returns:
        What was stored, by reference.
    """
    keys = {case.reference: CaseKey.new(case.reference) for case in cases}
    ledgers = {case.reference: new_entries(case, keys[case.reference], 0, genesis(case.reference)) for case in cases}
    free = _insert_cases(session, cases, ledgers)
    fresh = [case for case in cases if case.reference in free]
    with _without_waiting(session):
        _insert(session, _KEYS, [{"reference": one, "wrapped": keys[one].wrapped(master)} for one in free])
        _insert(session, _LEDGER, [entry.__dict__ for one in free for entry in ledgers[one]])
        _insert(session, _CLOCKS, [clock for case in fresh for clock in _clocks(case)])
        _insert(session, _STARTS, [_start(case) for case in fresh if not case.facts.history])
        _insert(session, _SIGNS, [sign for case in fresh for sign in sign_rows(case, master)])
    announce(session.connection(), wants, [(case, 0) for case in fresh])
    for case in fresh:
        case.new.clear()
    return {one: Added(keys[one], ledgers[one][-1].seq, ledgers[one][-1].hash) for one in free}


def add_deliveries(session: Session, deliveries: Sequence[tuple[str, str, str]]) -> None:
    """Remember which cases deliveries became: the sender, its id of the delivery, and the case.

    Raises:
        IntegrityError: the same delivery came in at the same moment.
    """
    names = ("sender", "delivery_id", "reference")
    _insert(session, _DELIVERIES, [dict(zip(names, one, strict=True)) for one in deliveries])


def _insert_cases(session: Session, cases: Sequence[Case], ledgers: dict[str, list[Entry]]) -> Collection[str]:
    """Insert the rows of cases; return the references of those that were free."""
    heads = {reference: entries[-1].hash for reference, entries in ledgers.items()}
    rows = [
        {"reference": case.reference, "version": len(ledgers[case.reference]), "head": heads[case.reference]}
        | case_columns(case)
        for case in cases
    ]
    if not rows or session.connection().execute(_NEW_CASES, rows).rowcount == len(rows):
        return heads
    there = select(CaseRow.reference, CaseRow.head).where(CaseRow.reference.in_(heads))
    return {reference for reference, head in session.connection().execute(there) if head == heads[reference]}


def _clocks(case: Case) -> list[dict[str, Any]]:
    return [
        {"reference": case.reference, "name": name, "shown": ""} | columns
        for name, columns in clock_columns(case).items()
    ]


def _start(case: Case) -> dict[str, Any]:
    return {"reference": case.reference, "urgent": case.facts.urgent, "filed_at": case.new[0].at}


@contextmanager
def _without_waiting(session: Session) -> Iterator[None]:
    """Send statements on without waiting for the answer to each; on SQLite there is nobody to wait for."""
    connection = session.connection()
    pipeline = getattr(connection.connection.driver_connection, "pipeline", nullcontext)
    dialect = connection.dialect
    try:
        with pipeline():
            yield
    except dialect.loaded_dbapi.Error as error:  # told at the end, past SQLAlchemy, whose errors others look for
        raise DBAPIError.instance(None, None, error, dialect.loaded_dbapi.Error, dialect=dialect) from None


def _insert(session: Session, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        session.connection().execute(insert(table), rows)
