"""The case database: loads cases from their ledger and saves new acts together with what is made from them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, bindparam, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from complaints.adapters.announcing import announce
from complaints.adapters.database import Database
from complaints.adapters.entries import entries_of, new_entries, read_acts, replay_acts
from complaints.adapters.filing import (
    Filed,
    Look,
    add_deliveries,
    add_many,
    delivered,
    forwarded_case,
    look,
    new_reference,
    refuse_unless_it_fits,
)
from complaints.adapters.projection import case_columns, clock_columns
from complaints.adapters.repeating import renew_signs
from complaints.adapters.tables import Base, CaseKeyRow, CaseRow, ClockRow, EntryRow, FirmRow, LetterRow
from complaints.announcements import NOBODY, Wants
from complaints.case import Case
from complaints.errors.case import CaseConflict, UnknownCase
from complaints.errors.intake import DeliveryIdTaken, NumberTaken, TransferTaken
from complaints.errors.sealing import KeyDestroyed, SealBroken
from complaints.intake import Complaint, Transfer
from complaints.ledger import Entry
from complaints.letters import Rendered
from complaints.moves import OPEN
from complaints.reception import receive
from complaints.regimes.rulebook import OFFICE, Rulebook
from complaints.sealing import CaseKey
from complaints.transfers import key_of_authority

_CASES, _LEDGER, _CLOCKS, _KEYS = (
    Base.metadata.tables[row.__tablename__] for row in (CaseRow, EntryRow, ClockRow, CaseKeyRow)
)
_STANDING: Final = select(CaseRow.reference, CaseRow.head, select(FirmRow.rules_version).scalar_subquery()).where(
    CaseRow.reference == bindparam("reference")
)
_CASE: Final = select(_CASES).where(_CASES.c.reference == bindparam("reference"))
_CASE_LOCKED: Final = _CASE.with_for_update()
_KEY: Final = select(_KEYS.c.wrapped).where(_KEYS.c.reference == bindparam("reference"))
_CLOCKS_OF_CASE: Final = select(_CLOCKS).where(_CLOCKS.c.reference == bindparam("reference"))


class Standing(NamedTuple):
    """What a case rests on: its ledger, by the hash of the last entry, and the firm's own rules."""

    reference: str
    head: str
    rules_version: int


class Seen(NamedTuple):
    """A case as it was seen last, and what it rested on."""

    standing: Standing
    case: Case


@dataclass
class OpenCase:
    """A case within one transaction: what is recorded on it is saved when the block ends.

    Attributes:
        standing: What the case rests on, once the block has ended; None where it was just received.
    """

    case: Case
    now: datetime
    session: Session
    key: CaseKey | None
    standing: Standing | None = None

    def keep_letter(self, letter: str, round: int, rendered: Rendered) -> None:
        """Put a rendered letter into the outbox, sealed."""
        sealed = self.case_key.seal(rendered.dump(), f"letter/{letter}/{round}")
        self.session.add(LetterRow(reference=self.case.reference, letter=letter, round=round, sealed=sealed))

    def letter_row(self, letter: str, round: int) -> LetterRow:
        """Return the outbox row of a letter."""
        return self.session.get_one(LetterRow, (self.case.reference, letter, round))

    def letter(self, letter: str, round: int) -> Rendered:
        """Return a letter as it was rendered."""
        row = self.letter_row(letter, round)
        return Rendered.load(self.case_key.open(row.sealed, f"letter/{letter}/{round}"))

    @property
    def case_key(self) -> CaseKey:
        """The case's key."""
        if self.key is None:
            raise KeyDestroyed(self.case.reference)
        return self.key


class Store(Database):
    """The case database with its cases.

    Args:
        url: SQLAlchemy URL; SQLite and PostgreSQL are tested.
        key_file: The master key's file; it is made on first use.
        office: Name of the calendar of the firm's working time.
        wants: What other systems ask to be told of cases.
    """

    def __init__(self, url: str, key_file: Path, office: str = OFFICE, wants: Wants = NOBODY) -> None:
        super().__init__(url, key_file, office)
        self.wants = wants

    # --- cases ----------------------------------------------------------------------------------

    @contextmanager
    def open_case(self, reference: str, seen: Seen | None = None) -> Iterator[OpenCase]:
        """Load a case to change it; what is recorded on it is saved in one transaction when the block ends.

        Whoever opens the same case meanwhile waits and then sees what was saved: two workers cannot both find that
        a letter has not been sent yet.

        Args:
            reference: Which one.
            seen: As it was seen last: while it stands as it did, its ledger is not replayed again.

        Raises:
            UnknownCase: there is none.
            SealBroken: its ledger cannot be read.
            CaseConflict: somebody who did not wait saved the case in between.
        """
        with self.open_cases(reference, seen=seen) as desks:
            yield desks[reference]

    @contextmanager
    def open_cases(self, *references: str, seen: Seen | None = None) -> Iterator[dict[str, OpenCase]]:
        """Load several cases to change them in one transaction, each as :meth:`open_case` does.

        They are locked in the order of their references, so that nobody who opens some of them waits for ever.
        """
        with self.write() as session:
            rows = {one: self._row(session, one, lock=True) for one in sorted(set(references))}
            now, version = self.moment(session)  # once nobody is waited for any more
            desks = {one: self._desk(session, row, now, version, seen) for one, row in rows.items()}
            try:
                yield desks
                for one, desk in desks.items():
                    if desk.case.new:
                        head = self._save(session, rows[one], desk.case, desk.key)
                        desk.standing = Standing(one, head, version)
            except IntegrityError:
                first = min(rows)
                raise CaseConflict(first, rows[first].version) from None

    def standing(self, reference: str) -> Standing:
        """Return what a case rests on; while it stays the same, so does the case.

        Raises:
            UnknownCase: there is none.
        """
        with self.read() as session:
            row = session.connection().execute(_STANDING, {"reference": reference}).one_or_none()
        if row is None:
            raise UnknownCase(reference)
        return Standing(*row)

    def read_case(self, reference: str, rules: Rulebook | None = None) -> Case:
        """Load a case to look at it.

        Args:
            reference: Which one.
            rules: Other rules than those in force, to see what they would change.

        Raises:
            UnknownCase: there is none.
            SealBroken: its ledger cannot be read.
        """
        with self.read() as session:
            return self._load(session, reference, rules)[0]

    def read_letter(self, reference: str, letter: str, round: int) -> Rendered:
        """Return a letter as it was rendered."""
        with self.read() as session:
            case, key = self._load(session, reference)
            return OpenCase(case, self.now(session), session, key).letter(letter, round)

    def entries(self, reference: str) -> list[Entry]:
        """Return the ledger of a case, in order."""
        with self.read() as session:
            return entries_of(session, reference)

    def list_cases(self, *, stage: str | None = None, only_open: bool = False, limit: int = 50) -> Sequence[CaseRow]:
        """Return what is known of cases without opening them, newest first."""
        query = select(CaseRow).order_by(CaseRow.received_at.desc(), CaseRow.reference).limit(limit)
        if stage:
            query = query.where(CaseRow.stage == stage)
        if only_open:
            query = query.where(CaseRow.stage.in_(OPEN))
        with self.read() as session:
            return session.scalars(query).all()

    def find_cases(self, number: str, limit: int = 50) -> Sequence[CaseRow]:
        """Return what is known of the cases that a sender or an authority gave a number, newest first."""
        known = or_(CaseRow.number == number, CaseRow.authority_number == key_of_authority(number))
        query = select(CaseRow).where(known).order_by(CaseRow.received_at.desc(), CaseRow.reference).limit(limit)
        with self.read() as session:
            return session.scalars(query).all()

    def open_references(self) -> Sequence[str]:
        """Return the references of all open cases, oldest first."""
        query = select(CaseRow.reference).where(CaseRow.stage.in_(OPEN))  # a list, so that the index serves
        with self.read() as session:
            return session.scalars(query.order_by(CaseRow.received_at)).all()

    # --- filing ---------------------------------------------------------------------------------

    def file(
        self,
        complaint: Complaint,
        sender: str,
        regime: str,
        delivery_id: str | None = None,
        further: Sequence[str] = (),
        attach: Callable[[OpenCase], None] | None = None,
    ) -> Filed:
        """Store a complaint as a new case, once.

        Args:
            complaint: The validated record.
            sender: Who delivers it.
            regime: Name of the leading regime.
            delivery_id: The sender's id of this delivery; the same one again returns the same case.
            further: Names of the regimes that apply beside it where their condition holds.
            attach: Is given the new case, and not one that was known: what it records and adds is saved in the
                same transaction, and nothing is saved where it raises.

        Raises:
            DeliveryIdTaken: the delivery id stands for other content.
            NumberTaken: the sender's number stands for other content, or for a person who was erased.
            TransferTaken: the authority's number does.
            AnswerRefused: ``received_at`` lies in the future; ``sender`` or ``delivery_id`` cannot be stored.
        """
        refuse_unless_it_fits(sender, delivery_id)
        for _ in range(5):
            try:
                with self.write() as session:
                    seen = look(session, sender, complaint.number, delivery_id)
                    if known := self._known(session, seen, complaint, delivery_id):
                        return Filed(known, is_new=False)
                    now = datetime.now(UTC) + timedelta(seconds=seen.offset)
                    rules = self.rules_of_version(session, seen.rules_version)
                    case = _received(complaint, sender, now, rules, regime, further)
                    added = add_many(session, [case], self.master, self.wants).get(case.reference)
                    if added is None:
                        continue  # the same number at the same moment, or a reference drawn twice: look again
                    if delivery_id:
                        add_deliveries(session, [(sender, delivery_id, case.reference)])
                    if attach:
                        attach(OpenCase(case, now, session, added.key))
                    if case.new:
                        self._save(session, self._row(session, case.reference), case, added.key)
                return Filed(case.reference, is_new=True)
            except IntegrityError:
                if delivery_id is None:
                    raise
                continue  # the same delivery at the same moment: look again
        raise CaseConflict(delivery_id or "new", 0)

    def file_new(
        self, filings: Sequence[tuple[Complaint, str, str]], regime: str, further: Sequence[str] = ()
    ) -> dict[int, Filed]:
        """Store, in one transaction, those of several complaints that are certainly new.

        Args:
            filings: Each a validated record, who delivers it, and the sender's id of the delivery.
            regime: Name of the leading regime.
            further: Names of the regimes that apply beside it where their condition holds.

        Returns:
            What was stored, by its place in ``filings``. The others are known, or may be: :meth:`file` tells.

        Raises:
            AnswerRefused: one of them cannot be stored; none of them was.
            IntegrityError: one of them was delivered again at the same moment; none of them was stored.
        """
        first = {(sender, delivery): place for place, (_, sender, delivery) in reversed([*enumerate(filings)])}
        cases: dict[int, Case] = {}
        with self.write() as session:
            seen = look(session, "", None, None)
            now = datetime.now(UTC) + timedelta(seconds=seen.offset)
            rules = self.rules_of_version(session, seen.rules_version)
            known = delivered(session, first)
            for (sender, delivery), place in first.items():
                complaint = filings[place][0]
                if (sender, delivery) not in known and complaint.transfer is None:
                    refuse_unless_it_fits(sender, delivery)
                    cases[place] = _received(complaint, sender, now, rules, regime, further)
            added = add_many(session, [*cases.values()], self.master, self.wants)
            stored = {place: case.reference for place, case in cases.items() if case.reference in added}
            add_deliveries(session, [(*filings[place][1:], reference) for place, reference in stored.items()])
        return {place: Filed(reference, is_new=True) for place, reference in stored.items()}

    def _known(self, session: Session, seen: Look, complaint: Complaint, delivery_id: str | None) -> str | None:
        """Return the case that a complaint is already."""
        if seen.delivered:
            stored = self._load(session, seen.delivered)[0].complaint
            if stored and stored.fingerprint != complaint.fingerprint:
                raise DeliveryIdTaken(delivery_id or "", seen.delivered)
            return seen.delivered
        if seen.numbered:
            stored = self._load(session, seen.numbered)[0].complaint
            # Of a person who was erased nobody can tell whether it is the same. It is refused, aloud: to take it as
            # known would lose what may be new, to take it in would bring the person back.
            if stored is None or stored.fingerprint != complaint.fingerprint:
                raise NumberTaken(complaint.number or "", seen.numbered)
        if seen.numbered or complaint.transfer is None:
            return seen.numbered
        return self._known_transfer(session, complaint, complaint.transfer)

    def _known_transfer(self, session: Session, complaint: Complaint, transfer: Transfer) -> str | None:
        """Return the case that was opened under an authority's number, whoever sent it."""
        known = forwarded_case(session, transfer)
        if known:
            stored = self._load(session, known)[0].complaint
            if stored is None or not stored.is_same_matter(complaint):
                raise TransferTaken(transfer.number, known)
        return known

    def add(self, session: Session, case: Case) -> None:
        """Store a case that was just received, with a fresh key of its own.

        Raises:
            CaseConflict: its reference or its sender's number is taken.
        """
        if not add_many(session, [case], self.master, self.wants):
            raise CaseConflict(case.reference, 0)

    def add_many(self, session: Session, cases: Sequence[Case]) -> list[Case]:
        """Store cases that were just received; return those whose reference or sender's number is taken."""
        stored = add_many(session, cases, self.master, self.wants)
        return [case for case in cases if case.reference not in stored]

    # --- between rows and acts ------------------------------------------------------------------

    def _row(self, session: Session, reference: str, *, lock: bool = False) -> Row[Any]:
        row = session.connection().execute(_CASE_LOCKED if lock else _CASE, {"reference": reference}).first()
        if row is None:
            raise UnknownCase(reference)
        return row

    def _desk(self, session: Session, row: Row[Any], now: datetime, rules_version: int, seen: Seen | None) -> OpenCase:
        standing, key = Standing(row.reference, row.head, rules_version), self.case_key(session, row.reference)
        if seen and seen.standing == standing:
            case = seen.case.copy()
        else:
            case = _replayed(session, row, key, self.rules_of_version(session, rules_version))
        return OpenCase(case, now, session, key, standing)

    def _load(self, session: Session, reference: str, rules: Rulebook | None = None) -> tuple[Case, CaseKey | None]:
        row, key = self._row(session, reference), self.case_key(session, reference)
        return _replayed(session, row, key, rules or self.rules(session)), key

    def case_key(self, session: Session, reference: str) -> CaseKey | None:
        """Return a case's key, or None once it was destroyed."""
        wrapped = session.connection().scalar(_KEY, {"reference": reference})
        return self.master.unwrap(reference, wrapped) if wrapped is not None else None

    def _save(self, session: Session, row: Row[Any], case: Case, key: CaseKey | None) -> str:
        """Save what is new in a case; return the hash of its last entry."""
        entries = new_entries(case, key, row.version, row.head)
        connection, columns = session.connection(), case_columns(case)
        changed = {name: value for name, value in columns.items() if getattr(row, name) != value}
        # The version first: only if it is still the one that was read, anything is added.
        renewed = connection.execute(
            update(_CASES)
            .where(_CASES.c.reference == row.reference, _CASES.c.version == row.version)
            .values(version=entries[-1].seq, head=entries[-1].hash, **changed)
        )
        if renewed.rowcount != 1:
            raise CaseConflict(row.reference, row.version)
        connection.execute(insert(_LEDGER), [vars(entry) for entry in entries])
        _save_clocks(connection, case)
        session.flush()
        renew_signs(session, case, self.master)
        announce(connection, self.wants, [(case, row.version)])
        case.new.clear()
        return entries[-1].hash


def _save_clocks(connection: Connection, case: Case) -> None:
    known = {row.name: row for row in connection.execute(_CLOCKS_OF_CASE, {"reference": case.reference})}
    clocks = clock_columns(case)
    for name in clocks.keys() & known.keys():
        if changed := {one: value for one, value in clocks[name].items() if getattr(known[name], one) != value}:
            which = (_CLOCKS.c.reference == case.reference, _CLOCKS.c.name == name)
            connection.execute(update(_CLOCKS).where(*which).values(changed))
    begun = [{"reference": case.reference, "name": name, **clocks[name]} for name in clocks.keys() - known.keys()]
    if begun:
        connection.execute(insert(_CLOCKS), begun)


def _replayed(session: Session, row: Row[Any], key: CaseKey | None, rules: Rulebook) -> Case:
    try:
        recorded = read_acts(entries_of(session, row.reference), key)
    except (ValueError, KeyError, TypeError):  # no JSON, not what the act holds, no known act, no object
        raise SealBroken(row.reference) from None
    return replay_acts(row.reference, row.regime, recorded, rules)


def _received(
    complaint: Complaint, sender: str, now: datetime, rules: Rulebook, regime: str, further: Sequence[str]
) -> Case:
    """Open a case for a complaint, under the versions of its regimes that are in force."""
    pack, others = rules.choose(regime, further, complaint.received_at or now)
    return receive(new_reference(now, pack.tz), pack, complaint, sender, now, rules=rules, further=others)
