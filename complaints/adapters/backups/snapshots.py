"""The case database as it stands at one moment, to be read and to be dumped while others write to it."""

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from complaints.adapters.backups.postgres_tools import pg_dump
from complaints.adapters.store import Store
from complaints.errors.backups import BackupRefused

_PIECE: Final = 1024 * 1024  # bytes
_COPY: Final = ".backup-copy"


@dataclass(frozen=True)
class Snapshot:
    """One moment of a case database.

    Attributes:
        session: Sees it, to count and to look.
        dump: Yields all of it; called once.
        server: Major version of the server; 0 for SQLite.
    """

    session: Session
    dump: Callable[[], Iterator[bytes]]
    database: Literal["sqlite", "postgresql"]
    server: int


@contextmanager
def snapshot(store: Store) -> Iterator[Snapshot]:
    """Hold a moment of a case database fast; nobody waits for it.

    Raises:
        BackupRefused: there is no room for the copy that SQLite needs.
    """
    of = _of_sqlite if store.engine.dialect.name == "sqlite" else _of_postgresql
    with of(store) as held:
        yield held


@contextmanager
def _of_postgresql(store: Store) -> Iterator[Snapshot]:
    with store.read() as session:  # its transaction sees one moment, and lends it to pg_dump
        exported = session.scalar(text("SELECT pg_export_snapshot()"))
        schema = session.scalar(text("SELECT current_schema()")) or "public"
        server = int(session.scalar(text("SHOW server_version_num")) or 0) // 10_000
        yield Snapshot(session, lambda: pg_dump(store.engine.url, schema, str(exported), server), "postgresql", server)


@contextmanager
def _of_sqlite(store: Store) -> Iterator[Snapshot]:
    """Copy the file as one transaction sees it, without the pages that are free: what was erased stays erased."""
    file = Path(store.engine.url.database or "")
    copy = file.with_name(f".{file.name}{_COPY}")
    if not file.exists():
        raise BackupRefused("case database", f"{file} is not there", "There is nothing to back up yet: redress up")
    with _alone(file):
        copy.unlink(missing_ok=True)  # left by a backup that was killed
        _refuse_without_room(file)
        yield from _copied(file, copy)


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Keep a second backup from the copy of the first; the system unlocks it however that ends."""
    with file.with_name(f".{file.name}.backup-lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            cure = "Wait until it has ended"
            raise BackupRefused("case database", "another backup of it is being taken", cure) from None
        yield


def _copied(file: Path, copy: Path) -> Iterator[Snapshot]:
    try:
        os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        _copy(file, copy)
        engine = create_engine(f"sqlite:///file:{copy}?mode=ro&immutable=1&uri=true")
        try:
            with Session(engine) as session:
                yield Snapshot(session, lambda: _pieces(copy), "sqlite", 0)
        finally:
            engine.dispose()
    finally:
        copy.unlink(missing_ok=True)


def _copy(file: Path, copy: Path) -> None:
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=rw", uri=True, timeout=30, isolation_level=None)) as database:
            database.execute("VACUUM INTO ?", (str(copy),))
    except sqlite3.Error as error:
        raise BackupRefused("case database", f"could not be copied ({error})", "See: redress doctor") from None


def _refuse_without_room(file: Path) -> None:
    disk = os.statvfs(file.parent)
    needed, free = file.stat().st_size, disk.f_bavail * disk.f_frsize
    if free < needed * 1.1:
        reason = f"its disk has {free // 2**20} MiB left, and the copy needs {needed // 2**20 + 1} MiB for a while"
        raise BackupRefused("case database", reason, "Make room there first")


def _pieces(file: Path) -> Iterator[bytes]:
    with file.open("rb") as content:
        while piece := content.read(_PIECE):
            yield piece
