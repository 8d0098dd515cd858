"""How letters leave: a mail server, a folder that stands in for one, or a clerk's list.

Whatever happens ends in one of four ways: a receipt, :class:`MailUnavailable` (certainly not taken, try later),
:class:`MailRefused` (never will be), or :class:`MailUncertain` (nobody knows; never repeated blindly). No error
text repeats what a server said, because servers repeat addresses.
"""

import os
import re
import smtplib
import ssl
import tempfile
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, localtime
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

from complaints.acts_by_subject.letters import Kept
from complaints.errors.letters import MailRefused, MailUnavailable, MailUncertain
from complaints.errors.settings import SettingError
from complaints.letters import Rendered
from complaints.settings import Firm

_ADDRESS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+")
"""One address of plain letters; everything else would need an extension, or be several."""


LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True)
class Post:
    """A letter ready to leave.

    Attributes:
        number: The letter's number; names files.
        message_id: Stable, the same for every attempt.
        recipient: Address, for the envelope.
        shows_recipient: Whether the letter itself may name the address.
    """

    number: str
    letter: str
    language: str
    message_id: str
    recipient: str
    shows_recipient: bool
    rendered: Rendered

    def message(self, firm: Firm) -> EmailMessage:
        """Return the letter as an e-mail with a text and an HTML part."""
        message = EmailMessage(policy=SMTP)
        message["Message-ID"] = self.message_id
        message["From"] = firm.email
        message["To"] = self.recipient if self.shows_recipient else "undisclosed-recipients:;"
        message["Subject"] = self.rendered.subject
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday replies
        message.set_content(self.rendered.text, cte="base64")
        message.add_alternative(self.rendered.html, subtype="html", cte="base64")
        message["Content-Language"] = self.language  # last: setting the content clears what describes it
        return message


class Carrier(Protocol):
    """Takes letters away."""

    is_repeatable: bool
    """Whether sending the same letter again changes nothing."""

    @property
    def keeps(self) -> Kept | None:
        """Where a letter lies afterwards; None: it has left."""

    def send(self, post: Post) -> str:
        """Send a letter and return a receipt."""


class FolderCarrier:
    """Stands in for a mail server where none is set: writes each letter as an ``.eml`` file, and says so."""

    is_repeatable = True
    keeps = Kept.NOT_SENT

    def __init__(self, folder: Path, firm: Firm) -> None:
        self.folder, self.firm = folder, firm

    def send(self, post: Post) -> str:
        """Write the letter; the same letter again is the same file."""
        _refuse_impossible(post.recipient)
        message = post.message(self.firm)
        message["X-Redress-Note"] = "not sent: no mail server is set (REDRESS_SMTP_URL)"
        _put(self.folder / f"{post.number}.eml", bytes(message))
        return f"written to {post.number}.eml; not sent, no mail server is set"


class HandOver:
    """A clerk's list: letters to be printed and posted, read out, or entered into a regulator's portal."""

    is_repeatable = True
    keeps = Kept.HAND_OVER

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(self, post: Post) -> str:
        """Put the letter and, unless it is confidential, its address on the list."""
        address = post.recipient if post.shows_recipient else "(confidential: ask the compliance department)"
        _put(self.folder / f"{post.number}.html", post.rendered.html.encode())
        _put(self.folder / f"{post.number}.address.txt", f"{address}\n".encode())
        return f"on the hand-over list as {post.number}.html"


class KeptOnFile:
    """For a complainant who left no way to be reached: the letter stays in the case file."""

    is_repeatable = True
    keeps = Kept.ON_FILE

    def send(self, post: Post) -> str:
        """Do nothing but say so."""
        return "kept on file: no contact is known"


class SmtpCarrier:
    """A mail server.

    Args:
        url: ``smtp://user:password@host:port`` (STARTTLS where offered) or ``smtps://…``.
        timeout_seconds: For connecting and for each answer.

    Raises:
        SettingError: ``url`` is not the address of a mail server.
    """

    is_repeatable = False
    keeps = None

    def __init__(self, url: str, firm: Firm, timeout_seconds: float) -> None:
        self.firm, self.timeout_seconds = firm, timeout_seconds
        try:
            parts = urlsplit(url)
            self.scheme, self.host, self.port = parts.scheme, parts.hostname or "", parts.port
        except ValueError:  # its text would repeat part of what may be a password
            self.scheme = self.host = ""
        if self.scheme not in ("smtp", "smtps") or not self.host:
            cure = "Write it as smtp://user:password@host:587 or smtps://…, with %23 for a # in the password"
            raise SettingError("REDRESS_SMTP_URL", "is not the address of a mail server", cure)
        self.user, self.password = unquote(parts.username or ""), unquote(parts.password or "")
        if not (self.user + self.password).isascii():
            raise SettingError("REDRESS_SMTP_URL", "has a user or password beyond ASCII", "Choose another password")

    def send(self, post: Post) -> str:
        """Hand the letter over, step by step, so that it is known how far it came."""
        _refuse_impossible(post.recipient)
        message = post.message(self.firm)
        message["Date"] = format_datetime(localtime())  # the real time of sending, whatever a demo's time is
        content = bytes(message)
        try:
            server = self._connect()
        except (OSError, smtplib.SMTPException) as error:
            raise MailUnavailable(_what(error)) from None
        with _closing(server):
            try:
                _expect(server.mail(self.firm.email)[0], 250)  # a refusal of the sender is none of the recipient
                _expect(_refuse(server.rcpt(post.recipient)[0]), 250)
                _expect(_refuse(server.docmd("DATA")[0]), 354)
            except (OSError, smtplib.SMTPException) as error:
                raise MailUnavailable(_what(error)) from None
            return self._hand_over(server, content)

    def _hand_over(self, server: smtplib.SMTP, content: bytes) -> str:
        dotted = b"\r\n".join(b"." + line if line.startswith(b".") else line for line in content.split(b"\r\n"))
        try:
            server.send(dotted.removesuffix(b"\r\n") + b"\r\n.\r\n")
            code, _ = server.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise MailUncertain(_what(error)) from None
        if not 200 <= _refuse(code) < 300:
            raise MailUncertain("its answer was not understood")
        return f"accepted by the mail server ({code})"

    def _connect(self) -> smtplib.SMTP:
        tls = ssl.create_default_context  # takes a while: only where it is needed
        server: smtplib.SMTP
        secured = self.scheme == "smtps"
        if secured:
            server = smtplib.SMTP_SSL(self.host, self.port or 465, timeout=self.timeout_seconds, context=tls())
        else:
            server = smtplib.SMTP(self.host, self.port or 587, timeout=self.timeout_seconds)
        try:
            server.ehlo_or_helo_if_needed()
            if self.scheme == "smtp" and server.has_extn("starttls"):
                server.starttls(context=tls())  # raises where it fails: nothing is then sent in clear
                server.ehlo()
                secured = True
            if self.user and not (secured or self.host in LOOPBACK):
                raise smtplib.SMTPNotSupportedError("no encryption is offered; the password is not sent in clear")
            if self.user:
                server.login(self.user, self.password)
        except (OSError, smtplib.SMTPException):
            server.close()
            raise
        return server


class _closing:
    """Ends an SMTP dialogue without caring how; the outcome is known by then."""

    def __init__(self, server: smtplib.SMTP) -> None:
        self.server = server

    def __enter__(self) -> smtplib.SMTP:
        return self.server

    def __exit__(self, *_: object) -> None:
        try:
            self.server.docmd("QUIT")
        except (OSError, smtplib.SMTPException):
            pass
        finally:
            self.server.close()


def _refuse(code: int) -> int:
    """Raise what a reply code that refuses means (RFC 5321: 4xx later, 5xx never); return any other."""
    if 400 <= code < 500:
        raise MailUnavailable(f"code {code}")
    if 500 <= code < 600:
        raise MailRefused(f"code {code}")
    return code


def _expect(code: int, expected: int) -> None:
    """Go on with the dialogue only where the server said so."""
    if code // 10 != expected // 10:  # 250 and 251 alike
        raise MailUnavailable(f"code {code} instead of {expected}" if code > 0 else "its answer was not understood")


def _what(error: Exception) -> str:
    """Say what went wrong without repeating the server's words."""
    code = getattr(error, "smtp_code", None)
    return f"code {code}" if code else type(error).__name__


def _refuse_impossible(address: str) -> None:
    if not _ADDRESS.fullmatch(address):
        raise MailRefused("it goes to no address that e-mail can reach")
    if address.casefold().rstrip(".").endswith(".invalid"):  # RFC 6761: such a domain never exists
        raise MailRefused("the domain does not exist")


def _put(file: Path, content: bytes) -> None:
    try:
        write_private(file, content)
    except OSError as error:
        raise MailUnavailable(f"the folder cannot be written ({_what(error)})") from None


def write_private(file: Path, content: bytes) -> None:
    """Write a file with mode 600, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Named after the file: what a kill leaves behind is found with it when a person is erased.
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix=f"{file.name}.", suffix=".part", delete=False) as draft:
        try:
            draft.write(content)
            draft.flush()
            os.fsync(draft.fileno())
            Path(draft.name).replace(file)
        except BaseException:
            Path(draft.name).unlink(missing_ok=True)
            raise
