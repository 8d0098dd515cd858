"""The layouts there are: those that Redress brings along, a firm's own mapping files, and which one a file is in."""

from itertools import islice
from pathlib import Path

from complaints.adapters.spreadsheets import limits
from complaints.adapters.spreadsheets.cfpb import CfpbLayout
from complaints.adapters.spreadsheets.layout import Layout, MappedLayout
from complaints.adapters.spreadsheets.mapping import packaged, read_mapping
from complaints.adapters.spreadsheets.opening import open_table
from complaints.adapters.spreadsheets.report import TableRefused, Unusable
from complaints.errors.settings import RuleFileInvalid, SettingError


def packaged_layouts() -> list[Layout]:
    """Return what Redress brings along."""
    return [CfpbLayout(), *map(MappedLayout, packaged().values())]


def find_layout(name: str) -> Layout:
    """Return a layout, by the name of a packaged one or by its mapping file.

    Raises:
        SettingError: there is none.
        RuleFileInvalid: the file cannot be used; says which line and field.
    """
    known = {layout.name: layout for layout in packaged_layouts()}
    if name in known:
        return known[name]
    file = Path(name)
    if not file.is_file():
        raise SettingError("--mapping", f"there is no mapping '{name}'", f"Give a TOML file, or: {', '.join(known)}")
    try:
        return MappedLayout(read_mapping(file.read_text(encoding="utf-8-sig"), str(file)))
    except UnicodeDecodeError:
        raise RuleFileInvalid(str(file), 0, "", "is not text in UTF-8; save it as UTF-8") from None


def recognise(file: Path) -> Layout:
    """Return the packaged layout that a file is in, by its column names.

    Raises:
        TableRefused: it is in none, or nobody can tell in which.
    """
    layouts = packaged_layouts()
    with open_table(file) as table:
        rows = [row for _, row in islice(table.rows(), limits.HEADER_WITHIN) if not isinstance(row, Unusable)]
    headers = [[cell if isinstance(cell, str) else "" for cell in row] for row in rows]
    fitting = [layout for layout in layouts if any(not layout.missing(header) for header in headers)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise TableRefused(str(file), f"fits {', '.join(one.name for one in fitting)}; say which, with --mapping")
    lacking = "; ".join(f"{one.name} needs {', '.join(_least(one, headers))}" for one in layouts)
    raise TableRefused(str(file), f"lacks the columns of every mapping there is ({lacking}); see --mapping")


def _least(layout: Layout, headers: list[list[str]]) -> tuple[str, ...]:
    return min((layout.missing(header) for header in [[], *headers]), key=len)
