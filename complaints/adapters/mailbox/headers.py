"""What a mail's header says: addresses, identifiers, instants, names of files."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import unquote_to_bytes

from complaints.adapters.mailbox.charsets import clean, decode, decode_words, one_line, raw_bytes

_PLAIN_ADDRESS: Final = r"[^\s@<>,;:\"'()\[\]\\]{1,64}@[^\s@<>,;:\"'()\[\]\\]{1,250}\.[^\s@<>,;:\"'()\[\]\\.]{2,63}"
_NAMED: Final = re.compile(rf'((?:"(?:[^"\\]|\\.){{0,300}}"|[^<>",]){{0,300}})<{{1,3}}\s*({_PLAIN_ADDRESS})\s*>')
_BARE: Final = re.compile(rf"({_PLAIN_ADDRESS})(?:\s{{0,9}}\(([^()]{{1,200}})\))?")
"""``Lin <lin@example.cn>``, and ``lin@example.cn (Lin)``. Python's own reader takes ``a@x.cn <b@y.cn>``, which is
from b, for a mail from a, and fails at a thousand brackets."""
_MESSAGE_ID: Final = re.compile(r"<[^<>\s]{1,400}>")
_LONGEST: Final = 4_000  # characters of a field of addresses that are looked at
MOST_IDS: Final = 50
"""Message-IDs of a thread that are looked up."""


@dataclass(frozen=True)
class Mailbox:
    """A name and an address, as a mail shows them."""

    name: str
    address: str


def field(message: "Message[str, str]", name: str) -> str:
    """Return the first field of a name as it stands there, unfolded; empty where there is none."""
    return " ".join(str(message.get(name, "")).split())


def text_of(message: "Message[str, str]", name: str) -> str:
    """Return a field as people read it."""
    return one_line(decode_words(field(message, name)).text)


def mailboxes(message: "Message[str, str]", *names: str) -> tuple[Mailbox, ...]:
    """Return whom the fields of these names show; what is no address is left out."""
    values = [" ".join(str(value).split()) for name in names for value in message.get_all(name, ())]
    return tuple(found for value in values[:50] for found in _mailboxes(value))


def _mailboxes(value: str) -> list[Mailbox]:
    value = value[:_LONGEST]
    read = [(one[1], one[2]) for one in _NAMED.finditer(value)] if "<" in value else []
    read = read or [(one[2] or "", one[1]) for one in _BARE.finditer(decode_words(value).text)]
    return [Mailbox(_name(name), one_line(address)) for name, address in read]


def _name(raw: str) -> str:
    return one_line(decode_words(raw).text, 200).strip("\"' ")


def sender_of(message: "Message[str, str]") -> Mailbox | None:
    """Return who wrote a mail, as far as it says; None where no field holds an address.

    Of several the last: whoever puts a known address before the real one wants it to be read.
    """
    for name in ("From", "Sender", "Reply-To", "Return-Path"):
        if found := mailboxes(message, name):
            return found[-1]
    return None


def message_ids(message: "Message[str, str]", *names: str) -> tuple[str, ...]:
    """Return the Message-IDs in these fields, each once, the last mentioned first."""
    found = [identifier for name in names for identifier in _MESSAGE_ID.findall(field(message, name))]
    return tuple(dict.fromkeys(reversed(found)))[:MOST_IDS]


def instant(message: "Message[str, str]", name: str) -> datetime | None:
    """Return the instant at the end of the first field of a name (``Received``, ``Date``); None: not readable."""
    value = field(message, name).rpartition(";")[2]
    try:
        read = parsedate_to_datetime(value)
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


_SEGMENT: Final = re.compile(r";\s*(file)?name\*(\d{1,3})?(\*)?\s*=\s*(\"(?:[^\"\\]|\\.)*\"|[^;\s]*)", re.IGNORECASE)
_PLAIN: Final = re.compile(r";\s*(?:file)?name\s*=\s*(\"(?:[^\"\\]|\\.)*\"|[^;]*)", re.IGNORECASE)


def file_name(part: "Message[str, str]") -> str:
    """Return the name of an attached file: by RFC 2231, in encoded words, or in bare bytes; empty where none is said.

    A name is only shown: folders in it, and what a file system would take amiss, are gone.
    """
    for value in (field(part, "Content-Disposition"), field(part, "Content-Type")):
        raw = _extended_name(value) or _plain_name(value)
        if name := one_line(re.split(r"[/\\]", clean(raw))[-1], 200).strip(". "):
            return re.sub(r'[<>:"|?*]', "_", name)
    return ""


def _extended_name(value: str) -> str:
    segments = sorted(_SEGMENT.findall(value), key=lambda found: int(found[1] or 0))
    if not segments:
        return ""
    content, charset = b"", ""
    for number, (_, _, extended, raw) in enumerate(segments):
        said = _unquoted(raw)
        if extended or len(segments) == 1:
            if number == 0 and said.count("'") >= 2:
                charset, _, said = said.split("'", 2)
            content += unquote_to_bytes(raw_bytes(said))
        else:
            content += raw_bytes(said)
    text = decode(content, charset or None).text
    return decode_words(text).text if "=?" in text else text


def _plain_name(value: str) -> str:
    found = _PLAIN.search(value)
    return decode_words(_unquoted(found[1].strip())).text if found else ""


def _unquoted(value: str) -> str:
    if value.startswith('"'):
        return re.sub(r"\\(.)", r"\1", value.strip('"'))
    return value
