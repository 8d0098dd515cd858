"""Where a case database is restored to: filled beside its place, and put there when it has been checked.

What stood there before is kept beside it under another name, until somebody removes it.
"""

import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from complaints.adapters.backups.manifest import Manifest
from complaints.adapters.backups.postgres_tools import VERSION_TABLE, pg_restore
from complaints.errors.backups import BackupRefused

_STOP_THEM: Final = "Stop 'redress up', workers and doors first"


class Target(Protocol):
    """A place for a case database."""

    def refuse_if_used(self) -> None:
        """Refuse while anybody works with what is there.

        Raises:
            BackupRefused: somebody does.
        """

    def holds_cases(self) -> bool:
        """Whether a case is there, or something that cannot be read."""

    def fill(self, dump: Iterable[bytes], manifest: Manifest) -> str:
        """Write a database beside its place, and return its URL."""

    def put_in_place(self) -> str | None:
        """Put it in its place, all at once; return the name under which what was there is kept."""

    def give_up(self) -> None:
        """Remove what was written beside its place."""


def target_of(url: str, now: datetime) -> Target:
    """Return the place that a case database's URL names."""
    parsed, stamp = make_url(url), f"{now:%Y%m%d_%H%M%S}"
    if parsed.get_backend_name() == "sqlite":
        return SqliteFile(Path(parsed.database or ""), stamp)
    return PostgresSchema(parsed, stamp)


class SqliteFile:
    """A file."""

    def __init__(self, file: Path, stamp: str) -> None:
        self._file, self._draft = file, file.with_name(f".{file.name}.restoring")
        self._replaced = file.with_name(f"{file.name}.replaced-{stamp}")

    def refuse_if_used(self) -> None:
        """Leaving the write-ahead log needs the file for oneself; what is in the log is in the file then."""
        if not self._file.exists():
            return
        try:
            with closing(sqlite3.connect(self._file, timeout=1, isolation_level=None)) as database:
                database.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise BackupRefused("case database", f"somebody works with {self._file}", _STOP_THEM) from None
        except sqlite3.DatabaseError:
            return  # it is none any more: that is why it is restored

    def holds_cases(self) -> bool:
        if not self._file.exists():
            return False
        try:
            with closing(sqlite3.connect(self._file)) as database:
                return database.execute("SELECT 1 FROM cases LIMIT 1").fetchone() is not None
        except sqlite3.OperationalError as error:
            return "no such table" not in str(error)
        except sqlite3.DatabaseError:
            return True

    def fill(self, dump: Iterable[bytes], manifest: Manifest) -> str:
        self.give_up()  # left by a restore that was killed
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(self._draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            for piece in dump:
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())
        return f"sqlite:///{self._draft}"

    def put_in_place(self) -> str | None:
        with closing(sqlite3.connect(self._draft, isolation_level=None)) as database:
            database.execute("PRAGMA journal_mode=DELETE")  # all of it in one file
        had = self._file.exists()
        if had:
            os.link(self._file, self._replaced)
        for log in _logs(self._file):  # of a file that could not be read; they must not be read into the new one
            if log.exists():
                log.rename(log.with_name(log.name.replace(self._file.name, self._replaced.name, 1)))
        self._draft.replace(self._file)
        return str(self._replaced) if had else None

    def give_up(self) -> None:
        for file in (self._draft, *_logs(self._draft)):
            file.unlink(missing_ok=True)


def _logs(file: Path) -> list[Path]:
    return [
        file.with_name(f"{file.name}-wal"),
        file.with_name(f"{file.name}-shm"),
        file.with_name(f"{file.name}-journal"),
    ]


class PostgresSchema:
    """The schema of a PostgreSQL database in which the tables are.

    pg_restore fills a schema of one name only. So what is there steps aside for that time, is back as soon as the
    dump is read, and steps aside again when the restored tables have been checked.
    """

    def __init__(self, url: URL, stamp: str) -> None:
        self._url, self._engine = url, create_engine(url, poolclass=NullPool, hide_parameters=True)
        self._draft, self._replaced = f"restoring_{stamp}", f"replaced_{stamp}"
        with self._engine.connect() as connection:
            self._schema = str(connection.scalar(text("SELECT current_schema()")) or "public")

    def refuse_if_used(self) -> None:
        query = text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        with self._engine.connect() as connection:
            others = connection.scalar(query)
        if others:
            reason = f"{others} connections to '{self._url.database}' are open"
            raise BackupRefused("case database", reason, _STOP_THEM)

    def holds_cases(self) -> bool:
        with self._engine.connect() as connection:
            if connection.scalar(text("SELECT to_regclass('cases')")) is None:
                return False
            return connection.scalar(text("SELECT 1 FROM cases LIMIT 1")) is not None

    def fill(self, dump: Iterable[bytes], manifest: Manifest) -> str:
        aside = f"aside_{self._replaced}"
        with self._engine.begin() as connection:
            _rename(connection, self._schema, aside)
            connection.execute(text(f'CREATE SCHEMA "{self._schema}"'))
        try:
            pg_restore(self._url, self._schema, dump, manifest.server)
        except BaseException:
            with self._engine.begin() as connection:
                connection.execute(text(f'DROP SCHEMA "{self._schema}" CASCADE'))
                _rename(connection, aside, self._schema)
            raise
        with self._engine.begin() as connection:
            _rename(connection, self._schema, self._draft)
            _rename(connection, aside, self._schema)
            revision = {"revision": manifest.revision}
            connection.execute(text(f'INSERT INTO "{self._draft}".{VERSION_TABLE} VALUES (:revision)'), revision)
        beside = self._url.update_query_dict({"options": f"-csearch_path={self._draft}"})
        return beside.render_as_string(hide_password=False)

    def put_in_place(self) -> str | None:
        with self._engine.begin() as connection:
            _rename(connection, self._schema, self._replaced)
            _rename(connection, self._draft, self._schema)
            is_empty = connection.scalar(
                text("SELECT NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = to_regnamespace(:name))"),
                {"name": self._replaced},
            )
            if is_empty:
                connection.execute(text(f'DROP SCHEMA "{self._replaced}"'))
        return None if is_empty else f"the schema {self._replaced}"

    def give_up(self) -> None:
        with self._engine.begin() as connection:
            connection.execute(text(f'DROP SCHEMA IF EXISTS "{self._draft}" CASCADE'))


def _rename(connection: Connection, schema: str, name: str) -> None:
    connection.execute(text(f'ALTER SCHEMA "{schema}" RENAME TO "{name}"'))
