"""A worker's small HTTP port: whether it lives, whether it can work, and its metrics.

It asks nobody who they are: it is for the firm's own network.
"""

import json
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from complaints.errors.settings import SettingError

JSON: Final = "application/json"
Answer = tuple[int, str, bytes]
log = logging.getLogger("redress.health")


@contextmanager
def serve_health(
    host: str, port: int, lacks: Callable[[], Sequence[str]], registry: CollectorRegistry
) -> Iterator[int]:
    """Answer ``/healthz``, ``/readyz`` and ``/metrics`` in a thread while the block runs; yield the port.

    Args:
        host: The address to listen at.
        port: The port; 0 takes a free one.
        lacks: Names what keeps the process from working, nothing where all is well. It is called in a thread for each
            question, and must return within a second.
        registry: What ``/metrics`` shows.

    Raises:
        SettingError: nobody can listen there.
    """
    routes: dict[str, Callable[[], Answer]] = {
        "/healthz": lambda: _status(200, "ok"),
        "/readyz": lambda: _readiness(lacks()),
        "/metrics": lambda: (200, CONTENT_TYPE_LATEST, generate_latest(registry)),
    }
    try:
        server = _Server((host, port), routes)
    except OSError as error:
        cure = "Give each worker of a machine a port of its own"
        raise SettingError("REDRESS_WORKER_HEALTH_PORT", f"{host}:{port}: {error.strerror}", cure) from None
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True, name="health")
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _readiness(lacks: Sequence[str]) -> Answer:
    return _status(503, "not ready", lacks) if lacks else _status(200, "ready")


def _status(code: int, status: str, lacks: Sequence[str] = ()) -> Answer:
    return code, JSON, json.dumps({"status": status} | ({"lacks": list(lacks)} if lacks else {})).encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], routes: dict[str, Callable[[], Answer]]) -> None:
        super().__init__(address, _Answering)
        self.routes = routes

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a connection that broke is no matter, and answers do not fail unnoticed."""


class _Answering(BaseHTTPRequestHandler):
    timeout = 5  # seconds for which a silent connection is kept
    server: _Server

    def do_GET(self) -> None:
        answer = self.server.routes.get(self.path.partition("?")[0])
        try:
            code, kind, body = answer() if answer else _status(404, "unknown")
        except Exception as error:
            log.error("a question about this process was not answered: %s", type(error).__name__)
            code, kind, body = _status(500, "broken")
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Keep what is asked every few seconds out of the log."""
