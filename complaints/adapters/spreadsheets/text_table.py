"""Tables in CSV: the encoding told honestly, lines of bounded length, and a cut file noticed."""

import codecs
import csv
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Final

from complaints.adapters.spreadsheets import limits
from complaints.adapters.spreadsheets.cells import Cell
from complaints.adapters.spreadsheets.report import Unusable

DAMAGE: Final = (EOFError, OSError, zlib.error, zipfile.BadZipFile)
"""What reading a packed file that is cut or damaged ends in."""
SAMPLE: Final = 262_144
"""Bytes by which the encoding is told."""

_SURROGATE: Final = re.compile("[\ud800-\udfff]")  # what "surrogateescape" makes of a byte that does not fit
_COMMON_SHARE: Final = 0.9
_MARKS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def encoding_of(sample: bytes) -> str:
    """Tell how a text is encoded, by its beginning.

    A byte order mark says so. Else it is UTF-8, unless it is none and is surely Chinese in GB18030: almost
    all that is not ASCII then is among the common characters, which chance, or another encoding, does not bring about.

    Example:
        >>> encoding_of("投诉人,手机号".encode("gbk")), encoding_of("CAFÉ".encode("latin-1"))
        ('gb18030', 'utf-8-sig')
    """
    for mark, encoding in _MARKS:
        if sample.startswith(mark):
            return encoding
    if _decoded(sample, "utf-8") is None and _is_chinese(_decoded(sample, "gb18030")):
        return "gb18030"
    return "utf-8-sig"


def _decoded(sample: bytes, encoding: str) -> str | None:
    try:
        return codecs.getincrementaldecoder(encoding)().decode(sample, final=len(sample) < SAMPLE)
    except UnicodeDecodeError:
        return None


def _is_chinese(text: str | None) -> bool:
    others = [character for character in text or "" if not character.isascii()]
    common = sum(bool(character.encode("gb2312", "ignore")) for character in others)
    han = any(unicodedata.category(character) == "Lo" for character in others)
    return han and common >= _COMMON_SHARE * len(others)


class TextTable:
    """A table in CSV.

    Attributes:
        encoding: How its text is read.
        pads: Whether a row may have fewer cells than there are columns; in CSV it is cut.
    """

    pads = False

    def __init__(self, stream: IO[str], encoding: str, delimiter: str = ",") -> None:
        self.encoding: str | None = "utf-8" if encoding == "utf-8-sig" else encoding
        self._lines = _Lines(stream)
        # Strict: an open quote at the end of the file is an error.
        self._reader = csv.reader(self._lines, strict=True, delimiter=delimiter)

    @property
    def is_ended(self) -> bool:
        """Whether the last row that was read had a line end."""
        return self._lines.is_ended

    def rows(self) -> Iterator[tuple[int, list[Cell] | Unusable]]:
        """Return each row with its number, or what is wrong with it; rows without any content are passed over."""
        for number in range(1, limits.ROWS + 1):
            line = self._reader.line_num + 1
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                last = self._reader.line_num
                where = f"line {line}" if last == line else f"lines {line} to {last}"
                yield number, Unusable("", f"{where}: a quoted cell is cut or wrongly quoted ({error})", cut=True)
            except Unusable as fault:
                yield number, fault
                return
            except DAMAGE as error:
                reason = f"line {line}: the file is cut or damaged here ({type(error).__name__}); fetch it again"
                yield number, Unusable("", reason, cut=True)
                return
            else:
                if "".join(cells).strip():
                    yield number, self._fault(cells) or list(cells)
        yield limits.ROWS + 1, Unusable("", f"has more than {limits.ROWS:,} rows; split the file", cut=True)

    def _fault(self, cells: list[str]) -> Unusable | None:
        if len(cells) > limits.COLUMNS:
            return Unusable("", f"has more than {limits.COLUMNS:,} cells")
        row = "".join(cells)
        if "\0" in row:
            return Unusable("", "contains NUL characters; save the file as CSV in UTF-8")
        if not row.isascii() and _SURROGATE.search(row):
            at = next(at for at, cell in enumerate(cells) if _SURROGATE.search(cell))
            return WronglyEncoded(at, self.encoding or "")
        return None


class WronglyEncoded(Unusable):
    """A cell's bytes are no text in the encoding of the file; which column it is, is known to who knows the names."""

    def __init__(self, at: int, encoding: str) -> None:
        name = {"utf-8": "UTF-8", "gb18030": "GB18030"}.get(encoding, encoding)
        super().__init__("", f"is not {name}; save the file in UTF-8")
        self.at = at


class _Lines:
    """The lines of a text, of bounded length; knows whether the last one was ended."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self.is_ended = True

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._stream.readline(limits.LINE)
        if not line:
            raise StopIteration
        self.is_ended = line[-1] in "\r\n"
        if len(line) == limits.LINE and not self.is_ended:
            raise Unusable("", f"has a line of over {limits.LINE:,} characters; the rest was not read", cut=True)
        return line
