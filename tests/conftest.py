"""What every test can ask for: a place of its own, and the case database on SQLite and on PostgreSQL.

A database is migrated once a session, by ``Store.migrate()`` as in production. Most tests borrow it one after the
other; those that spoil it get a copy.
PostgreSQL is the one that ``REDRESS_TEST_POSTGRES_URL`` names, in databases of the tests' own, else an embedded one.
"""

import tests.environment  # noqa: F401, I001 - first of all: what is imported next reads the environment

import os
import secrets
import shutil
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from sqlalchemy import Table, create_engine, delete, insert, make_url, select, text
from sqlalchemy.engine import URL

from complaints.adapters.store import Store
from complaints.adapters.tables import Base
from complaints.sealing import MasterKey

# The same examples in every run, and however slow the machine is, so that a build that is green stays green; another
# seed each time with --hypothesis-profile=search.
hypothesis.settings.register_profile(
    "steady",
    derandomize=True,
    deadline=None,
    max_examples=60,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.register_profile("search", deadline=None, max_examples=2000)
hypothesis.settings.load_profile("steady")

POSTGRES_URL = "REDRESS_TEST_POSTGRES_URL"
NO_POSTGRES = (
    f"no PostgreSQL: set {POSTGRES_URL} to a server where databases may be created, "
    "or install pgserver (Python 3.12 and below)"
)


Preparation = Callable[[Store], object]
Rows = dict[Table, list[dict[str, Any]]]


def nothing_more(_: Store) -> None:
    """Leave a migrated database empty."""


class Databases(ABC):
    """A server, or a folder, of databases, sealed with the session's master key."""

    def __init__(self, key_file: Path) -> None:
        self._key_file = key_file
        self._shared: dict[Preparation, tuple[Store, Rows]] = {}

    @abstractmethod
    def empty(self) -> str:
        """Make a database without tables and return its URL."""

    @abstractmethod
    def prepared(self, prepare: Preparation) -> str:
        """Make a migrated database in which ``prepare`` was done, and return its URL.

        It is prepared once a session; each call returns the URL of a fresh copy, for a test to spoil.
        """

    @abstractmethod
    def drop_copies(self) -> None:
        """Drop what the calls so far returned."""

    def migrated(self) -> str:
        """Make a migrated, empty database and return its URL."""
        return self.prepared(nothing_more)

    @contextmanager
    def shared(self, prepare: Preparation = nothing_more) -> Iterator[Store]:
        """Lend a prepared database to one test after the other; each finds it as it was prepared.

        This is several times as fast as a copy. What is in the tables is put back, not the tables themselves.
        """
        if prepare not in self._shared:
            store = Store(self._make(), self._key_file)
            store.migrate()
            prepare(store)
            self._shared[prepare] = store, rows_of(store)
        store, rows = self._shared[prepare]
        yield store
        put_back(store, rows)

    def close(self) -> None:
        """Let go of every database."""
        for store, _ in self._shared.values():
            store.engine.dispose()

    @abstractmethod
    def _make(self) -> str: ...


class SqliteFiles(Databases):
    """Databases that are files of a folder."""

    def __init__(self, folder: Path, key_file: Path) -> None:
        super().__init__(key_file)
        self._folder = folder
        self._templates: dict[Preparation, Path] = {}

    def empty(self) -> str:
        """A file that is not there yet."""
        return self._make()

    def prepared(self, prepare: Preparation) -> str:
        """A copy of a file."""
        if prepare not in self._templates:
            template = self._new_file()
            fill(f"sqlite:///{template}", self._key_file, prepare)
            self._templates[prepare] = template
        return f"sqlite:///{shutil.copyfile(self._templates[prepare], self._new_file())}"

    def drop_copies(self) -> None:
        """Leave the small files to pytest, which removes the folder."""

    def _make(self) -> str:
        return f"sqlite:///{self._new_file()}"

    def _new_file(self) -> Path:
        return self._folder / f"{secrets.token_hex(8)}.db"


class PostgresServer(Databases):
    """Databases on a PostgreSQL server; all that were made here are dropped at the end."""

    def __init__(self, url: URL, key_file: Path) -> None:
        super().__init__(key_file)
        self._url = url.set(drivername="postgresql+psycopg")
        self._engine = create_engine(self._url, isolation_level="AUTOCOMMIT")
        self._templates: dict[Preparation, str] = {}
        self._made: list[str] = []
        self._copies: list[str] = []

    def empty(self) -> str:
        """A new database."""
        return self._copy("template1")

    def prepared(self, prepare: Preparation) -> str:
        """A copy of a database."""
        if prepare not in self._templates:
            url = self._make()
            fill(url, self._key_file, prepare)
            self._templates[prepare] = make_url(url).database or ""
        return self._copy(self._templates[prepare])

    def drop_copies(self) -> None:
        """Drop them; each takes some megabytes."""
        while self._copies:
            self._drop(self._copies.pop())

    def never_sync(self) -> None:
        """Trade durability, which a test does not need, for speed."""
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            self._say(f"ALTER SYSTEM SET {setting} = off")
        self._say("SELECT pg_reload_conf()")

    def close(self) -> None:
        """Leave the server as it was."""
        super().close()
        self.drop_copies()
        for name in self._made:
            self._drop(name)
        self._engine.dispose()

    def _make(self) -> str:
        self._made.append(self._create("template1"))
        return self._url_of(self._made[-1])

    def _copy(self, template: str) -> str:
        self._copies.append(self._create(template))
        return self._url_of(self._copies[-1])

    def _create(self, template: str) -> str:
        name = f"redress_test_{secrets.token_hex(8)}"
        self._say(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def _drop(self, name: str) -> None:
        self._say(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _say(self, statement: str) -> None:
        with self._engine.connect() as connection:
            connection.execute(text(statement))

    def _url_of(self, name: str) -> str:
        return self._url.set(database=name).render_as_string(hide_password=False)


def fill(url: str, key_file: Path, prepare: Preparation) -> None:
    """Migrate a database as in production, prepare it and let go of it, so that it can be copied."""
    store = Store(url, key_file)
    store.migrate()
    prepare(store)
    store.engine.dispose()


def rows_of(store: Store) -> Rows:
    """Everything in the tables, parents before children."""
    with store.engine.connect() as connection:
        return {
            table: [dict(row) for row in connection.execute(select(table)).mappings()]
            for table in Base.metadata.sorted_tables
        }


def put_back(store: Store, rows: Rows) -> None:
    """Make the tables hold ``rows`` again and nothing else."""
    with store.engine.execution_options(writes=True).begin() as connection:
        for table in reversed(rows):
            connection.execute(delete(table))
        for table, content in rows.items():
            if content:
                connection.execute(insert(table), content)


@pytest.fixture(scope="session")
def session_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The master key that all migrated databases of the session are sealed with."""
    file = tmp_path_factory.mktemp("key") / "master.key"
    MasterKey.create(file)
    return file


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory, session_key: Path) -> Iterator[SqliteFiles]:
    """SQLite databases."""
    files = SqliteFiles(tmp_path_factory.mktemp("sqlite"), session_key)
    yield files
    files.close()


@pytest.fixture(scope="session")
def postgresql(session_key: Path) -> Iterator[PostgresServer]:
    """PostgreSQL databases; the tests that need them are skipped where there is no server."""
    if given := os.environ.get(POSTGRES_URL):
        server = PostgresServer(make_url(given), session_key)
        yield server
        server.close()
        return
    pgserver = pytest.importorskip("pgserver", reason=NO_POSTGRES, exc_type=ImportError)
    # Not in pytest's own folder: run by root, the server has a user of its own, who must be able to get there.
    with tempfile.TemporaryDirectory(prefix="redress-postgres-", ignore_cleanup_errors=True) as folder:
        embedded = pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        server = PostgresServer(make_url(embedded.get_uri()), session_key)
        server.never_sync()
        yield server
        server.close()
        embedded.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest) -> Iterator[Databases]:
    """Databases of either kind: the test runs once on each."""
    databases: Databases = request.getfixturevalue(request.param)
    yield databases
    databases.drop_copies()


@pytest.fixture
def key_file(tmp_path: Path, session_key: Path) -> Path:
    """The test's own copy of the master key, to lose or to spoil."""
    return Path(shutil.copy(session_key, tmp_path / "master.key"))


@pytest.fixture
def store(databases: Databases) -> Iterator[Store]:
    """A migrated, empty case database; the test runs once on SQLite and once on PostgreSQL."""
    with databases.shared() as store:
        yield store
