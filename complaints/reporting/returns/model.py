"""A return: the tables that are handed in to an authority, and everything that must be known before that is done."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from complaints.errors.base import ComplaintError
from complaints.reporting.periods import Period
from complaints.words import Title, Worded

Value = str | int | Decimal | date | None
"""What a cell holds; None: nothing can be said."""

THE_RETURN: Final = "return"
"""The place of a finding that is about no table."""


class ReturnUnknown(ComplaintError):
    """A return was asked for that is not made here."""

    def __init__(self, regime: str, name: str, known: Iterable[str]) -> None:
        self.regime, self.name, self.known = regime, name, tuple(known)
        super().__init__(regime, name, self.known)

    def __str__(self) -> str:
        which = f"'{self.name}' of '{self.regime}'" if self.name else f"of '{self.regime}'"
        return f"No return {which} is made here. Known are: {', '.join(self.known)}"


class ReturnNotMade(ComplaintError):
    """A return is not made for a period."""

    def __init__(self, name: str, period: str, reason: str, cure: str) -> None:
        super().__init__(name, period, reason, cure)
        self.name, self.period, self.reason, self.cure = name, period, reason, cure

    def __str__(self) -> str:
        return f"The return '{self.name}' is not made for {self.period}: {self.reason}. {self.cure}"


class Grade(Worded):
    """How much a finding weighs."""

    MUST = "must", "须更正", "must be put right"
    VERIFY = "verify", "待核实", "to verify"
    NOTE = "note", "说明", "note"


@dataclass(frozen=True)
class Finding:
    """Something that must be put right, verified or known before a return is handed in.

    Attributes:
        place: The table it is about, or :data:`THE_RETURN`.
        field: What is wrong or missing.
        reason: In what way.
        cure: What helps.
        cases: The references of the cases it is about; of a file that was read, its lines.
    """

    grade: Grade
    place: str
    field: Title
    reason: Title
    cure: Title
    cases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Column:
    """A column: what the file calls it, and what people read."""

    header: str
    title: Title


@dataclass(frozen=True)
class Table:
    """A table of a return.

    Attributes:
        rows: One value a column.
        is_list: One row a complaint, for machines; people are shown how many there are.
        note: What must be known to read it.
    """

    name: str
    title: Title
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    is_list: bool = False
    note: Title | None = None

    def __post_init__(self) -> None:
        """Refuse rows that do not fit under the columns."""
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"a row of table {self.name} has not one value a column")

    def records(self) -> list[dict[str, Value]]:
        """Return the rows by the columns' headers."""
        return [dict(zip((one.header for one in self.columns), row, strict=True)) for row in self.rows]


@dataclass(frozen=True)
class Made:
    """What a regime's own part of making a return comes to."""

    tables: tuple[Table, ...]
    findings: tuple[Finding, ...]
    is_nil: bool
    dedupe: Title


@dataclass(frozen=True)
class Entity:
    """Who reports.

    Attributes:
        name: In both languages.
        number: By which the authority knows it; empty: not known here.
        level: Legal entity, group or branch.
    """

    name: Title
    number: str
    level: Title


@dataclass(frozen=True)
class Return:
    """A return for a period, as the ledger stood at ``as_at``.

    Attributes:
        language: In which the authority reads its files.
        zone: In which days begin.
        as_at: What was known then.
        due_on: The last day for handing it in; None: see ``due_words``.
        is_nil: There is nothing to report.
        dedupe: What counts once.
        left_out: How many complaints the dedupe rule left out.
        source: Where the rule stands.
        to_verify: Its source is not sure.
    """

    regime: str
    name: str
    title: Title
    language: str
    period: Period
    zone: ZoneInfo
    as_at: datetime
    entity: Entity
    due_on: date | None
    due_words: Title
    is_nil: bool
    dedupe: Title
    left_out: int
    source: Title
    to_verify: bool
    tables: tuple[Table, ...]
    findings: tuple[Finding, ...]

    @property
    def is_ready(self) -> bool:
        """Whether nothing is left that must be put right."""
        return all(one.grade is not Grade.MUST for one in self.findings)

    def table(self, name: str) -> Table:
        """Return a table by its name."""
        return next(one for one in self.tables if one.name == name)

    def count(self, grade: Grade) -> int:
        """Return how many findings have this grade."""
        return sum(one.grade is grade for one in self.findings)


def text_of(value: Value | Any) -> str:
    """Return what a cell says as text: a date as 2026-03-02, an amount as 128.50, nothing as ""."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date) else str(value)
