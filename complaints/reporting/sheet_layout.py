"""How a sheet of a workbook is laid out: nothing cut on a screen, and one page across on paper."""

import unicodedata
from collections.abc import Sequence
from math import ceil
from typing import Any, Final

_WIDEST: Final = 60.0
_WIDEST_HEAD: Final = 18.0  # a head that is longer is wrapped, where what stands below needs no more
_LINE: Final = 15.0  # points that a line of text is high


def lay_out(sheet: Any, texts: Sequence[Sequence[str]], *, has_heads: bool = True) -> None:
    """Make columns as wide as what they hold, rows as high as what is wrapped in them, and paper A4 across.

    Args:
        sheet: Of xlsxwriter; its cells have formats that wrap texts.
        texts: Its cells as they are shown, row by row, from the first row on.
        has_heads: The first row holds heads: it stays in sight, is printed again on each page, and filters the rest.
    """
    columns = list(zip(*texts, strict=True))
    widths = []
    for at, column in enumerate(columns):
        head = min(width_of(column[0]), _WIDEST_HEAD) if has_heads else 0.0
        widths.append(min(max([head, *map(width_of, column[has_heads:])]) + 2, _WIDEST))
        sheet.set_column(at, at, widths[at])
    for at, row in enumerate(texts):  # Excel would find the height by itself; LibreOffice does not
        lines = max((_lines(text, width - 1) for text, width in zip(row, widths, strict=True)), default=1)
        if lines > 1:
            sheet.set_row(at, lines * _LINE)
    if has_heads:
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, len(texts) - 1, len(columns) - 1)
        sheet.repeat_rows(0)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)


def width_of(text: str) -> float:
    """Return how wide the longest line of a text is in a column, whose unit is a digit."""
    return max(map(_width, text.splitlines()), default=0.0)


def _width(line: str) -> float:
    if line.isascii():
        return float(len(line))
    return sum(2.0 if unicodedata.east_asian_width(one) in "WF" else 1.0 for one in line)


def _lines(text: str, width: float) -> int:
    return sum(max(ceil(_width(line) / width), 1) for line in text.splitlines()) or 1
