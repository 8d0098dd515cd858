"""The virus scanner: clamd, spoken to by its own protocol (``INSTREAM``), so that it can run on another machine."""

import re
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlsplit

from complaints.errors.evidence import ScannerAway

_CHUNK: Final = 256 * 1024  # bytes
_LONGEST_ANSWER: Final = 4096  # bytes
_FOUND: Final = re.compile(r"stream: (.{1,200}) FOUND")


class VirusScanner:
    """A clamd.

    Args:
        url: ``tcp://host:3310``, or ``unix:/run/clamav/clamd.ctl``.
        timeout_seconds: How long one answer may take.
    """

    def __init__(self, url: str, timeout_seconds: float = 30) -> None:
        self.url, self.timeout_seconds = url, timeout_seconds

    def scan(self, content: bytes) -> str | None:
        """Return what the scanner calls the virus that it found, or None where it found nothing.

        Raises:
            ScannerAway: it does not answer, or did not check the file.
        """
        with self._connected() as connection:
            connection.sendall(b"zINSTREAM\0")
            try:
                for start in range(0, len(content), _CHUNK):
                    chunk = content[start : start + _CHUNK]
                    connection.sendall(struct.pack("!I", len(chunk)) + chunk)
                connection.sendall(struct.pack("!I", 0))
            except (BrokenPipeError, ConnectionResetError):
                pass  # it stopped listening, and its answer says why
            answer = _answer(connection)
        if answer == "stream: OK":
            return None
        if found := _FOUND.fullmatch(answer):
            return found[1]
        if "size limit exceeded" in answer:
            raise ScannerAway("clamd takes no file of this size; raise StreamMaxLength in its clamd.conf")
        raise ScannerAway("clamd answered neither OK nor FOUND")

    def check(self) -> None:
        """Ask it whether it is there.

        Raises:
            ScannerAway: it is not.
        """
        with self._connected() as connection:
            connection.sendall(b"zPING\0")
            if _answer(connection) != "PONG":
                raise ScannerAway("what answers is no clamd")

    @contextmanager
    def _connected(self) -> Iterator[socket.socket]:
        try:
            with self._connect() as connection:
                yield connection
        except OSError as error:
            raise ScannerAway(f"{self.url}: {type(error).__name__}") from None

    def _connect(self) -> socket.socket:
        where = urlsplit(self.url)
        if where.scheme == "unix":
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(self.timeout_seconds)
            try:
                connection.connect(where.path)
            except BaseException:
                connection.close()
                raise
            return connection
        return socket.create_connection((where.hostname or "", where.port or 3310), self.timeout_seconds)


def _answer(connection: socket.socket) -> str:
    """Return one answer, which ends with a zero byte."""
    answer = b""
    while not answer.endswith(b"\0") and len(answer) < _LONGEST_ANSWER:
        part = connection.recv(_LONGEST_ANSWER)
        if not part:
            break
        answer += part
    return answer.rstrip(b"\0").decode("utf-8", "replace")
