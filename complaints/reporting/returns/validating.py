"""Checks the rows of a return with one row a complaint, as they stand in the file: everything that is wrong at once.

The same checks run on rows that were just made and on a file that somebody completed by hand.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date
from itertools import compress
from typing import Final

from complaints.adapters.spreadsheets.cells import harmless
from complaints.errors.base import ComplaintError
from complaints.reporting.returns.data import CodeList, Element
from complaints.reporting.returns.model import THE_RETURN, Finding, Grade
from complaints.words import Title

Columns = Mapping[str, Sequence[str]]
"""A file by its columns: header to texts."""

_AMOUNT: Final = re.compile(r"\d{1,16}\.\d{2}", re.ASCII)
_INTEGER: Final = re.compile(r"\d{1,9}", re.ASCII)


class NotThisReturn(ComplaintError):
    """A file was to be checked that has not the columns of the return."""

    def __init__(self, missing: Sequence[str], unknown: Sequence[str]) -> None:
        super().__init__(tuple(missing), tuple(unknown))
        self.missing, self.unknown = tuple(missing), tuple(unknown)

    def __str__(self) -> str:
        lacks = f"it lacks {', '.join(self.missing)}" if self.missing else "its columns are in another order"
        more = f"; it has {', '.join(self.unknown)} beside them" if self.unknown else ""
        cure = "Make the return again and complete that file"
        return f"file: its columns are not those of the return: {lacks}{more}. {cure}"


def read_columns(text: str, elements: Sequence[Element]) -> tuple[Columns, list[str]]:
    """Return the columns of a file that was made here and completed by hand, and the line in which each row ends.

    Lines without anything are left out.

    Raises:
        NotThisReturn: its columns are others, or in another order.
    """
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    header, expected = next(reader, []), [one.header for one in elements]
    if header != expected:
        missing = [name for name in expected if name not in header]
        raise NotThisReturn(missing, [name for name in header if name not in expected])
    filled = [(line, reader.line_num) for line in reader if any(line)]
    columns = {name: [row[at] if at < len(row) else "" for row, _ in filled] for at, name in enumerate(header)}
    return columns, [f"line {number}" for _, number in filled]


def check_columns(
    place: str,
    columns: Columns,
    who: Sequence[str],
    elements: Sequence[Element],
    lists: Mapping[str, CodeList],
    explained: Collection[str] = (),
) -> list[Finding]:
    """Return everything that is wrong with the rows of a file.

    Args:
        place: The table.
        columns: As the file has them.
        who: For each row the case's reference, or its line in the file.
        elements: What the columns are.
        lists: The authority's codes.
        explained: Elements of whose missing values it is already said why.
    """
    found: list[Finding] = []

    def add(element: Element, wrong: Sequence[bool], reason: Title, cure: Title) -> None:
        if any(wrong):
            found.append(Finding(Grade.MUST, place, element.title, reason, cure, tuple(compress(who, wrong))))

    for element in elements:
        values = columns[element.header]
        if element.name not in explained:
            add(element, *_missing(values, element, columns, elements))
        for values_wrong, reason, cure in _wrong(element, values, lists):
            add(element, [value in values_wrong for value in values], reason, cure)
    return found


def _missing(
    values: Sequence[str], element: Element, columns: Columns, elements: Sequence[Element]
) -> tuple[Sequence[bool], Title, Title]:
    """Return which rows lack an element that they need, with the reason and the cure."""
    blank = [not value.strip() for value in values]
    if element.need == "M":
        return blank, Title(zh="必填项无内容", en="is mandatory and has no value"), _COMPLETE
    if element.need == "C" and element.needed_when:
        name, needing = element.needed_when
        other = next(one for one in elements if one.name == name)
        lacking = [is_blank and known in needing for is_blank, known in zip(blank, columns[other.header], strict=True)]
        said = ", ".join(needing)
        reason = Title(
            zh=f"{other.title.zh}为{said}时必填，无内容",
            en=f"is needed where {other.title.en} is {said}, and has no value",
        )
        return lacking, reason, _COMPLETE
    return (), Title(zh="", en=""), _COMPLETE


_COMPLETE: Final = Title(
    zh="更正案件或补全本机构对照表后重新生成，或在文件中填写后再校验",
    en="Correct the case or complete the firm's map and make it again, or fill the file in and check it again",
)


def _wrong(
    element: Element, values: Sequence[str], lists: Mapping[str, CodeList]
) -> Iterator[tuple[Collection[str], Title, Title]]:
    """Yield values that may not stand in a column, with the reason and the cure; each is looked at once."""
    given = Counter(values)
    given.pop("", None)
    if element.unique:
        yield (
            {value for value, count in given.items() if count > 1},
            Title(zh="同一标识出现多次", en="is there more than once"),
            Title(zh="每件投诉一行，删去多余的行", en="One row a complaint: remove the others"),
        )
    if element.type in _SHAPES:
        fits, form = _SHAPES[element.type]
        yield (
            {value for value in given if not fits(value)},
            Title(zh=f"写法不对，应如{form}", en=f"is not written as {form}"),
            Title(zh="按所示写法更正", en="Write it in that way"),
        )
    if element.list and lists[element.list].complete:
        for code in sorted(given.keys() - {one.code for one in lists[element.list].codes}):
            yield (
                {code},
                Title(zh=f"代码“{code}”不在代码表中", en=f"the code '{code}' is not in the list"),
                Title(zh="对照主管机关现行代码表", en="Compare it with the authority's list in force"),
            )
    yield (
        {value for value in given if harmless(value) != value},
        Title(
            zh="以表格软件会当作公式的字符开头，文件中加了撇号",
            en="begins as a formula would; the file has an apostrophe before it",
        ),
        Title(zh="在来源系统更正该名称", en="Correct the name in the system that it came from"),
    )


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


_SHAPES: Final[Mapping[str, tuple[Callable[[str], object], str]]] = {
    "date": (_is_day, "2026-03-02"),
    "integer": (_INTEGER.fullmatch, "15"),
    "amount": (_AMOUNT.fullmatch, "128.50"),
}
"""How values are written, and whether one is."""


def codes_unread(lists: Mapping[str, CodeList]) -> Iterator[Finding]:
    """Yield a finding for each list of the authority's that could not be read in full."""
    for one in lists.values():
        if not one.complete:
            yield Finding(
                Grade.VERIFY,
                THE_RETURN,
                one.title,
                one.source or Title(zh="代码表未读", en="the list was not read"),
                Title(
                    zh="将现行代码表写入本机构的 returns 文件",
                    en="Write the list in force into the firm's own file of returns",
                ),
            )
