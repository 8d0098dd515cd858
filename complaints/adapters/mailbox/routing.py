"""To which case a mail belongs. Who knows a reference may still not write into a case that is none of theirs."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from complaints.adapters.mailbox.bounces import LETTER_ID, REFERENCE, Return
from complaints.adapters.mailbox.charsets import one_line
from complaints.adapters.mailbox.message import IncomingMail
from complaints.case import Case
from complaints.correspondence import Letter
from complaints.intake import Complainant, Complaint, Contact
from complaints.words import EN, Channel, ContactKind, DeliveryStatus

MOST_NAMED: Final = 10
"""References in a mail that are looked up."""
LONGEST_TEXT: Final = 40_000
"""Characters, as the record of a complaint holds them; the whole is in the raw mail."""
_NO_TEXT: Final = {
    True: ("（邮件无正文，见附件）", "(The mail has no text; see what is attached.)"),
    False: ("（邮件无正文）", "(The mail has no text.)"),
}
_NOT_READ: Final = (
    "（邮件过大或结构异常，未能解析；原件在邮箱的 Redress/unreadable 文件夹，请人工查看）",
    "(The mail is too large or too broken to be taken apart; see the mailbox's folder Redress/unreadable.)",
)
_CUT: Final = ("……（后文见邮件原件）", "… (cut; see the mail itself)")


def thread_mark(message_id: str) -> str:
    """Return what is kept of a Message-ID, to find the case of an answer."""
    return hashlib.sha256(message_id.strip("<> ").encode("utf-8", "surrogatepass")).hexdigest()


def named_cases(mail: IncomingMail) -> Sequence[str]:
    """Return the references that a mail names: in the address it was sent to, in the subject, in the text."""
    places = (" ".join(mail.recipients), mail.subject, mail.text)
    found = [one.upper() for place in places for one in REFERENCE.findall(place)]
    return list(dict.fromkeys(found))[:MOST_NAMED]


def answered_cases(mail: IncomingMail) -> Sequence[str]:
    """Return the cases whose letters a mail answers, by the Message-IDs alone: whether they sent them is to be seen."""
    found = [LETTER_ID.fullmatch(one) for one in mail.answers]
    return list(dict.fromkeys(one[1] for one in found if one))[:MOST_NAMED]


def may_write(case: Case, mail: IncomingMail) -> bool:
    """Whether a mail may add to a case: its writer is a contact of it, or it answers a letter that the case sent."""
    if any(letter.prepared.message_id in mail.answers for letter in case.letters.values()):
        return True
    address = mail.sender.address.casefold() if mail.sender else ""
    known = (*case.contacts, *case.contacts_of_authority)
    return any(one.kind is ContactKind.EMAIL and one.value.casefold() == address for one in known)


def letter_returned(case: Case, report: Return) -> Letter | None:
    """Return the letter of a case that a returned mail speaks of.

    By its Message-ID; where none came back, the newest that went to an address it names.
    """
    for letter in case.letters.values():
        if letter.prepared.message_id in report.message_ids:
            return letter
    if report.message_ids or report.status is DeliveryStatus.DELIVERED:
        return None
    named = {one.casefold() for one in report.recipients}
    sent = [
        one for one in case.letters.values() if one.channel == "email" and (one.recipient or "").casefold() in named
    ]
    return sent[-1] if sent else None


def complaint_of(mail: IncomingMail, received_at: datetime) -> Complaint:
    """Return the record of a complaint that came by mail.

    Raises:
        ValidationError: the sender's address is none that can be stored.
    """
    contacts = (Contact(kind=ContactKind.EMAIL, value=mail.sender.address),) if mail.sender else ()
    name = mail.sender.name if mail.sender and "@" not in mail.sender.name else ""
    return Complaint(
        channel=Channel.EMAIL,
        language=mail.language,
        complainant=Complainant(name=name or None, contacts=contacts),
        narrative=words_of(mail),
        received_at=received_at,
    )


def words_of(mail: IncomingMail) -> str:
    """Return what a mail says: the subject, then the text; never empty."""
    english = mail.language == EN
    text = mail.text.strip()
    if mail.parsed is None:
        text = _NOT_READ[english]
    elif not text:
        text = _NO_TEXT[bool(mail.attachments)][english]
    subject = one_line(mail.subject)
    whole = f"{subject}\n\n{text}" if subject else text
    if len(whole) <= LONGEST_TEXT:
        return whole
    return whole[: LONGEST_TEXT - len(_CUT[english])] + _CUT[english]
