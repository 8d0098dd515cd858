"""Reading a contact log: a table as CSV, or one JSON object a line."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import (
    ValidationError,
)

from complaints.contacts.attempts import ContactAttempt
from complaints.errors.base import ComplaintError


class ContactLogInvalid(ComplaintError):
    """A contact log cannot be read; the cell that is wrong is named, and never repeated."""

    def __init__(self, file: str, row: int, column: str, reason: str) -> None:
        super().__init__(file, row, column, reason)
        self.file, self.row, self.column, self.reason = file, row, column, reason

    def __str__(self) -> str:
        place = f"{self.file}, row {self.row}" if self.row else self.file
        return f"{place}{', ' + self.column if self.column else ''}: {self.reason}"


COLUMNS: Final[Mapping[str, bool]] = {
    field.alias or name: field.is_required() and name != "id" for name, field in ContactAttempt.model_fields.items()
}
"""The columns of a log, and whether each is needed."""

_Row = tuple[int, dict[str, Any]]


def read_log(file: Path) -> tuple[ContactAttempt, ...]:
    """Read a contact log: a table as CSV whose first row names the columns, or one JSON object a line.

    A cell with several values (``debt``, ``zones``, ``stops``) separates them by semicolons; ``stops`` may be "all".

    Raises:
        ContactLogInvalid: the first thing that is wrong, with row, column and cure.
        OSError: the file cannot be read.
    """
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ContactLogInvalid(file.name, 0, "", "is not text in UTF-8; save it as UTF-8") from None
    rows = _json_rows(text, file.name) if text.lstrip().startswith(("{", "[")) else _csv_rows(text, file.name)
    log: dict[str, ContactAttempt] = {}
    for row, values in rows:
        one = _contact(file.name, row, values)
        if one.id in log:
            raise ContactLogInvalid(file.name, row, "id", "stands in an earlier row, too; give each contact its own")
        log[one.id] = one
    return tuple(log.values())


def _json_rows(text: str, file: str) -> Iterator[_Row]:
    for row, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except (ValueError, RecursionError):
            values = None
        if not isinstance(values, dict):
            raise ContactLogInvalid(file, row, "", "is no JSON object; write one object on each line")
        if any(name not in COLUMNS for name in values):
            raise ContactLogInvalid(file, row, "", f"has an unknown field; the fields are: {', '.join(COLUMNS)}")
        yield row, {name: value for name, value in values.items() if value is not None}


def _csv_rows(text: str, file: str) -> Iterator[_Row]:
    reader = csv.reader(io.StringIO(text, newline=""))
    row = 0
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(header, file)
        row = 1
        for row, cells in enumerate(reader, 2):
            if len(cells) > len(header) and any(cells[len(header) :]):
                raise ContactLogInvalid(file, row, "", "has more cells than the first row has columns; correct it")
            values = {name: cell for name, cell in zip(header, cells, strict=False) if cell.strip()}
            if values:
                yield row, values
    except csv.Error as wrong:
        raise ContactLogInvalid(file, row + 1, "", f"cannot be read as CSV: {wrong}; save the table anew") from None


def _check_header(header: Sequence[str], file: str) -> None:
    """Refuse a header without naming what stands in it: it may be no header but somebody's data."""
    if missing := [name for name, needed in COLUMNS.items() if needed and name not in header]:
        raise ContactLogInvalid(
            file, 1, "", f"lacks the columns {', '.join(missing)}; name the columns, with commas between them"
        )
    for place, name in enumerate(header, 1):
        if name not in COLUMNS:
            reason = f"is unknown; remove it, or name it one of: {', '.join(COLUMNS)}"
            raise ContactLogInvalid(file, 1, f"column {place}", reason)
        if header.index(name) != place - 1:
            raise ContactLogInvalid(file, 1, name, "is there twice; keep one")


def _contact(file: str, row: int, values: dict[str, Any]) -> ContactAttempt:
    try:
        return ContactAttempt.model_validate({"id": f"row-{row}"} | values)
    except ValidationError as wrong:
        error = wrong.errors(include_input=False, include_url=False)[0]
        column = str(error["loc"][0]) if error["loc"] else ""
        raise ContactLogInvalid(file, row, column, _reason(error["type"], error)) from None


_REASONS: Final[Mapping[str, str]] = {
    "missing": "is missing; fill it in",
    "too_short": "is empty; fill it in",
    "string_too_short": "is empty; fill it in",
    "string_too_long": "is longer than 200 characters; shorten it",
    "string_pattern_mismatch": "has characters that an id may not have; use letters, digits and . : / # _ -",
    "bool_parsing": "is neither yes nor no; write one of them",
    "bool_type": "is neither true nor false; write one of them",
}


def _reason(kind: str, error: Mapping[str, Any]) -> str:
    """Return what is wrong with a cell and what to do, without its content."""
    if kind == "enum":
        return f"is unknown; write one of: {error['ctx']['expected']}"
    if kind == "value_error":
        return str(error["msg"]).removeprefix("Value error, ")
    return _REASONS.get(kind, "is not of the kind that belongs there; write it as text")
