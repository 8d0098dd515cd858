"""The engine of the case database, as SQLite and PostgreSQL need it."""

import sqlite3
import time
from typing import Any

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import Engine, make_url

from complaints.errors import SettingError


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
