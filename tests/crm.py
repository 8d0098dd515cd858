"""A real HTTP server in the place of a CRM: keeps what it is told, and answers as it is told to."""

import json
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks.webhooks import Webhook

from complaints.receivers import Receiver

SECRET = f"whsec_{b64encode(b'a secret of thirty-two bytes, no').decode()}"
NEXT_SECRET = f"whsec_{b64encode(b'the next one, for the rotation..').decode()}"


@dataclass
class Told:
    """One request, whatever was answered."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def content(self) -> Any:
        return json.loads(self.body)

    @property
    def data(self) -> Any:
        return self.content["data"]

    def verified(self, secret: str = SECRET) -> Any:
        """The content, if the library finds the signature right."""
        return Webhook(secret).verify(self.body, dict(self.headers))


Answer = Callable[[BaseHTTPRequestHandler, Told], None]


def status(code: int, **headers: str) -> Answer:
    """Answer with a bare status."""

    def answer(handler: BaseHTTPRequestHandler, told: Told) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("content-length", "0")
        handler.end_headers()

    return answer


@dataclass
class Crm:
    """What arrived, and how the next requests are answered; ``answers`` are used up, then ``usual`` counts."""

    port: int = 0
    told: list[Told] = field(default_factory=list)
    usual: Answer = field(default_factory=lambda: status(204))
    answers: list[Answer] = field(default_factory=list)
    written: int = 0
    """Bytes of a body without end that were taken off its hands."""
    leaves: threading.Event = field(default_factory=threading.Event)
    """Set at the end: who stalls goes home."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def receiver(self, **changes: Any) -> Receiver:
        """It, as the settings describe it."""
        return Receiver.model_validate({"url": self.url, "secret": [SECRET]} | changes)

    @property
    def events(self) -> list[tuple[str, str]]:
        """Which case, and what of it, in the order of arrival."""
        return [(one.data["reference"], one.content["type"]) for one in self.told]

    def stalls(self, handler: BaseHTTPRequestHandler, told: Told) -> None:
        """Never answer."""
        self.leaves.wait(30)

    def drips(self, handler: BaseHTTPRequestHandler, told: Told) -> None:
        """Send headers, one every moment, without end."""
        handler.send_response(200)
        handler.flush_headers()
        while not self.leaves.wait(0.02):
            handler.wfile.write(b"x-more: and more\r\n")

    def never_ends(self, handler: BaseHTTPRequestHandler, told: Told) -> None:
        """Say 200, then send a body without end."""
        handler.send_response(200)
        handler.end_headers()
        while not self.leaves.is_set():
            self.written += handler.wfile.write(b"x" * 65_536)

    def trickles(self, handler: BaseHTTPRequestHandler, told: Told) -> None:
        """Say 200, then send a body a byte at a time."""
        handler.send_response(200)
        handler.end_headers()
        while not self.leaves.wait(0.02):
            handler.wfile.write(b"x")


@contextmanager
def a_crm() -> Iterator[Crm]:
    """Run one on a free port."""
    crm, lock = Crm(), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            told = Told(self.path, headers, self.rfile.read(int(headers["content-length"])))
            with lock:
                crm.told.append(told)
                answer = crm.answers.pop(0) if crm.answers else crm.usual
            answer(self, told)

        do_GET = do_POST

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            """Who is left alone in the middle of an answer says nothing."""

    with Server(("127.0.0.1", 0), Handler) as server:
        crm.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield crm
        crm.leaves.set()
        server.shutdown()
