"""Mail servers on this machine: a real one, and one that misbehaves as it is told."""

import asyncio
import ipaddress
import socketserver
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from enum import Enum
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "127.0.0.1"
PATIENCE = 60.0
"""Seconds after which a server that says nothing ends the connection."""


@dataclass
class Mailbox:
    """What a mail server does with letters: keeps them, unless told what to answer instead.

    Attributes:
        at_recipient: The answer to the recipient's address.
        at_end: The answer after the whole letter.
    """

    at_recipient: str = ""
    at_end: str = ""
    envelopes: list[Envelope] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)

    async def handle_MAIL(self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: Any) -> str:
        self.senders.append(address)
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: Any) -> str:
        if self.at_recipient:
            return self.at_recipient
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:
        if self.at_end:
            return self.at_end
        self.envelopes.append(envelope)
        return "250 2.0.0 queued as 4XyZ"

    @property
    def letters(self) -> list[EmailMessage]:
        """The letters that were accepted, read as a mail program reads them."""
        return [message_from_bytes(one.content, policy=default) for one in self.envelopes]  # type: ignore[misc]


@contextmanager
def mail_server(mailbox: Mailbox, *, port: int = 0, tls: ssl.SSLContext | None = None, **options: Any) -> Iterator[int]:
    """Run aiosmtpd in a thread of its own and say on which port.

    Args:
        mailbox: Where letters go.
        port: A given one, else any.
        tls: Speak TLS from the first byte on.
        options: What aiosmtpd's ``SMTP`` takes, such as ``tls_context`` (STARTTLS) and ``authenticator``.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> asyncio.Server:
        return await loop.create_server(
            lambda: SMTP(mailbox, hostname="mail.example.cn", loop=loop, **options), HOST, port, ssl=tls
        )

    async def stop() -> None:
        server.close()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for one in rest:
            one.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    server = asyncio.run_coroutine_threadsafe(start(), loop).result(60)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(60)
        loop.close()


class Misdeed(Enum):
    """What a server can do instead of answering."""

    STALL = "says nothing, and keeps the connection"
    DROP = "closes the connection"


USUAL: Mapping[str, str] = {
    "greeting": "220 mail.example.cn",
    "EHLO": "250 mail.example.cn",
    "MAIL": "250 OK",
    "RCPT": "250 OK",
    "DATA": "354 go on",
    "content": "250 OK",
    "QUIT": "221 bye",
}


class _Dialogue(socketserver.StreamRequestHandler):
    server: "_WaywardServer"

    def handle(self) -> None:
        if not self._answer("greeting"):
            return
        for line in self.rfile:
            verb = line.split()[0].decode().upper()
            self.server.heard.append(verb)
            if not self._answer(verb):
                return
            if verb == "DATA" and self.server.said[-1].startswith("354"):
                self._read_content()
                if not self._answer("content"):
                    return

    def _read_content(self) -> None:
        for line in self.rfile:
            if line == b".\r\n":
                self.server.heard.append("content")
                return

    def _answer(self, step: str) -> bool:
        answer = self.server.answers.get(step, "500 what?")
        if answer is Misdeed.STALL:
            self.server.over.wait(PATIENCE)
        if isinstance(answer, Misdeed):
            return False
        self.server.said.append(answer)
        self.wfile.write(f"{answer}\r\n".encode())
        return True


class _WaywardServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, answers: Mapping[str, str | Misdeed]) -> None:
        super().__init__((HOST, 0), _Dialogue)
        self.answers = {**USUAL, **answers}
        self.heard: list[str] = []
        self.said: list[str] = []
        self.over = threading.Event()

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.server_address[1]


@contextmanager
def wayward_server(**answers: str | Misdeed) -> Iterator[_WaywardServer]:
    """Run a server that gives the usual answers but for those named: ``wayward_server(DATA=Misdeed.STALL)``."""
    with _WaywardServer(answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            server.shutdown()
            thread.join(60)


def self_signed(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Make a certificate for this machine that nobody vouches for: the server's context, and the file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, unsealed = serialization.Encoding.PEM, serialization.NoEncryption()
    certificate_file, key_file = folder / "certificate.pem", folder / "key.pem"
    certificate_file.write_bytes(certificate.public_bytes(pem))
    key_file.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, unsealed))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_file, key_file)
    return context, certificate_file
