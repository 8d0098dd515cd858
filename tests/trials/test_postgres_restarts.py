"""PostgreSQL is stopped hard and started again while complaints come in and runs look at their cases."""

import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from complaints.adapters.store import Store
from complaints.adapters.verify import verify
from tasks import desk
from tests.conftest import NO_POSTGRES
from tests.trials.doors import Load, a_door

pytestmark = pytest.mark.slow


@dataclass
class Server:
    """A PostgreSQL server of the test's own, which writes durably."""

    url: str
    stop: Callable[[], None]
    start: Callable[[], None]


@pytest.fixture
def server() -> Iterator[Server]:
    """It listens on a socket in its own folder, and can be stopped as if its machine had lost power."""
    pgserver = pytest.importorskip("pgserver", reason=NO_POSTGRES, exc_type=ImportError)
    with tempfile.TemporaryDirectory(prefix="redress-postgres-", ignore_cleanup_errors=True) as folder:
        data = Path(folder) / "data"
        embedded = pgserver.get_server(data, cleanup_mode="stop")
        user = embedded.system_user
        tool = [str(Path(pgserver.__file__).parent / "pginstall/bin/pg_ctl"), "-D", str(data), "-w"]
        options = (data / "postmaster.opts").read_text().partition(" ")[2].replace('"', "'").strip()

        def control(*arguments: str) -> None:
            nowhere = subprocess.DEVNULL  # a pipe would never end: the server holds it too
            subprocess.run([*tool, *arguments], user=user, stdout=nowhere, stderr=nowhere, check=True)

        yield Server(
            embedded.get_uri().replace("postgresql://", "postgresql+psycopg://"),
            lambda: control("-m", "immediate", "stop"),
            lambda: control("-o", options, "-l", str(data / "log"), "start"),
        )
        embedded.cleanup()


@dataclass
class Looks:
    """What a flow does between its steps, again and again.

    Attributes:
        done: How often a case was read.
        failed: Errors that would have failed a run.
        longest: Seconds that the longest look took.
    """

    done: int = 0
    failed: list[Exception] = field(default_factory=list)
    longest: float = 0.0
    ends: threading.Event = field(default_factory=threading.Event)

    def go_on(self, reference: str) -> None:
        while not self.ends.is_set():
            began = time.monotonic()
            try:
                assert desk.look(reference).stage.is_open
                self.done += 1
            except Exception as error:
                self.failed.append(error)
            self.longest = max(self.longest, time.monotonic() - began)
            time.sleep(0.05)


def test_a_restart_of_the_database_loses_nothing_that_was_answered_and_fails_no_look(
    server, session_key, tmp_path, monkeypatch
):
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    store = Store(server.url, Path(shutil.copy(session_key, home / "master.key")))
    store.migrate()
    monkeypatch.setattr(desk, "store", lambda: store)
    looks = Looks()

    with a_door(home, tmp_path / "door.log", REDRESS_DATABASE_URL=server.url) as address:
        load = Load(address)
        with load.going():
            load.until(201, 20)
            looking = threading.Thread(target=looks.go_on, args=(next(iter(load.accepted.values())),))
            looking.start()
            for _ in range(2):
                server.stop()
                load.until(503, 20)
                time.sleep(2)
                server.start()
                load.until(201, 20)
        looks.ends.set()
        looking.join()
        taken_before, refused = len(load.accepted), len(load.refused)
        load.send_refused_again()

    stored = {row.number: row.reference for row in store.list_cases(limit=100_000)}
    sys.stdout.write(
        f"{taken_before} taken, {refused} refused and sent again, answers {dict(load.statuses)}, slowest "
        f"{load.slowest:.1f} s; {looks.done} looks, {len(looks.failed)} failed, longest {looks.longest:.1f} s\n"
    )
    assert load.wrong == []
    assert stored == load.accepted
    assert verify(store).breaks == []
    assert looks.failed == []
    store.engine.dispose()
