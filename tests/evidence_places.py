"""Files of each sort as they begin, and what evidence needs around it: an S3 server, and a substitute for clamd."""

import io
import os
import socketserver
import struct
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(range(200)) + b"\xff\xd9"
PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
PROGRAM = b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + bytes(100)
VIRUS = b"this is what the substitute calls a virus"


def an_archive(*names: str, content: str = "x", method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP file with these entries."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name in names:
            archive.writestr(name, content)
    return file.getvalue()


@dataclass
class FakeClamd:
    """Speaks clamd's INSTREAM over a real socket, but is a fake: it knows one virus, and answers what it is told.

    Attributes:
        answer: Said in the place of its verdict.
        largest: Bytes after which it stops reading, as clamd does by its StreamMaxLength.
        scanned: What it was given.
    """

    url: str = ""
    answer: bytes | None = None
    largest: int = 10_000_000
    scanned: list[bytes] = field(default_factory=list)


@contextmanager
def fake_clamd(socket_file: Path | None = None) -> Iterator[FakeClamd]:
    """Run a substitute for clamd on a free port, or on a Unix socket."""
    clamd = FakeClamd()

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            command = b""
            while not command.endswith(b"\0"):
                command += self.rfile.read(1)
            if command == b"zPING\0":
                self.wfile.write(b"PONG\0" if clamd.answer is None else clamd.answer)
            elif command == b"zINSTREAM\0":
                self.wfile.write(self._verdict())

        def _verdict(self) -> bytes:
            content = b""
            while size := struct.unpack("!I", self.rfile.read(4))[0]:
                content += self.rfile.read(size)
                if len(content) > clamd.largest:
                    return b"INSTREAM size limit exceeded. ERROR\0"
            clamd.scanned.append(content)
            if clamd.answer is not None:
                return clamd.answer
            return b"stream: Test-Virus FOUND\0" if VIRUS in content else b"stream: OK\0"

    kind = socketserver.ThreadingUnixStreamServer if socket_file else socketserver.ThreadingTCPServer
    with kind(str(socket_file) if socket_file else ("127.0.0.1", 0), Session) as server:  # type: ignore[arg-type]
        clamd.url = f"unix:{socket_file}" if socket_file else f"tcp://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield clamd
        server.shutdown()


@contextmanager
def s3_server(bucket: str) -> Iterator[None]:
    """Run moto's S3 server on a free port, with an empty bucket, and let everything in this process use it."""
    import s3fs
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    place = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with patch.dict(os.environ, place):
        s3fs.S3FileSystem(skip_instance_cache=True).mkdir(bucket)
        yield
    server.stop()
