"""A run is put into the queue once, even where the server's answer is lost on its way."""

import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Failed

from complaints.answers import Question
from complaints.settings import settings
from flows.runs import prefect_client, revive, wake
from tests.flows.running import Running


class LossyLine(ThreadingHTTPServer):
    """Passes requests on to Prefect's server, and loses the answer to the first change of a run's state."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.changes = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/api"


class _Passing(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: LossyLine

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        there = HTTPConnection(urlsplit(settings().api_url).netloc, timeout=30)
        there.request(self.command, self.path, body, dict(self.headers))
        answer = there.getresponse()
        content = answer.read()
        if self.path.endswith("/set_state"):
            self.server.changes += 1
            if self.server.changes == 1:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PATCH = do_DELETE = _pass_on  # http.server's names

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def a_lossy_line() -> Iterator[tuple[LossyLine, Any]]:
    """Yield the line, and a client that speaks by way of it."""
    with LossyLine() as line:
        threading.Thread(target=line.serve_forever, daemon=True).start()
        with temporary_settings(updates={PREFECT_API_URL: line.url}), get_client(sync_client=True) as client:
            yield line, client
        line.shutdown()


def states_of(run: UUID) -> Counter[str]:
    """Return how often a run was in each state."""
    with prefect_client() as client:
        return Counter(state.name or "" for state in client.read_flow_run_states(run))


def test_a_run_whose_waking_was_not_confirmed_is_not_woken_a_second_time(redress: Running) -> None:
    reference = redress.file()
    redress.until_asked(reference, Question.FINDING)
    run = redress.run(reference)
    with a_lossy_line() as (line, client):
        wake(client, run)
        assert line.changes == 1
    redress.until(lambda: states_of(run.id)["Suspended"] == 2, "the run was executed once more")
    assert states_of(run.id)["Resuming"] == 1


def test_a_run_whose_revival_was_not_confirmed_is_not_revived_a_second_time(redress: Running) -> None:
    reference = redress.file()
    redress.until_asked(reference, Question.FINDING)
    with prefect_client() as client:
        client.set_flow_run_state(redress.run(reference).id, Failed(message="a trial"), force=True)
    run = redress.run(reference)
    with a_lossy_line() as (line, client):
        revive(client, run, "a trial")
        assert line.changes == 1
    redress.until_asked(reference, Question.FINDING)
    assert redress.run(reference).run_count == run.run_count + 1
