"""Files of rules (packs, calendars): says where in a file something is wrong."""

import re
from collections.abc import Sequence

from pydantic import ValidationError

from complaints.errors.settings import RuleFileInvalid

_KEY = r"[A-Za-z0-9_.\"' -]+"  # no comma: a row of an array begins with a bracket too
_ARRAY = re.compile(rf"^\[\[({_KEY})\]\]\s*(#.*)?$")
_TABLE = re.compile(rf"^\[({_KEY})\]\s*(#.*)?$")


def first_error(wrong: ValidationError, text: str, where: str) -> RuleFileInvalid:
    """Return the first thing that a model found wrong with a TOML file, with its line."""
    error = wrong.errors(include_input=False, include_url=False)[0]
    message = error["msg"].removeprefix("Value error, ")
    location = [part for part in error["loc"] if not (isinstance(part, str) and part.startswith("function-"))]
    return RuleFileInvalid(where, line_of(text, location), ".".join(str(part) for part in location), message)


def line_of(text: str, location: Sequence[str | int]) -> int:
    """Return the line (from 1) of a field in a TOML file, or of the table it should stand in.

    Args:
        text: The file.
        location: Names and positions, such as ``("clocks", 1, "extensions", 0, "budget")``.
    """
    best, depth = 1, 0
    tables: list[str | int] = []
    seen: dict[tuple[str | int, ...], int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if header := _ARRAY.match(stripped):
            tables = _place(header[1], seen, counts=True)
        elif header := _TABLE.match(stripped):
            tables = _place(header[1], seen, counts=False)
        key = re.match(r"^([A-Za-z0-9_\"'.-]+)\s*=", stripped)
        path = [*tables, *_names(key[1])] if key and not header else tables
        common = _common(path, location)
        if common > depth and common == len(path):
            best, depth = number, common
    return best


def _names(dotted: str) -> list[str]:
    return [part.strip().strip("\"'") for part in dotted.split(".")]


def _place(dotted: str, seen: dict[tuple[str | int, ...], int], *, counts: bool) -> list[str | int]:
    """Return the place of a table's header, with the positions of the arrays it lies in."""
    place: list[str | int] = []
    names = _names(dotted)
    for position, name in enumerate(names):
        place.append(name)
        is_last = position == len(names) - 1
        if is_last and counts:
            seen[tuple(place)] = seen.get(tuple(place), -1) + 1
        if tuple(place) in seen:
            place.append(seen[tuple(place)])
    return place


def _common(path: Sequence[str | int], location: Sequence[str | int]) -> int:
    count = 0
    for mine, theirs in zip(path, location, strict=False):
        if str(mine) != str(theirs):
            break
        count += 1
    return count
