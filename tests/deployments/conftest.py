"""An installation of its own for each test: a home folder with its key and an empty case database. Prefect is away."""

import io
import os
import re
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import func, make_url, select

from complaints.adapters.store import Store
from complaints.adapters.tables import Base
from complaints.settings import settings
from deployments import cli, console
from deployments.door import aftermath
from tasks import desk
from tests.conftest import SqliteFiles
from tests.ports import free_port


@pytest.fixture(scope="module", autouse=True)
def errands_are_done() -> Iterator[None]:
    """What a door did after its last answer, such as telling that Prefect is away, is not heard by the next tests."""
    yield
    for errand in (aftermath._starting, aftermath._waking):
        errand._thread.submit(int).result()


@dataclass
class Installation:
    """A firm's Redress on this machine."""

    home: Path
    store: Store
    """The database as the test looks at it, apart from what the door and the command line hold of it."""

    def set(self, **environment: str) -> None:
        """Set environment variables, and start every process of the installation anew."""
        os.environ.update(environment)
        forget()

    def rows(self) -> dict[str, int]:
        """Count the rows of every table."""
        with self.store.read() as session:
            return {
                table.name: session.scalar(select(func.count()).select_from(table)) or 0
                for table in Base.metadata.sorted_tables
            }


def forget() -> None:
    """Forget what a process keeps: the settings and its connections."""
    for kept in (desk.store, console.cases):
        if kept.cache_info().currsize:
            kept().engine.dispose()
            kept.cache_clear()
    desk.evidence_store.cache_clear()
    desk.together.cache_clear()
    settings.cache_clear()


@pytest.fixture
def firm(tmp_path: Path, sqlite: SqliteFiles, session_key: Path) -> Iterator[Installation]:
    """A firm that has just set up its Redress."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    database = shutil.move(make_url(sqlite.migrated()).database or "", home / "cases.db")
    key = Path(shutil.copy(session_key, home / "master.key"))
    with patch.dict(os.environ):  # the command line changes it too
        for name in [name for name in os.environ if name.startswith(("REDRESS_", "PREFECT_"))]:
            del os.environ[name]
        installation = Installation(home, Store(f"sqlite:///{database}", key))
        installation.set(REDRESS_HOME=str(home), REDRESS_PREFECT_PORT=str(free_port()))
        yield installation
        installation.store.engine.dispose()
        forget()
    settings.cache_clear()


@dataclass
class Substitute:
    """Something that answers in the place of Prefect's server, whose real one takes twenty seconds to start.

    Attributes:
        address: Where it is, such as ``127.0.0.1:4200``.
        answers: Status and body for each path; 404 for all others.
    """

    address: str
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)


@pytest.fixture
def prefect() -> Iterator[Substitute]:
    """A substitute for Prefect's server."""

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = substitute.answers.get(self.path, (404, b"{}"))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: Any) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        substitute = Substitute(f"127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield substitute
        server.shutdown()
        thread.join()


@dataclass(frozen=True)
class Answer:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def words(self) -> str:
        """What it printed, without the frames of tables."""
        return " ".join(re.sub(r"[│┃─━╭╮╰╯┏┓┗┛┡┩├┤┼┬┴╇┳┻└┘┌┐]", " ", self.out).split())


Redress = Callable[..., Answer]


@pytest.fixture
def redress(firm: Installation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Redress:
    """Runs ``redress`` with arguments, each time as a new process would."""

    def run(*arguments: object, stdin: bytes = b"") -> Answer:
        monkeypatch.setattr(sys, "argv", ["redress", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        forget()
        with pytest.raises(SystemExit) as end:
            cli.main()
        printed = capsys.readouterr()
        return Answer(int(end.value.code or 0), printed.out, printed.err)

    return run


def refused(answer: Answer, *words: str) -> bool:
    """Whether it ended with exit code 2 and one line that says ``words`` and no more than a person needs."""
    assert answer.code == 2, answer
    assert answer.err.startswith("redress: "), answer
    assert answer.err.count("\n") == 1, answer
    assert "Traceback" not in answer.out + answer.err
    assert not [word for word in words if word not in answer.err], answer.err
    return True
