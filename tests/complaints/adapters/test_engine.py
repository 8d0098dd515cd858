"""The case database is waited for while it is away, but only by who reads."""

import time

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from complaints.adapters.engine import engine_for, patiently
from complaints.adapters.store import Store
from tests.builders import a_stored_case
from tests.ports import free_port


def test_a_look_at_a_case_outlives_its_broken_connection(postgresql, session_key):
    url = postgresql.migrated()
    store = Store(url, session_key)
    reference, breaks = a_stored_case(store), iter([True, False])

    def read():
        with store.read() as session:
            if next(breaks):
                backend = session.scalar(text("SELECT pg_backend_pid()"))
                with engine_for(url).connect() as other:
                    other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": backend})
            session.execute(text("SELECT 1"))
        return store.read_case(reference)

    assert patiently(read, [0.01]).reference == reference
    store.engine.dispose()


def test_a_database_that_stays_away_is_told_when_patience_ends():
    engine, began = engine_for(f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/nothing"), time.monotonic()

    with pytest.raises(OperationalError):
        patiently(lambda: engine.connect(), [0.05, 0.1])
    assert time.monotonic() - began >= 0.15


def test_what_is_not_the_connection_is_told_at_once(databases):
    engine = engine_for(databases.empty())

    def read():
        with engine.connect() as connection:
            return connection.execute(text("SELECT * FROM no_such_table"))

    began = time.monotonic()
    with pytest.raises((OperationalError, ProgrammingError)) as told:
        patiently(read, [30])
    assert isinstance(told.value, DBAPIError)
    assert time.monotonic() - began < 10
    engine.dispose()
