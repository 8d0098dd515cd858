"""The case database, whatever cases are in it: its schema and key, its transactions, the firm's time and rules."""

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, insert, select, text, update
from sqlalchemy.orm import Session

from complaints.adapters.engine import engine_for
from complaints.adapters.tables import CaseRow, FirmRow, RuleRow
from complaints.calendars.files import read_calendar
from complaints.errors.sealing import MasterKeyMissing, MasterKeyWrong
from complaints.errors.settings import SettingError
from complaints.regimes.files import read_pack
from complaints.regimes.rulebook import OFFICE, Rulebook, packaged_rulebook
from complaints.sealing import MasterKey

MIGRATIONS: Final = Path(__file__).parent / "migrations"
"""Where the schema's revisions are."""
_MIGRATION_LOCK: Final = int.from_bytes(b"redress")
_FIRM: Final = select(FirmRow.is_demo, FirmRow.offset_seconds, FirmRow.rules_version)


@cache
def _newest_schema() -> str | None:
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()


class Database:
    """The case database, without its cases.

    Args:
        url: SQLAlchemy URL; SQLite and PostgreSQL are tested.
        key_file: The master key's file; it is made on first use.
        office: Name of the calendar of the firm's working time.
    """

    def __init__(self, url: str, key_file: Path, office: str = OFFICE) -> None:
        self.url, self.key_file, self.office = url, key_file, office
        self.engine = engine_for(url)
        # All that one reader sees is from one moment, as on SQLite: a case's row and its ledger always agree.
        postgresql = self.engine.dialect.name == "postgresql"
        self._snapshot = self.engine.execution_options(isolation_level="REPEATABLE READ") if postgresql else self.engine
        self._master: MasterKey | None = None
        self._rules: tuple[int, Rulebook] | None = None

    # --- schema and key -------------------------------------------------------------------------

    def migrate(self) -> None:
        """Bring the schema up to date and make the master key where this database is new."""
        if self.engine.dialect.name == "sqlite" and (file := self.engine.url.database):
            Path(file).parent.mkdir(parents=True, exist_ok=True)
        with self.engine.execution_options(writes=True).begin() as connection:
            if connection.dialect.name == "postgresql":  # several processes start at once; SQLite locks by itself
                connection.execute(select(func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
                _refuse_amid_restore(connection)
            command.upgrade(self._alembic(connection), "head")
            if connection.scalar(select(FirmRow.id)) is None:
                master = MasterKey.load(self.key_file) or MasterKey.create(self.key_file)
                connection.execute(insert(FirmRow).values(id=1, key_fingerprint=master.fingerprint))
        _ = self.master

    def schema_is_current(self) -> bool:
        """Whether the schema is the one this version of Redress works with."""
        with self.engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
        return current == _newest_schema()

    def _alembic(self, connection: Connection) -> Config:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
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

    # --- transactions ---------------------------------------------------------------------------

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

    # --- the firm's time ------------------------------------------------------------------------

    def now(self, session: Session | None = None) -> datetime:
        """Return the firm's time, UTC: the real time, but for a demo database that was moved."""
        if session is None:
            with self.read() as own:
                return self.now(own)
        return self.moment(session)[0]

    def moment(self, session: Session) -> tuple[datetime, int]:
        """Return the firm's time, and how often it has added rules of its own."""
        firm = session.connection().execute(_FIRM).first()
        if firm is None:  # a database that was never set up
            return datetime.now(UTC), 0
        return datetime.now(UTC) + timedelta(seconds=firm.offset_seconds if firm.is_demo else 0), firm.rules_version

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

    # --- the firm's rules -----------------------------------------------------------------------

    def rules(self, session: Session | None = None) -> Rulebook:
        """Return packs and calendars: what Redress brings along, and what the firm added."""
        if session is None:
            with self.read() as own:
                return self.rules(own)
        return self.rules_of_version(session, self.moment(session)[1])

    def rules_of_version(self, session: Session, version: int) -> Rulebook:
        """Return the rules as :meth:`rules` does, where it is known how often the firm has added some."""
        if self._rules is None or self._rules[0] != version:
            self._rules = (version, self.rules_of(self.rule_files(session)))
        return self._rules[1]

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


def _refuse_amid_restore(connection: Connection) -> None:
    """Refuse to set up anew what only stepped aside: a restore was killed while it read its dump.

    Raises:
        SettingError: the cases are in another schema.
    """
    query = text("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'aside\\_replaced\\_%'")
    if aside := connection.scalar(query):
        schema = connection.scalar(text("SELECT current_schema()")) or "public"
        cure = f'DROP SCHEMA "{schema}" CASCADE; ALTER SCHEMA "{aside}" RENAME TO "{schema}"; then restore again'
        raise SettingError("case database", f"a restore was broken off; the cases are in the schema {aside}", cure)


def _offset(to: datetime) -> int:
    """Return the seconds to add to the real time; rounded up, so that what is due at ``to`` is due when it has come."""
    return math.ceil((to - datetime.now(UTC)).total_seconds())
