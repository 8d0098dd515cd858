"""What a mail may be at most; whatever is beyond is kept whole and shown to a person, but not taken apart."""

from collections.abc import Callable
from email.message import Message
from email.parser import BytesParser
from email.policy import Compat32
from io import BytesIO
from itertools import count
from typing import Any, Final, cast

from complaints.errors.incoming_mail import MailBeyondLimits

LARGEST_MAIL: Final = 40_000_000
"""Bytes; the largest providers stop at 50 MB, most at 25, and base64 adds a third to every file."""
LARGEST_HEADER: Final = 200_000
"""Bytes of the header of the whole mail."""
LONGEST_FIELD: Final = 16_000
"""Characters of one header field; the rest of it is not looked at."""
MOST_LINES: Final = 1_000_000
"""Each costs memory beside its bytes; a mail of 40 MB in base64 has half of that."""
MOST_PARTS: Final = 300
DEEPEST: Final = 20
"""Parts within parts; every line is compared with the boundary of each."""


class _CutFields(Compat32):
    """Python's lenient way with mail, but a header field has an end."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        """Return name and value of a field."""
        name, value = super().header_source_parse(sourcelines)
        return name, value[:LONGEST_FIELD]

    def header_fetch_parse(self, name: str, value: str) -> Any:
        """Return the value as it stands there; who asks reads its charset."""
        return value


class Part(Message):
    """A mail, or a part of one, that knows how deep it lies.

    Attributes:
        bare: What it contains as it stands there, its bytes beyond ASCII as surrogates; Python itself gives it out
            only after having read it by the charset that the part names.
    """

    depth = 0
    bare = ""

    def attach(self, payload: Any) -> None:
        """Take a part in.

        Raises:
            MailBeyondLimits: it would lie too deep.
        """
        payload.depth = self.depth + 1
        if payload.depth > DEEPEST:
            raise MailBeyondLimits("levels of parts", DEEPEST)
        super().attach(payload)

    def set_payload(self, payload: Any, charset: Any = None) -> None:
        """Take the content in."""
        self.bare = payload if isinstance(payload, str) else ""
        super().set_payload(payload, charset)


def parse(content: bytes) -> "Message[str, str]":
    """Take a mail apart, whatever is wrong with it, within limits.

    Raises:
        MailBeyondLimits: it is too large, or has too many lines or parts, or they are nested too deep.
    """
    if len(content) > LARGEST_MAIL:
        raise MailBeyondLimits("bytes", LARGEST_MAIL)
    if header_size(content) > LARGEST_HEADER:
        raise MailBeyondLimits("bytes of header", LARGEST_HEADER)
    if content.count(b"\n") + content.count(b"\r") - content.count(b"\r\n") > MOST_LINES:
        raise MailBeyondLimits("lines", MOST_LINES)
    numbers = count()

    def part(policy: Any) -> Part:
        if next(numbers) > MOST_PARTS:
            raise MailBeyondLimits("parts", MOST_PARTS)
        return Part(policy)

    return BytesParser(cast("Callable[[], Message[str, str]]", part), policy=_CutFields()).parse(BytesIO(content))


def parse_header(content: bytes) -> "Message[str, str]":
    """Read the header alone, as much of it as is within the limit."""
    return BytesParser(policy=_CutFields()).parsebytes(content[: min(header_size(content), LARGEST_HEADER)], True)


def header_size(content: bytes) -> int:
    """Return how many bytes stand before the first empty line."""
    ends = [at for mark in (b"\n\n", b"\r\n\r\n", b"\n\r\n") if (at := content.find(mark)) >= 0]
    return min(ends, default=len(content))
