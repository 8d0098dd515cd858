"""What comes in for a case: materials, contacts, mails, files as evidence."""

from complaints.acts_by_subject.base import Act
from complaints.evidence import Refusal, Scan
from complaints.intake import Contact
from complaints.words import Channel


class MaterialsReceived(Act):
    """Something came in for a case: words, files, or both."""

    personal = frozenset({"words"})
    number: int  # the how-manieth of this case, from 1
    channel: Channel
    sender: str
    words: str | None = None
    evidence: tuple[int, ...] = ()  # numbers of the files, as the case keeps them
    delivery: str | None = None  # of which delivery: a hash of sender and delivery id


class ContactAdded(Act):
    """Another way to reach the complainant, or the authority that forwarded the matter, became known."""

    personal = frozenset({"contact"})
    contact: Contact | None = None
    of_authority: bool = False


class EvidenceAdded(Act):
    """A file was taken as evidence: sealed with the case's key and kept under its own hash.

    Attributes:
        number: From 1, in the order in which the files came.
        sha256: Of the file as it was handed in.
        media_type: As told from the content.
        stated_type: What the sender called it, where that is another known type.
        size: In bytes.
        source: The door, sender or staff it came from.
        note: How it was lawfully obtained, in the words of who added it.
    """

    personal = frozenset({"name", "note"})
    number: int
    sha256: str
    media_type: str
    stated_type: str | None = None
    size: int
    source: str
    scanned: Scan = Scan.NOT_SCANNED
    name: str | None = None
    note: str | None = None


class EvidenceRefused(Act):
    """A file was handed in that was not taken; the file itself is not kept."""

    personal = frozenset({"name"})
    reason: Refusal
    sha256: str
    media_type: str
    size: int
    source: str
    finding: str = ""  # what the virus scanner calls it
    name: str | None = None


class EvidenceOpened(Act):
    """Somebody took a file out to look at it, and said why."""

    personal = frozenset({"purpose"})
    number: int
    purpose: str | None = None


class MailTaken(Act):
    """A mail opened this case or added to it; the mail itself is among the evidence, if it could be kept.

    Attributes:
        evidence: The number of the raw mail.
        follows: The closed case that it answers.
        names: Other cases that it names without being allowed to write into them; a hint for the handler.
        notes: What was wrong with it: ``charset_guessed``, ``charset_damaged``, ``more_attachments``, ``more_text``,
            ``beyond_limits``, ``broken``.
    """

    evidence: int | None = None
    follows: str | None = None
    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
