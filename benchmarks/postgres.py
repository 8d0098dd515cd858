"""What the benchmarks share: a PostgreSQL server, databases of a benchmark's own, and words at once.

The server is the one that REDRESS_TEST_POSTGRES_URL names, else an embedded one; both write durably.
"""

import os
import secrets
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Final

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.engine import URL

from complaints.adapters.store import Store

POSTGRES_URL: Final = "REDRESS_TEST_POSTGRES_URL"


@contextmanager
def a_server() -> Iterator[URL]:
    """Yield a PostgreSQL server: the given one, or an embedded one."""
    if given := os.environ.get(POSTGRES_URL):
        yield make_url(given).set(drivername="postgresql+psycopg")
        return
    import pgserver

    with tempfile.TemporaryDirectory(prefix="redress-bench-", ignore_cleanup_errors=True) as folder:
        embedded = pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")  # type: ignore[attr-defined] # pgserver's __init__ names none of what it brings
        yield make_url(embedded.get_uri()).set(drivername="postgresql+psycopg")
        embedded.cleanup()


@contextmanager
def a_database(server: URL, template: URL | None = None) -> Iterator[URL]:
    """Yield a database of the benchmark's own; it is dropped at the end."""
    name, engine = f"redress_bench_{secrets.token_hex(6)}", create_engine(server, isolation_level="AUTOCOMMIT")
    source = template.database if template else "template1"
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{source}"'))
    try:
        yield server.set(database=name)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
        engine.dispose()


def key_file(home: Path) -> Path:
    """Return where the master key is."""
    return home / "master.key"


def a_store(url: URL, home: Path) -> Store:
    """Return a case database."""
    return Store(url.render_as_string(hide_password=False), key_file(home))


def seconds(work: Callable[[], object]) -> float:
    """Return the wall time of something."""
    began = perf_counter()
    work()
    return perf_counter() - began


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
