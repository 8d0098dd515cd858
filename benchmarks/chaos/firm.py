"""A firm on one machine: two API servers behind a balancer, services, two workers, a door and a mail server.

Each is a process, started as the units of systemd start it, and started again two seconds after it has ended. The
workers have home folders of their own, as on two machines: of each other they know only what the case database says.
"""

import os
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Final

from benchmarks.installation import PATIENCE, Installation, installation
from benchmarks.play import REGIME
from complaints.adapters.beats import living
from deployments.demo import free_port
from tests.firm.balancer import Balancer

REDIS_URL: Final = "REDRESS_TEST_REDIS_URL"
PORTS: Final = range(7400, 7450)
RESTART_SECONDS: Final = 2.0
"""As ``RestartSec`` of the units."""

VICTIMS: Final = {
    "worker": ("worker-1", "worker-2"),
    "door": ("door",),
    "api": ("api-1", "api-2"),
    "smtp": ("smtp",),
}
"""What strikes may hit, by sort."""


class Firm:
    """The processes, and who starts them again.

    Attributes:
        redress: Settings, databases and processes.
        mails: The file of the mail server.
        gave_up: How often each ended by itself.
    """

    def __init__(self, redress: Installation, api_ports: Sequence[int]) -> None:
        self.redress = redress
        self.mails = redress.where.home / "mails.jsonl"
        self.gave_up: Counter[str] = Counter()
        self._ports = dict(zip(VICTIMS["api"], api_ports, strict=True))
        self._ended_at: dict[str, float] = {}
        self._stop = Event()
        self._thread = Thread(target=self._watch, daemon=True)

    @contextmanager
    def up(self) -> Iterator[None]:
        """Start everything; end it all at the end."""
        with Balancer(self.redress.where.prefect_port, list(self._ports.values())):
            self._start("smtp")
            self._start("api-1", health=self._health("api-1"))  # one brings the schema of Prefect's up to date
            self.redress.deploy()
            self._start("api-2", health=self._health("api-2"))
            for name in ("services", "worker-1", "worker-2"):
                self._start(name)
            where = self.redress.where
            self._start("door", health=f"http://{where.door_host}:{where.door_port}/healthz")
            self._until_workers_live()
            self._thread.start()
            try:
                yield
            finally:
                self._stop.set()
                self._thread.join()
                self.redress.stop()

    def _until_workers_live(self) -> None:
        until = time.monotonic() + PATIENCE
        while len(living(self.redress.store)) < len(VICTIMS["worker"]):
            if time.monotonic() > until:
                raise SystemExit(f"the workers did not start:\n{self.redress.last_words('worker-1')}")
            time.sleep(0.2)

    def pid(self, name: str) -> int | None:
        """Return the process, where it is there."""
        process = self.redress.processes[name]
        return process.pid if process.poll() is None else None

    def _start(self, name: str, health: str = "") -> None:
        home = self.redress.where.home
        command, own = self._command(name), dict[str, str]()
        if name in self._ports:
            own["REDRESS_PREFECT_PORT"] = str(self._ports[name])
        elif name.startswith("worker-"):
            own["REDRESS_HOME"] = str(home / name)
            (home / name).mkdir(exist_ok=True)
        self.redress.start(name, *command, health=health, **own)

    def _command(self, name: str) -> tuple[str, ...]:
        if name == "smtp":
            port = self.redress.where.smtp_url.rpartition(":")[2]
            return "benchmarks.chaos.sink", port, str(self.mails)
        kind = {"api": ("server", "--no-services")}.get(name.partition("-")[0], (name.partition("-")[0],))
        return "deployments.cli", *kind

    def _health(self, name: str) -> str:
        return f"http://127.0.0.1:{self._ports[name]}/api/health"

    def _watch(self) -> None:
        """Start again what has ended."""
        while not self._stop.wait(0.2):
            for name, process in tuple(self.redress.processes.items()):
                code = process.poll()
                if code is None:
                    continue
                ended_at = self._ended_at.setdefault(name, time.monotonic())
                if time.monotonic() - ended_at >= RESTART_SECONDS:
                    del self._ended_at[name]
                    self.gave_up[name] += code > 0
                    self._start(name)


@contextmanager
def a_firm() -> Iterator[Firm]:
    """Yield a firm, a demo, whose processes are not up yet; nothing is left of it at the end."""
    with a_redis() as redis, TemporaryDirectory(prefix="redress-chaos-", ignore_cleanup_errors=True) as common:
        page_port, smtp_port, door_port, *api_ports = free_ports(5)
        page = f"http://127.0.0.1:{page_port}"
        environment = {
            "REDRESS_REGIME": REGIME,
            "REDRESS_SMTP_URL": f"smtp://127.0.0.1:{smtp_port}",
            "REDRESS_MASTER_KEY_FILE": str(Path(common) / "master.key"),
            "REDRESS_EVIDENCE_URL": str(Path(common) / "evidence"),
            "REDRESS_PREFECT_REDIS_URL": redis,
            "REDRESS_DOOR_PORT": str(door_port),
            "REDRESS_PREFECT_PORT": str(page_port),
            "REDRESS_PREFECT_PAGE_URL": page,
            "REDRESS_PREFECT_API_URL": f"{page}/api",
            "REDRESS_PREFECT_AUTH": "redress:for-benchmarks-only",
            "REDRESS_SWEEP_SECONDS": "15",
        }
        with installation(postgresql=True, **environment) as redress:
            yield Firm(redress, api_ports)


@contextmanager
def a_redis() -> Iterator[str]:
    """Yield the URL of a Redis: the one that is named, else a process of the benchmark's own."""
    if given := os.environ.get(REDIS_URL):
        yield given
        return
    if not (program := shutil.which("redis-server")):
        raise SystemExit(f"There is no redis-server: install it, or set {REDIS_URL} to an empty database of one")
    port = free_port(0)
    options = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
    with subprocess.Popen([program, *options], stdout=subprocess.DEVNULL) as process:
        try:
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()


def free_ports(count: int) -> list[int]:
    """Return free ports from below those that the system gives to outgoing connections.

    Among those, the port of a process that was killed could be taken before it is started again.
    """
    found: list[int] = []
    for port in PORTS:
        if free_port(port) == port:
            found.append(port)
        if len(found) == count:
            return found
    raise SystemExit(f"Fewer than {count} ports from {PORTS.start} to {PORTS.stop - 1} are free: stop something")
