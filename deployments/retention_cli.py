"""Commands about the end of what is kept: ``redress retention``, ``erase``, ``approve-erasure``, ``anchor``."""

import json
from datetime import UTC, datetime
from typing import Annotated, Final

import typer
from rich.markdown import Markdown
from rich.text import Text

from complaints.adapters.keeping.erasing import Order
from complaints.adapters.keeping.erasing import erase as erase_cases
from complaints.adapters.keeping.erasing_again import erase_again
from complaints.adapters.keeping.orders import order_erasure, outlook, page
from complaints.adapters.keeping.remnants import clear_remnants, places_of
from complaints.errors.case import AnswerRefused
from complaints.retention import retention_of
from complaints.settings import settings
from complaints.words import ErasureGround
from deployments.console import By, Language, Tongue, cases, out, staff

_LISTED: Final = 10_000
"""Cases that are named at most."""

Approver = Annotated[str, typer.Option(help="staff number of who approved it; not the one who asks")]


def retention(
    reference: Annotated[str | None, typer.Argument(metavar="[REF]", help="one case, explained rule by rule")] = None,
    language: Language = Tongue.CHINESE,
    as_json: Annotated[bool, typer.Option("--json", help="of one case, for programs")] = False,
) -> None:
    """Show how long a case is kept and why; without one, which cases have been kept long enough."""
    store = cases()
    if reference is None:
        out.print(Markdown(page(outlook(store, listed=_LISTED), _LISTED)))
        return
    case = store.read_case(reference)
    known = retention_of(case)
    if as_json:
        typer.echo(json.dumps(known.as_json(), ensure_ascii=False, indent=2))
        return
    if case.erased:
        at = case.happened["erased"].astimezone(case.pack.tz)
        word = case.erased.ground.word(language)
        out.print(f"{at:%Y-%m-%d} 已删除：{word}" if language is Tongue.CHINESE else f"erased on {at:%Y-%m-%d}: {word}")
    for line in known.lines(language):
        out.print(Text(line), soft_wrap=True)


def erase(
    reference: Annotated[str | None, typer.Argument(metavar="[REF]", help="the case")] = None,
    reason: Annotated[ErasureGround | None, typer.Option(help="the ground, by PIPL art. 47")] = None,
    document: Annotated[str | None, typer.Option(help="number of the request or order")] = None,
    approver: Annotated[str | None, typer.Option(help="staff number of who approved it")] = None,
    again: Annotated[
        bool, typer.Option("--again", help="erase what came back with an older backup, and files that are left")
    ] = False,
    by: By = "",
) -> None:
    """Erase the person of a case: only where no retention rule and no legal hold stands against it. No way back."""
    store = cases()
    if again:
        _erase_again()
        return
    if reference is None or reason is None or document is None or approver is None:
        raise AnswerRefused("erase", "needs REF, --reason, --document, --approver and --by, or --again")
    order = Order(reason, staff(by), staff(approver), document)
    done = erase_cases(store, places_of(settings()).outside, [reference], order)
    for refused in done.refused.values():
        raise refused
    clear_remnants(store, places_of(settings()))
    if not done.erased:
        out.print(f"{reference} was erased before; nothing was changed.")
        return
    out.print(f"{reference}: the person is erased. Its ledger, its statistics and that it was erased stay.")
    out.print("Backups taken before today still hold the key: they must not be kept longer than your rules say.")


def _erase_again() -> None:
    store = cases()
    done = erase_again(store, places_of(settings()).outside)
    cleared = clear_remnants(store, places_of(settings()))
    for why in done.refused.values():
        out.print(str(why), markup=False)
    out.print(f"{len(done.erased)} cases erased again; the files of {cleared} removed.")
    if done.refused:
        raise typer.Exit(1)


def approve_erasure(
    until: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="last day of retention that is covered")],
    most: Annotated[int, typer.Option(min=1, help="how many cases at most: as many as 'redress retention' showed")],
    approver: Approver,
    by: By = "",
) -> None:
    """Order that cases are erased as their retention ends; the daily run does it, and nothing else does."""
    found = order_erasure(cases(), until.date(), most, staff(by), staff(approver))
    out.print(f"Recorded. As things stand, {found} cases are erased by the daily run.")


def anchor(
    restored: Annotated[
        datetime | None, typer.Option(help="when the backup was taken that was put back by other means, UTC")
    ] = None,
    lost: Annotated[
        bool, typer.Option("--lost", help="anchors are missing or altered, and there is no copy: go on without them")
    ] = False,
    approver: Annotated[
        str | None, typer.Option(help="with --restored, --lost: who approved it; not the one who asks")
    ] = None,
    by: By = "",
) -> None:
    """Write what the ledger is outside the database now, as the daily run does."""
    from complaints.adapters.keeping.anchoring import write_anchor  # numpy, which other commands do without

    outside = places_of(settings()).outside
    if restored is None and not lost:
        written = write_anchor(cases(), outside)
    elif approver is None:
        raise AnswerRefused("approver", "is missing; what a backup had not, or what is lost, is given up by two people")
    else:
        taken_at = restored.replace(tzinfo=UTC) if restored else None
        people = {"by": staff(by), "approver": staff(approver)}
        written = write_anchor(cases(), outside, restored=taken_at, lost=lost, **people)
    out.print(f"{written}: {written.cases} cases, {written.entries} entries")
    out.print(f"root {written.root}")


def mount(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (retention, erase, anchor):
        app.command()(command)
    app.command("approve-erasure")(approve_erasure)
