"""Commands about the returns of regulators: ``redress return make`` and ``redress return check``."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table
from rich.text import Text

from complaints.errors.case import AnswerRefused
from complaints.reporting.returns.model import THE_RETURN, Finding, Grade, Return
from complaints.reporting.returns.places import verify_returns
from complaints.settings import settings
from deployments.console import Language, Tongue, cases, out

app = typer.Typer(help="The returns of regulators: make one for a period, and see all that is wrong with it.")

Regime = Annotated[str, typer.Argument(help="such as uk-disp, au-rg271, us-cfpb, cn-nfra")]
Name = Annotated[str, typer.Argument(help="the return, such as annex-1r, idr-data, public-export, local-bureau")]
When = Annotated[str, typer.Argument(metavar="PERIOD", help="2026-03, 2026-Q1, 2026-H1 or 2026")]
AsAt = Annotated[
    str | None, typer.Option("--as-at", help="what was known then, such as 2026-07-02T09:00:00+08:00 [default: now]")
]

_SHOWN = 3  # cases of a finding


@app.command()
def make(regime: Regime, name: Name, period: When, as_at: AsAt = None, language: Language = Tongue.CHINESE) -> None:
    """Make a return and write its files; all findings are listed together. Exit code 1: not ready to be handed in."""
    from complaints.adapters.returns import write_return

    made = _prepare(regime, name, period, as_at)
    folder = write_return(made, settings().summaries_folder)
    _show(made, language)
    out.print(str(folder), markup=False, soft_wrap=True)
    _end(made.findings)


@app.command()
def check(
    regime: Regime,
    name: Name,
    period: When,
    as_at: AsAt = None,
    file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="a list that was made here and completed by hand"),
    ] = None,
    language: Language = Tongue.CHINESE,
) -> None:
    """List everything that is wrong with a return, or with a file of it, and write nothing. Exit code 1: not ready."""
    if file is None:
        made = _prepare(regime, name, period, as_at)
        _show(made, language)
        _end(made.findings)
        return
    from complaints.adapters.returns import data_for
    from complaints.reporting.returns.making import file_checked

    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise AnswerRefused("--file", "is not text in UTF-8; save it as CSV UTF-8") from None
    findings = file_checked(regime, name, text, data_for(regime, settings().returns_folder))
    _list(findings, language)
    _end(findings)


def say_flaws() -> int:
    """Print what is wrong with the files of returns, and return how much that is."""
    flaws = list(verify_returns(settings().summaries_folder))
    for flaw in flaws:
        out.print(f"BROKEN  {flaw}", markup=False)
    out.print(f"files of returns checked, {len(flaws)} broken")
    return len(flaws)


def _prepare(regime: str, name: str, period: str, as_at: str | None) -> Return:
    from complaints.adapters.returns import data_for, prepare_return
    from complaints.reporting.periods import Period

    store, data = cases(), data_for(regime, settings().returns_folder)
    when = _instant(as_at) if as_at else store.now()
    return prepare_return(store, regime, name, Period.parse(period), when, settings().firm, data)


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise AnswerRefused("--as-at", "is no instant; write it as 2026-07-02T09:00:00+08:00") from None
    if at.tzinfo is None:
        raise AnswerRefused("--as-at", "has no UTC offset; write it as 2026-07-02T09:00:00+08:00")
    return at


def _show(made: Return, language: str) -> None:
    out.print(f"{made.title.word(language)}, {made.period.name}, {made.entity.name.word(language)}", markup=False)
    due = str(made.due_on) if made.due_on else made.due_words.word(language)
    rows = ", ".join(f"{table.name}: {len(table.rows)}" for table in made.tables)
    out.print(f"due: {due}; nil: {'yes' if made.is_nil else 'no'}; rows: {rows}", markup=False)
    _list(made.findings, language)


def _list(findings: tuple[Finding, ...], language: str) -> None:
    table = Table(*(Column(name, overflow="fold") for name in ("", "place", "field", "reason", "cure", "cases")))
    for one in findings:
        where = "" if one.place == THE_RETURN else one.place
        said = (Text(title.word(language)) for title in (one.field, one.reason, one.cure))
        table.add_row(one.grade.word(language), Text(where), *said, Text(_cases(one)))
    if findings:
        out.print(table)
    counts = ", ".join(f"{sum(one.grade is grade for one in findings)} {grade.word(language)}" for grade in Grade)
    out.print(f"findings: {counts}", markup=False)


def _cases(finding: Finding) -> str:
    if not finding.cases:
        return ""
    more = "…" if len(finding.cases) > _SHOWN else ""
    return f"{len(finding.cases)}: {', '.join(finding.cases[:_SHOWN])}{more}"


def _end(findings: tuple[Finding, ...]) -> None:
    if any(one.grade is Grade.MUST for one in findings):
        raise typer.Exit(1)
