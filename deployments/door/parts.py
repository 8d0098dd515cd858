"""Bodies of several parts (multipart/form-data): one record as JSON, and files."""

from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, Final, cast

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from deployments.door.bodies import CHUNK, IN_MEMORY, Body
from deployments.door.limits import LARGEST_BODY, MOST_FILES
from deployments.door.problems import INVALID, TOO_LARGE, Refused, invalid

_BOUNDARY_BYTES: Final = range(1, 71)  # RFC 2046


@dataclass(frozen=True)
class Part:
    """A file that came with a record.

    Attributes:
        name: What the sender calls it.
        media_type: What the sender says it is.
        content: To be read from its beginning.
    """

    name: str
    media_type: str | None
    content: BinaryIO


class Parts:
    """Reads a body of several parts, none of which is ever wholly in memory where it is large.

    Args:
        content_type: The header that names the boundary.
        record: The name of the part that holds the record; all others must be files.

    Raises:
        Refused: there is no boundary.
    """

    def __init__(self, content_type: str, record: str) -> None:
        self.files: list[Part] = []
        self._name, self._record, self._ended = record, b"", False
        self._header, self._value, self._headers = b"", b"", dict[bytes, bytes]()
        self._file: BinaryIO | None = None  # that the current part is written to; None: it is the record
        boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
        if len(boundary) not in _BOUNDARY_BYTES:
            raise invalid("", "Content-Type names no boundary of 1 to 70 bytes")
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._headers.clear,
                "on_header_field": self._take_header,
                "on_header_value": self._take_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._begin_content,
                "on_part_data": self._take_content,
                "on_part_end": self._end_content,
                "on_end": self._end,
            },
        )

    def read(self, body: Body) -> bytes:
        """Read a body to its end; return the record.

        Raises:
            Refused: it is not what its boundary says, has more parts than are taken, or no record.
        """
        try:
            while chunk := body.read(CHUNK):
                self._parser.write(chunk)
        except FormParserError:
            raise _broken() from None
        if not self._ended:
            raise _broken()
        if not self._record:
            raise invalid(self._name, "there is no part of this name; it holds the record as JSON")
        return self._record

    def close(self) -> None:
        """Let go of the files."""
        for part in self.files:
            part.content.close()

    # --- what the parser finds ---------------------------------------------------------------------

    def _take_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _take_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        self._headers[self._header.lower()] = self._value
        self._header = self._value = b""

    def _begin_content(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        if options.get(b"name", b"").decode(errors="replace") == self._name:
            if self._record:
                raise invalid(self._name, "is there twice; send it once")
            self._file = None
            return
        if b"filename" not in options:
            raise invalid(
                _text(options.get(b"name", b"")), "is no file and not known; only files come beside the record"
            )
        if len(self.files) == MOST_FILES:
            raise Refused(
                TOO_LARGE, f"There are more than {MOST_FILES} files; send the others as materials of the case."
            )
        self._file = cast(BinaryIO, SpooledTemporaryFile(IN_MEMORY))  # noqa: SIM115 - closed with all files
        media_type = self._headers.get(b"content-type")
        self.files.append(Part(_text(options[b"filename"]), _text(media_type) if media_type else None, self._file))

    def _take_content(self, data: bytes, start: int, end: int) -> None:
        if self._file is not None:
            self._file.write(data[start:end])
            return
        self._record += data[start:end]
        if len(self._record) > LARGEST_BODY:
            raise Refused(TOO_LARGE, f"The part '{self._name}' is larger than {LARGEST_BODY} bytes.")

    def _end_content(self) -> None:
        if self._file is not None:
            self._file.seek(0)

    def _end(self) -> None:
        self._ended = True


def _text(raw: bytes) -> str:
    """Return what a header says, in UTF-8 as browsers send it (RFC 7578)."""
    return raw.decode(errors="replace")


def _broken() -> Refused:
    reason = "send multipart/form-data that ends with its boundary"
    return Refused(INVALID, "The body is not what its Content-Type says.", [{"field": "", "reason": reason}])
