"""How letters leave: a mail server, a folder that stands in for one, or a clerk's list.

Whatever happens ends in one of four ways: a receipt, :class:`MailUnavailable` (certainly not taken, try later),
:class:`MailRefused` (never will be), or :class:`MailUncertain` (nobody knows; never repeated blindly). No error
text repeats what a server said, because servers repeat addresses.
"""

import os
import smtplib
import ssl
import tempfile
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from complaints.errors import MailRefused, MailUnavailable, MailUncertain, SettingError
from complaints.letters import CONFIDENTIAL, Rendered
from complaints.settings import Firm


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
        message["Content-Language"] = self.language
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday replies
        message.set_content(self.rendered.text, cte="base64")
        message.add_alternative(self.rendered.html, subtype="html", cte="base64")
        return message


def is_confidential(letter: str) -> bool:
    """Whether nothing in or around the letter may show whom it goes to."""
    return letter in CONFIDENTIAL


class Carrier(Protocol):
    """Takes letters away."""

    is_repeatable: bool
    """Whether sending the same letter again changes nothing."""

    def send(self, post: Post) -> str:
        """Send a letter and return a receipt."""


class FolderCarrier:
    """Stands in for a mail server where none is set: writes each letter as an ``.eml`` file, and says so."""

    is_repeatable = True

    def __init__(self, folder: Path, firm: Firm) -> None:
        self.folder, self.firm = folder, firm

    def send(self, post: Post) -> str:
        """Write the letter; the same letter again is the same file."""
        _refuse_impossible(post.recipient)
        message = post.message(self.firm)
        message["X-Redress-Note"] = "not sent: no mail server is set (REDRESS_SMTP_URL)"
        write_private(self.folder / f"{post.number}.eml", bytes(message))
        return f"written to {post.number}.eml; not sent, no mail server is set"


class HandOver:
    """A clerk's list: letters to be printed and posted, read out, or entered into a regulator's portal."""

    is_repeatable = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(self, post: Post) -> str:
        """Put the letter and, unless it is confidential, its address on the list."""
        address = post.recipient if post.shows_recipient else "(confidential: ask the compliance department)"
        write_private(self.folder / f"{post.number}.html", post.rendered.html.encode())
        write_private(self.folder / f"{post.number}.address.txt", f"{address}\n".encode())
        return f"on the hand-over list as {post.number}.html"


class KeptOnFile:
    """For a complainant who left no way to be reached: the letter stays in the case file."""

    is_repeatable = True

    def send(self, post: Post) -> str:
        """Do nothing but say so."""
        return "kept on file: no contact is known"


class SmtpCarrier:
    """A mail server.

    Args:
        url: ``smtp://user:password@host:port`` (STARTTLS where offered) or ``smtps://…``.
        timeout_seconds: For connecting and for each answer.
    """

    is_repeatable = False

    def __init__(self, url: str, firm: Firm, timeout_seconds: float) -> None:
        self.url, self.firm, self.timeout_seconds = urlsplit(url), firm, timeout_seconds
        if self.url.scheme not in ("smtp", "smtps") or not self.url.hostname:
            cure = "Write it as smtp://user:password@host:587 or smtps://…"
            raise SettingError("REDRESS_SMTP_URL", "is not the address of a mail server", cure)

    def send(self, post: Post) -> str:
        """Hand the letter over, step by step, so that it is known how far it came."""
        _refuse_impossible(post.recipient)
        try:
            server = self._connect()
        except (OSError, smtplib.SMTPException) as error:
            raise MailUnavailable(_what(error)) from None
        with _closing(server):
            try:
                for code, _ in (server.mail(self.firm.email), server.rcpt(post.recipient), server.docmd("DATA")):
                    _check(code)
            except (OSError, smtplib.SMTPException) as error:
                raise MailUnavailable(_what(error)) from None
            return self._hand_over(server, bytes(post.message(self.firm)))

    def _hand_over(self, server: smtplib.SMTP, content: bytes) -> str:
        dotted = b"\r\n".join(b"." + line if line.startswith(b".") else line for line in content.split(b"\r\n"))
        try:
            server.send(dotted.removesuffix(b"\r\n") + b"\r\n.\r\n")
            code, _ = server.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise MailUncertain(_what(error)) from None
        _check(code)
        return f"accepted by the mail server ({code})"

    def _connect(self) -> smtplib.SMTP:
        host, tls = self.url.hostname or "", ssl.create_default_context()
        server: smtplib.SMTP
        if self.url.scheme == "smtps":
            server = smtplib.SMTP_SSL(host, self.url.port or 465, timeout=self.timeout_seconds, context=tls)
        else:
            server = smtplib.SMTP(host, self.url.port or 587, timeout=self.timeout_seconds)
        server.ehlo_or_helo_if_needed()
        if self.url.scheme == "smtp" and server.has_extn("starttls"):
            server.starttls(context=tls)
            server.ehlo()
        if self.url.username:
            server.login(unquote(self.url.username), unquote(self.url.password or ""))
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


def _check(code: int) -> None:
    """Raise what a reply code means (RFC 5321: 4xx later, 5xx never)."""
    if 400 <= code < 500:
        raise MailUnavailable(f"code {code}")
    if code >= 500:
        raise MailRefused(f"code {code}")


def _what(error: Exception) -> str:
    """Say what went wrong without repeating the server's words."""
    code = getattr(error, "smtp_code", None)
    return f"code {code}" if code else type(error).__name__


def _refuse_impossible(address: str) -> None:
    if address.casefold().rstrip(".").endswith(".invalid"):  # RFC 6761: such a domain never exists
        raise MailRefused("the domain does not exist")


def write_private(file: Path, content: bytes) -> None:
    """Write a file with mode 600, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as draft:
        try:
            draft.write(content)
            draft.flush()
            os.fsync(draft.fileno())
            Path(draft.name).replace(file)
        except BaseException:
            Path(draft.name).unlink(missing_ok=True)
            raise
