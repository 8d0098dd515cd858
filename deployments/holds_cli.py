"""Commands about legal holds: ``redress hold place|lift|list``."""

from typing import Annotated

import typer
from rich.table import Column, Table
from rich.text import Text
from sqlalchemy import select

from complaints import holds
from complaints.adapters.tables import CaseRow
from deployments.console import By, Reference, cases, out, staff

app = typer.Typer(help="Legal holds: as long as one stands, nothing of a case is erased.", no_args_is_help=True)

OrderedBy = Annotated[str, typer.Option(help="the court, authority or department that ordered it; no private person")]
Document = Annotated[str, typer.Option(help="the number of its order")]
Reason = Annotated[str | None, typer.Option(help="in words; kept sealed")]


@app.command("place")
def place(reference: Reference, ordered_by: OrderedBy, document: Document, reason: Reason = None, by: By = "") -> None:
    """Hold a case, at any stage: nothing of it is erased until the hold is lifted."""
    with cases().open_case(reference) as desk:
        hold = holds.place(desk.case, ordered_by, document, staff(by), desk.now, reason=reason)
    out.print(f"Hold {hold.number} of {reference} stands.")


@app.command("lift")
def lift(
    reference: Reference,
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="which hold, as 'redress hold list REF' shows it")],
    ordered_by: OrderedBy,
    document: Document,
    reason: Reason = None,
    by: By = "",
) -> None:
    """Lift one hold of a case; the others stand."""
    with cases().open_case(reference) as desk:
        holds.lift(desk.case, number, ordered_by, document, staff(by), desk.now, reason=reason)
        left = len(desk.case.standing_holds)
    out.print(f"Hold {number} of {reference} is lifted; {left} stand.")


@app.command("list")
def list_holds(
    reference: Annotated[str | None, typer.Argument(metavar="[REF]", help="one case, lifted holds too")] = None,
) -> None:
    """List the cases on hold, or every hold of one case."""
    store = cases()
    if reference is None:
        with store.read() as session:
            held = session.scalars(select(CaseRow.reference).where(CaseRow.on_hold).order_by(CaseRow.reference)).all()
    else:
        held = [reference]
    table = Table(Column("case", no_wrap=True), "hold", "placed", "ordered by", "document", "lifted")
    for one in held:
        case = store.read_case(one)
        for hold in case.holds if reference else case.standing_holds:
            zone, lifted = case.pack.tz, ""
            if hold.lifted and hold.lifted_at:
                lifted = f"{hold.lifted_at.astimezone(zone):%Y-%m-%d} {hold.lifted.document}"
            words = (hold.placed.ordered_by, hold.placed.document, lifted)
            table.add_row(one, str(hold.number), f"{hold.at.astimezone(zone):%Y-%m-%d}", *map(Text, words))
    if table.row_count:
        out.print(table)
    else:
        out.print("No hold stands.")
