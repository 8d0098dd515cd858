"""The case database: loads cases from their ledger and saves new acts together with what is made from them."""

import json
import math
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, event, func, insert, select, update
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from complaints.acts import ACTS, Act, Received, Recorded
from complaints.adapters.projection import case_columns, clock_columns
from complaints.adapters.tables import (
    CaseKeyRow,
    CaseRow,
    ClockRow,
    DeliveryRow,
    EntryRow,
    FirmRow,
    LetterRow,
    RuleRow,
)
from complaints.calendars.files import read_calendar
from complaints.case import Case
from complaints.errors import (
    AnswerRefused,
    CaseConflict,
    DeliveryIdTaken,
    KeyDestroyed,
    MasterKeyMissing,
    MasterKeyWrong,
    NumberTaken,
    SealBroken,
    SettingError,
    UnknownCase,
)
from complaints.intake import Complaint
from complaints.ledger import Entry, canonical, chain, genesis
from complaints.letters import Rendered
from complaints.moves import OPEN
from complaints.reception import receive
from complaints.regimes.files import read_pack
from complaints.regimes.rulebook import OFFICE, Rulebook, packaged_rulebook
from complaints.sealing import CaseKey, MasterKey
from complaints.words import Closure

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_MIGRATION_LOCK: Final = int.from_bytes(b"redress")
_LONGEST_SENDER: Final = 64
_LONGEST_DELIVERY_ID: Final = 128
_ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # no 0/O, 1/I/L, U: read aloud without mistakes


@dataclass(frozen=True)
class Filed:
    """The answer to a filing."""

    reference: str
    is_new: bool


@dataclass
class OpenCase:
    """A case within one transaction: what is recorded on it is saved when the block ends."""

    case: Case
    now: datetime
    session: Session
    key: CaseKey | None

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


class Store:
    """The case database.

    Args:
        url: SQLAlchemy URL; SQLite and PostgreSQL are tested.
        key_file: The master key's file; it is made on first use.
        office: Name of the calendar of the firm's working time.
    """

    def __init__(self, url: str, key_file: Path, office: str = OFFICE) -> None:
        self.url, self.key_file, self.office = url, key_file, office
        self.engine = _engine(url)
        # All that one reader sees is from one moment, as on SQLite: a case's row and its ledger always agree.
        postgresql = self.engine.dialect.name == "postgresql"
        self._snapshot = self.engine.execution_options(isolation_level="REPEATABLE READ") if postgresql else self.engine
        self._master: MasterKey | None = None
        self._rules: tuple[int, Rulebook] | None = None

    # --- the database itself --------------------------------------------------------------------

    def migrate(self) -> None:
        """Bring the schema up to date and make the master key where this database is new."""
        if self.engine.dialect.name == "sqlite" and (file := self.engine.url.database):
            Path(file).parent.mkdir(parents=True, exist_ok=True)
        with self.engine.execution_options(writes=True).begin() as connection:
            if connection.dialect.name == "postgresql":  # several processes start at once; SQLite locks by itself
                connection.execute(select(func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
            command.upgrade(self._alembic(connection), "head")
            if connection.scalar(select(FirmRow.id)) is None:
                master = MasterKey.load(self.key_file) or MasterKey.create(self.key_file)
                connection.execute(insert(FirmRow).values(id=1, key_fingerprint=master.fingerprint))
        _ = self.master

    def schema_is_current(self) -> bool:
        """Whether the schema is the one this version of Redress works with."""
        with self.engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
        return current == ScriptDirectory(str(_MIGRATIONS)).get_current_head()

    def _alembic(self, connection: Connection) -> Config:
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS))
        config.attributes["connection"] = connection
        return config

    @property
    def master(self) -> MasterKey:
        """The master key, checked against the database once.

        Raises:
            MasterKeyMissing: the file is gone although the database holds sealed data.
            MasterKeyWrong: it is another database's key.
        """
        if self._master is None:
            with self.read() as session:
                fingerprint = session.scalar(select(FirmRow.key_fingerprint))
            if fingerprint is None:
                raise SettingError("case database", "has not been set up", "Run: redress up (or any redress command)")
            master = MasterKey.load(self.key_file)
            if master is None:
                cure = "Restore it from the backup: without it no complaint in this database can be read"
                raise MasterKeyMissing(str(self.key_file), "the master key is not there", cure)
            if master.fingerprint != fingerprint:
                raise MasterKeyWrong(
                    str(self.key_file),
                    f"is key {master.fingerprint}, but this database was sealed with key {fingerprint}",
                    "Put back the key file that belongs to this database",
                )
            self._master = master
        return self._master

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for reading; everything in it is from one moment."""
        with Session(self._snapshot, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session whose transaction is committed at the end of the block, or rolled back on any error."""
        with Session(self.engine.execution_options(writes=True), expire_on_commit=False) as session, session.begin():
            yield session

    def now(self, session: Session | None = None) -> datetime:
        """Return the firm's time, UTC: the real time, but for a demo database that was moved."""
        if session is None:
            with self.read() as own:
                return self.now(own)
        offset = session.scalar(select(FirmRow.offset_seconds).where(FirmRow.is_demo))
        return datetime.now(UTC) + timedelta(seconds=offset or 0)

    def move_time(self, to: datetime) -> None:
        """Move the firm's time forward; only a demo database can be moved.

        Raises:
            SettingError: this is no demo database, or time would run backwards.
        """
        with self.write() as session:
            firm = session.get_one(FirmRow, 1)
            if not firm.is_demo:
                raise SettingError("case database", "is not a demo; its time is the real time", "Use: redress demo")
            offset = _offset(to)
            if offset < firm.offset_seconds:
                raise SettingError("firm's time", "cannot run backwards", "Start a new demo in an empty home folder")
            firm.offset_seconds = offset

    def make_demo(self, starts_at: datetime) -> None:
        """Turn an empty database into a demo whose time starts at ``starts_at``.

        Raises:
            SettingError: it holds cases and is no demo.
        """
        with self.write() as session:
            firm = session.get_one(FirmRow, 1)
            if not firm.is_demo and session.scalar(select(CaseRow.reference).limit(1)) is not None:
                raise SettingError("case database", "holds real cases", "Give the demo a home folder of its own")
            if not firm.is_demo:
                firm.is_demo = True
                firm.offset_seconds = _offset(starts_at)

    # --- rules ----------------------------------------------------------------------------------

    def rules(self, session: Session | None = None) -> Rulebook:
        """Return packs and calendars: what Redress brings along, and what the firm added."""
        if session is None:
            with self.read() as own:
                return self.rules(own)
        version = session.scalar(select(FirmRow.rules_version)) or 0
        if self._rules is None or self._rules[0] != version:
            self._rules = (version, self._read_rules(session))
        return self._rules[1]

    def _read_rules(self, session: Session) -> Rulebook:
        return self.rules_of(self.rule_files(session))

    def rules_of(self, files: Iterable[tuple[str, str, str]]) -> Rulebook:
        """Return the rulebook with the firm's own files: the kind (``pack`` or ``calendar``), a name, the content."""
        files = list(files)
        calendars = [read_calendar(text, name) for kind, name, text in files if kind == "calendar"]
        packs = [read_pack(text, name) for kind, name, text in files if kind == "pack"]
        return packaged_rulebook().with_calendars(calendars).with_packs(packs).for_office(self.office)

    def rule_files(self, session: Session) -> list[tuple[str, str, str]]:
        """Return the firm's own files as :meth:`rules_of` takes them, in the order in which they were added."""
        rows = session.scalars(select(RuleRow).order_by(RuleRow.id))
        return [(row.kind, row.name, row.text) for row in rows]

    def add_rule(self, session: Session, kind: str, name: str, version: str, text: str, by: str) -> None:
        """Add a pack or a calendar; every process works with it from its next transaction on.

        Raises:
            SettingError: the same version is there with another content.
        """
        query = select(RuleRow).where(RuleRow.kind == kind, RuleRow.name == name, RuleRow.version == version)
        known = session.scalar(query)
        if known is not None:
            if known.text != text:
                cure = "Give the file another version"
                raise SettingError(f"{kind} {name}", f"version {version} is there with another content", cure)
            return
        session.add(RuleRow(kind=kind, name=name, version=version, text=text, added_at=self.now(session), added_by=by))
        session.execute(update(FirmRow).values(rules_version=FirmRow.rules_version + 1))

    # --- cases ----------------------------------------------------------------------------------

    @contextmanager
    def open_case(self, reference: str) -> Iterator[OpenCase]:
        """Load a case to change it; what is recorded on it is saved in one transaction when the block ends.

        Whoever opens the same case meanwhile waits and then sees what was saved: two workers cannot both find that
        a letter has not been sent yet.

        Raises:
            UnknownCase: there is none.
            SealBroken: its ledger cannot be read.
            CaseConflict: somebody who did not wait saved the case in between.
        """
        with self.write() as session:
            row, case, key = self._load(session, reference, lock=True)
            version, head = row.version, row.head
            try:
                yield OpenCase(case, self.now(session), session, key)
                if case.new:
                    self._save(session, case, key, version, head)
            except IntegrityError:
                raise CaseConflict(reference, version) from None

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
            return self._load(session, reference, rules=rules)[1]

    def read_letter(self, reference: str, letter: str, round: int) -> Rendered:
        """Return a letter as it was rendered."""
        with self.read() as session:
            _, case, key = self._load(session, reference)
            return OpenCase(case, self.now(session), session, key).letter(letter, round)

    def entries(self, reference: str) -> list[Entry]:
        """Return the ledger of a case, in order."""
        with self.read() as session:
            return [entry_of(row) for row in _entry_rows(session, reference)]

    def list_cases(self, *, stage: str | None = None, only_open: bool = False, limit: int = 50) -> Sequence[CaseRow]:
        """Return what is known of cases without opening them, newest first."""
        query = select(CaseRow).order_by(CaseRow.received_at.desc(), CaseRow.reference).limit(limit)
        if stage:
            query = query.where(CaseRow.stage == stage)
        if only_open:
            query = query.where(CaseRow.stage.in_(OPEN))
        with self.read() as session:
            return session.scalars(query).all()

    def open_references(self) -> Sequence[str]:
        """Return the references of all open cases, oldest first."""
        query = select(CaseRow.reference).where(CaseRow.stage.in_(OPEN))  # a list, so that the index serves
        with self.read() as session:
            return session.scalars(query.order_by(CaseRow.received_at)).all()

    def withdrawn_since(self, instant: datetime) -> Sequence[str]:
        """Return the references of cases that were withdrawn since an instant."""
        query = select(CaseRow.reference).where(CaseRow.closed_at >= instant, CaseRow.closure == Closure.WITHDRAWN)
        with self.read() as session:
            return session.scalars(query).all()

    # --- filing ---------------------------------------------------------------------------------

    def file(
        self,
        complaint: Complaint,
        sender: str,
        regime: str,
        delivery_id: str | None = None,
        further: Sequence[str] = (),
    ) -> Filed:
        """Store a complaint as a new case, once.

        Args:
            complaint: The validated record.
            sender: Who delivers it.
            regime: Name of the leading regime.
            delivery_id: The sender's id of this delivery; the same one again returns the same case.
            further: Names of the regimes that apply beside it where their condition holds.

        Raises:
            DeliveryIdTaken: the delivery id stands for other content.
            NumberTaken: the sender's number stands for other content.
            AnswerRefused: ``received_at`` lies in the future; ``sender`` or ``delivery_id`` cannot be stored.
        """
        _refuse_unless_it_fits("sender", sender, _LONGEST_SENDER)
        _refuse_unless_it_fits("delivery_id", delivery_id or "", _LONGEST_DELIVERY_ID)
        for _ in range(5):
            try:
                with self.write() as session:
                    known = self._known(session, complaint, sender, delivery_id)
                    if known:
                        return Filed(known, is_new=False)
                    rules, now = self.rules(session), self.now(session)
                    pack, others = rules.choose(regime, further, complaint.received_at or now)
                    case = receive(
                        new_reference(now, pack.tz), pack, complaint, sender, now, rules=rules, further=others
                    )
                    self.add(session, case)
                    if delivery_id:
                        session.add(DeliveryRow(sender=sender, delivery_id=delivery_id, reference=case.reference))
                return Filed(case.reference, is_new=True)
            except IntegrityError:
                continue  # the same delivery at the same moment, or a reference drawn twice: look again
        raise CaseConflict(delivery_id or "new", 0)

    def _known(self, session: Session, complaint: Complaint, sender: str, delivery_id: str | None) -> str | None:
        if delivery_id and (row := session.get(DeliveryRow, (sender, delivery_id))):
            if self._is_other_content(session, row.reference, complaint):
                raise DeliveryIdTaken(delivery_id, row.reference)
            return row.reference
        if complaint.number is None:
            return None
        query = select(CaseRow.reference).where(CaseRow.sender == sender, CaseRow.number == complaint.number)
        reference = session.scalar(query)
        if reference is None:
            return None
        if self._is_other_content(session, reference, complaint):
            raise NumberTaken(complaint.number, reference)
        return reference

    def _is_other_content(self, session: Session, reference: str, complaint: Complaint) -> bool:
        """Whether a case holds another complaint; of a person who was erased nobody can tell any more."""
        stored = self._load(session, reference)[1].complaint
        return stored is not None and stored.fingerprint != complaint.fingerprint

    def add(self, session: Session, case: Case) -> None:
        """Store a case that was just received, with a fresh key of its own."""
        key = CaseKey.new(case.reference)
        session.add(CaseRow(reference=case.reference, version=0, head=genesis(case.reference), **case_columns(case)))
        session.flush()
        session.add(CaseKeyRow(reference=case.reference, wrapped=key.wrapped(self.master)))
        self._save(session, case, key, 0, genesis(case.reference))

    # --- between rows and acts ------------------------------------------------------------------

    def _load(
        self, session: Session, reference: str, *, lock: bool = False, rules: Rulebook | None = None
    ) -> tuple[CaseRow, Case, CaseKey | None]:
        row = session.get(CaseRow, reference, with_for_update=lock)
        if row is None:
            raise UnknownCase(reference)
        key = self.case_key(session, reference)
        try:
            recorded = [_recorded(entry_of(entry), key) for entry in _entry_rows(session, reference)]
        except (ValueError, KeyError, TypeError):  # no JSON, not what the act holds, no known act, no object
            raise SealBroken(reference) from None
        return row, _replayed(reference, row.regime, recorded, rules or self.rules(session)), key

    def case_key(self, session: Session, reference: str) -> CaseKey | None:
        """Return a case's key, or None once it was destroyed."""
        wrapped = session.scalar(select(CaseKeyRow.wrapped).where(CaseKeyRow.reference == reference))
        return self.master.unwrap(reference, wrapped) if wrapped is not None else None

    def _save(self, session: Session, case: Case, key: CaseKey | None, version: int, head: str) -> None:
        read_at, entries = version, []
        for recorded in case.new:
            version += 1
            entries.append(new_entry(case.reference, version, head, recorded, key))
            head = entries[-1].hash
        with session.no_autoflush:  # the version first: only if it is still the one that was read, anything is added
            changed = session.execute(
                update(CaseRow)
                .where(CaseRow.reference == case.reference, CaseRow.version == read_at)
                .values(version=version, head=head, **case_columns(case))
                .execution_options(synchronize_session=False)
            )
        if changed.rowcount != 1:  # type: ignore[attr-defined] # an UPDATE's result has it
            raise CaseConflict(case.reference, read_at)
        session.add_all(EntryRow(**entry.__dict__) for entry in entries)
        for name, columns in clock_columns(case).items():
            session.merge(ClockRow(reference=case.reference, name=name, **columns))
        session.flush()
        case.new.clear()


def _refuse_unless_it_fits(field: str, value: str, longest: int) -> None:
    if len(value) > longest or not value.isprintable():
        raise AnswerRefused(field, f"must be at most {longest} printable characters")


def _offset(to: datetime) -> int:
    """Return the seconds to add to the real time; rounded up, so that what is due at ``to`` is due when it has come."""
    return math.ceil((to - datetime.now(UTC)).total_seconds())


def new_reference(now: datetime, zone: ZoneInfo, draw: Callable[[str], str] = secrets.choice) -> str:
    """Return a fresh case reference such as ``TS260302-7K3M9QX``: the firm's date, and letters nobody can guess."""
    return f"TS{now.astimezone(zone):%y%m%d}-{''.join(draw(_ALPHABET) for _ in range(7))}"


def read_act(entry: Entry, key: CaseKey | None) -> Act:
    """Return the act that an entry holds; without a key, without its personal data."""
    if entry.sealed is None or key is None:
        return ACTS[entry.kind].model_validate_json(entry.facts)  # several times as fast as by way of a dict
    content: dict[str, Any] = json.loads(entry.facts)
    content |= json.loads(key.open(entry.sealed, f"{entry.seq}/{entry.kind}"))
    return ACTS[entry.kind].model_validate(content)


def _recorded(entry: Entry, key: CaseKey | None) -> Recorded:
    return Recorded(read_act(entry, key), entry.at, entry.by)


def replay(
    reference: str, regime: str, entries: Iterable[Entry], key: CaseKey | None, rules: Rulebook | None = None
) -> Case:
    """Build a case from its ledger entries."""
    recorded = [_recorded(entry, key) for entry in entries]
    return _replayed(reference, regime, recorded, rules or packaged_rulebook())


def _replayed(reference: str, regime: str, recorded: Sequence[Recorded], rules: Rulebook) -> Case:
    """Build a case under the version of its regime that it was received in."""
    received = recorded[0].act if recorded else None
    version = received.regime_version if isinstance(received, Received) else None
    return Case.replay(reference, rules.pack(regime, version), recorded, rules)


def new_entry(reference: str, seq: int, head: str, recorded: Recorded, key: CaseKey | None) -> Entry:
    """Return the ledger entry of an act, its personal data sealed.

    Raises:
        KeyDestroyed: it holds personal data, and there is no key.
    """
    act = recorded.act
    content = act.model_dump(mode="json")
    personal = {name: content.pop(name) for name in act.personal}
    sealed = None
    if any(value is not None for value in personal.values()):
        if key is None:
            raise KeyDestroyed(reference)
        sealed = key.seal(canonical(personal).encode(), f"{seq}/{act.kind_name()}")
    return chain(reference, seq, head, act.kind_name(), recorded.at, recorded.by, canonical(content), sealed)


def entry_of(row: EntryRow) -> Entry:
    """Return the ledger entry that a row holds."""
    return Entry(row.reference, row.seq, row.kind, row.at, row.by, row.facts, row.sealed, row.previous, row.hash)


def _entry_rows(session: Session, reference: str) -> Sequence[EntryRow]:
    return session.scalars(select(EntryRow).where(EntryRow.reference == reference).order_by(EntryRow.seq)).all()


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Use the write-ahead log; for the first change of a new file SQLite does not wait while others open it too."""
    for seconds in (0.01, 0.05, 0.2, 0.5, 1, 2):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            time.sleep(seconds)
        else:
            return
    connection.execute("PRAGMA journal_mode=WAL")


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise SettingError(
            "REDRESS_DATABASE_URL", f"'{parsed.get_backend_name()}' is not supported", "Use sqlite:/// or postgresql://"
        )
    if parsed.get_backend_name() == "postgresql":
        return create_engine(parsed, pool_pre_ping=True, pool_size=10, max_overflow=20, hide_parameters=True)
    engine = create_engine(parsed, connect_args={"timeout": 30, "check_same_thread": False}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy, not sqlite3, begins transactions
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous=FULL")  # an answered complaint survives a power cut
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A writer takes the lock at once: waiting is then bounded by the timeout, and cannot end in a deadlock.
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
