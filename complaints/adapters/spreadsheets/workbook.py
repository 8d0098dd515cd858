"""Tables in XLSX: checked before they are opened, read row by row, no formula evaluated and no link followed.

Read with openpyxl, in its mode for reading alone: it holds one row at a time, and parses with defusedxml. What it
would not survive (a bomb, an entity, a row number without end) is found before, with a parser that keeps nothing.
"""

import warnings
import zipfile
from collections.abc import Iterator
from typing import IO, Any, Final
from xml.parsers import expat

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from complaints.adapters.spreadsheets import limits
from complaints.adapters.spreadsheets.cells import Cell
from complaints.adapters.spreadsheets.report import Unusable

_CHUNK: Final = 262_144  # bytes
_XML: Final = (".xml", ".rels", ".vml")

if not openpyxl.DEFUSEDXML:  # pragma: no cover - only where an environment variable turns it off
    raise ImportError("openpyxl must parse with defusedxml: unset OPENPYXL_DEFUSEDXML")


class BadWorkbook(Exception):
    """A file is no workbook that may be opened; the argument says why."""


class WorkbookTable:
    """A worksheet.

    Attributes:
        encoding: None; its text says so itself.
        pads: Blank cells at the end of a row are not there.
        is_ended: A workbook is whole, or cannot be opened.
    """

    encoding = None
    pads = True
    is_ended = True

    def __init__(self, stream: IO[bytes], sheet: str = "") -> None:
        check(stream)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what openpyxl leaves out: pictures, validations
            try:
                book = openpyxl.load_workbook(stream, read_only=True, keep_links=False, data_only=False)
                names = [one.title for one in book.worksheets]
                if sheet and sheet not in names:
                    raise BadWorkbook(f"has no worksheet '{sheet}'")
                self._sheet = book[sheet] if sheet else book.worksheets[0]
            except BadWorkbook:
                raise
            except Exception as error:  # whatever openpyxl stumbles over in a file made by others
                raise BadWorkbook(f"is no workbook that can be read ({type(error).__name__})") from None
        self._sheet.reset_dimensions()  # what a file says of its size need not be so

    def rows(self) -> Iterator[tuple[int, list[Cell] | Unusable]]:
        """Return each row with its number, or what is wrong with it; rows without any content are passed over."""
        number = 0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            rows = self._sheet.iter_rows()
            while True:
                try:
                    row = next(rows, None)
                except Exception as error:
                    reason = f"the worksheet is damaged from here on ({type(error).__name__}); save it again"
                    yield number + 1, Unusable("", reason, cut=True)
                    return
                if row is None:
                    return
                number += 1
                if number > limits.ROWS:
                    yield number, Unusable("", f"has more than {limits.ROWS:,} rows; split the file", cut=True)
                    return
                if any(cell.value is not None for cell in row):
                    yield number, _fault(row) or [_value(cell) for cell in row]


class Formula(str):
    """A formula: it is never evaluated, nor is what a spreadsheet once made of it believed."""

    __slots__ = ()


def _value(cell: Any) -> Cell:
    if cell.data_type == "f":
        return Formula("=")
    return "#ERROR" if cell.data_type == "e" else cell.value


def _fault(row: tuple[Any, ...]) -> Unusable | None:
    if len(row) > limits.COLUMNS:
        return Unusable("", f"has more than {limits.COLUMNS:,} cells")
    if any(isinstance(cell.value, str) and len(cell.value) > limits.CELL for cell in row):
        return Unusable("", f"has a cell of over {limits.CELL:,} characters")
    return None


def check(stream: IO[bytes]) -> None:
    """Refuse a workbook that would fill memory or disk, or that is not what it seems.

    Raises:
        BadWorkbook: it is too large once unpacked, or its XML defines entities or is too deep, wide or long.
    """
    size = stream.seek(0, 2)
    stream.seek(0)
    if size > limits.PACKED:
        raise BadWorkbook(f"has more than {limits.PACKED // 1024**2} MB; save it as CSV")
    try:
        with zipfile.ZipFile(stream) as archive:
            _check_sizes(archive, size)
            for part in archive.infolist():
                if part.filename.casefold().endswith(_XML):
                    with archive.open(part) as content:
                        _Xml(part.filename).check(content)
    except (zipfile.BadZipFile, EOFError, OSError, RuntimeError, NotImplementedError, InvalidFileException) as error:
        raise BadWorkbook(f"is damaged, or locked with a password ({type(error).__name__})") from None
    stream.seek(0)


def _check_sizes(archive: zipfile.ZipFile, packed: int) -> None:
    parts = archive.infolist()
    unpacked = sum(part.file_size for part in parts)  # no part gives more than it says
    if len(parts) > limits.PARTS or unpacked > limits.UNPACKED:
        raise BadWorkbook(f"unpacks to more than {limits.UNPACKED // 1024**2} MB or {limits.PARTS:,} parts")
    if unpacked > limits.RATIO_FROM and unpacked > limits.RATIO * packed:
        raise BadWorkbook(f"unpacks to more than {limits.RATIO} times its size")


class _Xml:
    """Looks through one part of a workbook and keeps nothing of it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._depth = self._elements = self._cells = 0
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.EntityDeclHandler = self._doctype

    def check(self, content: IO[bytes]) -> None:
        try:
            while chunk := content.read(_CHUNK):
                self._parser.Parse(chunk)
            self._parser.Parse(b"", True)
        except expat.ExpatError:
            raise BadWorkbook(f"is damaged: its part {self._name[-60:]!r} is no XML") from None

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > limits.DEPTH or self._elements > limits.ELEMENTS:
            raise BadWorkbook("has more XML than a table needs")
        kind = name.rpartition(":")[2]  # a part may name its elements with a prefix
        if kind == "row":
            self._cells = 0
            if len(number := attributes.get("r", "")) > len(str(limits.ROWS)):
                raise BadWorkbook(f"numbers a row with {len(number)} digits")
        elif kind == "c":
            self._cells += 1
            if self._cells > limits.COLUMNS:
                raise BadWorkbook(f"has a row of more than {limits.COLUMNS:,} cells")

    def _end(self, name: str) -> None:
        self._depth -= 1

    def _doctype(self, *_: object) -> None:
        raise BadWorkbook("defines XML entities, which no spreadsheet does")
