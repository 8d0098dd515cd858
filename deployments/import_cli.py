"""The command that imports spreadsheets: ``redress import``."""

import gc
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Column, Table

from complaints.errors.settings import SettingError
from complaints.settings import settings
from deployments.console import cases, out

if TYPE_CHECKING:
    from complaints.adapters.spreadsheets.report import ImportReport

_SHOWN = 20  # rejects on the screen


def import_command(
    file: Annotated[
        Path | None, typer.Argument(exists=True, dir_okay=False, help="CSV (also .gz, or alone in a .zip) or XLSX")
    ] = None,
    mapping: Annotated[
        str | None, typer.Option(help="what the columns mean: a name of --mappings, or your own TOML file")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="store nothing; say what would become of the rows")
    ] = False,
    as_open: Annotated[
        bool | None,
        typer.Option("--open/--history", help="as cases to be handled, or as history [default: by mapping]"),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="read only so many rows")] = None,
    rejects: Annotated[Path | None, typer.Option(help="write the rejected rows' reasons to this CSV file")] = None,
    mappings: Annotated[bool, typer.Option("--mappings", help="list the mappings there are, and end")] = False,
) -> None:
    """Import complaints from a spreadsheet. Run it again after whatever happened: no row becomes a case twice."""
    from complaints.adapters.spreadsheets.importing import import_file
    from complaints.adapters.spreadsheets.layouts import find_layout, recognise
    from complaints.adapters.spreadsheets.report import write_rejects

    if mappings:
        _list_mappings()
        return
    if file is None:
        raise SettingError("FILE", "is missing", "Give a spreadsheet, or see: redress import --mappings")
    layout = find_layout(mapping) if mapping else recognise(file)
    store = cases()
    gc.freeze()  # what is there by now stays: looking through it again and again would cost a sixth of the time
    columns = (SpinnerColumn(), MofNCompleteColumn(), TextColumn("rows"))
    with Progress(*columns, console=out, transient=True) as progress:
        bar = progress.add_task("import", total=limit)
        report = import_file(
            store,
            file,
            layout,
            regime=settings().regime,
            further=settings().further_regimes,
            as_history=None if as_open is None else not as_open,
            limit=limit,
            dry_run=dry_run,
            progress=lambda rows: progress.update(bar, completed=rows),
        )
    if rejects:
        write_rejects(report, rejects)
    _say(report, layout.name, dry_run=dry_run, listed=rejects is not None)
    if report.cut:
        out.print("The file is cut: it ends in the middle of a row. Get it again from its source.")
        raise typer.Exit(1)


def _list_mappings() -> None:
    from complaints.adapters.spreadsheets.layouts import packaged_layouts

    table = Table("mapping", "for", "as", "sender", Column("columns it needs", overflow="fold"))
    for layout in packaged_layouts():
        kind = "history" if layout.history else "open"
        table.add_row(layout.name, layout.title.both, kind, layout.sender, ", ".join(layout.missing([])))
    out.print(table)
    out.print("Your own: --mapping FILE.toml, see docs/spreadsheets.md")


def _say(report: "ImportReport", mapping: str, *, dry_run: bool, listed: bool) -> None:
    for reject in report.rejects[:_SHOWN]:
        where = f"row {reject.row}, {reject.column}" if reject.column else f"row {reject.row}"
        out.print(f"{where}: {reject.reason}", markup=False)
    if report.rejected > _SHOWN:
        out.print(f"… and {report.rejected - _SHOWN} more" + ("" if listed else "; --rejects FILE writes all"))
    if report.ignored:
        out.print(f"columns not read: {', '.join(report.ignored)}", markup=False)
    read_as = f"mapping {mapping}" + (f", {report.encoding}" if report.encoding else "")
    out.print(f"{read_as}{', dry run: nothing was stored' if dry_run else ''}")
    counts = (f"{report.new} new", f"{report.updated} updated", f"{report.same} already there")
    out.print(f"{', '.join(counts)}, {report.rejected} rejected")
