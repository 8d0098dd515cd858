"""Commands about rules: the regimes' packs and the working calendars, and bringing new ones in."""

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Column, Table
from rich.text import Text

from complaints.adapters.rulekeeping import Change, Moved, bring_in, calendar_change, pack_change, preview
from complaints.calendars.model import Standing
from complaints.deadlines import last_moment
from complaints.errors.case import AnswerRefused
from complaints.regimes.files import check, read_pack
from complaints.regimes.model import Pack
from complaints.regimes.rulebook import packaged_rulebook
from deployments.console import By, Language, Tongue, cases, out, staff

regimes = typer.Typer(
    help="The rules of regulators: list them, check a file of your own, bring it in.", no_args_is_help=False
)
calendars = typer.Typer(help="Working days: list calendars, look at a year, bring a new year in.")

_SHOWN = 50
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="the file")]
Yes = Annotated[bool, typer.Option("--yes", help="bring it in without asking")]


@regimes.callback(invoke_without_command=True)
def list_regimes(
    context: typer.Context,
    language: Language = Tongue.CHINESE,
) -> None:
    """List the packs, their versions and sources."""
    if context.invoked_subcommand:
        return
    table = Table("name", "version", "valid", Column("title", overflow="fold"), "clocks", "to verify", "sources")
    with cases().read() as session:
        rules = cases().rules(session)
    for versions in rules.packs.values():
        for pack in versions:
            doubtful = sum(rule.to_verify for rule in pack.clocks)
            valid = f"{pack.valid_from} – {pack.valid_to or ''}"
            title = Text(pack.title.word(language))
            sources = ", ".join(source.id for source in pack.sources)
            table.add_row(pack.name, pack.version, valid, title, str(len(pack.clocks)), str(doubtful), Text(sources))
    out.print(table)
    out.print("Facts, not legal advice. Every rule with its article and source: docs/regimes.md")


@regimes.command("check")
def check_regime(file: File) -> None:
    """Check a pack of your own; everything that is wrong is named with its line."""
    text = _text(file)
    pack = read_pack(text, file.name)
    base = packaged_rulebook().pack(pack.extends) if pack.extends else None
    findings = check(pack, text, base, cases().rules().calendars)
    for finding in findings:
        out.print(f"{file.name}, {finding}", markup=False, soft_wrap=True)
    if findings:
        raise typer.Exit(1)
    out.print(_summary(pack))


@regimes.command("add")
def add_regime(file: File, yes: Yes = False, by: By = "") -> None:
    """Bring a pack in; first it shows which open cases it would move, from when to when and why."""
    _bring_in(pack_change(cases(), _text(file), file.name), by, yes=yes)


@calendars.command("list")
def list_calendars(language: Language = Tongue.CHINESE) -> None:
    """List the calendars and the years they know."""
    table = Table("name", "version", Column("title", overflow="fold"), "zone", "hours", "published", "expected")
    for calendar in cases().rules().calendars.values():
        known = {standing: [y for y, s in calendar.years.items() if s is standing] for standing in Standing}
        hours = " ".join(map(str, calendar.extra))
        years = "all" if calendar.always else _years(known[Standing.PUBLISHED])
        table.add_row(
            calendar.name,
            calendar.version,
            Text(calendar.title.word(language)),
            calendar.zone.key,
            hours,
            years,
            _years(known[Standing.EXPECTED]),
        )
    out.print(table)


@calendars.command("show")
def show_calendar(
    name: Annotated[str, typer.Argument(help="such as cn-public")],
    year: Annotated[int, typer.Argument(help="such as 2026")],
    language: Language = Tongue.CHINESE,
) -> None:
    """Show the days of a year that are not as the week has them."""
    calendar = cases().rules().calendar(name)
    out.print(f"{calendar.title.word(language)} {year}: {calendar.standing(year)}")
    days = {**calendar.off, **calendar.work}
    table = Table("day", "weekday", "", "name")
    for day in sorted(one for one in days if one.year == year):
        table.add_row(str(day), f"{day:%a}", "works" if day in calendar.work else "off", Text(days[day].word(language)))
    out.print(table)


@calendars.command("import")
def import_calendar(file: File, yes: Yes = False, by: By = "") -> None:
    """Bring a calendar or a year in; first it shows every case whose due time moves, from when to when and why.

    The file is a calendar in TOML, or the State Council's days of one year as JSON.
    """
    _bring_in(calendar_change(cases(), _text(file), file.name), by, yes=yes)


def _bring_in(change: Change, by: str, *, yes: bool) -> None:
    who = staff(by)
    with _progress() as progress:
        bar = progress.add_task("look", total=None)
        moved = list(preview(cases(), change, lambda done: progress.update(bar, completed=done)))
    _show(moved, change)
    if not yes:
        if not sys.stdin.isatty():
            raise AnswerRefused("--yes", "nothing was changed; say --yes to bring it in")
        typer.confirm("Bring it in?", abort=True)
    with _progress() as progress:
        bar = progress.add_task("recompute", total=None)
        done = bring_in(cases(), change, who, lambda number: progress.update(bar, completed=number))
    out.print(f"{change.kind} {change.name} {change.version} is in force; {len(done)} due times moved.")


def _show(moved: Sequence[Moved], change: Change) -> None:
    if not moved:
        out.print(f"{change.kind} {change.name} {change.version}: no due time moves.")
        return
    table = Table(Column("case", no_wrap=True), "clock", "from", "to", Column("why", overflow="fold"))
    now = cases().now()
    for one in moved[:_SHOWN]:
        zone = cases().read_case(one.reference).pack.tz
        late = " (already past)" if one.becomes and one.becomes <= now else ""
        becomes = f"{_moment(one.becomes, zone)}{late}"
        table.add_row(one.reference, one.clock, _moment(one.was, zone), becomes, Text(one.why.both))
    out.print(table)
    cases_moved = len({one.reference for one in moved})
    more = f"; {len(moved) - _SHOWN} more are not shown" if len(moved) > _SHOWN else ""
    out.print(f"{len(moved)} due times of {cases_moved} cases move{more}.")


def _moment(at: datetime | None, zone: ZoneInfo) -> str:
    return last_moment(at, zone) if at else "—"


def _years(years: Sequence[int]) -> str:
    return f"{min(years)}–{max(years)}" if len(years) > 1 else ", ".join(map(str, years))


def _summary(pack: Pack) -> str:
    parts = f"{len(pack.clocks)} clocks, {len(pack.letters)} letters, {len(pack.reports)} reports"
    doubtful = sum(rule.to_verify for rule in pack.clocks)
    return f"{pack.name} {pack.version} is in order: {parts}; {doubtful} clocks to verify."


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise AnswerRefused("file", "is not text in UTF-8; save it as UTF-8") from None


def _progress() -> Progress:
    return Progress(SpinnerColumn(), TextColumn("{task.completed} cases"), console=out, transient=True)


def mount(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.add_typer(regimes, name="regimes")
    app.add_typer(calendars, name="calendar")
