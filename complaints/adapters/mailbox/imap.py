"""A mailbox on an IMAP server: one connection, messages named by their UIDs, moved one at a time.

No error text repeats what the server said: servers repeat addresses, and some repeat passwords.
"""

import re
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, Final

from imapclient import FLAGGED, IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError

from complaints.adapters.mailbox.transport import SETTING, Address, Fetched, Folder, Waiting
from complaints.errors.incoming_mail import MailboxRefused, MailboxUnavailable

ROOT: Final = "Redress"
_PASSING: Final = frozenset({"UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG", "CONTACTADMIN"})
"""Why a login may go better later (RFC 5530)."""
_BROKEN: Final = (IMAPClientError, OSError, ValueError, AssertionError)
"""What the library raises where a server is gone, refuses, or says what is no IMAP."""
_SELF: Final = {"name": "redress", "version": "1"}


@contextmanager
def connected(address: Address, timeout_seconds: float) -> Iterator["ImapMailbox"]:
    """Log in, select the folder, and log out when the block ends.

    Raises:
        MailboxRefused: the server does not let us in, or offers no encryption.
        MailboxUnavailable: it does not answer, or there is no such folder.
    """
    client = _connect(address, timeout_seconds)
    try:
        _secure(client, address)
        _log_in(client, address)
        with _honest():
            client.normalise_times = False
            if client.has_capability("ID"):  # 163.com opens no folder to a client that does not say what it is
                with suppress(IMAPClientError):
                    client.id_(_SELF)
            client.select_folder(address.path)
        yield ImapMailbox(client)
    finally:
        with suppress(*_BROKEN):
            client.logout()
        with suppress(*_BROKEN):
            client.shutdown()


def _connect(address: Address, timeout_seconds: float) -> IMAPClient:
    secured = address.scheme == "imaps"
    context = ssl.create_default_context() if secured else None
    try:
        with _honest():
            return IMAPClient(
                address.host, address.port, ssl=secured, ssl_context=context, timeout=timeout_seconds, use_uid=True
            )
    except ssl.SSLCertVerificationError:
        raise _untrusted() from None


def _secure(client: IMAPClient, address: Address) -> None:
    if address.scheme == "imaps" or address.is_local:
        return
    try:
        with _honest():
            offered = client.has_capability("STARTTLS")
            if offered:
                client.starttls(ssl.create_default_context())
    except ssl.SSLCertVerificationError:
        raise _untrusted() from None
    if not offered:
        raise MailboxRefused(SETTING, "the server offers no encryption; nothing was sent to it", "Use imaps://")


def _untrusted() -> MailboxRefused:
    cure = "Name the host as its certificate does, or let this machine trust who issued it"
    return MailboxRefused(SETTING, "the server's certificate is not trusted", cure)


def _log_in(client: IMAPClient, address: Address) -> None:
    if not (address.user + address.password).isascii():
        raise MailboxRefused(SETTING, "has a user or password beyond ASCII", "Choose another password")
    try:
        client.login(address.user, address.password)
    except LoginError as error:
        code = re.match(r"[^\[]{0,20}\[([A-Z-]{1,40})\]", str(error))
        if code and code[1] in _PASSING:
            raise MailboxUnavailable(f"the server takes no login now ({code[1]})") from None
        cure = "Correct user and password; QQ, 163 and others want an authorisation code (授权码) made for IMAP"
        raise MailboxRefused(SETTING, "the server refused the login", cure) from None
    except _BROKEN as error:
        raise MailboxUnavailable(_what(error)) from None


class ImapMailbox:
    """The selected folder of an IMAP server."""

    def __init__(self, client: IMAPClient) -> None:
        self._client = client
        self._folders: dict[Folder, str] = {}

    def waiting(self, most: int) -> Sequence[Waiting]:
        """Return the messages that lie there, the oldest first."""
        with _honest():
            uids = sorted(self._client.search(["UNDELETED"]))[:most]
            found = self._client.fetch(uids, ["RFC822.SIZE", "FLAGS"])
        return [
            Waiting(str(uid), int(_of(found[uid], b"RFC822.SIZE") or 0), FLAGGED in (_of(found[uid], b"FLAGS") or ()))
            for uid in uids
            if uid in found
        ]

    def fetch(self, message: Waiting, most_bytes: int) -> Fetched | None:
        """Return a message without marking it as read; None where somebody moved it meanwhile."""
        part = "BODY.PEEK[]" + (f"<0.{most_bytes}>" if message.size > most_bytes else "")
        with _honest():
            found = self._client.fetch([int(message.key)], [part, "INTERNALDATE"]).get(int(message.key))
        content = next((value for name, value in (found or {}).items() if name.startswith(b"BODY[")), None)
        if found is None or content is None:
            return None
        received_at = _of(found, b"INTERNALDATE")
        return Fetched(content, received_at if isinstance(received_at, datetime) and received_at.tzinfo else None)

    def move(self, message: Waiting, folder: Folder) -> None:
        """Move a message; where the server cannot, copy it, and remove this one message and no other."""
        uids, name = [int(message.key)], self._folder(folder)
        with _honest():
            if self._client.has_capability("MOVE"):
                self._client.move(uids, name)
                return
            if not self._client.search(["UID", message.key, "UNDELETED"]):
                return  # another worker moved it
            self._client.copy(uids, name)
            self._client.delete_messages(uids, silent=True)
            if self._client.has_capability("UIDPLUS"):  # without it EXPUNGE would remove what people deleted too
                self._client.uid_expunge(uids)

    def lying(self, folder: Folder) -> int:
        """Return how many messages lie in one of our own folders; none where it was never needed."""
        with _honest():
            name = self._name(folder)
            return (
                int(self._client.folder_status(name, ["MESSAGES"])[b"MESSAGES"])
                if self._client.folder_exists(name)
                else 0
            )

    def _folder(self, folder: Folder) -> str:
        """Return the name of a folder as the server spells it; it is made where it is not there."""
        if folder not in self._folders:
            with _honest():
                name = self._name(folder)
                if not self._client.folder_exists(name):
                    with suppress(IMAPClientError):  # another worker makes it at this moment
                        self._client.create_folder(name)
                    self._client.subscribe_folder(name)
            self._folders[folder] = name
        return self._folders[folder]

    def _name(self, folder: Folder) -> str:
        prefix, delimiter = self._names()
        return f"{prefix}{ROOT}{delimiter}{folder}"

    def _names(self) -> tuple[str, str]:
        """Return what the names of our own folders begin with, and what separates their parts."""
        if self._client.has_capability("NAMESPACE") and (personal := self._client.namespace().personal):
            prefix, delimiter = personal[0]
            return prefix, delimiter or "."
        listed = self._client.list_folders("", "")
        return "", (listed[0][1].decode() if listed and listed[0][1] else "/")


def _of(answer: dict[Any, Any], name: bytes) -> Any:
    return answer.get(name)


@contextmanager
def _honest() -> Iterator[None]:
    """Say what went wrong without repeating the server's words; a certificate is the caller's business."""
    try:
        yield
    except ssl.SSLCertVerificationError:
        raise
    except _BROKEN as error:
        raise MailboxUnavailable(_what(error)) from None


def _what(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "the server does not answer in time"
    if isinstance(error, socket.gaierror):
        return "its host is not known"
    if isinstance(error, ConnectionError):
        return "there is no connection"
    return f"the server's answer was not understood ({type(error).__name__})"
