"""Bytes of a mail to text, honestly: labels are believed only where the bytes bear them out.

Chinese mail says GB2312 and means GB18030, says ISO-8859-1 and is GBK, or says nothing. What could not be read as it
says is read as well as can be, and the text carries a note of it; the raw mail stays as evidence in any case.
"""

import codecs
import re
from dataclasses import dataclass
from typing import Final

_READ_AS: Final = {
    **dict.fromkeys(
        ("gb2312", "gb_2312-80", "euc-cn", "gbk", "x-gbk", "cp936", "936", "ms936", "windows-936", "gb18030", "gb"),
        "gb18030",
    ),
    **dict.fromkeys(("iso-8859-1", "latin-1", "latin1", "l1", "iso8859-1"), "cp1252"),
    **dict.fromkeys(("big5", "big5-hkscs", "x-big5", "cp950", "csbig5"), "big5hkscs"),
    **dict.fromkeys(("ks_c_5601-1987", "euc-kr", "ks_c_5601"), "cp949"),
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis"), "cp932"),
    **dict.fromkeys(("hz-gb-2312", "hz-gb"), "hz"),
    **dict.fromkeys(("tis-620", "windows-874"), "cp874"),
    "utf8mb4": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
}
"""Labels that mean a wider set of characters than they name, or that only mail programs use."""

_KNOWN: Final = re.compile(
    r"utf-?(?:7|8|16|32)(?:[-_]?[lb]e)?|gb18030|hz|big5hkscs|(?:cp|windows-?|iso-?8859-)\d{1,4}"
    r"|koi8-[rtu]|euc[-_](?:jp|kr|jis.*)|iso-?2022-.{2,6}|mac[-_]\w+"
)
"""Sets of characters that a mail may name; Python knows others that are no such thing (idna, unicode_escape)."""

_SAYS_NOTHING: Final = frozenset({"", "us-ascii", "ascii", "ansi_x3.4-1968", "unknown-8bit", "x-unknown", "binary"})
_SEVEN_BIT: Final = re.compile(r"utf-?7|utf-?(?:16|32).*|hz|iso-?2022.*")
"""Sets whose bytes are plain ASCII at first sight, or hold zeros: only the label tells."""


@dataclass(frozen=True)
class Decoded:
    """Text, and what had to be done to read it.

    Attributes:
        note: Empty where it was read as labelled; else a code: ``charset_guessed``, ``charset_damaged``.
    """

    text: str
    note: str = ""


def decode(content: bytes, label: str | None) -> Decoded:
    """Return the text of ``content``.

    Args:
        content: The bytes, after base64 or quoted-printable.
        label: The charset that the mail names, or None.
    """
    said = (label or "").strip().strip("\"'").casefold()
    charset = _READ_AS.get(said, said)
    if content.isascii() and not _SEVEN_BIT.fullmatch(charset):
        return Decoded(content.decode("ascii"))
    if _SEVEN_BIT.fullmatch(charset) and (text := _strictly(content, charset)) is not None:
        return Decoded(text)
    if (text := _strictly(content, "utf-8")) is not None and not _is_rather(content, text, charset):
        return Decoded(text.removeprefix("\ufeff"), "" if charset.startswith("utf") else "charset_guessed")
    if charset in ("cp1252", *_SAYS_NOTHING):
        return _guess(content)
    if (text := _strictly(content, charset)) is not None:
        return Decoded(text)
    return _guess(content)


def _strictly(content: bytes, charset: str) -> str | None:
    if not _KNOWN.fullmatch(charset):
        return None
    try:
        text = codecs.decode(content, charset)
    except (LookupError, ValueError):  # UnicodeError among them
        return None
    return None if any("\ud800" <= character <= "\udfff" for character in text) else text


def _is_rather(content: bytes, text: str, charset: str) -> bool:
    """Whether bytes that happen to be UTF-8 are rather what they are labelled as: 模 in GB18030 is ģ in UTF-8."""
    if charset not in ("gb18030", "big5hkscs", "cp949", "cp932"):
        return False
    wide = sum(ord(character) >= 0x800 for character in text)
    narrow = sum(0x80 <= ord(character) < 0x800 for character in text)
    return narrow > wide and _strictly(content, charset) is not None


def _guess(content: bytes) -> Decoded:
    """Read bytes whose label is missing, wrong or unknown."""
    high = len(_HIGH.findall(content))
    if 2 * sum(map(len, _ACCENTED.findall(content))) > high:
        return Decoded(content.decode("cp1252", "replace"), "charset_guessed")
    for charset in ("gb18030", "big5hkscs"):
        if (text := _strictly(content, charset)) is not None and _is_plausible(text):
            return Decoded(text, "charset_guessed")
    if 2 * len(_COMMON.findall(content)) > 0.8 * high:  # Chinese with a few damaged bytes
        return Decoded(content.decode("gb18030", "replace"), "charset_damaged")
    text = content.decode("utf-8", "replace")
    lost = text.count("\ufffd")
    if sum(ord(character) >= 0x80 for character in text) > 4 * lost:
        return Decoded(text, "charset_damaged")
    return Decoded(content.decode("cp1252", "replace"), "charset_guessed")


_HIGH: Final = re.compile(rb"[\x80-\xff]")
_ACCENTED: Final = re.compile(rb"(?<![\x80-\xff])[\xc0-\xff](?![\x80-\xff])|(?<=[A-Za-z])[\xc0-\xff]{2}(?=[A-Za-z])")
"""Single letters with accents among plain ones, as in western languages; Chinese comes in longer runs."""
_COMMON: Final = re.compile(rb"[\xa1-\xa9\xb0-\xf7][\xa1-\xfe]")  # what GB 2312 has: characters and their punctuation


def _is_plausible(text: str) -> bool:
    """Whether it reads as Chinese: what is not ASCII is mostly common characters and their punctuation."""
    beyond = [character for character in text if ord(character) >= 0x80]
    common = sum(_is_common(character) for character in beyond)
    return common >= 0.9 * len(beyond)


def _is_common(character: str) -> bool:
    """Whether a character is in GB 2312 (a text of today) or Big5's first plane."""
    for charset, highest in (("gb2312", b"\xf7"), ("big5", b"\xc6")):
        try:
            return character.encode(charset)[:1] <= highest
        except UnicodeEncodeError:
            continue
    return False


_WORD: Final = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_BETWEEN_WORDS: Final = re.compile(r"(\?=)\s+(?==\?[^?\s]{1,60}\?[bBqQ]\?[^?]*\?=)")


def decode_words(value: str) -> Decoded:
    """Return a header's text with its encoded words read (RFC 2047), wherever they stand.

    Bytes beyond ASCII are surrogates in ``value``, as Python's parser leaves them. A character whose bytes were cut
    between two words, as many Chinese programs do, is put together again.
    """
    notes: list[str] = []
    parts: list[str] = []
    at = 0
    value = _BETWEEN_WORDS.sub(r"\1", value)
    pending, charset = b"", ""
    for word in _WORD.finditer(value):
        label = word[1].partition("*")[0].casefold()
        if pending and (word.start() > at or label != charset):
            parts.append(_noted(decode(pending, charset), notes))
            pending = b""
        if word.start() > at:
            parts.append(_noted(_raw(value[at : word.start()]), notes))
        pending, charset, at = pending + _unpacked(word[2], word[3]), label, word.end()
    if pending:
        parts.append(_noted(decode(pending, charset), notes))
    parts.append(_noted(_raw(value[at:]), notes))
    return Decoded("".join(parts), next(iter(notes), ""))


def _noted(decoded: Decoded, notes: list[str]) -> str:
    if decoded.note:
        notes.append(decoded.note)
    return decoded.text


def _raw(text: str) -> Decoded:
    """Return header text that stands outside encoded words; it should be ASCII, and often is not."""
    return Decoded(text) if text.isascii() else decode(raw_bytes(text), None)


def raw_bytes(text: str) -> bytes:
    """Return the bytes that a header's value was read from."""
    return text.encode("utf-8", "surrogateescape")


def _unpacked(encoding: str, content: str) -> bytes:
    packed = raw_bytes(content)
    if encoding in "qQ":
        spaced = packed.replace(b"_", b" ")
        return re.sub(rb"=([0-9A-Fa-f]{2})", lambda code: bytes([int(code[1], 16)]), spaced)
    return unpack_base64(packed)


def unpack_base64(packed: bytes) -> bytes:
    """Return what is in base64, however it was cut or padded."""
    clean = re.sub(rb"[^A-Za-z0-9+/]", b"", packed)
    clean = clean[: len(clean) - 1] if len(clean) % 4 == 1 else clean
    return codecs.decode(clean + b"=" * (-len(clean) % 4), "base64")


_CONTROL: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\u202a-\u202e\u2066-\u2069]"
)
"""Control characters, halves of pairs, and the marks that turn the direction of text to deceive its reader."""


def clean(text: str) -> str:
    """Return text that can be stored and shown: its lines end in one way, control characters are gone."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n").replace("\x0c", "\n"))


def one_line(text: str, longest: int = 500) -> str:
    """Return text as one line of at most ``longest`` characters."""
    return " ".join(clean(text).split())[:longest].strip()
