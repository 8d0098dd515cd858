"""A real HTTP server that keeps what is sent to it, and refuses what it is told to refuse."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Sink:
    """What arrived, and where to send to."""

    port: int = 0
    taken: list[tuple[str, Any]] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)

    def url(self, path: str) -> str:
        """Return the address of a path as apprise writes it."""
        return f"json://127.0.0.1:{self.port}/{path}"

    def messages(self, path: str) -> list[tuple[str, str]]:
        """Return title and text of what apprise sent to a path."""
        return [(body["title"], body["message"]) for to, body in self.taken if to == f"/{path}"]


@contextmanager
def http_sink() -> Iterator[Sink]:
    """Run a sink on a free port."""
    sink = Sink()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            refused = self.path.partition("?")[0].lstrip("/") in sink.refuses
            if not refused:
                sink.taken.append((self.path.partition("?")[0], body))
            self.send_response(500 if refused else 200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        sink.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield sink
        server.shutdown()
