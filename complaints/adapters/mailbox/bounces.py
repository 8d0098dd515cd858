"""What a returned mail says of a letter of ours: by the standard (RFC 3464), or in free words as QQ and 163 do."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from email.message import Message
from typing import Final

from complaints.adapters.mailbox import headers
from complaints.adapters.mailbox.charsets import clean, decode
from complaints.adapters.mailbox.message import IncomingMail
from complaints.words import DeliveryStatus

LETTER_ID: Final = re.compile(r"<?(TS\d{6}-[2-9A-HJ-NP-TV-Z]{7})-\d{1,4}-[0-9a-f]{16}@[A-Za-z0-9.-]{1,250}>?")
"""The Message-ID of a letter of ours: the case's reference, the letter's number, and a mark that nobody can guess."""
REFERENCE: Final = re.compile(r"(?<![A-Z0-9])TS\d{6}-[2-9A-HJ-NP-TV-Z]{7}(?![A-Z0-9])", re.IGNORECASE)
ADDRESS: Final = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,250}\.[A-Za-z]{2,20}")
_LONGEST: Final = 200_000
"""Characters of a returned mail that are searched."""
_CODE: Final = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_REPLY: Final = re.compile(r"(?<!\d)(5[0-5]\d)[ -](?=[A-Za-z#\u4e00-\u9fff])")
_UNKNOWN: Final = re.compile(
    r"user unknown|no such user|unknown user|mailbox (?:not found|unavailable)|user not found|does not exist"
    r"|(?:用户|邮箱|收件人|帐号|账号|地址)(?:地址)?(?:不存在|有误|错误)|无此用户|不存在该用户|找不到(?:收件人|用户|邮箱)",
    re.IGNORECASE,
)
_LATER: Final = re.compile(r"will (?:be retried|keep trying|continue)|delayed|将继续尝试|延迟|正在重试", re.IGNORECASE)
_STATUS: Final = {
    "failed": DeliveryStatus.FAILED,
    "delayed": DeliveryStatus.DELAYED,
    "delivered": DeliveryStatus.DELIVERED,
}


@dataclass(frozen=True)
class Return:
    """What a returned mail says of one recipient.

    Attributes:
        message_ids: The letters that it may speak of, by their Message-IDs.
        references: The cases that it names, where no Message-ID came back.
        recipients: The addresses that it speaks of.
        code: Such as 5.1.1 (RFC 3463), where it says so.
    """

    status: DeliveryStatus
    code: str | None
    message_ids: tuple[str, ...]
    references: tuple[str, ...]
    recipients: tuple[str, ...] = field(repr=False)


def returned(mail: IncomingMail) -> list[Return]:
    """Return what a returned mail says of letters of ours; nothing where it speaks of none."""
    words = _words(mail)
    ids = tuple(dict.fromkeys(f"<{found[0].strip('<>')}>" for found in LETTER_ID.finditer(words)))
    references = tuple(dict.fromkeys(found[0].upper() for found in REFERENCE.finditer(words)))
    if not references:
        return []
    reports = [_reported(one) for one in _recipients(mail)] or [_told(mail, words)]
    return [replace(one, message_ids=ids, references=references) for one in reports if one]


def _words(mail: IncomingMail) -> str:
    """Everything in a returned mail that is text, the returned letter's header among it."""
    parts = [mail.subject, mail.text, " ".join(mail.answers)]
    if mail.parsed is not None:
        parts += [_text(part) for part in mail.parsed.walk()]
    parts += [clean(decode(one.content[:_LONGEST], None).text) for one in mail.attachments]
    return "\n".join(part[:_LONGEST] for part in parts)


def _text(part: "Message[str, str]") -> str:
    """A part's header, as far as it names a mail."""
    return " ".join((headers.field(part, "Message-ID"), headers.text_of(part, "Subject")))


def _recipients(mail: IncomingMail) -> Iterator["Message[str, str]"]:
    """Yield the blocks of a delivery status that speak of one recipient each."""
    if mail.parsed is None:
        return
    for part in mail.parsed.walk():
        if part.get_content_type() == "message/delivery-status" and part.is_multipart():
            yield from (block for block in part.get_payload() if isinstance(block, Message) and "Action" in block)


def _reported(block: "Message[str, str]") -> Return | None:
    action = headers.field(block, "Action").casefold().partition(" ")[0].strip("();")
    status = _STATUS.get(action)
    if status is None:  # relayed, expanded: it goes on elsewhere
        return None
    code = _CODE.search(headers.field(block, "Status"))
    named = " ".join(headers.field(block, name) for name in ("Original-Recipient", "Final-Recipient"))
    return Return(status, code[1] if code else None, (), (), tuple(ADDRESS.findall(named)))


def _told(mail: IncomingMail, words: str) -> Return:
    """Read a returned mail that is written for people only."""
    own = f"{mail.subject}\n{mail.text}"
    code, reply = _CODE.search(own), _REPLY.search(own)
    said = code[1] if code else "5.1.1" if _UNKNOWN.search(own) else f"5.{reply[1][1]}.0" if reply else None
    later = (said or "").startswith("4.") or (said is None and _LATER.search(own))
    status = DeliveryStatus.DELAYED if later else DeliveryStatus.FAILED
    failed = ADDRESS.findall(headers.field(mail.header, "X-Failed-Recipients"))
    return Return(status, said, (), (), tuple(dict.fromkeys(failed or ADDRESS.findall(words)))[:20])
