"""The mailbox that complaints come to: read over IMAP, or from a Maildir folder.

Identifiers of messages are used within one connection only and never stored, so a server may number its messages
anew (UIDVALIDITY) at any time; what was taken in before is known by the mail itself.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

from complaints.adapters.mail import LOOPBACK
from complaints.errors.settings import SettingError

SETTING: Final = "REDRESS_MAILBOX_URL"
_CURE: Final = "Write it as imaps://user:password@host/INBOX or maildir:///path, with %40 for an @ in user or password"


class Folder(StrEnum):
    """Where a mail is moved once it was dealt with, below ``Redress``."""

    DONE = "done"
    AUTO = "auto"
    BOUNCES = "bounces"
    UNREADABLE = "unreadable"
    HELD = "held"


@dataclass(frozen=True)
class Waiting:
    """A message that lies in the mailbox.

    Attributes:
        key: By which this connection knows it.
        size: In bytes.
        is_flagged: Whether a person marked it (flagged, the star of mail programs); no sender can.
    """

    key: str
    size: int
    is_flagged: bool = False


@dataclass(frozen=True)
class Fetched:
    """A message as it was fetched.

    Attributes:
        content: The raw mail, or its beginning.
        received_at: When the server took it, where it says so.
    """

    content: bytes = field(repr=False)
    received_at: datetime | None


class Mailbox(Protocol):
    """A mailbox, connected."""

    def waiting(self, most: int) -> Sequence[Waiting]:
        """Return the messages that lie there, the oldest first."""

    def fetch(self, message: Waiting, most_bytes: int) -> Fetched | None:
        """Return a message without marking it as read; None where somebody moved it meanwhile.

        Args:
            message: Which one.
            most_bytes: Of a larger one only the beginning.
        """

    def move(self, message: Waiting, folder: Folder) -> None:
        """Move a message out of the mailbox. Safe to do twice, and by two workers at a time."""

    def lying(self, folder: Folder) -> int:
        """Return how many messages lie in one of our own folders; none where it was never needed."""


@dataclass(frozen=True)
class Address:
    """Where a mailbox is."""

    scheme: str
    host: str = ""
    port: int | None = None
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    path: str = "INBOX"

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine, so that nobody can listen in."""
        return self.host in LOOPBACK


def read_url(url: str) -> Address:
    """Return the address that a URL stands for.

    Raises:
        SettingError: it is not the address of a mailbox. The text repeats nothing of it.
    """
    try:
        parts = urlsplit(url)
        path = unquote(parts.path)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        address = Address(parts.scheme, parts.hostname or "", parts.port, user, password, path)
    except ValueError:
        raise SettingError(SETTING, "is not the address of a mailbox", _CURE) from None
    if address.scheme == "maildir" and Path(path).is_absolute():
        return address
    if address.scheme not in ("imap", "imaps") or not (address.host and user and password):
        raise SettingError(SETTING, "is not the address of a mailbox", _CURE)
    return Address(address.scheme, address.host, address.port, user, password, path.strip("/") or "INBOX")


@contextmanager
def open_mailbox(url: str, timeout_seconds: float) -> Iterator[Mailbox]:
    """Connect to a mailbox, and let go of it when the block ends.

    Args:
        url: ``imaps://user:password@host/INBOX``, ``imap://…`` (STARTTLS, unless it is on this machine), or
            ``maildir:///path``.
        timeout_seconds: For connecting and for each answer.

    Raises:
        SettingError: ``url`` is not the address of a mailbox.
        MailboxRefused: the server does not let us in.
        MailboxUnavailable: it does not answer.
    """
    from complaints.adapters.mailbox.imap import connected
    from complaints.adapters.mailbox.maildir import MaildirMailbox

    address = read_url(url)
    if address.scheme == "maildir":
        yield MaildirMailbox(Path(address.path))
        return
    with connected(address, timeout_seconds) as mailbox:
        yield mailbox
