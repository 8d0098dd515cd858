"""The command line for evidence: ``redress evidence``."""

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Column, Table
from rich.text import Text

from complaints import acts
from complaints.adapters.evidence import add_evidence, open_evidence
from complaints.adapters.evidence_checking import tidy_evidence, verify_evidence
from complaints.case import Case
from complaints.errors.case import AnswerRefused
from complaints.evidence import file_name
from complaints.exhibits import Exhibit
from complaints.letters import hides_reporter
from complaints.words import ZH
from deployments.console import By, Language, Reference, Tongue, cases, out, staff
from tasks.desk import evidence_store

app = typer.Typer(help="Evidence: the files of a case, sealed with its key; every opening stands in its ledger.")

HEADINGS: Final = {
    Tongue.CHINESE: ("序号", "类型", "大小", "来源", "经手人", "时间", "病毒扫描", "查阅次数", "文件名"),
    Tongue.ENGLISH: ("#", "type", "size", "source", "by", "when", "virus scan", "opened", "name"),
}
_UNDER_WAY: Final = timedelta(hours=1)
"""A file may be this old before the transaction that records it has ended."""

Why = Annotated[str, typer.Option("--why", help="why you open it; it stands in the ledger, sealed")]


@app.command("list")
def list_evidence(reference: Reference, language: Language = Tongue.CHINESE) -> None:
    """List the files of a case, kept and refused; those of a confidential report without their names."""
    case = cases().read_case(reference)
    named = not hides_reporter(case)
    table = Table(*(Column(heading, overflow="fold") for heading in HEADINGS[language]))
    for one in case.evidence:
        table.add_row(*(Text(cell) for cell in _row(one, case, language, named)))
    out.print(table)
    for refused in case.evidence_refused:
        name = f" {refused.name}" if named and refused.name else ""
        word = "未接收" if language == ZH else "refused"
        finding = f" ({refused.finding})" if refused.finding else ""
        out.print(f"{word}: {refused.reason.word(language)}{finding}, {refused.media_type}{name}", markup=False)


@app.command("add")
def add(
    reference: Reference,
    files: Annotated[list[Path], typer.Argument(metavar="FILE …", exists=True, dir_okay=False, help="the files")],
    source: Annotated[str, typer.Option(help="where they come from: no name of a person")] = "staff",
    note: Annotated[str, typer.Option(help="how they were lawfully obtained; sealed")] = "",
    by: By = "",
) -> None:
    """Take files as evidence of a case; one that it has already is not added again. Exit code 1 if one is refused."""
    who, store, taken = staff(by), evidence_store(), []
    for file in files:
        with file.open("rb") as content:
            examined = store.examine(content)
        with cases().open_case(reference) as desk:
            taken.append(add_evidence(desk, store, examined, name=file.name, source=source, by=who, note=note))
        out.print(_sentence(taken[-1]), markup=False)
    if any(isinstance(one, acts.EvidenceRefused) for one in taken):
        raise typer.Exit(1)


@app.command("open")
def open_file(
    reference: Reference,
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="of the file: redress evidence list REF")],
    to: Annotated[Path, typer.Option("--to", metavar="PATH", help="a new file, or a folder; - is standard output")],
    why: Why = "",
    by: By = "",
) -> None:
    """Write a file of a case where you say, once it stands in the ledger that you opened it, and why."""
    who, store = staff(by), cases()
    target = _target(store.read_case(reference).exhibit(number), reference, to)
    exhibit, content = open_evidence(store, evidence_store(), reference, number, by=who, purpose=why)
    if target is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    out.print(f"{target}: {exhibit.added.media_type}, {_size(len(content))}", markup=False)


@app.command("verify")
def verify(
    reference: Annotated[str | None, typer.Argument(metavar="[REF]", help="one case; all without it")] = None,
) -> None:
    """Open and hash every file again; name what is missing, altered or in no entry. Exit code 1 if anything is."""
    before = datetime.now(UTC) - _UNDER_WAY  # the files' own times are the machine's, not the firm's
    with Progress(SpinnerColumn(), TextColumn("{task.completed} files"), console=out, transient=True) as progress:
        bar = progress.add_task("verify", total=None)
        result = verify_evidence(
            cases(),
            evidence_store(),
            reference,
            written_before=before,
            progress=lambda done: progress.update(bar, completed=done),
        )
    for one in result.discrepancies:
        out.print(f"BROKEN  {one}", markup=False)
    erased = f", {result.erased} of erased persons" if result.erased else ""
    erased += f", {result.packed} in archive packages (redress archive verify)" if result.packed else ""
    out.print(f"{result.files} files checked{erased}, {len(result.discrepancies)} broken")
    if result.discrepancies:
        raise typer.Exit(1)


@app.command("tidy")
def tidy() -> None:
    """Remove files that are in no entry of any ledger: left behind by a step that failed after it had written them."""
    removed = tidy_evidence(cases(), evidence_store(), written_before=datetime.now(UTC) - _UNDER_WAY)
    for one in removed:
        out.print(f"removed  {one}", markup=False)
    out.print(f"{len(removed)} removed")


def _row(one: Exhibit, case: Case, language: Tongue, named: bool) -> tuple[str, ...]:
    added = one.added
    stated = f" ({'来件称' if language == ZH else 'stated'} {added.stated_type})" if added.stated_type else ""
    return (
        str(one.number),
        added.media_type + stated,
        _size(added.size),
        added.source,
        one.by,
        f"{one.at.astimezone(case.pack.tz):%Y-%m-%d %H:%M}",
        added.scanned.word(language),
        str(one.opened),
        (added.name or "") if named else "",
    )


def _sentence(taken: acts.EvidenceAdded | acts.EvidenceRefused) -> str:
    if isinstance(taken, acts.EvidenceRefused):
        return f"Refused: {taken.reason.both} ({taken.finding or taken.media_type})"
    return f"Evidence {taken.number}: {taken.media_type}, {_size(taken.size)}, SHA-256 {taken.sha256}"


def _target(exhibit: Exhibit, reference: str, to: Path) -> Path | None:
    """Return where a file is written, or None for standard output; asked before the opening is recorded.

    Raises:
        AnswerRefused: it cannot be written there.
    """
    if str(to) == "-":
        return None
    target = to / file_name(reference, exhibit.number, exhibit.added.media_type) if to.is_dir() else to
    if target.exists() or target.is_symlink():
        raise AnswerRefused("--to", "is there already; name a new file")
    if not target.parent.is_dir():
        raise AnswerRefused("--to", "there is no such folder")
    return target


def _size(size: int) -> str:
    if size < 1024:
        return f"{size} B"
    return f"{size / 1024:,.1f} KiB" if size < 1024**2 else f"{size / 1024**2:,.1f} MiB"
