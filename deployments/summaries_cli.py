"""The command line for regulatory summaries: ``redress summary``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column, Table
from rich.text import Text

from complaints.errors.base import ComplaintError
from complaints.settings import settings
from complaints.words import EN, ZH
from deployments.clocks_cli import instant
from deployments.console import By, cases, out, staff
from tasks.desk import summaries

if TYPE_CHECKING:
    from complaints.reporting.versions import Version

app = typer.Typer(
    help="Regulatory summaries: versions with a cut-off, prepared, reviewed and signed off by three people."
)

Name = Annotated[str, typer.Argument(metavar="PERIOD", help="2026-03, 2026-Q1, 2026-H1 or 2026")]
Regime = Annotated[str, typer.Option(help="the regime [default: the leading one]")]
Number = Annotated[int | None, typer.Option("--version", min=1, help="which version [default: the last one]")]


@app.command("prepare")
def prepare(
    period: Name,
    as_at: Annotated[str | None, typer.Option(help="the cut-off, with its UTC offset [default: now]")] = None,
    regime: Regime = "",
    by: By = "",
) -> None:
    """Prepare a summary; a new version only where the ledger says something else than at the last cut-off."""
    cut_off = instant(as_at, "--as-at") if as_at else cases().now()
    _say(summaries().prepare(regime or settings().regime, period, cut_off, staff(by)))


@app.command("list")
def list_summaries(
    period: Annotated[str | None, typer.Argument(metavar="[PERIOD]", help="only this one")] = None,
    regime: Regime = "",
) -> None:
    """List the versions of summaries, the last prepared first, and who stands for each."""
    heads = ("as at", "state", "prepared", "reviewed", "signed off")
    table = Table(Column("regime", no_wrap=True), Column("period", no_wrap=True), "version", *heads)
    rules = cases().rules()
    from complaints.reporting.versions import State

    for row in summaries().rows(regime or None, period):
        zone = rules.pack(row.regime).tz
        hands = (
            (row.prepared_by, row.prepared_at),
            (row.reviewed_by, row.reviewed_at),
            (row.signed_by, row.signed_at),
        )
        people = (f"{by}, {at.astimezone(zone):%Y-%m-%d %H:%M}" if by and at else "" for by, at in hands)
        as_at = f"{row.as_at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
        table.add_row(row.regime, row.period, str(row.version), as_at, State(row.state).both, *map(Text, people))
    out.print(table)


@app.command("remark")
def remark(
    period: Name,
    zh: Annotated[str, typer.Option(help="in Chinese; @FILE reads a file")] = "",
    en: Annotated[str, typer.Option(help="in English; @FILE reads a file")] = "",
    version: Number = None,
    regime: Regime = "",
    by: By = "",
) -> None:
    """Put your remarks into a summary, instead of those it has; they name no person. It has then to be reviewed."""
    remarks = {ZH: _text(zh), EN: _text(en)}
    _say(summaries().remark(_find(period, version, regime), remarks, staff(by)))


@app.command("review")
def review(period: Name, version: Number = None, regime: Regime = "", by: By = "") -> None:
    """Record that you have reviewed a summary; not who prepared or edited it."""
    _say(summaries().review(_find(period, version, regime), staff(by)))


@app.command("sign")
def sign(period: Name, version: Number = None, regime: Regime = "", by: By = "") -> None:
    """Sign a reviewed summary off, as a third person; from then on it never changes."""
    _say(summaries().sign(_find(period, version, regime), staff(by)))


@app.command("verify")
def verify(
    period: Annotated[
        str | None, typer.Argument(metavar="[PERIOD]", help="make this one again, too, and compare its bytes")
    ] = None,
    version: Number = None,
    regime: Regime = "",
) -> None:
    """Check entries, rows and files of all summaries; one that is named is made again from the ledger and compared."""
    flaws, is_other = say_flaws(), False
    from complaints.adapters.summary_checking import reproduce

    if period:
        found = _find(period, version, regime)
        again = reproduce(summaries(), found)
        for name in again.other:
            out.print(f"OTHER   {name}", markup=False)
        for name in again.not_made:
            out.print(f"skipped {name}: this machine cannot make it", markup=False)
        if again.programs:
            out.print(f"It was made by other versions of {', '.join(again.programs)}; pages may look otherwise.")
        out.print(f"{found.name} made again from the ledger: {len(again.same)} files the same, {len(again.other)} not")
        is_other = bool(again.other) and not again.programs
    if flaws or is_other:
        raise typer.Exit(1)


def say_flaws() -> int:
    """Print what is wrong with the summaries, and return how much that is."""
    cases()
    from complaints.adapters.summary_checking import verify_summaries

    flaws = list(verify_summaries(summaries()))
    for flaw in flaws:
        out.print(f"BROKEN  {flaw}", markup=False)
    out.print(f"{len(summaries().rows())} versions of summaries checked, {len(flaws)} broken")
    return len(flaws)


@app.command("diff")
def diff(period: Name, version: Number = None, regime: Regime = "") -> None:
    """Show by which figures a version differs from the one before, and how many cases came and went."""
    later = _find(period, version, regime)
    if later.number == 1:
        raise NoEarlierVersion(later.name)
    earlier = _find(period, later.number - 1, regime)
    from complaints.adapters.summary_tables import read_tables
    from complaints.reporting.difference import difference

    table = Table(
        Column("figure", overflow="fold"), "of", Column(f"v{earlier.number}"), f"v{later.number}", "came", "went"
    )
    changed = difference(*(read_tables(summaries().files, one) for one in (earlier, later)))
    for span, section, code, measure, before, after, came, went in changed.itertuples(index=False, name=None):
        figure = Text(f"{section}.{code}.{measure}")
        table.add_row(figure, span, before or "—", after or "—", str(len(came)), str(len(went)))
    out.print(table)


@app.command("cases")
def list_cases(
    period: Name,
    figure: Annotated[str, typer.Argument(metavar="FIGURE", help="section.code.measure, such as channel.web.received")],
    version: Number = None,
    regime: Regime = "",
) -> None:
    """List the references of the cases behind a figure, one a line."""
    found = _find(period, version, regime)
    from complaints.adapters.summary_tables import references_behind

    for reference in references_behind(summaries().files, found, figure):
        typer.echo(reference)


class NoEarlierVersion(ComplaintError):
    """The first version of a summary was to be compared with the one before."""

    def __init__(self, version: str) -> None:
        super().__init__(version)
        self.version = version

    def __str__(self) -> str:
        return f"summary {self.version}: is the first version; there is none before it to compare it with"


def _find(period: str, version: int | None, regime: str) -> "Version":
    cases()
    return summaries().find(regime or settings().regime, period, version)


def _text(given: str) -> str:
    return Path(given[1:]).read_text(encoding="utf-8-sig") if given.startswith("@") else given


def _say(version: "Version") -> None:
    out.print(f"{version.name}: {version.state.both}", markup=False)
    out.print(str(summaries().files.folder(version)), markup=False)
