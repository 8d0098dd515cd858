"""What a row of a table becomes, by the mapping of its source."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from complaints.adapters.spreadsheets.cells import Cell, text_of
from complaints.adapters.spreadsheets.fields import CONTACTS, FIELDS, HISTORY_FIELDS, FieldType, code_of
from complaints.adapters.spreadsheets.mapping import Column, Mapping
from complaints.adapters.spreadsheets.report import Unusable
from complaints.adapters.spreadsheets.workbook import Formula
from complaints.intake import Complaint
from complaints.words import Title

_MONEY: Final = re.compile(r"[¥￥,，\s]|元$")


@dataclass(frozen=True)
class Record:
    """What a row says.

    Attributes:
        complaint: The record; without a number where the source gives none.
        timely: For history: whether it was answered in time, as far as the source says.
        closed_at: For history: when it was closed.
    """

    complaint: Complaint
    timely: bool | None = None
    closed_at: datetime | None = None


class RowReader(Protocol):
    """Reads the rows of a table whose column names are known."""

    @property
    def ignored(self) -> tuple[str, ...]:
        """Columns that are not read."""

    @property
    def header(self) -> Sequence[str]:
        """The column names as the file has them."""

    def record(self, cells: Sequence[Cell], now: datetime) -> Record:
        """Return what a row says.

        Raises:
            Unusable: it cannot become a case.
        """

    def is_whole(self, cells: Sequence[Cell]) -> bool:
        """Whether a last row without a line end is sure to be whole, as far as that can be seen."""


class Layout(Protocol):
    """A source's way of writing tables."""

    @property
    def name(self) -> str:
        """By which it is called."""

    @property
    def title(self) -> Title:
        """What people call it."""

    @property
    def sender(self) -> str:
        """Whose numbers the rows have."""

    @property
    def history(self) -> bool:
        """Whether its rows are matters that are over, unless somebody says otherwise."""

    @property
    def keeps_first(self) -> bool:
        """Whether a row that is a case already is left alone, whatever it says now."""

    @property
    def sheet(self) -> str:
        """Which worksheet; the first without it."""

    @property
    def encoding(self) -> str:
        """Of a CSV; told by its content without it."""

    def missing(self, header: Sequence[str]) -> tuple[str, ...]:
        """Return the columns that a row of names lacks."""

    def twice(self, header: Sequence[str]) -> tuple[str, ...]:
        """Return the columns that a row names twice, so that nobody knows which is meant."""

    def reader(self, header: Sequence[str]) -> RowReader:
        """Return what reads the rows under a row of names."""


def folded(name: str) -> str:
    """Return a column's name as it is compared: width, case, blanks and marks such as * do not count."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", name).casefold() if sign.isalnum())


class MappedLayout:
    """A source's tables, by a mapping file."""

    keeps_first = False

    def __init__(self, mapping: Mapping) -> None:
        self.mapping = mapping
        self.name, self.title, self.sender = mapping.name, mapping.title, mapping.sender
        self.history, self.sheet, self.encoding = mapping.history, mapping.sheet, mapping.encoding

    def missing(self, header: Sequence[str]) -> tuple[str, ...]:
        """Return the required columns that a row of names lacks."""
        known = {folded(name) for name in header}
        needed = [column for column in self.mapping.columns if column.required]
        return tuple(one.names[0] for one in needed if known.isdisjoint(map(folded, one.names)))

    def twice(self, header: Sequence[str]) -> tuple[str, ...]:
        """Return the columns that a row names twice."""
        known = [folded(name) for name in header]
        read = {key for column in self.mapping.columns for key in map(folded, column.names[:1]) if known.count(key) > 1}
        return tuple(dict.fromkeys(name for name in header if folded(name) in read))

    def reader(self, header: Sequence[str]) -> "MappedRows":
        """Return what reads the rows under a row of names."""
        return MappedRows(self.mapping, header)


class MappedRows:
    """Reads rows by a mapping."""

    def __init__(self, mapping: Mapping, header: Sequence[str]) -> None:
        self.header = list(header)
        self._mapping = mapping
        self._zone = ZoneInfo(mapping.zone)
        keys = [folded(name) for name in header]
        self._read: list[tuple[int, Column, FieldType]] = []
        for column in mapping.columns:
            found = next((key for key in map(folded, column.names) if key in keys), None)
            if found is not None:
                self._read.append((keys.index(found), column, _type(column.field)))
        self._absent = [
            (column, _type(column.field))
            for column in mapping.columns
            if column.default is not None and not any(key in keys for key in map(folded, column.names))
        ]
        read = {at for at, _, _ in self._read}
        self.ignored = tuple(name for at, name in enumerate(header) if name and at not in read)
        self._names = {column.field: header[at] for at, column, _ in self._read}

    def record(self, cells: Sequence[Cell], now: datetime) -> Record:
        """Return what a row says.

        Raises:
            Unusable: it cannot become a case.
        """
        values: dict[str, Any] = {}
        for at, column, kind in self._read:
            try:
                value = self._value(cells[at] if at < len(cells) else None, column, kind)
            except ValueError as wrong:
                raise Unusable(self.header[at], str(wrong)) from None
            if value is not None:
                values[column.field] = value
        for column, kind in self._absent:  # as if the column were there, and blank
            values[column.field] = self._value(None, column, kind)
        self._refuse_future(values, now)
        history = {name: values.pop(name, None) for name in HISTORY_FIELDS}
        return Record(self._complaint(values), **history)

    def is_whole(self, cells: Sequence[Cell]) -> bool:
        """Nobody can tell, unless the last column is none that is read."""
        return all(at < len(self.header) - 1 for at, _, _ in self._read)

    def _value(self, cell: Cell, column: Column, kind: FieldType) -> Any:
        if isinstance(cell, Formula):
            raise ValueError("holds a formula, which is not evaluated; copy the column and paste its values")
        if isinstance(cell, datetime | date) and kind.kind in ("moment", "day"):
            return _instant(cell, self._zone) if kind.kind == "moment" else _day(cell)
        text = text_of(cell)
        if not text and column.required:
            raise ValueError("is blank")
        if not (text := text or column.default or ""):
            return None
        if kind.codes or column.codes:
            text = self._code(text, column, kind)
        match kind.kind:
            case "yes_no":
                return text == "yes"
            case "amount":
                return _amount(text)
            case "moment" | "day":
                read = _read_date(text, self._mapping.dates, self._zone)
                return _instant(read, self._zone) if kind.kind == "moment" else _day(read)
        return text

    def _code(self, text: str, column: Column, kind: FieldType) -> str:
        own = _folded_codes(tuple(column.codes.items())).get(text.casefold())
        if own is not None:
            return (code_of(kind.codes, own) or own) if kind.codes else own
        if not kind.codes:
            return text if column.otherwise is None else column.otherwise
        found = code_of(kind.codes, text) or (column.otherwise and code_of(kind.codes, column.otherwise))
        if not found:
            raise ValueError("has a word that the mapping does not know; correct it, or add it to the column's codes")
        return found

    def _refuse_future(self, values: dict[str, Any], now: datetime) -> None:
        for name in ("received_at", "closed_at"):
            if name in values and values[name] > now:
                raise Unusable(self._names[name], "lies in the future")

    def _complaint(self, values: dict[str, Any]) -> Complaint:
        contacts = [(name, kind) for name, kind in CONTACTS.items() if name in values]
        record: dict[str, Any] = {"complainant": {}}
        record["complainant"]["contacts"] = [{"kind": kind, "value": values.pop(name)} for name, kind in contacts]
        for name, value in values.items():
            _put(record, name, value)
        for name, value in self._mapping.constants.items():
            parent = name.rpartition(".")[0]
            if not parent or parent == "complainant" or _has(record, parent):  # no currency without an amount
                kind = _type(name)
                value = (code_of(kind.codes, value) or value) if kind.codes else value
                _put(record, name, value == "yes" if kind.kind == "yes_no" else value)
        try:
            return Complaint.model_validate(record)
        except ValidationError as invalid:
            raise self._unusable(invalid, [name for name, _ in contacts]) from None

    def _unusable(self, invalid: ValidationError, contacts: list[str]) -> Unusable:
        first = invalid.errors(include_input=False, include_url=False)[0]
        place = [part for part in first["loc"] if isinstance(part, str)]
        name = ".".join(place)
        if "contacts" in place:
            name = contacts[next(part for part in first["loc"] if isinstance(part, int))]
        return Unusable(
            self._names.get(name, ""), reason_of(first) if name in self._names else f"{name}: {first['msg']}"
        )


def reason_of(error: Any) -> str:
    """Return what is wrong with a field, without what it holds."""
    if error["type"] == "string_too_long":
        return f"is longer than the {error['ctx']['max_length']:,} characters that a case can hold"
    return str(error["msg"]).removeprefix("Value error, ")


def _type(name: str) -> FieldType:
    return FIELDS.get(name) or HISTORY_FIELDS[name]


@lru_cache(maxsize=256)
def _folded_codes(codes: tuple[tuple[str, str], ...]) -> dict[str, str]:
    return {word.strip().casefold(): code for word, code in codes}


def _put(record: dict[str, Any], name: str, value: Any) -> None:
    *parents, last = name.split(".")
    for parent in parents:
        record = record.setdefault(parent, {})
    record[last] = value


def _has(record: dict[str, Any], name: str) -> bool:
    for part in name.split("."):
        if part not in record:
            return False
        record = record[part]
    return True


@lru_cache(maxsize=8192)
def _read_date(text: str, formats: tuple[str, ...], zone: ZoneInfo) -> datetime:
    for one in formats:
        try:
            return datetime.strptime(text, one).replace(tzinfo=zone)
        except ValueError:
            continue
    raise ValueError(f"is no date that the mapping knows; write it like {date(2026, 3, 2):{formats[0]}}")


def _day(value: datetime | date) -> date:
    return value.date() if isinstance(value, datetime) else value


def _instant(value: datetime | date, zone: ZoneInfo) -> datetime:
    """Return an instant; a day without a time is its midnight: the same on every import."""
    if not isinstance(value, datetime):
        value = datetime.combine(value, time(), tzinfo=zone)
    if not 1990 <= value.year <= 2199:
        raise ValueError("is no date of our time")
    return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)


def _amount(text: str) -> Decimal:
    try:
        return Decimal(_MONEY.sub("", unicodedata.normalize("NFKC", text)))
    except InvalidOperation:
        raise ValueError("is no amount; write it like 1234.50") from None
