"""Commands about event logs for process mining."""

from datetime import datetime, time
from pathlib import Path
from typing import Annotated

import typer

from complaints.adapters.event_log import export_ocel, export_xes
from complaints.errors.case import AnswerRefused
from complaints.settings import settings
from deployments.console import cases, out

app = typer.Typer(help="Event logs for process mining.", no_args_is_help=True)


@app.command()
def export(
    xes: Annotated[Path | None, typer.Option(help="write XES (IEEE 1849) to this file", dir_okay=False)] = None,
    ocel: Annotated[Path | None, typer.Option(help="write OCEL 2.0 as JSON to this file", dir_okay=False)] = None,
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="received on this day or later")] = None,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="received before this day")] = None,
) -> None:
    """Write the lives of cases as an event log, under pseudonyms; days are those of the regime's zone."""
    if xes is None and ocel is None:
        raise AnswerRefused("--xes, --ocel", "say in which format and to which file: --xes FILE, --ocel FILE, or both")
    store = cases()
    zone = store.rules().in_force(settings().regime, store.now()).tz
    starts_at, ends_at = (one and datetime.combine(one, time(), tzinfo=zone) for one in (since, until))
    for file, write in ((xes, export_xes), (ocel, export_ocel)):
        if file is not None:
            number, events = write(store, file, starts_at, ends_at)
            out.print(f"{file}: {number} cases, {events} events")
