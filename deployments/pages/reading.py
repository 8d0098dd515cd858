"""Reading what a form of the pages sends: words and files, within limits, never half of them."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Final

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from deployments.door.limits import LARGEST_DELIVERY

_LARGEST_FIELD: Final = 512 * 1024  # bytes: the longest words that are taken, several times over
_MOST_FIELDS: Final = 60
_MOST_PARTS: Final = 60  # files; more than are taken are counted, not kept
_DRAINED: Final = 4 * LARGEST_DELIVERY
"""Bytes above the limit that are read and thrown away, so that a browser shows our answer instead of an error."""


@dataclass
class Sent:
    """What a form sent.

    Attributes:
        typed: The words of each field.
        files: The files that were chosen; to be closed by who reads them.
        too_large: The body was too large: the files were thrown away.
    """

    typed: dict[str, str] = field(default_factory=dict)
    files: list[UploadFile] = field(default_factory=list)
    too_large: bool = False

    def close(self) -> None:
        """Let go of the files."""
        for one in self.files:
            one.file.close()


class NotReadable(Exception):
    """The body is no form of ours, or only a part of one."""


class _Parser(MultiPartParser):
    """Notes whether the end of the form came: a part of it must not pass for the whole."""

    has_ended = False
    spool_max_size = 64 * 1024  # bytes of a file in memory; more of it goes to disk

    def on_end(self) -> None:
        self.has_ended = True


async def read_form(request: Request) -> Sent:
    """Read a form.

    Raises:
        NotReadable: it is no ``multipart/form-data``, broken, cut short, or far too large.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise NotReadable
    body = _Body(request)
    parser = _Parser(
        request.headers, body.stream(), max_files=_MOST_PARTS, max_fields=_MOST_FIELDS, max_part_size=_LARGEST_FIELD
    )
    try:
        await parser.parse()
    except MultiPartException:
        raise NotReadable from None
    sent = Sent(too_large=body.is_too_large)
    for name, value in parser.items:
        if isinstance(value, str):
            sent.typed[name] = value.replace("\r\n", "\n")
        elif value.filename or value.size:  # where no file was chosen, browsers send an empty one without a name
            sent.files.append(value)
    if body.is_too_large:
        sent.close()
        sent.files = []
    elif not parser.has_ended:
        sent.close()
        raise NotReadable
    return sent


class _Body:
    """The body of a request, of which no more than the limit is passed on."""

    def __init__(self, request: Request) -> None:
        self._request, self.is_too_large = request, False

    async def stream(self) -> AsyncGenerator[bytes, None]:
        left, drained = LARGEST_DELIVERY, 0
        async for chunk in self._request.stream():
            if left:
                yield chunk[:left]
            drained += max(0, len(chunk) - left)
            left = max(0, left - len(chunk))
            self.is_too_large = drained > 0
            if drained > _DRAINED:
                raise NotReadable
