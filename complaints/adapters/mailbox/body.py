"""What a mail says and what is attached to it, out of its parts."""

import binascii
import contextlib
import quopri
from dataclasses import dataclass, field
from email.message import Message
from typing import Final

from complaints.adapters.mailbox import headers
from complaints.adapters.mailbox.charsets import clean, decode, raw_bytes, unpack_base64
from complaints.adapters.mailbox.flowed import unflow
from complaints.adapters.mailbox.html_text import text_of_html
from complaints.adapters.mailbox.limits import Part

MOST_ATTACHMENTS: Final = 50
MOST_TEXT: Final = 2_000_000
"""Bytes of text that are read of a mail; a book has less."""

_EXTENSIONS: Final = {
    "application/pdf": ".pdf",
    "image/gif": ".gif",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "message/rfc822": ".eml",
    "text/calendar": ".ics",
    "text/html": ".html",
    "text/plain": ".txt",
}


@dataclass(frozen=True)
class Attachment:
    """A file that came with a mail."""

    name: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Body:
    """The body of a mail.

    Attributes:
        notes: Codes of what was wrong with it.
    """

    text: str = field(repr=False)
    attachments: tuple[Attachment, ...] = field(repr=False)
    notes: tuple[str, ...]


def read_body(parsed: "Message[str, str]") -> Body:
    """Read a mail that was taken apart: of alternatives one, of attached mails nothing but the file."""
    return _Reading().read(parsed)


class _Reading:
    """Reads each part once, however deep alternatives lie within alternatives."""

    def __init__(self) -> None:
        self._texts: dict[int, str] = {}
        self._notes: dict[int, str] = {}
        self._left = MOST_TEXT

    def read(self, parsed: "Message[str, str]") -> Body:
        notes: list[str] = []
        texts, files = [], []
        for number, part in enumerate(self._leaves(parsed), 1):
            if _is_text(part):
                texts.append(self._text(part))
                notes.append(self._notes[id(part)])
            elif (file := _file(part, number)).content:
                files.append(file)
        if len(files) > MOST_ATTACHMENTS:
            notes.append("more_attachments")
        text = "\n\n".join(text for text in texts if text)
        return Body(text, tuple(files[:MOST_ATTACHMENTS]), tuple(dict.fromkeys(note for note in notes if note)))

    def _leaves(self, part: "Message[str, str]") -> list["Message[str, str]"]:
        """Return the parts to be read, in order."""
        if part.get_content_maintype() != "multipart" or not part.is_multipart():
            return [part]
        within = [self._leaves(one) for one in part.get_payload() if isinstance(one, Message)]
        if part.get_content_type() == "multipart/alternative":
            within = self._chosen(within)
        return [leaf for leaves in within for leaf in leaves]

    def _chosen(self, ways: list[list["Message[str, str]"]]) -> list[list["Message[str, str]"]]:
        """Choose plain text, unless it is next to nothing beside the HTML; what is no text (an invitation) stays."""
        readable = [way for way in ways if any(map(_is_text, way))]
        others = [way for way in ways if not any(map(_is_text, way))]
        if not readable:
            return others
        lengths = [sum(len(self._text(leaf)) for leaf in way if _is_text(leaf)) for way in readable]
        best = lengths.index(max(lengths))
        plain = (at for at, way in enumerate(readable) if [one.get_content_type() for one in way] == ["text/plain"])
        chosen = next((at for at in plain if 5 * lengths[at] >= lengths[best]), best)
        return [readable[chosen], *others]

    def _text(self, part: "Message[str, str]") -> str:
        if id(part) not in self._texts:
            content = _unpacked(part)
            decoded = decode(content[: self._left], _parameter(part, "charset"))
            self._notes[id(part)] = "more_text" if len(content) > self._left else decoded.note
            self._left = max(0, self._left - len(content))
            self._texts[id(part)] = _plain(part, clean(decoded.text))
        return self._texts[id(part)]


def _plain(part: "Message[str, str]", text: str) -> str:
    if part.get_content_type() == "text/html":
        return text_of_html(text)
    if _parameter(part, "format").casefold() == "flowed":
        text = unflow(text, delete_space=_parameter(part, "delsp").casefold() == "yes")
    return text.strip("\n").rstrip()


def _is_text(part: "Message[str, str]") -> bool:
    """Whether a part is what the writer says, and no file; parts that were never divided are read as text."""
    if part.get_content_maintype() == "multipart":
        return not part.is_multipart()
    if part.get_content_type() not in ("text/plain", "text/html") or part.is_multipart():
        return False
    disposition = headers.field(part, "Content-Disposition").casefold()
    return not disposition.startswith("attachment") and not headers.file_name(part)


def _parameter(part: "Message[str, str]", name: str) -> str:
    value = part.get_param(name, "")
    return str(value[2] if isinstance(value, tuple) else value)


def _unpacked(part: "Message[str, str]") -> bytes:
    """Return a part's bytes; of what is not encoded as it should be, as much as can be had."""
    packed = raw_bytes(part.bare) if isinstance(part, Part) else b""
    match headers.field(part, "Content-Transfer-Encoding").casefold().strip("\"' ;"):
        case "base64":
            return unpack_base64(packed)
        case "quoted-printable":
            return quopri.decodestring(packed)
        case "x-uuencode" | "uuencode" | "uue" | "x-uue":
            return _unpack_uu(packed)
    return packed


def _unpack_uu(packed: bytes) -> bytes:
    lines = iter(packed.splitlines())
    if not any(line.startswith(b"begin ") for line in lines):
        return packed
    parts = []
    for line in lines:
        if line.strip() in (b"end", b"`", b""):
            break
        length = (((line[0] - 32) & 63) * 4 + 5) // 3  # what it says it holds; some programs write more
        with contextlib.suppress(binascii.Error):
            parts.append(binascii.a2b_uu(line[:length]))
    return b"".join(parts)


def _file(part: "Message[str, str]", number: int) -> Attachment:
    media_type = part.get_content_type()
    if part.is_multipart():  # an attached mail
        media_type, content = "message/rfc822", _flattened(part)
    else:
        content = _unpacked(part)
    name = headers.file_name(part) or f"attachment-{number}{_EXTENSIONS.get(media_type, '')}"
    return Attachment(name, media_type, content)


def _flattened(part: "Message[str, str]") -> bytes:
    """Return an attached mail as bytes; one too broken to be written out again is found in the raw mail."""
    try:
        return b"\n".join(bytes(one) for one in part.get_payload() if isinstance(one, Message))
    except (ValueError, LookupError, TypeError, AttributeError):
        return b""
