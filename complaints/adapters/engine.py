"""The engine of the case database, as SQLite and PostgreSQL need it."""

import sqlite3
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from complaints.errors.settings import SettingError

PATIENCE_SECONDS: Final = (0.5, 1, 2, 4, 8, 15, 30)
"""Between two looks at a database that is away: a minute in all, in which a server is started again."""

Found = TypeVar("Found")


def engine_for(url: str) -> Engine:
    """Return the engine for a case database.

    Raises:
        SettingError: it is neither SQLite nor PostgreSQL.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise SettingError(
            "REDRESS_DATABASE_URL", f"'{parsed.get_backend_name()}' is not supported", "Use sqlite:/// or postgresql://"
        )
    if parsed.get_backend_name() == "postgresql":
        # A server that is gone without a word, its machine or the network down, must not be waited for for hours.
        patience = {"connect_timeout": 10, "keepalives_idle": 30, "tcp_user_timeout": 30_000}
        return create_engine(
            parsed, connect_args=patience, pool_pre_ping=True, pool_size=10, max_overflow=20, hide_parameters=True
        )
    engine = create_engine(parsed, connect_args={"timeout": 30, "check_same_thread": False}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy, not sqlite3, begins transactions
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous=FULL")  # an answered complaint survives a power cut
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA secure_delete=ON")  # the key of a person who was erased is not left in free pages

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A writer takes the lock at once: waiting is then bounded by the timeout, and cannot end in a deadlock.
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def patiently(read: Callable[[], Found], delays_seconds: Sequence[float] = PATIENCE_SECONDS) -> Found:
    """Read from a database; while it is away, wait and read again.

    Only for what changes nothing: of a write nobody knows whether it was committed when the connection broke.

    Args:
        read: Reads, in a transaction of its own.
        delays_seconds: Before each further try.

    Raises:
        DBAPIError: it is away for longer, or something else is wrong, which is told at once.
    """
    for seconds in delays_seconds:
        try:
            return read()
        except DBAPIError as error:
            if not _is_away(error):
                raise
        time.sleep(seconds)
    return read()


def _is_away(error: DBAPIError) -> bool:
    """Whether a connection broke or could not be made; SQLite calls a table that is missing the same."""
    return error.connection_invalidated or (
        isinstance(error, OperationalError) and not str(error.orig).startswith("no such")
    )


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
