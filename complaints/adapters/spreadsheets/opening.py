"""Opening a file as a table, whatever it is packed in: CSV, plain, in gzip or alone in a zip archive; or XLSX."""

import gzip
import io
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, Protocol, cast

from complaints.adapters.spreadsheets import limits
from complaints.adapters.spreadsheets.cells import Cell
from complaints.adapters.spreadsheets.report import TableRefused, Unusable
from complaints.adapters.spreadsheets.text_table import DAMAGE, SAMPLE, TextTable, encoding_of
from complaints.adapters.spreadsheets.workbook import BadWorkbook, WorkbookTable

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = b"PK\x03\x04"
_OLD_EXCEL: Final = b"\xd0\xcf\x11\xe0"
_PIECE: Final = 8_192  # bytes: what stands before damage is not lost with it


class Table(Protocol):
    """Rows of cells, as a file has them."""

    @property
    def encoding(self) -> str | None:
        """How its text was read; None where the file says so itself."""

    @property
    def pads(self) -> bool:
        """Whether a row may have fewer cells than there are columns."""

    @property
    def is_ended(self) -> bool:
        """Whether the last row that was read is sure to be whole."""

    def rows(self) -> Iterator[tuple[int, list[Cell] | Unusable]]:
        """Return each row that has content, with its number as a spreadsheet shows it, or what is wrong with it."""


@contextmanager
def open_table(file: Path, sheet: str = "", encoding: str = "") -> Iterator[Table]:
    """Open a file as a table.

    Args:
        file: CSV, plain, in gzip or alone in a zip archive; or XLSX.
        sheet: Which worksheet; the first without it.
        encoding: Of CSV; told by its content without it.

    Raises:
        TableRefused: the file cannot be read.
    """
    with ExitStack() as stack:
        try:
            packed: IO[bytes] = stack.enter_context(file.open("rb"))
            magic = packed.read(4)
            packed.seek(0)
            if magic == _OLD_EXCEL:
                raise BadWorkbook("is an old .xls file; save it as .xlsx or CSV")
            if magic == _ZIP and _is_workbook(packed):
                table: Table = WorkbookTable(packed, sheet)
            else:
                table = _text_table(stack, file, packed, magic, encoding)
        except BadWorkbook as wrong:
            raise TableRefused(str(file), str(wrong)) from None
        except (*DAMAGE, RuntimeError, NotImplementedError) as error:  # the last two: zip with a password, or exotic
            why = getattr(error, "strerror", None) or type(error).__name__
            raise TableRefused(str(file), f"cannot be opened ({why})") from None
        yield table


def _is_workbook(stream: IO[bytes]) -> bool:
    with zipfile.ZipFile(stream) as archive:
        found = any(part.filename.casefold() == "[content_types].xml" for part in archive.infolist())
    stream.seek(0)
    return found


def _text_table(stack: ExitStack, file: Path, packed: IO[bytes], magic: bytes, encoding: str) -> TextTable:
    content = packed
    if magic.startswith(_GZIP):
        content = cast(IO[bytes], stack.enter_context(gzip.GzipFile(fileobj=packed)))
    elif magic == _ZIP:
        archive = stack.enter_context(zipfile.ZipFile(packed))
        content = stack.enter_context(archive.open(_only_member(file, archive)))
    buffered = io.BufferedReader(_Bounded(content, packed if content is not packed else None), SAMPLE)
    try:
        sample = buffered.peek(SAMPLE)
    except Unusable as fault:
        raise TableRefused(str(file), fault.reason) from None
    told = encoding or encoding_of(sample)
    text = stack.enter_context(io.TextIOWrapper(buffered, told, errors="surrogateescape", newline=""))
    return TextTable(text, told, _delimiter(sample.decode(told, "ignore")))


def _delimiter(beginning: str) -> str:
    """Return what stands between cells, by the first line that has any; Excel's own text is in tabs."""
    for line in beginning.splitlines():
        for delimiter in ",\t;":
            if delimiter in line:
                return delimiter
    return ","


def _only_member(file: Path, archive: zipfile.ZipFile) -> str:
    names = [
        name for name in archive.namelist() if name.casefold().endswith(".csv") and not name.startswith("__MACOSX")
    ]
    if len(names) != 1:
        raise TableRefused(str(file), f"holds {len(names)} CSV files; one is needed")
    return names[0]


class _Bounded(io.RawIOBase):
    """The bytes of a text, unpacked: no more than a limit, and up to where the packing is damaged."""

    def __init__(self, content: IO[bytes], packed: IO[bytes] | None) -> None:
        self._content, self._packed = content, packed
        self._read = 0
        self._damage: BaseException | None = None

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fill a buffer as far as there is anything."""
        view, filled = memoryview(buffer), 0
        while filled < len(view) and not self._damage:
            try:
                piece = self._content.read(min(_PIECE, len(view) - filled))
            except DAMAGE as damage:  # told once all before it is read
                self._damage = damage
                break
            if not piece:
                break
            view[filled : filled + len(piece)] = piece
            filled += len(piece)
            self._count(len(piece))
        if self._damage and not filled:
            raise self._damage
        return filled

    def _count(self, size: int) -> None:
        self._read += size
        if self._packed is None:
            return
        if self._read > limits.TEXT:
            raise Unusable("", f"unpacks to more than {limits.TEXT // 1024**3} GB; split the file", cut=True)
        if self._read > limits.RATIO_FROM and self._read > limits.RATIO * self._packed.tell():
            raise Unusable("", f"unpacks to more than {limits.RATIO} times its size; no table does", cut=True)
