"""What every test can ask for: a place of its own, and the case database on SQLite and on PostgreSQL.

A database is migrated once a session, by ``Store.migrate()`` as in production; each test then gets a copy of it.
PostgreSQL is the one that ``REDRESS_TEST_POSTGRES_URL`` names, in databases of the tests' own, else an embedded one.
"""

import tests.environment  # noqa: F401, I001 - first of all: what is imported next reads the environment

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import hypothesis
import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.engine import URL

from complaints.adapters.store import Store
from complaints.sealing import MasterKey

# The same examples in every run, so that a build that is green stays green; another seed each time with
# --hypothesis-profile=search.
hypothesis.settings.register_profile("steady", derandomize=True, deadline=None, max_examples=60)
hypothesis.settings.register_profile("search", deadline=None, max_examples=2000)
hypothesis.settings.load_profile("steady")

POSTGRES_URL = "REDRESS_TEST_POSTGRES_URL"
NO_POSTGRES = (
    f"no PostgreSQL: set {POSTGRES_URL} to a server where databases may be created, "
    "or install pgserver (Python 3.12 and below)"
)


Preparation = Callable[[Store], object]


class Databases(Protocol):
    """A server, or a folder, of databases."""

    def empty(self) -> str:
        """Make a database without tables and return its URL."""

    def migrated(self) -> str:
        """Make a migrated database, sealed with the session's master key, and return its URL."""

    def prepared(self, prepare: Preparation) -> str:
        """Make a migrated database in which ``prepare`` was done, and return its URL.

        It is prepared once a session; each call returns the URL of a fresh copy.
        """

    def drop_copies(self) -> None:
        """Drop what the calls so far returned."""


def nothing_more(_: Store) -> None:
    """Leave a migrated database empty."""


class SqliteFiles:
    """Databases that are files of a folder."""

    def __init__(self, folder: Path, key_file: Path) -> None:
        self._folder, self._key_file = folder, key_file
        self._templates: dict[Preparation, Path] = {}

    def empty(self) -> str:
        """A file that is not there yet."""
        return f"sqlite:///{self._new_file()}"

    def migrated(self) -> str:
        """A copy of an empty one."""
        return self.prepared(nothing_more)

    def prepared(self, prepare: Preparation) -> str:
        """A copy of a file."""
        if prepare not in self._templates:
            template = self._new_file()
            fill(f"sqlite:///{template}", self._key_file, prepare)
            self._templates[prepare] = template
        return f"sqlite:///{shutil.copyfile(self._templates[prepare], self._new_file())}"

    def drop_copies(self) -> None:
        """Leave the small files to pytest, which removes the folder."""

    def _new_file(self) -> Path:
        return self._folder / f"{secrets.token_hex(8)}.db"


class PostgresServer:
    """Databases on a PostgreSQL server; all that were made here are dropped at the end."""

    def __init__(self, url: URL, key_file: Path) -> None:
        self._url, self._key_file = url.set(drivername="postgresql+psycopg"), key_file
        self._engine = create_engine(self._url, isolation_level="AUTOCOMMIT")
        self._templates: dict[Preparation, str] = {}
        self._copies: list[str] = []

    def empty(self) -> str:
        """A new database."""
        return self._copy("template1")

    def migrated(self) -> str:
        """A copy of an empty one."""
        return self.prepared(nothing_more)

    def prepared(self, prepare: Preparation) -> str:
        """A copy of a database."""
        if prepare not in self._templates:
            template = self._make("template1")
            fill(self._url_of(template), self._key_file, prepare)
            self._templates[prepare] = template
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
        self.drop_copies()
        for template in self._templates.values():
            self._drop(template)
        self._engine.dispose()

    def _copy(self, template: str) -> str:
        self._copies.append(self._make(template))
        return self._url_of(self._copies[-1])

    def _make(self, template: str) -> str:
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


@pytest.fixture(scope="session")
def session_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The master key that all migrated databases of the session are sealed with."""
    file = tmp_path_factory.mktemp("key") / "master.key"
    MasterKey.create(file)
    return file


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory, session_key: Path) -> SqliteFiles:
    """SQLite databases."""
    return SqliteFiles(tmp_path_factory.mktemp("sqlite"), session_key)


@pytest.fixture(scope="session")
def postgresql(session_key: Path) -> Iterator[PostgresServer]:
    """PostgreSQL databases; the tests that need them are skipped where there is no server."""
    if given := os.environ.get(POSTGRES_URL):
        server = PostgresServer(make_url(given), session_key)
        yield server
        server.close()
        return
    pgserver = pytest.importorskip("pgserver", reason=NO_POSTGRES)
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
def store(databases: Databases, key_file: Path) -> Iterator[Store]:
    """A migrated, empty case database; the test runs once on SQLite and once on PostgreSQL."""
    store = Store(databases.migrated(), key_file)
    yield store
    store.engine.dispose()
