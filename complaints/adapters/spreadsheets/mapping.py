"""Mappings: which column of a source's spreadsheet is which field of a complaint. A TOML file for each source.

What Redress brings along stands in ``mappings/``; a firm writes its own beside its data. See docs/spreadsheets.md.
"""

import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Annotated, Final, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from complaints.adapters.spreadsheets.fields import FIELDS, HISTORY_FIELDS, FieldType, code_of
from complaints.errors.settings import RuleFileInvalid
from complaints.rulefile import first_error
from complaints.words import Title

DATES: Final = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d",
    "%Y年%m月%d日 %H:%M",
    "%Y年%m月%d日",
    "%Y.%m.%d",
    "%Y%m%d",
)
"""How dates are written, unless a mapping says otherwise: nothing in it can be read in two ways."""


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is no time zone; write it like Asia/Shanghai") from None
    return name


def _format(text: str) -> str:
    some_day = datetime(2026, 11, 28, tzinfo=UTC)
    try:
        read_back = datetime.strptime(some_day.strftime(text), text).replace(tzinfo=UTC)
    except ValueError:
        raise ValueError("is no date format; write it like %Y-%m-%d") from None
    if read_back != some_day:
        raise ValueError("does not give year, month and day; write it like %Y-%m-%d")
    return text


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Column(_Part):
    """One column.

    Attributes:
        field: The field of a complaint, such as ``complainant.name``.
        names: What the column is called, in this source's different files; the first that is there is read.
        required: Whether a row without it is rejected.
        codes: What words of the source mean, beside Redress's own words and codes.
        default: What is taken for a blank cell.
        otherwise: The code for words that are not known; without it such a row is rejected.
    """

    field: str
    names: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] = Field(min_length=1, max_length=20)
    required: bool = False
    codes: dict[str, str] = Field(default_factory=dict, max_length=500)
    default: str | None = None
    otherwise: str | None = None

    @model_validator(mode="after")
    def _fits_the_field(self) -> Self:
        kind = _type_of(self.field)
        for given in (*self.codes.values(), self.default, self.otherwise):
            if given is not None:
                _refuse_no_code(kind, given)
        if self.otherwise is not None and not (kind.codes or self.codes):
            raise ValueError("otherwise: this column holds no codes; use default")
        if self.required and self.default is not None:
            raise ValueError("default: a required column has none")
        return self


class Mapping(_Part):
    """A source's spreadsheets.

    Attributes:
        name: By which it is called.
        title: What people call it.
        sender: Whose numbers the rows have; with the number it tells a row that is a case already.
        history: Whether its rows are matters that are over, unless the command says otherwise.
        zone: Of its dates and times.
        dates: How dates are written (``strptime``).
        sheet: Which worksheet; the first without it.
        encoding: Of a CSV; told by its content without it.
        constants: Fields that are the same in every row.
        columns: The others.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    title: Title
    sender: str = Field(min_length=1, max_length=64, pattern=r"^[!-~]+$")
    history: bool = False
    zone: Annotated[str, AfterValidator(_zone)] = "Asia/Shanghai"
    dates: tuple[Annotated[str, AfterValidator(_format)], ...] = Field(default=DATES, min_length=1, max_length=20)
    sheet: str = Field(default="", max_length=31)
    encoding: str = Field(default="", pattern=r"^(|utf-8|utf-16|gb18030)$")
    constants: dict[str, str] = Field(default_factory=dict)
    columns: tuple[Column, ...] = Field(min_length=1, max_length=100)

    @model_validator(mode="after")
    def _is_a_complaint(self) -> Self:
        for name, value in self.constants.items():
            _refuse_no_code(_type_of(name), value)
        seen: set[str] = set()
        for name in (*self.constants, *(column.field for column in self.columns)):
            if name in seen:
                raise ValueError(f"{name} is there twice")
            seen.add(name)
        if lacking := {"channel", "narrative"} - seen:
            raise ValueError(
                f"lacks {' and '.join(sorted(lacking))}, which every complaint has; add a column or constant"
            )
        return self


def _type_of(field: str) -> FieldType:
    known = FIELDS | HISTORY_FIELDS
    if field not in known:
        raise ValueError(f"'{field}' is no field of a complaint; known are: {', '.join(known)}")
    return known[field]


def _refuse_no_code(kind: FieldType, given: str) -> None:
    if kind.codes and code_of(kind.codes, given) is None:
        raise ValueError(f"'{given}' is no code here; known are: {', '.join(dict.fromkeys(kind.codes.values()))}")


def read_mapping(text: str, where: str) -> Mapping:
    """Read a mapping file.

    Raises:
        RuleFileInvalid: it cannot be used; says which line and field.
    """
    try:
        return Mapping.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as wrong:
        raise RuleFileInvalid(where, 0, "", str(wrong)) from None
    except ValidationError as wrong:
        raise first_error(wrong, text, where) from None


@cache
def packaged() -> dict[str, Mapping]:
    """Return the mappings that Redress brings along, by name."""
    return {mapping.name: mapping for mapping in _packaged()}


def _packaged() -> Iterator[Mapping]:
    folder = files("complaints.adapters.spreadsheets") / "mappings"
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        if file.name.endswith(".toml"):
            yield read_mapping(file.read_text(encoding="utf-8"), file.name)
