"""A mail server that can be killed: what it has accepted is in a file before it says so.

``python -m benchmarks.chaos.sink PORT FILE`` adds a line for each letter: its Message-ID and its recipients.
"""

import email
import email.policy
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class Sink:
    """Takes every letter."""

    def __init__(self, file: Path) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Write down which letter it is, durably, and only then accept it."""
        head = email.message_from_bytes(envelope.original_content or b"", policy=email.policy.default)
        line = json.dumps({"message_id": str(head["Message-ID"]), "to": envelope.rcpt_tos})
        os.write(self._file, f"{line}\n".encode())
        os.fsync(self._file)
        return "250 taken"


def taken(file: Path) -> Sequence[str]:
    """Return the Message-ID of every letter that was accepted, in order."""
    if not file.exists():
        return []
    return [str(json.loads(line)["message_id"]) for line in file.read_text().splitlines()]


def main(port: int, file: Path) -> None:
    """Serve until the process ends."""
    Controller(Sink(file), hostname="127.0.0.1", port=port).start()
    signal.pause()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
