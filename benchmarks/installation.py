"""A Redress of a benchmark's own: a home folder, databases, Prefect's server and a door, and what they use.

A demo, so that a benchmark can move the firm's time; nothing that the user has set reaches it.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

import httpx
from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url

from benchmarks.postgres import POSTGRES_URL, a_database, a_server
from benchmarks.usage import cpu_seconds, parent_of
from complaints.adapters.store import Store
from complaints.settings import Settings, settings
from deployments.demo import free_port
from deployments.environment import apply, child_environment
from deployments.up import prepare

SECRET: Final = "whsec_dGhlIGJlbmNobWFya3Mgb25seSwgbm90IHNlY3JldA=="
PATIENCE: Final = 120.0
"""Seconds that a process may take to answer for the first time, or to end."""


class Installation:
    """Processes on one home folder.

    Attributes:
        where: Its settings.
        prefect_url: Prefect's database, as SQLAlchemy reads it without ``asyncio``.
        processes: What runs, by name.
    """

    def __init__(self, where: Settings, prefect_url: URL) -> None:
        self.where, self.prefect_url = where, prefect_url
        self.store = Store(where.cases_url, where.key_file)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._postmaster = postmaster(prefect_url)

    def start(self, name: str, *arguments: str, health: str = "", **environment: str) -> None:
        """Start a Python module as a process; with ``health`` wait until that address answers."""
        log = self.where.home / "logs" / f"{name}.log"
        given = {**child_environment(self.where), **environment}
        with log.open("ab") as output:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                env=given,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C reaches the benchmark alone, which ends them
            )
        until = time.monotonic() + PATIENCE
        while health and not _answers(health):
            if self.processes[name].poll() is not None or time.monotonic() > until:
                raise SystemExit(f"{name} did not start:\n{self.last_words(name)}")
            time.sleep(0.2)

    def start_server(self, *, counting: bool = False) -> None:
        """Start Prefect's server; with ``counting`` it counts what it is asked."""
        module = ("benchmarks.counting",) if counting else ("deployments.cli", "server")
        self.start("server", *module, health=f"{self.where.api_url}/health")

    def start_door(self) -> None:
        """Start the door."""
        health = f"http://{self.where.door_host}:{self.where.door_port}/healthz"
        self.start("door", "deployments.cli", "door", health=health)

    def start_worker(self) -> None:
        """Start the resident worker."""
        self.start("worker", "deployments.cli", "worker")

    def deploy(self) -> None:
        """Bring all deployments to Prefect's server, in a process of its own as ``redress up`` does."""
        self.start("deploy", "deployments.cli", "deploy")
        if self.processes.pop("deploy").wait(PATIENCE):
            raise SystemExit(self.last_words("deploy"))

    def stop(self, *names: str) -> None:
        """End processes, all of them without ``names``; the last that was started first."""
        for name in reversed(names or tuple(self.processes)):
            process = self.processes.pop(name)
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def last_words(self, name: str) -> str:
        """Return the end of what a process logged."""
        return (self.where.home / "logs" / f"{name}.log").read_text(errors="replace")[-2000:]

    def used(self) -> dict[str, float]:
        """Return the CPU seconds that each process has used until now, with what it started; PostgreSQL's too."""
        used = {name: cpu_seconds(process.pid) for name, process in self.processes.items()}
        return used | ({"postgresql": cpu_seconds(self._postmaster)} if self._postmaster else {})


@contextmanager
def installation(*, postgresql: bool, **environment: str) -> Iterator[Installation]:
    """Yield an empty installation, on SQLite or on PostgreSQL; it is removed at the end.

    Args:
        postgresql: Whether the cases and Prefect's server are on PostgreSQL, in two databases.
        environment: What else its processes are told.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # the processes must not outlive the benchmark
    with ExitStack() as stack:
        home = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="redress-bench-", ignore_cleanup_errors=True))
        )
        prefect_url = make_url(f"sqlite:///{home / 'prefect' / 'prefect.db'}")
        own = {
            "REDRESS_HOME": str(home),
            "REDRESS_PREFECT_PORT": str(free_port(0)),
            "REDRESS_DOOR_PORT": str(free_port(0)),
            "REDRESS_WEBHOOK_SECRETS__CRM": SECRET,
        }
        if postgresql:
            if POSTGRES_URL not in os.environ:
                sys.exit(f"Set {POSTGRES_URL}: Prefect needs PostgreSQL's pg_trgm, which the embedded one lacks")
            server = stack.enter_context(a_server())
            own["REDRESS_DATABASE_URL"] = _shown(stack.enter_context(a_database(server)))
            prefect_url = stack.enter_context(a_database(server))
            own["REDRESS_PREFECT_DATABASE_URL"] = _shown(prefect_url.set(drivername="postgresql"))
        for name in [name for name in os.environ if name.startswith(("REDRESS_", "PREFECT_")) and name != POSTGRES_URL]:
            del os.environ[name]
        os.environ |= own | environment
        settings.cache_clear()
        prepare(settings())
        apply(settings())
        one = Installation(settings(), prefect_url)
        stack.callback(one.store.engine.dispose)
        stack.callback(one.stop)
        yield one


def postmaster(url: URL) -> int | None:
    """Return the process of a PostgreSQL server on this machine; None for SQLite."""
    if url.get_backend_name() != "postgresql":
        return None
    engine = create_engine(url)
    with engine.connect() as connection:
        backend: int = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        found = parent_of(backend)
    engine.dispose()
    return found


def difference(after: Mapping[str, float], before: Mapping[str, float]) -> dict[str, float]:
    """Return what was used in between."""
    return {name: used - before.get(name, 0.0) for name, used in after.items()}


def _shown(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def _answers(url: str) -> bool:
    with suppress(httpx.HTTPError):
        return httpx.get(url, timeout=2).status_code < 500
    return False
