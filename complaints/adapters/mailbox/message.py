"""A mail, read: who wrote it, what they say, what they attached. Broken mail is read as far as it can be."""

import hashlib
import logging
import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.message import Message

from complaints.adapters.mailbox import headers
from complaints.adapters.mailbox.body import Attachment, read_body
from complaints.adapters.mailbox.limits import header_size, parse, parse_header
from complaints.errors.incoming_mail import MailBeyondLimits
from complaints.words import EN, ZH

log = logging.getLogger("redress.mail")


@dataclass(frozen=True)
class IncomingMail:
    """What a mail says.

    Attributes:
        content: The raw mail.
        header: Its header, to be asked for more.
        sender: Who wrote it, as far as it says; anybody may have written that.
        recipients: The addresses it was sent to, as far as it says.
        message_id: With its angle brackets; empty where it has none.
        answers: Message-IDs of earlier mails of the thread, the nearest first.
        text: What is said, without markup.
        parsed: The whole mail, taken apart; None where it is beyond the limits.
        notes: Codes of what was wrong with it: ``charset_guessed``, ``beyond_limits``, …
    """

    content: bytes = field(repr=False)
    header: "Message[str, str]" = field(repr=False)
    sender: headers.Mailbox | None = field(repr=False)
    recipients: tuple[str, ...] = field(repr=False)
    message_id: str
    answers: tuple[str, ...]
    subject: str = field(repr=False)
    text: str = field(default="", repr=False)
    attachments: tuple[Attachment, ...] = field(default=(), repr=False)
    parsed: "Message[str, str] | None" = field(default=None, repr=False)
    notes: tuple[str, ...] = ()

    @property
    def identity(self) -> str:
        """SHA-256 of what makes it this mail: the same for a second copy that took another way here.

        Message-IDs alone do not do: programs repeat them, and no mail may be lost by it.
        """
        parts = (self.message_id, self.sender.address if self.sender else "", self.subject)
        body = self.content[header_size(self.content) :]
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass") + b"\0" + body.strip()).hexdigest()

    @property
    def language(self) -> str:
        """The language of its own words: a Chinese character weighs as much as four Latin letters."""
        own = "".join(line for line in f"{self.subject}\n{self.text}".split("\n") if not line.startswith(">"))
        chinese = len(re.findall(r"[\u3400-\u9fff]", own))
        return ZH if 4 * chinese >= len(re.findall(r"[A-Za-z]", own)) else EN

    def received_at(self, now: datetime) -> datetime | None:
        """Return when the topmost server says it took the mail, if that is not after ``now``."""
        said = headers.instant(self.header, "Received")
        return said if said and said <= now else None


def read_mail(content: bytes) -> IncomingMail:
    """Read a mail; of one beyond the limits, or that nothing can be made of, only the header."""
    mail = _from_header(content, parse_header(content))
    try:
        parsed = parse(content)
        body = read_body(parsed)
    except MailBeyondLimits:
        return replace(mail, notes=("beyond_limits",))
    except Exception as error:  # Python's parser raises many sorts of errors at mail that is broken on purpose
        log.warning("a mail could not be taken apart: %s", type(error).__name__)
        return replace(mail, notes=("broken",))
    return replace(mail, parsed=parsed, text=body.text, attachments=body.attachments, notes=body.notes)


def read_header_of(content: bytes) -> IncomingMail:
    """Read the beginning of a mail that is too large to be fetched."""
    return replace(_from_header(content, parse_header(content)), notes=("beyond_limits",))


def _from_header(content: bytes, header: "Message[str, str]") -> IncomingMail:
    to = headers.mailboxes(header, "To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To")
    return IncomingMail(
        content=content,
        header=header,
        sender=headers.sender_of(header),
        recipients=tuple(dict.fromkeys(one.address for one in to)),
        message_id=next(iter(headers.message_ids(header, "Message-ID")), ""),
        answers=headers.message_ids(header, "References", "In-Reply-To"),
        subject=headers.text_of(header, "Subject"),
    )
