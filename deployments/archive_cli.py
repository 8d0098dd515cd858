"""The command line for the archive: ``redress archive``."""

from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Column, Table
from rich.text import Text

from complaints.adapters.archive.index import Indexed, read_index, rebuild_index
from complaints.adapters.archive.package import find_package
from complaints.adapters.archive.restoring import copy_case, restore_case
from complaints.adapters.archive.verifying import verify_archive
from complaints.settings import settings
from complaints.words import Kind
from deployments.console import By, Reference, cases, out, staff
from tasks.desk import evidence_store

app = typer.Typer(help="The archive: one package per closed case, which alone holds its letters and evidence.")

_Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="DAY")]


@app.command("verify")
def verify(
    reference: Annotated[str | None, typer.Argument(metavar="[REF]", help="one case; all without it")] = None,
) -> None:
    """Read and open every package again, and compare it with the ledger. Exit code 1 if anything does not hold."""
    began = perf_counter()
    with Progress(SpinnerColumn(), TextColumn("{task.completed} packages"), console=out, transient=True) as progress:
        bar = progress.add_task("verify", total=None)
        result = verify_archive(
            cases(), settings().archive_folder, reference, lambda done: progress.update(bar, completed=done)
        )
    took = max(perf_counter() - began, 1e-3)
    for problem in result.problems:
        out.print(f"BROKEN  {problem}", markup=False)
    erased = f", {result.erased} of erased persons" if result.erased else ""
    out.print(
        f"{result.cases} packages checked{erased}, {len(result.problems)} broken; {result.size / 2**20:,.1f} MiB, "
        f"{result.cases / took:,.0f} a second"
    )
    if result.problems:
        raise typer.Exit(1)


@app.command("find")
def find(
    reference: Annotated[str, typer.Argument(metavar="[REF]", help="a reference, or how one begins")] = "",
    year: Annotated[int | None, typer.Option(help="in which it was closed")] = None,
    regime: Annotated[str, typer.Option(help="such as cn-nfra")] = "",
    kind: Annotated[Kind | None, typer.Option(help="what sort of matter it was")] = None,
    since: _Day = None,
    until: _Day = None,
    limit: Annotated[int, typer.Option(min=1, help="show at most so many")] = 50,
) -> None:
    """Find packages in the index of the archive. By a sender's number: redress find NUMBER."""
    folder, table = (
        settings().archive_folder,
        Table(Column("reference", no_wrap=True), "kind", "regime", "closed", "package"),
    )
    first, last = since and since.date(), until and until.date()

    def fits(one: Indexed) -> bool:
        in_time = not (first or last) or (
            one.closed_on is not None and (not first or first <= one.closed_on) and (not last or one.closed_on <= last)
        )
        is_meant = one.reference.startswith(reference) and regime in ("", one.regime) and kind in (None, one.kind)
        return in_time and is_meant

    found = [one for one in read_index(folder, year) if fits(one)]
    for one in found[:limit]:
        word, path = Kind(one.kind).both if one.kind else "—", find_package(folder, one.reference)
        table.add_row(one.reference, word, one.regime, str(one.closed_on or "—"), Text(str(path or "")))
    if found:
        out.print(table)
    out.print(f"{len(found)} found" + (f", the first {limit} shown" if len(found) > limit else ""))


@app.command("restore")
def restore(
    reference: Reference,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="FOLDER", file_okay=False, help="write a readable copy there instead"),
    ] = None,
    by: By = "",
) -> None:
    """Put letters and evidence of an archived case back, so that it can be taken up again; or write a copy to read."""
    folder, who = settings().archive_folder, staff(by)
    if to is not None:
        to.mkdir(mode=0o700, parents=True, exist_ok=True)
        out.print(str(copy_case(cases(), folder, reference, to, who)), markup=False, soft_wrap=True)
        return
    count = restore_case(cases(), evidence_store(), folder, reference, who)
    out.print(f"{reference} is closed, as before; {count} letters and files of evidence are back.")
    out.print(f"To take it up again: redress reopen {reference} REASON. Otherwise it is archived again in due time.")


@app.command("index")
def index() -> None:
    """Write the index anew from the packages. Exit code 1 if one of them cannot be read."""
    folder = settings().archive_folder
    with Progress(SpinnerColumn(), TextColumn("{task.completed} packages"), console=out, transient=True) as progress:
        bar = progress.add_task("index", total=None)
        problems = rebuild_index(folder, lambda done: progress.update(bar, completed=done))
    for problem in problems:
        out.print(f"BROKEN  {problem}", markup=False)
    out.print(f"{sum(1 for _ in read_index(folder))} packages in the index")
    if problems:
        raise typer.Exit(1)
