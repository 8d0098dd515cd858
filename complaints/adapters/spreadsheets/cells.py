"""Cells of spreadsheets: what is read from one, and what is written into one."""

import re
from datetime import date, datetime, time
from typing import Final

Cell = str | int | float | bool | datetime | date | time | None
"""What a cell holds: CSV has only text."""

_ACTIVE: Final = re.compile(r"(^|[;\t])(?=\s*[=+\-@＝＋－＠]|[\t\r\n])")  # the wide ones too: Chinese Excel reads them
_EXACT: Final = 10**15
"""From here on a spreadsheet's number has lost digits: it keeps fifteen."""


def harmless(cell: str) -> str:
    """Return a cell's text so that no spreadsheet takes it for a formula: with an apostrophe before it.

    Everything that Redress writes into a CSV or a workbook goes through here. A spreadsheet that separates cells by
    semicolons or tabs would take what follows one within a cell for a cell of its own.

    Example:
        >>> harmless("=cmd|' /C calc'!A0"), harmless("投诉")
        ("'=cmd|' /C calc'!A0", '投诉')
    """
    return _ACTIVE.sub(r"\1'", cell)


def text_of(cell: Cell) -> str:
    """Return what a cell says, without the blanks around it.

    Raises:
        ValueError: it is a number that has lost its last digits.
    """
    if isinstance(cell, str):
        return cell.strip()
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, int | float):
        if abs(cell) >= _EXACT:
            raise ValueError("is a number of over 15 digits, of which the last are lost; format the column as text")
        return str(int(cell)) if cell == int(cell) else repr(cell)
    return cell.isoformat()
